-- SPDX-License-Identifier: MIT
-- GNU as, ld and gcc for aarch64 as oracles: assembly text in, the bytes of a
-- linked image out, laid out by golden/layout.ld as ours are.
local gnu = {}

gnu.as = "aarch64-linux-gnu-as"
gnu.gcc = "aarch64-linux-gnu-gcc"

function gnu.read(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read "a"
end

function gnu.write(path, text)
  local f <close> = assert(io.open(path, "wb"))
  assert(f:write(text))
end

local function run(command)
  local ok = os.execute(command .. " 2>/dev/null")
  if not ok then error("failed: " .. command, 0) end
end

-- The bytes of `text`, loaded at `addr`.
function gnu.assemble(t, text, addr)
  local base = t.tmpname()
  gnu.write(base .. ".s", text)
  run(("%s %s.s -o %s.o"):format(gnu.as, base, base))
  run(("aarch64-linux-gnu-ld -Ttext=%#x -T tests/a64/golden/layout.ld %s.o"
    .. " -o %s.elf"):format(addr, base, base))
  run(("aarch64-linux-gnu-objcopy -O binary %s.elf %s.bin"):format(base, base))
  local bytes = gnu.read(base .. ".bin")
  for _, tail in ipairs { "s", "o", "elf", "bin" } do
    os.remove(base .. "." .. tail)
  end
  return bytes
end

-- C to assembly.
function gnu.compile(t, source, options)
  local base = t.tmpname()
  gnu.write(base .. ".c", source)
  run(("%s -S -ffreestanding -fno-pic -fno-stack-protector %s %s.c -o %s.s")
    :format(gnu.gcc, options, base, base))
  local text = gnu.read(base .. ".s")
  os.remove(base .. ".c")
  os.remove(base .. ".s")
  return text
end

return gnu
