-- SPDX-License-Identifier: MIT
--
-- A second opinion on exceptions: one image, run on qemu-system-aarch64
-- (-M virt -cpu cortex-a57) and here, prints for each case which vector was
-- entered and the syndrome registers; the two texts must be equal.
--
-- The image writes to the UART at 0x09000000 and ends by PSCI SYSTEM_OFF.
-- Cases use x0..x9 only; the frame around them uses x20 and up.
--
-- Left out, because qemu 7.2 is known to differ from the Arm ARM there: it
-- checks no SP alignment, swaps op1 and op2 of a trapped DAIFSet, takes a
-- fetch abort before a PC alignment fault, and knows no Device memory while
-- the MMU is off; and what cortex-a57 has and we have not: AArch32.

local tv = require "tinyvmm"
local test = require "tap"
require "backend".only_file("soft", "the oracle is for it")
local oracle = require "guest._qemu"

local BASE = oracle.BASE
local A, SA, SA0, UMA, DZE, UCT, NTWE, UCI = 2, 8, 16, 1 << 9, 1 << 14,
  1 << 15, 1 << 18, 1 << 26

-- {code, SCTLR_EL1 bits to set, options}; fp, kcnt: CPACR_EL1.FPEN and
-- CNTKCTL_EL1; only: the levels to run it from. x0 = aligned RAM, x1 = -1,
-- x2 = that RAM + 1, x3 = an address of 60 bits.
local cases = {
  { "svc #0x1234" }, { "brk #0xfedc" }, { "udf #5" }, { "hlt #3" },
  { ".inst 0x1ac0ffff" }, { ".inst 0x63ffffff" }, { "dcps1 #0" },
  { "adds x4, x1, x1; svc #7" }, { "subs x4, x0, x0; svc #7" },
  { "hvc #1", 0, { only = "0" } }, { "smc #1", 0, { only = "0" } },
  { "eret", 0, { only = "0" } }, { "msr spsel, #1", 0, { only = "0" } },
  { "mrs x4, sctlr_el1", 0, { only = "0" } },
  { "mrs x4, currentel" }, { "mrs x4, spsel" }, { "mrs x4, nzcv" },
  { "mrs x4, sp_el0" }, { "mrs x4, sp_el1" }, { "msr sp_el0, x0" },
  { "msr midr_el1, x0" }, { "mrs x4, vbar_el2" }, { "mrs x4, s3_0_c15_c8_0" },
  { "msr tpidrro_el0, x1" }, { "mrs x4, tpidrro_el0; svc #1" },
  { "msr tpidr_el0, x1; mrs x4, tpidr_el0" },
  { "mov x4, sp; msr spsel, #0; mov x5, sp; msr spsel, #1; mov x6, sp" },
  { "msr nzcv, x1; mrs x4, nzcv; svc #2" }, { "msr fpcr, x1; svc #1" },
  -- DAIF
  { "mrs x4, daif" }, { "mrs x4, daif", UMA }, { "msr daif, xzr" },
  { "msr daif, x1; mrs x4, daif", UMA },
  { "msr daifset, #15", 0, { only = "1" } },
  { "msr daifclr, #15; mrs x4, daif; svc #3", UMA },
  { "msr daifclr, #5; svc #1", UMA },
  { "msr daifset, #2; mrs x4, daif", UMA },
  -- what EL0 may do
  { "mrs x4, ctr_el0", 0, { only = "0" } },
  { "mrs x9, ctr_el0; mov x9, #0; svc #1", UCT },
  { "mrs x9, dczid_el0; and x4, x9, #16; mov x9, #0; svc #1" },
  { "mrs x9, dczid_el0; and x4, x9, #16; mov x9, #0; svc #1", DZE },
  { "dc zva, x0", 0, { only = "0" } }, { "dc cvac, x0" },
  { "dc cvac, x0; svc #1", UCI }, { "dc civac, x0", 0, { only = "0" } },
  { "ic ivau, x0", 0, { only = "0" } }, { "ic ivau, x0; svc #4", UCI },
  { "dc ivac, x0" }, { "ic iallu" }, { "tlbi vmalle1; svc #1" },
  { "tlbi alle2" }, { "at s1e1r, x0; svc #2" }, { "at s1e2r, x0" },
  { "mrs x4, cntfrq_el0", 0, { only = "0" } },
  { "mrs x4, cntvct_el0", 0, { only = "0" } },
  { "mrs x5, cntpct_el0", 0, { only = "0" } },
  { "msr cntv_ctl_el0, x6", 0, { only = "0" } },
  { "mrs x4, cntv_cval_el0", 0, { only = "0" } },
  { "msr cntp_tval_el0, x1", 0, { only = "0" } },
  { "mrs x9, cntvct_el0; mov x9, #0; svc #1", 0, { kcnt = 2 } },
  { "mrs x9, cntpct_el0", 0, { kcnt = 2, only = "0" } },
  { "msr cntv_cval_el0, x1; mrs x4, cntv_cval_el0; svc #1", 0,
    { kcnt = 0x100 } },
  { "msr cntp_cval_el0, x1", 0, { kcnt = 0x100, only = "0" } },
  { "wfi", 0, { only = "0" } }, { "wfe", 0, { only = "0" } },
  { "sevl; wfe; svc #1", NTWE }, { "yield; nop; sev; svc #2" },
  -- alignment
  { "ldr x4, [x2]", A }, { "ldr w4, [x2, #1]", A }, { "ldrh w4, [x2]", A },
  { "str x4, [x2, #3]!", A }, { "strb w4, [x2]; svc #1", A },
  { "ldp x4, x5, [x2], #16", A }, { "stp w4, w5, [x2]", A },
  { "ldrsw x4, [x2, x6]", A }, { "ldr q0, [x2]", A, { fp = 3 } },
  { "ldxr x4, [x2]" }, { "ldar w4, [x2]" }, { "stlr x4, [x2]" },
  { "ldaxp x4, x5, [x2]" }, { "ldr x4, [x2, #-1]; svc #9", A },
  { "ldur x4, [x0, #4]", A }, { "sttr w4, [x0, #2]", A },
  -- stack pointer
  { "add sp, sp, #8; ldr x4, [sp]" },
  { "add sp, sp, #8; mov x4, sp; and x4, x4, #15; svc #1", SA | SA0 },
  -- pc
  { "orr x4, x0, #2; br x4" }, { "blr x2" }, { "ret x2" },
  { "lsr x4, x1, #2; lsl x4, x4, #2; br x4" }, { "br x3" },
  -- addresses beyond the physical
  { "ldr x4, [x3]" }, { "str x4, [x3, #8]" }, { "strb w4, [x1]" },
  { "ldp x4, x5, [x3]" },
  -- FP
  { "fmov d0, x1", 0, { fp = 0 } }, { "ldr q0, [x0]", 0, { fp = 2 } },
  { "mrs x4, fpcr", 0, { fp = 0 } }, { "msr fpsr, x6", 0, { fp = 1 } },
  { "stp d0, d1, [x0]; svc #1", 0, { fp = 1 } },
  { "ldr q0, [x2]", A, { fp = 0 } }, { "dup v0.4s, w1; svc #1", 0,
    { fp = 3 } }, { "ld1 {v0.4s}, [x0]; svc #2", 0, { fp = 1 } },
}

-- Returns by ERET with every AArch64 mode in SPSR.
for _, mode in ipairs { 0, 4, 5, 1, 2, 6, 7, 8, 9, 12, 13, 15 } do
  for _, rest in ipairs { 0, 0xf0000000, 0x100000, 0x3c0 } do
    cases[#cases + 1] = { ([[
        adr     x4, 9f
        msr     elr_el1, x4
        ldr     x5, =%d
        msr     spsr_el1, x5
        mov     x5, #0
        mov     x4, #0
        eret
        nop
9:      svc     #0x77]]):format(rest | mode), 0, { only = "1" } }
  end
end
cases[#cases + 1] = { "adr x4, 8f; add x4, x4, #2; msr elr_el1, x4; \z
  mov x5, #9; msr spsr_el1, x5; eret; 8: nop", 0, { only = "1" } }

-- For the newest model: what later versions added to traps and to PSTATE.
local ENRCTX, DSSBS = 1 << 10, 1 << 44
local newest = {
  { "msr dit, #1; mrs x4, dit; svc #1" },
  { "msr dit, x1; mrs x4, dit; brk #1" },
  { "msr ssbs, #1; mrs x4, ssbs; svc #1" }, { "svc #2", DSSBS },
  { "msr ssbs, #1; mrs x4, ssbs; msr ssbs, xzr; svc #1", DSSBS },
  { "msr uao, #1", 0, { only = "0" } }, { "mrs x4, uao", 0, { only = "0" } },
  { "msr uao, #1; mrs x4, uao; svc #3", 0, { only = "1" } },
  { "msr pan, #1; mrs x4, pan; svc #4", 0, { only = "1" } },
  { "mrs x4, rndr; mov x4, #0; svc #1" }, { "msr rndr, x1" },
  { "mrs x9, rndrrs; mrs x4, nzcv; mov x9, #0; svc #1" },
  { "dc cvap, x0" }, { "dc cvadp, x0; svc #1", UCI }, { "dc cvap, x0", UCI },
  { "cfp rctx, x0" }, { "dvp rctx, x0; svc #1", ENRCTX },
  { "cpp rctx, x0" }, { "cpp rctx, x0", ENRCTX },
  { "at s1e1rp, x0; svc #1" }, { "tlbi vmalle1os" }, { "tlbi vae1os, x0" },
  { "tlbi rvae1is, x0" }, { "tlbi rvaale1, x0" }, { "tlbi rvae2, x0" },
  { "sb; svc #1" }, { "axflag; svc #1" }, { "subs x4, x0, x1; xaflag; svc #2" },
  { "mrs x4, apiakeylo_el1; mov x4, #0" },
  { "msr apgakeyhi_el1, x1; mrs x4, apgakeyhi_el1", 0, { only = "1" } },
  { "eretaa", 0, { only = "0" } },
  { "mrs x4, lorc_el1", 0, { only = "1" } },
  { "ldlar x4, [x0]; svc #1" }, { "ldapur x4, [x0, #8]; svc #1" },
  -- BTYPE in SPSR_EL1 (AArch64.TakeException says for which exceptions)
  { "orr x4, x0, #2; br x4" }, { "orr x16, x0, #2; br x16" }, { "blr x2" },
  { "ret x2" }, { "br x3" }, { "blr x3" },
  { "adr x4, 7f; mov x5, #0; br x4; 7: mov x4, #0; svc #5" },
}
-- TCR_EL1.TBI0, TBI1 and TBID0: loads, stores, branches.
for _, tcr in ipairs { 0, 1 << 37, 3 << 37, 1 << 38, 1 << 37 | 1 << 51 } do
  for _, text in ipairs {
    "mov x5, x0; movk x5, #0x5500, lsl #48; str x1, [x5]; ldr x6, [x0]; \z
      mov x5, #0; svc #1",
    "mov x5, x0; movk x5, #0xff80, lsl #48; ldr x5, [x5]",
    "mov x5, x0; movk x5, #0x100, lsl #48; ldaddal x1, x6, [x5]; \z
      ldr x6, [x5]; mov x5, #0; svc #1",
    "mov x5, x0; movk x5, #0x5500, lsl #48; at s1e1r, x5; mrs x6, par_el1; \z
      lsl x6, x6, #63; mov x5, #0; svc #1",
    "adr x5, 7f; movk x5, #0x4500, lsl #48; br x5; 7: mov x5, #0; svc #1",
    "ldr x5, [x1, #-1]", "and x5, x1, #-4; br x5", "mov x5, #4; \z
      movk x5, #0x710, lsl #48; ret x5",
    "adr x5, 7f; movk x5, #0x4500, lsl #48; msr elr_el1, x5; \z
      mov x5, #0x3c5; msr spsr_el1, x5; eret; 7: mov x5, #0; svc #1" } do
    newest[#newest + 1] = { ("ldr x4, =%#x; msr tcr_el1, x4; isb; \z
      mov x4, #0; " .. text):format(tcr), 0, { only = "1" } }
  end
end
local levels = { { 0x3c0, "0" }, { 0x3c4, "1" }, { 0x3c5, "1" } }

-- The list of runs: {case, pstate}.
local function all_runs(cases)
  local runs = {}
  for _, case in ipairs(cases) do
    local only = case[3] and case[3].only
    for _, level in ipairs(levels) do
      if not only or only == level[2] then
        runs[#runs + 1] = { case, level[1] }
      end
    end
  end
  return runs
end

local frame = [[
start:  ldr     x20, =vectors
        msr     vbar_el1, x20
        ldr     x29, =table
next:   isb
        mov     x20, #0x300000
        msr     cpacr_el1, x20
        ldr     x20, =0x30d00800
        msr     sctlr_el1, x20
        msr     cntkctl_el1, xzr
        msr     cntv_ctl_el0, xzr
        msr     tpidr_el0, xzr
        msr     tpidrro_el0, xzr
        msr     far_el1, xzr
        msr     tcr_el1, xzr
        msr     daifset, #15
        isb
        ldp     x20, x21, [x29], #16    // code, pstate
        cbz     x20, off
        ldp     x22, x23, [x29], #16    // sctlr, cpacr
        ldr     x24, [x29], #8          // cntkctl
        mov     x28, x20
        msr     elr_el1, x20
        msr     spsr_el1, x21
        msr     spsel, #1
        ldr     x25, =BASE + 0x80000
        mov     sp, x25
        add     x25, x25, #0x1000
        msr     sp_el0, x25
        msr     cntkctl_el1, x24
        ldr     x0, =BASE + 0x90000
        mov     x1, #-1
        add     x2, x0, #1
        ldr     x3, =0x800000000001000
        mov     x4, #0
        mov     x5, #0
        mov     x6, #0
        mov     x9, #0
        mov     x30, #0
        msr     sctlr_el1, x22
        msr     cpacr_el1, x23
        isb
        eret

off:    ldr     w0, =0x84000008
        hvc     #0
        b       .

common: msr     spsel, #1
        mov     x25, sp
        ldr     x26, =0x30d00800
        msr     sctlr_el1, x26
        isb
        mov     x19, x20
        bl      hex
        mrs     x19, esr_el1
        bl      hex
        mrs     x19, elr_el1
        sub     x19, x19, x28
        bl      hex
        mrs     x19, spsr_el1
        bl      hex
        mrs     x19, far_el1
        bl      hex
        mov     x19, x18
        bl      hex
        mov     x19, x25
        bl      hex
        mov     x19, x2
        bl      hex
        mov     x19, x4
        bl      hex
        mov     x19, x5
        bl      hex
        mov     x19, x6
        bl      hex
        mov     w19, #10
        ldr     x26, =0x09000000
        str     w19, [x26]
        b       next

]] .. oracle.HEX

local function source(runs)
  local out = { (".equ BASE, %#x\n"):format(BASE), frame, ".ltorg\n" }
  for k, run in ipairs(runs) do
    out[#out + 1] = ("case%d: %s\n svc #0xfff\n.ltorg\n"):format(k, run[1][1])
  end
  out[#out + 1] = ".balign 2048\nvectors:\n"
  for n = 0, 15 do
    out[#out + 1] = (".balign 128\n mrs x18, daif\n mrs x20, spsel\n \z
      orr x18, x18, x20\n mov x20, #%d\n b common\n"):format(n)
  end
  out[#out + 1] = ".balign 8\ntable:\n"
  for k, run in ipairs(runs) do
    local options = run[1][3] or {}
    out[#out + 1] = (" .quad case%d, %#x, %#x, %#x, %#x\n"):format(k, run[2],
      0x30d00800 | (run[1][2] or 0), (options.fp or 3) << 20,
      options.kcnt or 0)
  end
  out[#out + 1] = " .quad 0, 0\n"
  return table.concat(out)
end

local function compare(t, cases, ours_is, theirs_is)
  t.needs "qemu-system-aarch64"
  local runs = all_runs(cases)
  local image = tv.asm(source(runs))
  t.ok(image.size < 0x80000)
  local text, exit = oracle.here(image, { cpu = ours_is })
  t.eq({ exit.kind, exit.reason }, { "shutdown", "off" })
  local answer = oracle.qemu(t, image, theirs_is)
  local ours, theirs = oracle.results(text, 4), oracle.results(answer, 4)
  t.eq(#ours, #runs)
  t.ok(#theirs == #runs, answer:sub(1, 2000))
  local wrong = 0
  for k, line in ipairs(ours) do
    if line ~= theirs[k] then
      wrong = wrong + 1
      if wrong <= 10 then
        t.note(("%s from %#x\nours   %s\ntheirs %s"):format(runs[k][1][1],
          runs[k][2], line, theirs[k]))
      end
    end
  end
  t.eq(wrong, 0, "cases that differ, of " .. #runs)
end

test("vector, ESR, ELR, SPSR and FAR are as qemu-system-aarch64 has them",
     function(t)
  compare(t, cases, "cortex-a57", "cortex-a57")
end)

test("what later versions trap and keep is as on qemu's newest model",
     function(t)
  compare(t, newest, "max", "max")
end)
