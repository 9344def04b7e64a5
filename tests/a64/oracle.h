// SPDX-License-Identifier: MIT
//
// The part that both executors of the differential test share: how a case is
// made from (instruction word, seed), and how its outcome is written down.
//
// A case is a full register state, 4 KiB of scratch memory at a fixed address
// and instructions: a prelude (clrex, or the load-exclusive that pairs with a
// store-exclusive under test) and the words under test, one or a straight run
// of LENGTH; the first decides about addresses. oracle_qemu.c
// executes it under qemu-aarch64, oracle_soft.c on our `soft` CPU; both make
// the same state from the seed and write the same record, so comparing two
// outcomes is comparing bytes, and only words travel.
#ifndef TV_TESTS_ORACLE_H
#define TV_TESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ORACLE_SCRATCH 0x10000000u   // same guest address in both executors
#define ORACLE_SIZE 4096u
#define ORACLE_CLREX 0xd503305fu     // clrex #0
#define ORACLE_RECORD_MAX 8192u
#define ORACLE_LENGTH_MAX 64u

// Offsets are known to the assembly of oracle_qemu.c.
typedef struct oracle_state {
  uint64_t x[31];
  uint64_t sp;
  uint64_t nzcv;       // as MRS NZCV reads: flags in bits 31:28
  uint64_t fpcr;
  uint64_t fpsr;
  uint64_t pad;
  uint64_t v[32][2];   // low half first
} oracle_state;

// How a case ended.
typedef enum oracle_end {
  ORACLE_RAN,
  ORACLE_UNDEFINED,    // SIGILL
  ORACLE_UNMAPPED,     // SIGSEGV
  ORACLE_ALIGNMENT,    // SIGBUS
  ORACLE_OTHER
} oracle_end;

// The outcome of one case, followed by the changed values in this order:
// one u64 per bit of xmask (bit 31: sp), two per bit of vmask, and per memory
// word that changed its offset and its value. Only `end` counts if not RAN.
typedef struct oracle_record {
  uint32_t end;
  uint32_t words;      // u64 values that follow
  uint32_t xmask;
  uint32_t vmask;
  uint32_t nzcv;
  uint32_t fpsr;
} oracle_record;

// ---------------------------------------------------------- random values --

static inline uint64_t oracle_random(uint64_t *state) {   // splitmix64
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Every case of a run has its own seed.
static inline uint64_t oracle_seed(uint64_t run, uint64_t index) {
  uint64_t s = run ^ (index * 0xd1342543de82ef95u);
  return oracle_random(&s);
}

// Integer operands: corners of both widths, shift amounts, single bits.
static inline uint64_t oracle_integer(uint64_t *s) {
  static const uint64_t corner[16] = {
    0, 1, 2, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN,
    0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0xffffffff80000000,
    0xffffffff7fffffff, 0x8000000080000000, 0x7f, 0x8000, 0xff80
  };
  uint64_t kind = oracle_random(s), value = oracle_random(s);
  switch (kind & 7) {
  case 0: return corner[(kind >> 8) & 15];
  case 1: return value & 0x7f;                           // shift amounts
  case 2: return (uint64_t)(int64_t)(int8_t)value;
  case 3: return value & 0xffffffff;
  case 4: return (uint64_t)1 << (value & 63);
  case 5: return UINT64_MAX << (value & 63);
  case 6: return value & UINT64_MAX << (kind >> 8 & 63);
  default: return value >> (kind >> 8 & 63);
  }
}

// A floating-point number of e exponent and f fraction bits: denormals,
// numbers next to the ends of the range, NaNs of both kinds, neighbours of 1
// and integers; fractions that are sparse, so that sums, products and
// conversions come to lie half-way between two results.
static inline uint64_t oracle_float(unsigned e, unsigned f, uint64_t *s) {
  uint64_t r = oracle_random(s), frac = oracle_random(s);
  uint64_t ones = ((uint64_t)1 << e) - 1, bias = ones >> 1, exp;
  unsigned cut = (unsigned)(r >> 16 & 0xff) % f;
  switch (r & 15) {
  case 0: exp = 0; break;
  case 1: exp = 1 + (r >> 8 & 1); break;
  case 2: exp = ones; break;
  case 3: exp = ones - 1 - (r >> 8 & 1); break;
  case 4: case 5: exp = frac ^ r >> 48; break;
  case 6: exp = bias + (r >> 8 & 63); break;
  case 7: exp = bias - (r >> 8 & 63); break;
  case 8: exp = bias - f - 3 + (r >> 8 & 7); break;
  default: exp = bias - 4 + (r >> 8 & 7); break;
  }
  switch (r >> 4 & 15) {
  case 0: case 1: case 2: frac = 0; break;
  case 3: frac = 1; break;
  case 4: frac = UINT64_MAX; break;
  case 5: frac = (uint64_t)1 << (f - 1); break;
  case 6: frac = (uint64_t)1 << cut; break;
  case 7: case 8: case 9: frac &= UINT64_MAX << cut; break;
  case 10: frac |= ~(UINT64_MAX << cut); break;
  default: break;
  }
  return (r >> 40 & 1) << (e + f) | (exp & ones) << f
    | (frac & (((uint64_t)1 << f) - 1));
}

// One of the corners of a format, so few that all pairs of them meet: zero,
// one and the number below it, infinity, NaNs of both kinds, the ends of
// denormals and normal numbers.
static inline uint64_t oracle_corner(unsigned e, unsigned f, uint64_t *s) {
  uint64_t r = oracle_random(s), unit = (uint64_t)1 << f, n = r >> 8 & 1;
  uint64_t ones = (((uint64_t)1 << e) - 1) * unit, v;
  switch (r >> 16 & 15) {
  case 0: case 9: v = 0; break;
  case 1: v = ones / 2 / unit * unit; break;
  case 2: case 10: v = ones; break;
  case 3: case 11: v = ones + unit / 2 + n; break;
  case 4: case 12: v = ones + 1 + n; break;
  case 5: v = 1; break;
  case 6: v = unit - 1; break;
  case 7: v = unit; break;
  case 8: v = ones - 1; break;
  case 13: v = ones / 2 / unit * unit - 1; break;
  default: return oracle_float(e, f, s);
  }
  return (r & 1) << (e + f) | v;
}

// An element of an integer vector: the ends of its range and their
// neighbours, small and random numbers.
static inline uint64_t oracle_element(unsigned bits, uint64_t *s) {
  uint64_t r = oracle_random(s), half = (uint64_t)1 << (bits - 1);
  uint64_t mask = half | (half - 1), near = (r >> 8 & 3) - 1;
  switch (r & 7) {
  case 0: return near & mask;
  case 1: return (half + near) & mask;
  case 2: return half >> (r >> 8 & 63) % bits;
  case 3: return r >> 8 & 127 & mask;
  default: return oracle_random(s) & mask;
  }
}

// What the vector registers of a case hold.
typedef enum oracle_lanes {
  ORACLE_BITS, ORACLE_INT8, ORACLE_INT16, ORACLE_INT32, ORACLE_INT64,
  ORACLE_BF16, ORACLE_HALF, ORACLE_SINGLE, ORACLE_DOUBLE, ORACLE_LANES
} oracle_lanes;

static inline uint64_t oracle_lane(oracle_lanes what, bool corners,
                                   uint64_t *s) {
  uint64_t (*number)(unsigned, unsigned, uint64_t *) =
    corners ? oracle_corner : oracle_float;
  switch (what) {
  case ORACLE_INT8: return oracle_element(8, s);
  case ORACLE_INT16: return oracle_element(16, s);
  case ORACLE_INT32: return oracle_element(32, s);
  case ORACLE_INT64: return oracle_element(64, s);
  case ORACLE_BF16: return number(8, 7, s);
  case ORACLE_HALF: return number(5, 10, s);
  case ORACLE_SINGLE: return number(8, 23, s);
  case ORACLE_DOUBLE: return number(11, 52, s);
  default: return oracle_random(s);
  }
}

// Halves of vector registers.
static inline uint64_t oracle_vector(oracle_lanes what, bool corners,
                                     uint64_t *s) {
  static const uint8_t width[ORACLE_LANES] = { 64, 8, 16, 32, 64, 16, 16, 32,
                                               64 };
  uint64_t v = 0;
  for (unsigned at = 0; at < 64; at += width[what])
    v |= oracle_lane(what, corners, s) << at;
  return v;
}

// Scalar floating-point words (28:24 = 11110, bit 21 or fixed point) name
// their format, for the others every kind has its turn.
static inline oracle_lanes oracle_choose(uint32_t w, uint64_t *s) {
  static const uint8_t format[4] = { ORACLE_SINGLE, ORACLE_DOUBLE,
                                     ORACLE_BITS, ORACLE_HALF };
  uint64_t r = oracle_random(s);
  if ((w & 0x5e000000) == 0x1e000000 && r & 7) return format[w >> 22 & 3];
  if ((w & 0x8e000000) == 0x0e000000 && r & 16)              // SIMD: size
    return r & 8 ? (oracle_lanes)(ORACLE_INT8 + (w >> 22 & 3))
                 : w >> 22 & 1 ? ORACLE_DOUBLE : ORACLE_SINGLE;
  return (oracle_lanes)((r >> 8) % ORACLE_LANES);
}

// The scratch memory before every case: one fixed pattern.
static inline void oracle_pattern(uint64_t memory[ORACLE_SIZE / 8]) {
  uint64_t s = 0x5ca1ab1e;
  for (size_t i = 0; i < ORACLE_SIZE / 8; i++) memory[i] = oracle_random(&s);
}

// --------------------------------------------------------- making a state --

static inline unsigned oracle_rn(uint32_t w) { return w >> 5 & 31; }
static inline unsigned oracle_rm(uint32_t w) { return w >> 16 & 31; }

// Loads and stores: op0 = x1x0 (Arm ARM C4.1).
static inline bool oracle_is_memory(uint32_t w) {
  return (w & 0x0a000000) == 0x08000000;
}
static inline bool oracle_is_exclusive_store(uint32_t w) {
  return (w & 0x3fc00000) == 0x08000000        // STXR, STLXR: size any
    && !((w & 0xbfe07c00) == 0x08207c00 && !(w & 0x80000000));
}
// CAS: size:2 0010001 L 1 Rs o0 11111; CASP: 0 sz 0010000 L 1 Rs o0 11111.
static inline bool oracle_is_cas(uint32_t w) {
  return (w & 0x3fa07c00) == 0x08a07c00;
}
static inline bool oracle_is_casp(uint32_t w) {
  return (w & 0xbfa07c00) == 0x08207c00;
}
// Load/store register offset, integer and FP: LDR Xt, [Xn, Rm, extend].
static inline bool oracle_is_indexed(uint32_t w) {
  return (w & 0x3b200c00) == 0x38200800;
}
// Needs a naturally aligned address without FEAT_LSE2: exclusives, ordered
// accesses, LSE atomics, LDAPR.
static inline bool oracle_is_atomic(uint32_t w) {
  return (w & 0x3f000000) == 0x08000000 || (w & 0x3b200c00) == 0x38200000;
}

// The distance from the base register to the accessed address, for the form
// whose immediate reaches beyond the scratch memory: 12 bits, scaled.
static inline uint64_t oracle_reach(uint32_t w) {
  if ((w & 0x3b000000) != 0x39000000) return 0;
  unsigned scale = w >> 30;
  if ((w & 0x04800000) == 0x04800000 && scale == 0) scale = 4;   // Q
  return (uint64_t)(w >> 10 & 0xfff) << scale;
}

// An index register: small after its extension, random where that ignores.
static inline uint64_t oracle_index(uint32_t w, uint64_t *s) {
  uint64_t low = oracle_random(s) % 32, high = oracle_random(s) << 32;
  unsigned option = w >> 13 & 7;
  if (option == 2) return high | low;                            // UXTW
  if (option == 6) return high | (uint32_t)(low - 16);           // SXTW
  return low - 16;
}

static inline void oracle_point(oracle_state *st, uint32_t w, uint64_t *s) {
  uint64_t r = oracle_random(s);
  uint64_t offset = 1024 + (r & 0x7f) * 16;
  if ((r >> 8 & (oracle_is_atomic(w) ? 15 : 3)) == 0) offset += r >> 16 & 15;
  if ((r >> 32 & 63) == 0) offset = ORACLE_SIZE - (r >> 40 & 31); // page end
  if (oracle_is_indexed(w) && oracle_rm(w) != 31)
    st->x[oracle_rm(w)] = oracle_index(w, s);
  uint64_t base = ORACLE_SCRATCH + offset - oracle_reach(w);
  if (oracle_rn(w) == 31) st->sp = base;
  else st->x[oracle_rn(w)] = base;
}

// Lets a compare-and-swap find what it compares with, every other time; the
// bits above a narrow operand stay random.
static inline void oracle_match(oracle_state *st, uint32_t w, uint64_t *s,
                                const uint64_t *pattern) {
  unsigned rs = oracle_rm(w), rn = oracle_rn(w);
  uint64_t base = rn == 31 ? st->sp : st->x[rn];
  uint64_t offset = base - ORACLE_SCRATCH;
  if (oracle_random(s) & 1 || rs >= 30 || offset > ORACLE_SIZE - 16) return;
  unsigned size = oracle_is_casp(w) ? 4u << (w >> 30 & 1) : 1u << (w >> 30);
  const char *at = (const char *)pattern + offset;
  if (rs != rn) memcpy(&st->x[rs], at, size);
  if (oracle_is_casp(w) && rs + 1 != rn)
    memcpy(&st->x[rs + 1], at + size, size);
}

static inline void oracle_make(oracle_state *st, uint32_t w, uint64_t seed,
                               const uint64_t *pattern) {
  uint64_t s = seed;
  for (unsigned i = 0; i < 31; i++) st->x[i] = oracle_integer(&s);
  oracle_lanes lanes = oracle_choose(w, &s);
  bool corners = (oracle_random(&s) & 3) == 0;
  for (unsigned i = 0; i < 32; i++) {
    st->v[i][0] = oracle_vector(lanes, corners, &s);
    st->v[i][1] = oracle_vector(lanes, corners, &s);
  }
  st->sp = ORACLE_SCRATCH + 2048 + (oracle_random(&s) & 0xf0);
  st->nzcv = oracle_random(&s) & 0xf0000000;
  // FPCR: AHP, DN, FZ, RMode (bits 26:22) and FZ16 in every other case.
  // FPSR: IXC every other time, for what is cheaper once it is set; QC.
  uint64_t r = oracle_random(&s);
  st->fpcr = r & 1 ? r & 0x07c80000 : 0;
  st->fpsr = (r & 2) << 3 | ((r & 0x70) == 0x70) << 27;
  st->pad = 0;
  if (oracle_is_memory(w)) oracle_point(st, w, &s);
  if (oracle_is_cas(w) || oracle_is_casp(w)) oracle_match(st, w, &s, pattern);
}

// What runs before the word: for a store-exclusive every other time the
// load-exclusive of its size at its address (L = 1, Rs = 11111, Rt = XZR),
// so that it may succeed. LDXP must not load both halves into one register.
static inline uint32_t oracle_prelude(uint32_t w) {
  if (!oracle_is_exclusive_store(w) || oracle_is_casp(w))
    return ORACLE_CLREX;
  if ((w * 0x9e3779b1u) >> 31) return ORACLE_CLREX;
  uint32_t load = w | 1u << 22 | 31u << 16 | 31u;
  if (!(w & 1u << 21)) return load;
  unsigned free = 0;
  while (free == oracle_rn(w) || free == oracle_rm(w) || free == (w & 31)
         || free == (w >> 10 & 31)) free++;
  return (load & ~(31u << 10)) | free << 10;
}

// --------------------------------------------------------------- outcomes --

// Writes the record of one case to `out` (ORACLE_RECORD_MAX bytes, aligned
// to 8); returns its size.
static inline size_t oracle_write(void *out, oracle_end end,
                                  const oracle_state *a,
                                  const oracle_state *b,
                                  const uint64_t *pattern,
                                  const uint64_t *memory) {
  oracle_record *r = out;
  uint64_t *value = (uint64_t *)(r + 1), *first = value;
  memset(r, 0, sizeof *r);
  r->end = end;
  if (end != ORACLE_RAN) return sizeof *r;
  r->nzcv = (uint32_t)b->nzcv;
  r->fpsr = (uint32_t)b->fpsr;
  for (unsigned i = 0; i < 32; i++) {
    uint64_t old = i < 31 ? a->x[i] : a->sp, new = i < 31 ? b->x[i] : b->sp;
    if (old == new) continue;
    r->xmask |= 1u << i;
    *value++ = new;
  }
  for (unsigned i = 0; i < 32; i++) {
    if (!memcmp(a->v[i], b->v[i], 16)) continue;
    r->vmask |= 1u << i;
    *value++ = b->v[i][0];
    *value++ = b->v[i][1];
  }
  if (memcmp(pattern, memory, ORACLE_SIZE) != 0) {
    for (unsigned i = 0; i < ORACLE_SIZE / 8; i++) {
      if (pattern[i] == memory[i] || value - first > 900) continue;
      *value++ = ORACLE_SCRATCH + i * 8;
      *value++ = memory[i];
    }
  }
  r->words = (uint32_t)(value - first);
  return sizeof *r + r->words * 8;
}

#endif
