-- SPDX-License-Identifier: MIT
--
-- Builds what the benchmark runs, into bench/ of the build directory: our own
-- C program, the workload for the host and for the guest, and the peers that
-- are installed. Whatever cannot be built is absent, with a line that says
-- why; nothing here is a failure but our own code.

local build = {}

local here = arg[0]:match "^(.*)/[^/]*$" or "."
local root = here .. "/../.."
local base = os.getenv "TV_BUILD" or arg[-1]:match "^(.*)/[^/]*$" or "."
local out = base .. "/bench"

build.program = arg[-1]
build.here, build.root = here, root
build.absent = {}   -- lines about what is missing

function build.quote(s) return "'" .. s:gsub("'", "'\\''") .. "'" end

-- Runs a command; returns its output, or nil and what it said last.
function build.output(command)
  local pipe <close> = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  local ok = pipe:close()
  if ok then return text end
  return nil, text:match "([^\n]*)\n*$"
end

function build.have(tool)
  return os.execute("command -v " .. tool .. " >/dev/null 2>&1")
end

local warn = "-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wshadow "
-- No vectors for the host; the same roundings on both sides.
local exact = warn .. "-ffp-contract=off -fno-math-errno "
local scalar = exact .. "-O2 -fno-tree-vectorize "

local function compile(name, cc, flags, sources, libraries)
  local files = {}
  for i, s in ipairs(sources) do files[i] = build.quote(here .. "/" .. s) end
  local path = out .. "/" .. name
  local text, why = build.output(("%s %s %s -o %s %s"):format(cc, flags,
    table.concat(files, " "), build.quote(path), libraries or ""))
  return text and path, why
end

local function ours()
  local cc = os.getenv "CC" or "cc"
  local include = "-I" .. build.quote(root .. "/src")
  build.host = assert(compile("host", cc, warn .. "-O2 " .. include,
    { "host.c" }, build.quote(base .. "/libtinyvmm.a") .. " -lpthread"))
  build.native = assert(compile("native", cc, scalar,
    { "native.c", "integer.c" }))
  build.native_scalar = assert(compile("native_scalar", cc, scalar,
    { "native.c", "vector.c" }))
  build.native_vector = assert(compile("native_vector", cc, exact .. "-O3",
    { "native.c", "vector.c" }))
  build.spawn = assert(compile("spawn", cc, warn .. "-O2", { "spawn.c" }))
  build.typist = assert(compile("typist", cc, warn .. "-O2",
    { "../lua/typist.c" }))
end

-- A guest as an ELF for QEMU and as a flat image for the others: their paths,
-- or nil and why.
local function guest(name, flags, workload)
  local cross = "aarch64-linux-gnu-"
  local elf, why = compile(name .. ".elf", cross .. "gcc", flags ..
    " -march=armv8-a -mstrict-align -ffreestanding \z
     -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-T," ..
    build.quote(here .. "/guest.ld"), { "start.S", "guest.c", workload })
  if not elf then return nil, "no guest: " .. why end
  local image = out .. "/" .. name .. ".bin"
  assert(build.output(("%sobjcopy -O binary %s %s"):format(cross,
    build.quote(elf), build.quote(image))))
  return elf, image
end

local function guests()
  if not build.have "aarch64-linux-gnu-gcc" then
    return "aarch64-linux-gnu-gcc is missing: no compiled guests, an \z
      assembled loop only"
  end
  local elf, image = guest("guest", scalar .. "-mgeneral-regs-only",
    "integer.c")
  if not elf then return image end
  build.elf, build.image = elf, image
  elf, image = guest("vector", exact .. "-O3", "vector.c")
  if not elf then return image end
  build.vector_elf, build.vector_image = elf, image
end

local function unicorn()
  local path, why = compile("unicorn", os.getenv "CC" or "cc", warn .. "-O2",
    { "unicorn.c" }, "-lunicorn")
  if not path then return "no Unicorn to compare with: " .. why end
  build.unicorn = path
end

local function qemu()
  local name = "qemu-system-aarch64"
  if not build.have(name) then return name .. " is missing" end
  build.qemu = name
end

function build.all()
  assert(os.execute("mkdir -p " .. build.quote(out)))
  ours()
  for _, part in ipairs { guests, unicorn, qemu } do
    local why = part()
    if why then build.absent[#build.absent + 1] = why end
  end
end

return build
