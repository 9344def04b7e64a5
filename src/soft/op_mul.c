// SPDX-License-Identifier: MIT
//
// Data processing, register (Arm ARM C4.1.95), second part: instructions of
// one, two and three sources: bit counting and reversal, variable shifts,
// divide, CRC32, multiply.

#include "soft/op.h"

// ------------------------------------------------------------ one source --

// Reverses the bits of each byte; with a byte swap, of the whole.
static inline uint64_t reverse_in_bytes(uint64_t v) {
  v = (v >> 1 & UINT64_C(0x5555555555555555)) |
      (v & UINT64_C(0x5555555555555555)) << 1;
  v = (v >> 2 & UINT64_C(0x3333333333333333)) |
      (v & UINT64_C(0x3333333333333333)) << 2;
  return (v >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) |
         (v & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
}

static inline uint64_t rbit(uint64_t v, bool x) {
  uint64_t r = __builtin_bswap64(reverse_in_bytes(v));
  return x ? r : r >> 32;
}

static inline uint64_t rev16(uint64_t v, bool x) {
  uint64_t low = UINT64_C(0x00ff00ff00ff00ff);
  return op_width((v >> 8 & low) | (v & low) << 8, x);
}

static inline uint64_t rev32(uint64_t v, bool x) {
  uint64_t r = __builtin_bswap64(v);
  return x ? bits_ror64(r, 32) : r >> 32;
}

static inline uint64_t rev64(uint64_t v, bool x) {
  return x ? __builtin_bswap64(v) : 0;
}

static inline uint64_t clz(uint64_t v, bool x) {
  if (x) return v ? (unsigned)__builtin_clzll(v) : 64;
  return (uint32_t)v ? (unsigned)__builtin_clz((uint32_t)v) : 32;
}

// Leading bits equal to the sign, itself not counted: a 1 sought in v ^ v<<1.
static inline uint64_t cls(uint64_t v, bool x) {
  return x ? (unsigned)__builtin_clzll((v ^ v << 1) | 1)
           : (unsigned)__builtin_clz((uint32_t)(v ^ v << 1) | 1);
}

typedef uint64_t unary(uint64_t v, bool x);

static inline const struct insn *one(struct soft_cpu *cpu,
                                     const struct insn *i, unary *f, bool x) {
  cpu->x[i->d] = f(cpu->x[i->n], x);
  return i + 1;
}
HANDLER(rbit_x, one, rbit, true)
HANDLER(rbit_w, one, rbit, false)
HANDLER(rev16_x, one, rev16, true)
HANDLER(rev16_w, one, rev16, false)
HANDLER(rev32_x, one, rev32, true)
HANDLER(rev32_w, one, rev32, false)
HANDLER(rev64_x, one, rev64, true)
HANDLER(clz_x, one, clz, true)
HANDLER(clz_w, one, clz, false)
HANDLER(cls_x, one, cls, true)
HANDLER(cls_w, one, cls, false)

void op_RBIT(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots2(i, w);
  i->fn = a64_sf(w) ? rbit_x : rbit_w;
}

void op_REV16(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots2(i, w);
  i->fn = a64_sf(w) ? rev16_x : rev16_w;
}

void op_REV32(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots2(i, w);
  i->fn = a64_sf(w) ? rev32_x : rev32_w;
}

void op_REV64(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots2(i, w);
  i->fn = rev64_x;
}

void op_CLZ(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots2(i, w);
  i->fn = a64_sf(w) ? clz_x : clz_w;
}

void op_CLS(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots2(i, w);
  i->fn = a64_sf(w) ? cls_x : cls_w;
}

// ----------------------------------------------------------- two sources --

// Division by zero is 0; the one overflow, -2^n / -1, wraps (C6.2).
static inline const struct insn *udiv(struct soft_cpu *cpu,
                                      const struct insn *i, bool x) {
  uint64_t a = op_width(cpu->x[i->n], x), b = op_width(cpu->x[i->m], x);
  if (!b) cpu->x[i->d] = 0;
  else if (x) cpu->x[i->d] = a / b;
  else cpu->x[i->d] = (uint32_t)a / (uint32_t)b;
  return i + 1;
}
HANDLER(udiv_x, udiv, true)
HANDLER(udiv_w, udiv, false)

static inline const struct insn *do_sdiv_x(struct soft_cpu *cpu,
                                           const struct insn *i) {
  uint64_t a = cpu->x[i->n], b = cpu->x[i->m];
  if (b + 1 < 2) cpu->x[i->d] = b ? -a : 0;
  else cpu->x[i->d] = (uint64_t)((int64_t)a / (int64_t)b);
  return i + 1;
}
HANDLER_OF(sdiv_x, do_sdiv_x)

static inline const struct insn *do_sdiv_w(struct soft_cpu *cpu,
                                           const struct insn *i) {
  uint32_t a = (uint32_t)cpu->x[i->n], b = (uint32_t)cpu->x[i->m];
  if (b + 1 < 2) cpu->x[i->d] = b ? -a : 0;
  else cpu->x[i->d] = (uint32_t)((int32_t)a / (int32_t)b);
  return i + 1;
}
HANDLER_OF(sdiv_w, do_sdiv_w)

static inline const struct insn *shift_var(struct soft_cpu *cpu,
                                           const struct insn *i,
                                           enum shift kind, bool x) {
  unsigned n = (unsigned)cpu->x[i->m] & (x ? 63 : 31);
  cpu->x[i->d] = op_shift(cpu->x[i->n], kind, n, x);
  return i + 1;
}
HANDLER(lslv_x, shift_var, SHIFT_LSL, true)
HANDLER(lslv_w, shift_var, SHIFT_LSL, false)
HANDLER(lsrv_x, shift_var, SHIFT_LSR, true)
HANDLER(lsrv_w, shift_var, SHIFT_LSR, false)
HANDLER(asrv_x, shift_var, SHIFT_ASR, true)
HANDLER(asrv_w, shift_var, SHIFT_ASR, false)
HANDLER(rorv_x, shift_var, SHIFT_ROR, true)
HANDLER(rorv_w, shift_var, SHIFT_ROR, false)

void op_UDIV(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? udiv_x : udiv_w;
}

void op_SDIV(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? sdiv_x : sdiv_w;
}

void op_LSLV(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? lslv_x : lslv_w;
}

void op_LSRV(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? lsrv_x : lsrv_w;
}

void op_ASRV(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? asrv_x : asrv_w;
}

void op_RORV(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? rorv_x : rorv_w;
}

// ---------------------------------------------------------------- CRC32 --

// Reflected polynomials, four bits a step through tables that the compiler
// computes. The instruction complements nothing: that is the program's.
#define CRC_BIT(c, poly) ((c) >> 1 ^ ((poly) & (0u - ((c) & 1))))
#define CRC_2BITS(c, poly) CRC_BIT(CRC_BIT(c, poly), poly)
#define CRC_4BITS(c, poly) CRC_2BITS(CRC_2BITS(c, poly), poly)
#define CRC_ROW(n, poly) CRC_4BITS((n) + 0u, poly), \
  CRC_4BITS((n) + 1u, poly), CRC_4BITS((n) + 2u, poly), \
  CRC_4BITS((n) + 3u, poly)
#define CRC_TABLE(poly) { CRC_ROW(0u, poly), CRC_ROW(4u, poly), \
  CRC_ROW(8u, poly), CRC_ROW(12u, poly) }
static const uint32_t crc_ieee[16] = CRC_TABLE(0xedb88320u);
static const uint32_t crc_castagnoli[16] = CRC_TABLE(0x82f63b78u);

static inline const struct insn *crc(struct soft_cpu *cpu,
                                     const struct insn *i,
                                     const uint32_t table[16],
                                     unsigned log2) {
  uint32_t c = (uint32_t)cpu->x[i->n];
  uint64_t v = cpu->x[i->m];
  for (unsigned k = 0; k < 2u << log2; k++, v >>= 4)
    c = c >> 4 ^ table[(c ^ v) & 15];
  cpu->x[i->d] = c;
  return i + 1;
}
HANDLER(crc32b, crc, crc_ieee, 0)
HANDLER(crc32h, crc, crc_ieee, 1)
HANDLER(crc32w, crc, crc_ieee, 2)
HANDLER(crc32x, crc, crc_ieee, 3)
HANDLER(crc32cb, crc, crc_castagnoli, 0)
HANDLER(crc32ch, crc, crc_castagnoli, 1)
HANDLER(crc32cw, crc, crc_castagnoli, 2)
HANDLER(crc32cx, crc, crc_castagnoli, 3)

void op_CRC32(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  static insn_fn *const fn[] = { crc32b, crc32h, crc32w, crc32x };
  op_slots3(i, w);
  i->fn = fn[a64_csz(w)];
}

void op_CRC32C(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  static insn_fn *const fn[] = { crc32cb, crc32ch, crc32cw, crc32cx };
  op_slots3(i, w);
  i->fn = fn[a64_csz(w)];
}

// --------------------------------------------------------- three sources --

// a + n * m or a - n * m, of the width; `mul` where a is zero.
static inline const struct insn *madd(struct soft_cpu *cpu,
                                      const struct insn *i, bool subtract,
                                      bool x) {
  uint64_t p = cpu->x[i->n] * cpu->x[i->m], a = cpu->x[i->a];
  cpu->x[i->d] = op_width(subtract ? a - p : a + p, x);
  return i + 1;
}
HANDLER(madd_x, madd, false, true)
HANDLER(madd_w, madd, false, false)
HANDLER(msub_x, madd, true, true)
HANDLER(msub_w, madd, true, false)

static inline const struct insn *mul(struct soft_cpu *cpu,
                                     const struct insn *i, bool x) {
  cpu->x[i->d] = op_width(cpu->x[i->n] * cpu->x[i->m], x);
  return i + 1;
}
HANDLER(mul_x, mul, true)
HANDLER(mul_w, mul, false)

static inline const struct insn *maddl(struct soft_cpu *cpu,
                                       const struct insn *i, bool is_signed,
                                       bool subtract) {
  unsigned option = is_signed ? 6 : 2;   // sxtw, uxtw
  uint64_t p = op_extend(cpu->x[i->n], option) *
               op_extend(cpu->x[i->m], option), a = cpu->x[i->a];
  cpu->x[i->d] = subtract ? a - p : a + p;
  return i + 1;
}
HANDLER(smaddl, maddl, true, false)
HANDLER(smsubl, maddl, true, true)
HANDLER(umaddl, maddl, false, false)
HANDLER(umsubl, maddl, false, true)

static inline const struct insn *do_smulh(struct soft_cpu *cpu,
                                          const struct insn *i) {
  __extension__ __int128 p = (int64_t)cpu->x[i->n];
  p *= (int64_t)cpu->x[i->m];
  cpu->x[i->d] = (uint64_t)(p >> 64);
  return i + 1;
}
HANDLER_OF(smulh, do_smulh)

static inline const struct insn *do_umulh(struct soft_cpu *cpu,
                                          const struct insn *i) {
  __extension__ unsigned __int128 p = cpu->x[i->n];
  p *= cpu->x[i->m];
  cpu->x[i->d] = (uint64_t)(p >> 64);
  return i + 1;
}
HANDLER_OF(umulh, do_umulh)

static void four_slots(struct insn *i, uint32_t w) {
  op_slots3(i, w);
  i->a = slot_read(a64_ra(w));
}

void op_MADD(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  four_slots(i, w);
  if (a64_ra(w) == 31) i->fn = a64_sf(w) ? mul_x : mul_w;
  else i->fn = a64_sf(w) ? madd_x : madd_w;
}

void op_MSUB(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  four_slots(i, w);
  i->fn = a64_sf(w) ? msub_x : msub_w;
}

void op_SMADDL(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  four_slots(i, w);
  i->fn = smaddl;
}

void op_SMSUBL(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  four_slots(i, w);
  i->fn = smsubl;
}

void op_UMADDL(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  four_slots(i, w);
  i->fn = umaddl;
}

void op_UMSUBL(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  four_slots(i, w);
  i->fn = umsubl;
}

void op_SMULH(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = smulh;
}

void op_UMULH(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = umulh;
}
