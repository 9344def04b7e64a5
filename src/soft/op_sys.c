// SPDX-License-Identifier: MIT
//
// System, exception-generating and hint instructions (Arm ARM C4.1.93 to
// C4.1.95). All but the no-ops are slow: they leave the inner loop and are
// executed by soft_slow with pc, flags and clock in memory.

#include <string.h>

#include "a64/esr.h"
#include "soft/op.h"
#include "soft/soft.h"

// ------------------------------------------------------------ predecode --

static inline const struct insn *do_nop(struct soft_cpu *cpu,
                                        const struct insn *i) {
  (void)cpu;
  return i + 1;
}
HANDLER_OF(nop, do_nop)

static inline const struct insn *do_clrex(struct soft_cpu *cpu,
                                          const struct insn *i) {
  cpu->excl.valid = false;
  return i + 1;
}
HANDLER_OF(clrex, do_clrex)

static inline const struct insn *do_cfinv(struct soft_cpu *cpu,
                                          const struct insn *i) {
  cpu->nzcv ^= PSTATE_C;
  return i + 1;
}
HANDLER_OF(cfinv, do_cfinv)

HANDLER_OF(undefined, leave_undefined)
HANDLER_OF(slow, leave_slow)
HANDLER_OF(hvc, leave_hvc)

// Unallocated words.
void soft_predecode_undefined(struct insn *i, uint32_t word) {
  i->fn = undefined;
  i->word = word;
}

static void set(struct insn *i, uint32_t word, insn_fn *fn) {
  i->fn = fn;
  i->word = word;
}

// name, handler
#define SYSTEM_OPS(OP) \
  OP(UDF, undefined) OP(HLT, undefined) \
  OP(DCPS1, undefined) OP(DCPS2, undefined) \
  OP(DCPS3, undefined) OP(DRPS, undefined) \
  OP(LD64B, undefined) OP(ST64B, undefined) \
  OP(ST64BV, undefined) OP(ST64BV0, undefined) \
  OP(LDGM, undefined) OP(STGM, undefined) OP(STZGM, undefined) \
  OP(SB, nop) OP(DSB_nxs, nop) \
  OP(NOP, nop) OP(DSB, nop) OP(DMB, nop) OP(ISB, nop) \
  OP(CLREX, clrex) OP(CFINV, cfinv) \
  OP(ERET, slow) OP(ERETA, slow) OP(SVC, slow) OP(HVC, hvc) \
  OP(SMC, slow) OP(BRK, slow) OP(YIELD, slow) \
  OP(WFE, slow) OP(WFI, slow) OP(SEV, slow) \
  OP(WFET, slow) OP(WFIT, slow) \
  OP(SEVL, slow) OP(MSR_i, slow) OP(SYS, slow) \
  OP(SYSL, undefined) OP(MSR, slow) OP(MRS, slow)

#define PREDECODE(name, handler) \
  void op_##name(struct insn *i, uint32_t word, unsigned offset) { \
    (void)offset; \
    set(i, word, handler); \
  }
SYSTEM_OPS(PREDECODE)
#undef PREDECODE

// ------------------------------------------------------------- EL0 rules --

enum el0 { NONE, RO, RW, FP, TRAP };

static const struct { uint16_t key; uint8_t el0; } el0_rule[] = {
#define STORED(name, el0, reset, mask) { SYSKEY_##name, el0 },
#define FIXED(name, el0, value) { SYSKEY_##name, el0 },
#include "soft/sysregs.def"
#undef STORED
#undef FIXED
  { SYSKEY_nzcv, RW }, { SYSKEY_daif, TRAP }, { SYSKEY_cntvct_el0, TRAP },
  { SYSKEY_cntpct_el0, TRAP }, { SYSKEY_cntv_tval_el0, TRAP },
  { SYSKEY_cntp_tval_el0, TRAP }, { SYSKEY_cntvctss_el0, TRAP },
  { SYSKEY_cntpctss_el0, TRAP }, { SYSKEY_dit, RW }, { SYSKEY_ssbs, RW },
  { SYSKEY_rndr, RO }, { SYSKEY_rndrrs, RO }
};

static enum el0 el0_of(uint16_t key) {
  for (size_t k = 0; k < sizeof el0_rule / sizeof *el0_rule; k++)
    if (el0_rule[k].key == key) return el0_rule[k].el0;
  return NONE;
}

// Whether EL1 has opened a TRAP register to EL0: SCTLR_EL1.UMA and UCT,
// MDSCR_EL1.TDCC, CNTKCTL_EL1.EL0PCTEN, EL0VCTEN, EL0VTEN, EL0PTEN.
static bool open_to_el0(const struct soft_cpu *cpu, uint16_t key) {
  uint64_t sctlr = cpu->sys[SYS_sctlr_el1];
  uint64_t cntkctl = cpu->sys[SYS_cntkctl_el1];
  switch (key) {
  case SYSKEY_daif: return sctlr >> 9 & 1;
  case SYSKEY_ctr_el0: return sctlr >> 15 & 1;
  case SYSKEY_mdccsr_el0: case SYSKEY_dbgdtr_el0: case SYSKEY_dbgdtrrx_el0:
    return !(cpu->sys[SYS_mdscr_el1] >> 12 & 1);
  case SYSKEY_cntfrq_el0: return cntkctl & 3;
  case SYSKEY_cntpct_el0: case SYSKEY_cntpctss_el0: return cntkctl & 1;
  case SYSKEY_cntvct_el0: case SYSKEY_cntvctss_el0: return cntkctl >> 1 & 1;
  case SYSKEY_cntv_ctl_el0: case SYSKEY_cntv_cval_el0:
  case SYSKEY_cntv_tval_el0:
    return cntkctl >> 8 & 1;
  default: return cntkctl >> 9 & 1;
  }
}

// ISS of a trapped system instruction (EC 0x18).
static enum slow_step trap_system(struct soft_cpu *cpu, uint32_t w) {
  uint32_t iss = bits_get(w, 19, 2) << 20 | bits_get(w, 5, 3) << 17 |
                 bits_get(w, 16, 3) << 14 | bits_get(w, 12, 4) << 10 |
                 bits_get(w, 0, 5) << 5 | bits_get(w, 8, 4) << 1 |
                 bits_get(w, 21, 1);
  return soft_raise(cpu, esr_make(ESR_EC_SYS64, iss), TV_FAULT_SYSREG_TRAP);
}

static enum slow_step trap_fp(struct soft_cpu *cpu) {
  return soft_raise(cpu, esr_make(ESR_EC_FP, 0x1e00000), TV_FAULT_FP_TRAP);
}

// --------------------------------------------------------- MRS, MSR, SYS --

static enum slow_step unimplemented(struct soft_cpu *cpu) {
  soft_fault_exit(cpu, TV_FAULT_UNIMPLEMENTED, 0, 0, 0, 'x');
  return STEP_EXIT;
}

// A register that is not there, with TV_TRAP_SYSREG: the embedder's affair.
// The second execution finds the answer in `pending`.
static enum slow_step trap_to_host(struct soft_cpu *cpu, uint16_t key,
                                   unsigned rt, bool write) {
  bool again = cpu->pending.active && cpu->pending.parts;
  if (again && !write) cpu->x[slot_write(rt)] = cpu->pending.data[0];
  if (again) return STEP_NEXT;
  uint64_t value = cpu->x[slot_read(rt)];
  cpu->h.exit.kind = TV_EXIT_SYSREG;
  cpu->h.exit.u.sysreg.key = key;
  cpu->h.exit.u.sysreg.write = write;
  cpu->h.exit.u.sysreg.value = write ? value : 0;
  cpu->pending.active = true;
  cpu->pending.waiting = !write;
  cpu->pending.parts = write;
  cpu->pending.pc = cpu->pc;
  return STEP_EXIT;
}

// Whether the guest may not touch the register at all: another EL's, or
// SP_EL0 while it is the current SP (C5.2.23).
static bool no_access(const struct soft_cpu *cpu, uint16_t key) {
  bool el1 = soft_el(cpu);
  if ((key >> 11 & 7) >= 4) return true;
  if (key == SYSKEY_sp_el0) return !el1 || !(cpu->mode & MODE_SPSEL);
  return !el1 && el0_of(key) == NONE;
}

static bool is_fp_register(uint16_t key) {
  return key == SYSKEY_fpcr || key == SYSKEY_fpsr;
}

// Bit 0 of a register, which is about to be `value` if it is `written`.
static bool enabled(const struct soft_cpu *cpu, enum soft_sysreg reg,
                    bool written, uint64_t value) {
  return (written ? value : cpu->sys[reg]) & 1;
}

// Breakpoints and watchpoints of the guest's own: MDSCR_EL1.MDE with one of
// them enabled (D2.8, D2.10).
static bool guest_debugs(const struct soft_cpu *cpu, uint16_t key,
                         uint64_t value) {
  enum { MDE = 15 };
  bool mdscr = key == SYSKEY_mdscr_el1;
  if (!((mdscr ? value : cpu->sys[SYS_mdscr_el1]) >> MDE & 1)) return false;
  return enabled(cpu, SYS_dbgbcr0_el1, key == SYSKEY_dbgbcr0_el1, value) ||
         enabled(cpu, SYS_dbgbcr1_el1, key == SYSKEY_dbgbcr1_el1, value) ||
         enabled(cpu, SYS_dbgwcr0_el1, key == SYSKEY_dbgwcr0_el1, value) ||
         enabled(cpu, SYS_dbgwcr1_el1, key == SYSKEY_dbgwcr1_el1, value);
}

// What this version's CPU model has no code for yet: the MMU; software step,
// breakpoints and watchpoints by the guest's own debugger.
static bool beyond_us(const struct soft_cpu *cpu, uint16_t key,
                      uint64_t value) {
  if (key == SYSKEY_sctlr_el1) return value & 1;
  if (key == SYSKEY_mdscr_el1 && value & 1) return true;
  return key >> 14 == 2 && guest_debugs(cpu, key, value);
}

static enum slow_step mrs_msr(struct soft_cpu *cpu, uint32_t w, bool write) {
  uint16_t key = w >> 5 & 0xffff;
  unsigned rt = w & 31;
  bool known = write ? soft_sysreg_writable(cpu, key)
                     : soft_sysreg_readable(cpu, key);
  if (!known && cpu->h.vcpu->vm->traps & TV_TRAP_SYSREG)
    return trap_to_host(cpu, key, rt, write);
  if (!known || no_access(cpu, key)) return soft_undefined(cpu);
  if (is_fp_register(key) && !(cpu->mode & MODE_FP)) return trap_fp(cpu);
  if (!soft_el(cpu)) {
    enum el0 rule = el0_of(key);
    if (rule == TRAP && !open_to_el0(cpu, key)) return trap_system(cpu, w);
    if (rule == RO && write) return soft_undefined(cpu);
  }
  if (!write) {
    uint64_t got = 0;
    soft_sysreg_read(cpu, key, &got);
    cpu->x[slot_write(rt)] = got;
    soft_icc_acknowledge(cpu, key, got);
    if (key == SYSKEY_rndr || key == SYSKEY_rndrrs) {
      soft_random_next(cpu);
      cpu->nzcv = 0;                    // success; it always is
    }
    return STEP_NEXT;
  }
  uint64_t value = cpu->x[slot_read(rt)];
  if (beyond_us(cpu, key, value)) return unimplemented(cpu);
  soft_sysreg_write(cpu, key, value);
  return STEP_NEXT;
}

static enum slow_step set_pstate_bit(struct soft_cpu *cpu, enum feature f,
                                     uint32_t bit, bool on) {
  uint64_t pstate = soft_pstate(cpu);
  if (!soft_has(cpu, f)) return soft_undefined(cpu);
  soft_set_pstate(cpu, on ? pstate | bit : pstate & ~(uint64_t)bit);
  return STEP_NEXT;
}

// MSR (immediate), C5.2: op1:op2 selects the field, CRm is the value.
static enum slow_step msr_immediate(struct soft_cpu *cpu, uint32_t w) {
  enum { UAO_FIELD = 0 << 3 | 3, PAN_FIELD = 0 << 3 | 4,
         SPSEL_FIELD = 0 << 3 | 5, SSBS_FIELD = 3 << 3 | 1,
         DIT_FIELD = 3 << 3 | 2, TCO_FIELD = 3 << 3 | 4,
         DAIFSET = 3 << 3 | 6, DAIFCLR = 3 << 3 | 7 };
  unsigned field = bits_get(w, 16, 3) << 3 | bits_get(w, 5, 3);
  uint64_t imm = bits_get(w, 8, 4), pstate = soft_pstate(cpu);
  bool el1 = soft_el(cpu);
  switch (field) {
  case DAIFSET: case DAIFCLR:
    if (!el1 && !open_to_el0(cpu, SYSKEY_daif)) return trap_system(cpu, w);
    if (field == DAIFSET) pstate |= imm << 6;
    else pstate &= ~(imm << 6);
    break;
  case SPSEL_FIELD:
    if (!el1) return soft_undefined(cpu);
    pstate = (pstate & ~(uint64_t)PSTATE_SP) | (imm & 1);
    break;
  case PAN_FIELD:
    if (!el1) return soft_undefined(cpu);
    return set_pstate_bit(cpu, FEAT_PAN, PSTATE_PAN, imm & 1);
  case UAO_FIELD:
    if (!el1) return soft_undefined(cpu);
    return set_pstate_bit(cpu, FEAT_UAO, PSTATE_UAO, imm & 1);
  case SSBS_FIELD:
    return set_pstate_bit(cpu, FEAT_SSBS2, PSTATE_SSBS, imm & 1);
  case DIT_FIELD:
    return set_pstate_bit(cpu, FEAT_DIT, PSTATE_DIT, imm & 1);
  case TCO_FIELD:               // without MTE2 nothing is checked: no bit
    return set_pstate_bit(cpu, FEAT_MTE, 0, false);
  default:
    return soft_undefined(cpu);
  }
  soft_set_pstate(cpu, pstate);
  return STEP_NEXT;
}

// DC ZVA: zeroes the 64-byte block (DCZID_EL0.BS = 4). Device memory: an
// alignment fault (C5.3.19). DC GVA and GZVA do the same to tags and to both;
// there are no tags, so that DC GVA only checks its address.
static enum slow_step dc_zva(struct soft_cpu *cpu, uint64_t va, bool zero) {
  enum { BLOCK = 64 };
  uint64_t at = soft_untagged(cpu, va) & ~(uint64_t)(BLOCK - 1);
  tv_vm *vm = cpu->h.vcpu->vm;
  bool size = soft_beyond_physical(cpu, at);
  if (cpu->mode & MODE_DEVICE || size) {
    enum esr_ec ec = soft_el(cpu) ? ESR_EC_DABT : ESR_EC_DABT_LOW;
    cpu->h.exc = (struct soft_exc){ .far = va, .has_far = true, .addr = va,
      .esr = esr_make(ec, ESR_DABT_WNR |
        (size ? ESR_FSC_ADDRESS_SIZE : ESR_FSC_ALIGNMENT)),
      .reason = size ? TV_FAULT_ADDRESS_SIZE : TV_FAULT_ALIGNMENT,
      .access = 'w', .size = BLOCK };
    return STEP_EXCEPTION;
  }
  struct region *r = mem_range(vm, at, BLOCK);
  if (!r || !r->host || !(r->prot & TV_WRITE)) {
    soft_fault_exit(cpu, !r ? TV_FAULT_UNMAPPED :
                    mem_is_io(r) ? TV_FAULT_UNSUPPORTED :
                    r->kind == TV_MEM_ROM ? TV_FAULT_READ_ONLY :
                    TV_FAULT_PROTECTED, va, at, BLOCK, 'w');
    return STEP_EXIT;
  }
  if (!zero) return STEP_NEXT;
  memset(r->host + (at - r->base), 0, BLOCK);
  mem_wrote(vm, r, at - r->base, BLOCK);
  return STEP_NEXT;
}

// AT with the MMU off (D8.2): flat, Device-nGnRnE, outer shareable.
static enum slow_step address_translate(struct soft_cpu *cpu, uint64_t va) {
  uint64_t par = (va & UINT64_C(0xfffffffff000)) | 1 << 11 | 2 << 7;
  if (!(cpu->mode & MODE_DEVICE)) par |= UINT64_C(0xff) << 56;
  if (soft_beyond_physical(cpu, soft_untagged(cpu, va)))
    par = 1 << 11 | 1;            // address size fault, level 0
  cpu->sys[SYS_par_el1] = par;
  return STEP_NEXT;
}

// SYS: op1, CRn, CRm, op2 as one key. Caches and TLBs need no work here.
#define SYSOP(op1, crn, crm, op2) \
  ((op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

// TLBI by (CRm, op2), EL1's: VMALLE1, VAE1, ASIDE1, VAAE1, VALE1, VAALE1, and
// with a range RVAE1, RVAAE1, RVALE1, RVAALE1. CRn 9: the same, nXS.
static bool has_tlbi(const struct soft_cpu *cpu, unsigned key) {
  enum { ONE = 0xaf, RANGE = 0xaa };
  unsigned crm = key >> 3 & 15, op2 = key & 7;
  bool os = soft_has(cpu, FEAT_TLBIOS), range = soft_has(cpu, FEAT_TLBIRANGE);
  unsigned group = key & ~(unsigned)SYSOP(0, 0, 15, 7);
  bool nxs = group == SYSOP(0, 9, 0, 0) && soft_has(cpu, FEAT_XS);
  if (group != SYSOP(0, 8, 0, 0) && !nxs) return false;
  switch (crm) {
  case 3: case 7: return ONE >> op2 & 1;             // IS, and here
  case 1: return os && ONE >> op2 & 1;               // OS
  case 2: case 5: case 6: return range && RANGE >> op2 & 1;
  default: return false;
  }
}

// Operations that EL0 may do if a bit of SCTLR_EL1 is set.
static enum slow_step if_opened(struct soft_cpu *cpu, uint32_t w,
                                unsigned bit) {
  bool opened = soft_el(cpu) || cpu->sys[SYS_sctlr_el1] >> bit & 1;
  return opened ? STEP_NEXT : trap_system(cpu, w);
}

// FEAT_MTE's operations by address on tags, and on data and tags: as there are
// no tags, the keys of those on data.
static unsigned without_tags(const struct soft_cpu *cpu, unsigned key) {
  unsigned crm = key >> 3 & 15, op2 = key & 7;
  if (key >> 7 != SYSOP(3, 7, 0, 0) >> 7 || !soft_has(cpu, FEAT_MTE))
    return key;
  bool by_address = crm == 10 || (crm >= 12 && crm <= 14);
  return by_address && (op2 == 3 || op2 == 5) ? key - op2 + 1 : key;
}

static enum slow_step sys_op(struct soft_cpu *cpu, uint32_t w) {
  enum { ENRCTX = 10, DZE = 14, UCI = 26 };
  uint64_t sctlr = cpu->sys[SYS_sctlr_el1];
  uint64_t xt = cpu->x[slot_read(w & 31)];
  bool el1 = soft_el(cpu);
  unsigned key = without_tags(cpu, w >> 5 & 0x3fff);
  switch (key) {
  case SYSOP(3, 7, 4, 3): case SYSOP(3, 7, 4, 4):    // DC GVA, GZVA
    if (!soft_has(cpu, FEAT_MTE)) return soft_undefined(cpu);
    // fall through
  case SYSOP(3, 7, 4, 1):                            // DC ZVA
    if (!el1 && !(sctlr >> DZE & 1)) return trap_system(cpu, w);
    return dc_zva(cpu, xt, (key & 7) != 3);
  case SYSOP(3, 7, 10, 1): case SYSOP(3, 7, 11, 1):  // DC CVAC, CVAU
  case SYSOP(3, 7, 14, 1): case SYSOP(3, 7, 5, 1):   // DC CIVAC, IC IVAU
    return if_opened(cpu, w, UCI);
  case SYSOP(3, 7, 12, 1): case SYSOP(3, 7, 13, 1):  // DC CVAP, CVADP
    if (!soft_has(cpu, key & 8 ? FEAT_DPB2 : FEAT_DPB))
      return soft_undefined(cpu);
    return if_opened(cpu, w, UCI);
  case SYSOP(3, 7, 3, 4): case SYSOP(3, 7, 3, 5):    // CFP, DVP RCTX
  case SYSOP(3, 7, 3, 7):                            // CPP RCTX
    if (!soft_has(cpu, FEAT_SPECRES)) return soft_undefined(cpu);
    return if_opened(cpu, w, ENRCTX);
  case SYSOP(0, 7, 1, 0): case SYSOP(0, 7, 5, 0):    // IC IALLUIS, IALLU
  case SYSOP(0, 7, 6, 1): case SYSOP(0, 7, 6, 2):    // DC IVAC, ISW
  case SYSOP(0, 7, 10, 2): case SYSOP(0, 7, 14, 2):  // DC CSW, CISW
    return el1 ? STEP_NEXT : soft_undefined(cpu);
  case SYSOP(0, 7, 8, 0): case SYSOP(0, 7, 8, 1):    // AT S1E1R, S1E1W
  case SYSOP(0, 7, 8, 2): case SYSOP(0, 7, 8, 3):    // AT S1E0R, S1E0W
    return el1 ? address_translate(cpu, xt) : soft_undefined(cpu);
  case SYSOP(0, 7, 9, 0): case SYSOP(0, 7, 9, 1):    // AT S1E1RP, S1E1WP
    if (!el1 || !soft_has(cpu, FEAT_PAN2)) return soft_undefined(cpu);
    return address_translate(cpu, xt);
  }
  return el1 && has_tlbi(cpu, key) ? STEP_NEXT : soft_undefined(cpu);
}
#undef SYSOP

// ----------------------------------------------------------- exceptions --

static enum slow_step hvc_exit(struct soft_cpu *cpu, uint32_t w, bool smc) {
  if (!soft_el(cpu)) return soft_undefined(cpu);
  tv_exit *exit = &cpu->h.exit;
  exit->kind = smc ? TV_EXIT_SMC : TV_EXIT_HVC;
  exit->u.hvc.imm = bits_get(w, 5, 16);
  exit->u.hvc.nr = (uint32_t)cpu->x[0];
  memcpy(exit->u.hvc.arg, &cpu->x[1], sizeof exit->u.hvc.arg);
  return smc ? STEP_EXIT : STEP_EXIT_DONE;
}

enum slow_step soft_hvc(struct soft_cpu *cpu, uint32_t w) {
  return hvc_exit(cpu, w, false);
}

// WFI, WFE, WFIT and WFET at EL0 trap unless SCTLR_EL1.nTWI, nTWE allow them
// (EC 1). ti: bit 0 WFE, bit 1 with a time in a register, RN with RV set.
static bool wait_trapped(struct soft_cpu *cpu, unsigned ti) {
  uint64_t sctlr = cpu->sys[SYS_sctlr_el1];
  if (soft_el(cpu) || sctlr >> (ti & 1 ? 18 : 16) & 1) return false;
  soft_raise(cpu, esr_make(ESR_EC_WFX, 0x1e00000 | ti), TV_FAULT_SYSREG_TRAP);
  return true;
}

static enum slow_step wfi(struct soft_cpu *cpu) {
  if (soft_lines(cpu)) return STEP_NEXT;
  return wait_trapped(cpu, 0) ? STEP_EXCEPTION : STEP_IDLE;
}

static enum slow_step wfe(struct soft_cpu *cpu) {
  if (cpu->event) {
    cpu->event = false;
    return STEP_NEXT;
  }
  return wait_trapped(cpu, 1) ? STEP_EXCEPTION : STEP_YIELD;
}

// Waits until CNTVCT_EL0 is Xt or what WFI, WFE wait for happens. One that has
// a monitor armed (LDXR; WFET) does not sleep, as WFE does not: its wake-up
// may be another vCPU's store.
static enum slow_step wait_timed(struct soft_cpu *cpu, uint32_t w,
                                 bool event) {
  uint64_t until = cpu->x[slot_read(a64_rt(w))];
  unsigned ti = a64_rt(w) << 5 | 1 << 2 | 2 | event;
  if (event && cpu->event) {
    cpu->event = false;
    return STEP_NEXT;
  }
  if (!event && soft_lines(cpu)) return STEP_NEXT;
  if (soft_count(cpu) >= until) return STEP_NEXT;
  if (wait_trapped(cpu, ti)) return STEP_EXCEPTION;
  if (event && cpu->excl.valid) return STEP_YIELD;
  cpu->wait = event ? WAIT_EVENT : WAIT_INTERRUPT;
  cpu->wait_until = until;
  return STEP_IDLE;
}

static enum slow_step sev(struct soft_cpu *cpu) {
  tv_vm *vm = cpu->h.vcpu->vm;
  for (unsigned k = 0; k < vm->vcpus; k++) {
    struct soft_cpu *other = vm->vcpu[k]->back;
    other->event = true;
  }
  return STEP_NEXT;
}

static enum slow_step eret(struct soft_cpu *cpu) {
  if (!soft_el(cpu)) return soft_undefined(cpu);
  soft_eret(cpu, cpu->sys[SYS_elr_el1]);
  return STEP_JUMPED;
}

enum slow_step soft_slow(struct soft_cpu *cpu, uint32_t w) {
  uint32_t imm = bits_get(w, 5, 16);
  switch (a64_decode(w)) {
  case A64_SMC: return hvc_exit(cpu, w, true);
  case A64_SVC:
    return soft_raise(cpu, esr_make(ESR_EC_SVC64, imm), TV_FAULT_SVC);
  case A64_BRK:
    return soft_raise(cpu, esr_make(ESR_EC_BRK64, imm), TV_FAULT_UNDEFINED);
  case A64_ERET: return eret(cpu);
  case A64_ERETA: return soft_ereta(cpu, w);
  case A64_MRS: return mrs_msr(cpu, w, false);
  case A64_MSR: return mrs_msr(cpu, w, true);
  case A64_MSR_i: return msr_immediate(cpu, w);
  case A64_SYS: return sys_op(cpu, w);
  case A64_WFI: return wfi(cpu);
  case A64_WFE: return wfe(cpu);
  case A64_WFIT: return wait_timed(cpu, w, false);
  case A64_WFET: return wait_timed(cpu, w, true);
  case A64_SEV: return sev(cpu);
  case A64_SEVL: cpu->event = true; return STEP_NEXT;
  case A64_YIELD: return STEP_YIELD;
  default: return soft_undefined(cpu);
  }
}
