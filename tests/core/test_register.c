// SPDX-License-Identifier: MIT
//
// Register numbers, names, sizes and views, and every refusal of get and set.
// The list of system registers is read a second time here, so that the
// search is compared with all of it.

#include "mock.h"

static tv_error err;

static const struct { const char *name; tv_reg reg; size_t size; } known[] = {
  {"x0", TV_REG_X(0), 8}, {"x30", TV_REG_X(30), 8}, {"lr", TV_REG_X(30), 8},
  {"fp", TV_REG_X(29), 8}, {"sp", TV_REG_SP, 8}, {"pc", TV_REG_PC, 8},
  {"pstate", TV_REG_PSTATE, 8}, {"w7", TV_REG_W(7), 4},
  {"q31", TV_REG_Q(31), 16}, {"v9", TV_REG_Q(9), 16}, {"d0", TV_REG_D(0), 8},
  {"s31", TV_REG_S(31), 4}, {"sctlr_el1", TV_REG_SYS(0xc080), 8},
  {"sp_el0", TV_REG_SYS(0xc208), 8}, {"nzcv", TV_REG_SYS(0xda10), 8},
  {"s3_0_c1_c0_0", TV_REG_SYS(0xc080), 8},
  {"s3_7_c15_c15_7", TV_REG_SYS(0xffff), 8},
  {"s2_0_c0_c0_0", TV_REG_SYS(0x8000), 8}
};

static const char *const unknown[] = {
  "", "x", "x31", "x00", "x01", "x-1", "x1 ", "X0", "w31", "q32", "v32",
  "d32", "s32", "x100000000000", "xzr", "sctlr", "sctlr_el11", "SCTLR_EL1",
  "s1_0_c0_c0_0", "s3_8_c0_c0_0", "s3_0_c16_c0_0", "s3_0_c0_c0_8",
  "s3_0_c0_c0", "s3_0_c0_c0_0_", "s3_0_0_0_0", "s4_0_c0_c0_0",
  "a_name_longer_than_any_register_has"
};

static void names(void) {
  tv_reg reg;
  char buf[24];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    reg = 0xdead;
    ok(tv_reg_by_name(known[i].name, &reg) == TV_OK && reg == known[i].reg &&
       tv_reg_size(reg) == known[i].size, "%s is a register of %zu bytes",
       known[i].name, known[i].size);
  }
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    reg = 0xdead;
    ok(tv_reg_by_name(unknown[i], &reg) == TV_E_UNKNOWN && reg == 0xdead,
       "\"%s\" is no register", unknown[i]);
  }
  eq_str(tv_reg_name(TV_REG_X(30), buf, sizeof buf), "x30", "x30 is x30");
  eq_str(tv_reg_name(TV_REG_Q(5), buf, sizeof buf), "q5", "v5 is q5");
  eq_str(tv_reg_name(0x3f, buf, sizeof buf), "register 0x3f",
         "no register has no name");
}

// Every number that is a register has a name that leads back to it.
static void every_number(void) {
  unsigned wrong = 0, count = 0;
  char buf[24];
  for (tv_reg reg = 0; reg < 0x30000; reg++) {
    tv_reg back = 0;
    if (!tv_reg_size(reg)) continue;
    count++;
    if (reg >= TV_REG_SYS(0) && reg % 31 && reg_access(reg) == REG_RW)
      continue;
    tv_reg_name(reg, buf, sizeof buf);
    wrong += tv_reg_by_name(buf, &back) != TV_OK || back != reg;
  }
  eq_u64(wrong, 0, "names and numbers agree");
  eq_u64(count, 34 + 31 + 3 * 32 + 0x8000, "there are no other numbers");
}

// Bisection needs order; the search by name needs every name to be there.
static void system_registers(void) {
  static const struct { const char *name; unsigned key; } list[] = {
#define SYSREG(name, key, access) {#name, key},
#include "a64/sysregs.def"
#undef SYSREG
  };
  size_t count = sizeof list / sizeof *list;
  unsigned wrong = 0, disorder = 0;
  for (size_t i = 0; i < count; i++) {
    tv_reg reg = 0;
    wrong += tv_reg_by_name(list[i].name, &reg) != TV_OK ||
             reg != TV_REG_SYS(list[i].key);
    disorder += i && list[i].key < list[i - 1].key;
  }
  eq_u64(wrong, 0, "all %zu system registers are found by name", count);
  eq_u64(disorder, 0, "the list is in key order");
}

static void views(void) {
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = NULL;
  tv_vcpu_new(vm, &cpu, NULL);
  uint64_t x = UINT64_MAX, q[2] = {UINT64_MAX, UINT64_MAX};
  uint32_t w = 0x12345678;
  tv_vcpu_set(cpu, TV_REG_X(3), &x, 8, NULL);
  tv_vcpu_set(cpu, TV_REG_W(3), &w, 4, NULL);
  tv_vcpu_get(cpu, TV_REG_X(3), &x, 8, NULL);
  eq_u64(x, 0x12345678, "writing W clears the upper half of X");
  x = UINT64_C(0x1122334455667788);
  tv_vcpu_set(cpu, TV_REG_X(3), &x, 8, NULL);
  tv_vcpu_get(cpu, TV_REG_W(3), &w, 4, NULL);
  eq_u64(w, 0x55667788, "W is the lower half of X");
  tv_vcpu_set(cpu, TV_REG_Q(31), q, 16, NULL);
  tv_vcpu_set(cpu, TV_REG_D(31), &x, 8, NULL);
  tv_vcpu_get(cpu, TV_REG_Q(31), q, 16, NULL);
  ok(q[0] == x && q[1] == 0, "writing D clears the rest of Q");
  tv_vcpu_set(cpu, TV_REG_S(31), &w, 4, NULL);
  tv_vcpu_get(cpu, TV_REG_Q(31), q, 16, NULL);
  ok(q[0] == w && q[1] == 0, "writing S clears the rest of Q");
  tv_vcpu_get(cpu, TV_REG_D(31), &x, 8, NULL);
  eq_u64(x, w, "D is the lower half of Q");
  tv_vm_free(vm);
}

static void refusals(void) {
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = NULL;
  tv_vcpu_new(vm, &cpu, NULL);
  uint64_t value[2] = {7, 7};
  expect(tv_vcpu_get(cpu, TV_REG_X(1), value, 4, &err), TV_E_INVALID, &err,
         "x1 has 8 bytes, not 4", "the size must be right");
  expect(tv_vcpu_set(cpu, TV_REG_Q(1), value, 8, &err), TV_E_INVALID, &err,
         "q1 has 16 bytes, not 8", "the size must be right for writing");
  expect(tv_vcpu_get(cpu, 0x3f, value, 8, &err), TV_E_UNKNOWN, &err, "0x3f",
         "a number may be none");
  expect(tv_vcpu_get(cpu, TV_REG_SYS(0xfff7), value, 8, &err), TV_E_UNKNOWN,
         &err, "mock", "the backend may not know it");
  expect(tv_vcpu_set(cpu, TV_REG_SYS(0xc005), value, 8, &err),
         TV_E_READ_ONLY, &err, "mpidr_el1 can only be read",
         "identification is read-only");
  expect(tv_vcpu_get(cpu, TV_REG_SYS(0x8084), value, 8, &err),
         TV_E_UNSUPPORTED, &err, "oslar_el1 can only be written",
         "a write-only register is not read");
  eq_u64(value[0], 7, "a refused read touches nothing");
  tv_vm_free(vm);
}

int main(void) {
  names();
  every_number();
  system_registers();
  views();
  refusals();
  return done();
}
