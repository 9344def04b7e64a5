-- SPDX-License-Identifier: MIT
--
-- Images that run on qemu-system-aarch64 -M virt and here alike: loaded at
-- BASE, started at their first word at EL1, MMU off; they write to the UART at
-- 0x09000000 and end by PSCI SYSTEM_OFF.

local tv = require "tinyvmm"

local M = { BASE = 0x40200000 }

-- `bl hex` prints x19 in hexadecimal and a blank; uses x21 to x23, x26, x27.
M.HEX = [[
hex:    ldr     x26, =0x09000000
        mov     x27, #60
1:      lsr     x21, x19, x27
        and     x21, x21, #15
        cmp     x21, #10
        add     x22, x21, #48
        add     x23, x21, #87
        csel    x21, x22, x23, lo
        str     w21, [x26]
        subs    x27, x27, #4
        b.pl    1b
        mov     w21, #32
        str     w21, [x26]
        ret
]]

M.OFF = [[
        ldr     w0, =0x84000008
        hvc     #0
        b       .
]]

-- What the image printed, and the exit. Options are tv.vm's.
function M.here(image, options)
  local config = { strict = false, ram = { M.BASE, 1 << 20 } }
  for name, value in pairs(options) do config[name] = value end
  local vm <close> = assert(tv.vm(config))
  local text = {}
  assert(vm:map { kind = "mmio", base = 0x9000000, size = 0x1000,
    write = function(_, _, c) text[#text + 1] = string.char(c) end })
  local entry = vm:load(M.BASE, image)
  local cpu <close> = assert(vm:vcpu { pc = entry })
  local exit = cpu:run { budget = 10000000 }
  return table.concat(text), exit
end

-- What it printed on qemu, and what qemu itself had to say. `machine`: more
-- of -M.
function M.qemu(t, image, cpu, machine)
  local path = t.tmpname()
  local f <close> = assert(io.open(path, "wb"))
  f:write(image:bytes_at(M.BASE))
  f:flush()
  local pipe <close> = assert(io.popen("timeout -k 5 300 \z
    qemu-system-aarch64 \z
    -M virt" .. (machine or "") .. " -nic none -cpu " .. cpu .. " \z
    -m 16 -display none -monitor none -serial stdio \z
    -device loader,file=" .. path .. ",addr=" .. ("%#x"):format(M.BASE)
    .. ",cpu-num=0,force-raw=on 2>&1 </dev/null"))
  return pipe:read "a"
end

-- The lines of results, which begin with this many hexadecimal words; what
-- else qemu says is told only if some are missing.
function M.results(text, words)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    if line:find("^" .. ("%x+ "):rep(words)) then list[#list + 1] = line end
  end
  return list
end

return M
