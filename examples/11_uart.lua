-- SPDX-License-Identifier: MIT
--
-- A device with an interrupt: a serial port in Lua. Its interrupt line is
-- high as long as a byte waits to be read, so the guest sleeps in WFI until
-- there is work, and its handler must empty the port before it returns.

local tv = require "tinyvmm"

local UART = 0x09000000
local DATA, STATUS = 0, 4               -- offsets; STATUS bit 0: a byte waits

local image = tv.asm [[
        .equ    DATA, 0
        .equ    STATUS, 4

_start: adr     x0, vectors
        msr     vbar_el1, x0
        ldr     x20, =0x09000000
        mov     x19, #0                 // bytes seen
        msr     daifclr, #2             // let IRQs in
1:      wfi
        b       1b

irq:    ldr     w1, [x20, #STATUS]
        tbz     w1, #0, 1f              // empty: the line is low again
        ldr     w1, [x20, #DATA]
        cmp     w1, #4                  // Ctrl-D
        b.eq    end
        add     x19, x19, #1
        sub     w2, w1, #'a'
        cmp     w2, #26
        b.hs    2f
        sub     w1, w1, #32             // to upper case
2:      str     w1, [x20, #DATA]
        b       irq
1:      eret

end:    mov     x1, x19
        mov     x0, #0                  // EXIT, the number of bytes
        hvc     #0

        .balign 2048
vectors:
        .org    vectors + 0x280         // IRQ from EL1 with SP_EL1
        b       irq
]]

local vm <close> = assert(tv.vm { ram = "64K" })
vm:load(0, image)
local cpu <close> = assert(vm:vcpu { pc = image.entry })

-- The port: bytes on their way to the guest, and its line.
local waiting, interrupts = {}, 0

local function drive() cpu:irq(#waiting > 0) end

local uart <close> = assert(vm:map {
  kind = "mmio", base = UART, size = 0x4000,
  read = function(offset)
    if offset == STATUS then return #waiting > 0 and 1 or 0 end
    local byte = table.remove(waiting, 1) or 0
    drive()
    return byte
  end,
  write = function(offset, _, value)
    if offset == DATA then io.write(string.char(value & 255)) end
  end
})

-- Somebody types, whenever the guest has nothing to do.
local lines = { "hello, uart\n", "interrupts are levels\n", "\4" }
local exit = vm:run()
while exit.kind == "wfi" do
  for _, byte in ipairs { table.remove(lines, 1):byte(1, -1) } do
    waiting[#waiting + 1] = byte
  end
  interrupts = interrupts + 1
  drive()
  exit = vm:run()
end
print(exit.kind, exit.status .. " bytes", interrupts .. " interrupts")
