// SPDX-License-Identifier: MIT
//
// Many VMs: ten thousand alive at once, each having run, within memory,
// mappings and descriptors; and the honest answers of the backends that are
// not here. Uses the real backends.

#include <dirent.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "tap.h"
#include "tinyvmm.h"

enum { VMS = 10000, RSS_MAX_KIB = 1 << 20, MAPPINGS_MAX = 5 };


static tv_vm *make(void) {
  // movz x1, #9; movz x0, #0; hvc #0
  static const uint32_t code[] = {0xd2800121, 0xd2800000, 0xd4000002};
  tv_vm *vm = NULL;
  tv_vcpu *cpu;
  tv_exit exit;
  uint64_t pc = 0x10000;
  bool good = !tv_vm_new(NULL, &vm, NULL) &&
    !tv_mem_ram(vm, 0, 1 << 20, TV_READ | TV_WRITE | TV_EXEC, NULL, NULL) &&
    !tv_vcpu_new(vm, &cpu, NULL) &&
    !tv_mem_write(vm, pc, code, sizeof code, NULL) &&
    !tv_vcpu_set(cpu, TV_REG_PC, &pc, 8, NULL) &&
    !tv_vm_run(vm, 100, &exit, NULL) && exit.kind == TV_EXIT_SHUTDOWN &&
    exit.u.shutdown.status == 9;
  if (good) return vm;
  tv_vm_free(vm);
  return NULL;
}

static long count_lines(const char *path) {
  FILE *f = fopen(path, "r");
  long lines = 0;
  if (!f) return -1;
  for (int c; (c = getc(f)) != EOF;) lines += c == '\n';
  fclose(f);
  return lines;
}

static long count_entries(const char *path) {
  DIR *dir = opendir(path);
  long entries = 0;
  if (!dir) return -1;
  while (readdir(dir)) entries++;
  closedir(dir);
  return entries;
}

static long peak_kib(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

static void many(void) {
  static tv_vm *vm[VMS];
  long maps = count_lines("/proc/self/maps");
  long files = count_entries("/proc/self/fd");
  int made = 0;
  while (made < VMS && (vm[made] = make())) made++;
  eq_u64((uint64_t)made, VMS, "%d VMs live and have run", VMS);
  ok(peak_kib() < RSS_MAX_KIB, "in %ld MiB", peak_kib() / 1024);
  if (maps < 0 || files < 0) {
    skip("needs /proc", "mappings and descriptors per VM");
  } else {
    maps = count_lines("/proc/self/maps") - maps;
    files = count_entries("/proc/self/fd") - files;
    ok(maps <= (long)MAPPINGS_MAX * VMS, "with %ld mappings", maps);
    ok(files == 0, "and no descriptor");
  }
  while (made--) tv_vm_free(vm[made]);
}

static void answers(void) {
  tv_error err;
  struct utsname host;
  uname(&host);
  eq_str(tv_backend_name(0), "hvf", "hvf is known");
  eq_str(tv_backend_name(1), "kvm", "kvm is known");
  eq_str(tv_backend_name(2), "soft", "soft is known");
  ok(!tv_backend_name(3), "and nothing else");
  ok(tv_backend_probe("soft", &err) == TV_OK, "soft is always here");
  ok(tv_backend_probe("best", &err) == TV_OK, "so is best");
  for (unsigned i = 0; i < 2; i++) {
    tv_vm_config config = { .size = sizeof config,
                            .backend = tv_backend_name(i) };
    tv_vm *vm = NULL;
    tv_status s = tv_backend_probe(config.backend, &err);
    ok(s == TV_OK ||
       ((s == TV_E_NO_DEVICE || s == TV_E_DENIED || s == TV_E_UNSUPPORTED) &&
        !strncmp(err.text, "not on this machine: ", 21)),
       "%s is here or says why not", config.backend);
    if (s) note("%s", err.text);
    ok(tv_vm_new(&config, &vm, &err) == s && !vm == !!s,
       "and a VM is made or not");
    tv_vm_free(vm);
  }
}

int main(void) {
  answers();
  many();
  return done();
}
