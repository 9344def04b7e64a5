// SPDX-License-Identifier: MIT
//
// Register numbers, names and sizes: a bank (x0, q7), a name of its own (sp),
// a system register by its name, or any by its encoding s3_0_c1_c0_0.

#include <stdio.h>
#include <string.h>

#include "core/core.h"

static const struct bank { char letter; uint8_t count, bytes; tv_reg first; }
banks[] = {
#define BANK(letter, first, count, bytes) {letter, count, bytes, first},
#define NAMED(name, reg)
#include "a64/regs.def"
#undef BANK
#undef NAMED
};

static const struct named { const char *name; tv_reg reg; } named[] = {
#define BANK(letter, first, count, bytes)
#define NAMED(name, reg) {#name, reg},
#include "a64/regs.def"
#undef BANK
#undef NAMED
};

enum { BANKS = sizeof banks / sizeof *banks,
       NAMEDS = sizeof named / sizeof *named };

// Names in place: no relocations, and a search by name that runs through one
// array.
static const struct sysreg { char name[20]; uint16_t key; uint8_t access; }
sysregs[] = {
#define SYSREG(name, key, access) {#name, key, REG_##access},
#include "a64/sysregs.def"
#undef SYSREG
};

enum { SYSREGS = sizeof sysregs / sizeof *sysregs };

// ---------------------------------------------------------------- numbers --

static const struct bank *bank_of(tv_reg reg) {
  for (unsigned i = 0; i < BANKS; i++)
    if (reg - banks[i].first < banks[i].count) return &banks[i];
  return NULL;
}

static const struct named *named_of(tv_reg reg) {
  for (unsigned i = 0; i < NAMEDS; i++)
    if (named[i].reg == reg) return &named[i];
  return NULL;
}

static bool is_sysreg(tv_reg reg) {
  return reg >> 16 == 1 && reg >> 14 & 2;   // op0 is 2 or 3
}

size_t tv_reg_size(tv_reg reg) {
  const struct bank *bank = bank_of(reg);
  if (bank) return bank->bytes;
  return is_sysreg(reg) || named_of(reg) ? 8 : 0;
}

// The (first) system register with this key; the list is in key order.
static const struct sysreg *sysreg_of(tv_reg reg) {
  size_t lo = 0, hi = SYSREGS;
  if (!is_sysreg(reg)) return NULL;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (sysregs[mid].key < (reg & 0xffff)) lo = mid + 1;
    else hi = mid;
  }
  return lo < SYSREGS && sysregs[lo].key == (reg & 0xffff) ? &sysregs[lo]
                                                           : NULL;
}

// Two names for one key are one register to read and one to write
// (DBGDTRRX_EL0 and DBGDTRTX_EL0).
enum reg_access reg_access(tv_reg reg) {
  const struct sysreg *sys = sysreg_of(reg);
  if (!sys) return REG_RW;
  bool two = sys + 1 < sysregs + SYSREGS && sys[1].key == sys->key;
  return two ? REG_RW : (enum reg_access)sys->access;
}

const char *tv_reg_name(tv_reg reg, char *buf, size_t size) {
  assert(buf && size);
  const struct bank *bank = bank_of(reg);
  const struct named *name = named_of(reg);
  const struct sysreg *sys = sysreg_of(reg);
  if (bank)
    snprintf(buf, size, "%c%u", bank->letter, (unsigned)(reg - bank->first));
  else if (name || sys)
    snprintf(buf, size, "%s", name ? name->name : sys->name);
  else if (is_sysreg(reg))
    snprintf(buf, size, "s%u_%u_c%u_c%u_%u", (unsigned)(reg >> 14 & 3),
             (unsigned)(reg >> 11 & 7), (unsigned)(reg >> 7 & 15),
             (unsigned)(reg >> 3 & 15), (unsigned)(reg & 7));
  else
    snprintf(buf, size, "register 0x%x", (unsigned)reg);
  return buf;
}

// ------------------------------------------------------------------ names --

// Reads a decimal number of at most two digits and no leading zero.
static bool number(const char **p, unsigned limit, unsigned *value) {
  const char *s = *p;
  unsigned v = 0;
  if (*s < '0' || *s > '9') return false;
  if (*s == '0') s++;
  else while (*s >= '0' && *s <= '9' && v < 100) v = v * 10 + (*s++ - '0');
  if (v >= limit) return false;
  *value = v;
  *p = s;
  return true;
}

static bool find_in_bank(const char *name, tv_reg *out) {
  const char *p = name + 1;
  for (unsigned i = 0, n; i < BANKS; i++, p = name + 1) {
    if (banks[i].letter != *name || !number(&p, banks[i].count, &n) || *p)
      continue;
    *out = banks[i].first + n;
    return true;
  }
  return false;
}

// s<op0>_<op1>_c<CRn>_c<CRm>_<op2>
static bool find_encoded(const char *p, tv_reg *out) {
  static const struct { const char *before; uint8_t limit, shift; } part[] = {
    {"s", 4, 14}, {"_", 8, 11}, {"_c", 16, 7}, {"_c", 16, 3}, {"_", 8, 0}
  };
  tv_reg reg = TV_REG_SYS(0);
  for (unsigned i = 0, n; i < sizeof part / sizeof *part; i++) {
    size_t length = strlen(part[i].before);
    if (strncmp(p, part[i].before, length)) return false;
    p += length;
    if (!number(&p, part[i].limit, &n)) return false;
    reg |= n << part[i].shift;
  }
  if (*p || !is_sysreg(reg)) return false;
  *out = reg;
  return true;
}

static bool find_by_name(const char *name, tv_reg *out) {
  for (unsigned i = 0; i < NAMEDS; i++) {
    if (strcmp(named[i].name, name)) continue;
    *out = named[i].reg;
    return true;
  }
  char padded[sizeof sysregs->name] = "";
  size_t length = strlen(name);
  if (length >= sizeof padded) return false;
  memcpy(padded, name, length);
  for (size_t i = 0; i < SYSREGS; i++) {
    if (memcmp(sysregs[i].name, padded, sizeof padded)) continue;
    *out = TV_REG_SYS(sysregs[i].key);
    return true;
  }
  return false;
}

tv_status tv_reg_by_name(const char *name, tv_reg *out) {
  assert(name && out);
  return *name && (find_in_bank(name, out) || find_encoded(name, out) ||
                   find_by_name(name, out)) ? TV_OK : TV_E_UNKNOWN;
}
