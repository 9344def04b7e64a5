-- SPDX-License-Identifier: MIT
--
-- The SDK's functions: printf against Lua's formatting, the heap under random
-- use, memory and string functions at every alignment, hypercalls, MMIO, PSCI
-- and the Makefile fragment.

local test = require "tap"
local tv = require "tinyvmm"
local backend = require "backend"
local sdk = require "guest._sdk"

local build <close> = sdk.new()

local function each(sentence, source, fn)
  sdk.each(test, sentence, function(t, compiler)
    fn(t, build:guest(t, compiler, source), compiler)
  end)
end

-- The output of a guest that must end with 0.
local function output_of(t, path)
  local output, status, errors = sdk.run(t, path)
  t.eq(status, 0, output .. errors)
  return output
end

-- printf --------------------------------------------------------------------

local INTEGERS = { 0, 1, -1, 9, 10, 255, -128, 0x7fffffff, math.maxinteger,
  math.mininteger, 0x123456789abcdef0 }

-- One random conversion: its text in C, in Lua, and a value.
local function conversion(t)
  local kind = ("dixXcs"):sub(t.random(6)):sub(1, 1)
  local flags = ""
  for flag in (({ d = "-0+ ", i = "-0+ ", x = "-0#", X = "-0#", c = "-",
      s = "-" })[kind]):gmatch "." do
    if t.random(3) == 1 then flags = flags .. flag end
  end
  local width = t.random(2) == 1 and t.random(0, 24) or ""
  if width == 0 then width = "" end
  local precision = kind ~= "c" and t.random(3) == 1
    and "." .. t.random(0, 22) or ""
  local spec = "%" .. flags .. width .. precision
  if kind == "s" then
    local text = ("guest code"):sub(1, t.random(0, 10))
    return spec .. kind, spec .. kind, text, ("%q"):format(text)
  elseif kind == "c" then
    local c = t.random(32, 126)
    return spec .. kind, spec .. kind, c, tostring(c)
  end
  local v = t.random(2) == 1 and INTEGERS[t.random(#INTEGERS)] or t.random()
  return spec .. "l" .. kind, spec .. kind, v,
    ("(long)0x%xUL"):format(v)
end

sdk.each(test, "printf formats as C does", function(t, compiler)
  local calls, want = {}, {}
  for i = 1, 300 do
    local c, lua, v, literal = conversion(t)
    calls[i] = ('  printf("[%s]\\n", %s);'):format(c, literal)
    want[i] = ("[" .. lua .. "]"):format(v)
  end
  local path = build:guest(t, compiler, ([[
    #include "tinyvmm.h"
    #pragma GCC diagnostic ignored "-Wformat"
    int main(void) {
    %s
      return 0;
    }
  ]]):format(table.concat(calls, "\n")))
  local got = {}
  for line in output_of(t, path):gmatch "[^\n]+" do got[#got + 1] = line end
  t.eq(#got, #want)
  for i = 1, #want do t.eq(got[i], want[i], calls[i]) end
end)

each("printf knows lengths, stars, %% and what it does not know", [[
#include "tinyvmm.h"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
int main(void) {
  printf("%hhd %hhu %hd %hu %d %u\n", 300, 300, 70000, 70000, -1, -1);
  printf("%ld %lu %lld %zu %td %jd\n", -1L, -1L, -2LL, (size_t)3,
         (ptrdiff_t)-4, (intmax_t)5);
  printf("[%*d] [%-*d] [%.*s] [%*d]\n", 5, 1, 5, 2, 2, "abc", -4, 3);
  char *volatile none = NULL;
  printf("100%% %s %p %p\n", none, (void *)0x1234, NULL);
  printf("%y\n", 1);
  int n = printf("%s", "");
  return n == 0 && printf("12345\n") == 6 ? 0 : 1;
}
]], function(t, path)
  t.eq(output_of(t, path), "44 44 4464 4464 -1 4294967295\n"
    .. "-1 18446744073709551615 -2 3 -4 5\n"
    .. "[    1] [2    ] [ab] [3   ]\n100% (null) 0x1234 0x0\n%y\n12345\n")
end)

each("snprintf never writes behind the buffer", [[
#include "tinyvmm.h"
int main(void) {
  char b[16];
  memset(b, '#', sizeof b);
  int n = snprintf(b, 6, "%s", "0123456789");
  printf("%d %s %c\n", n, b, b[6]);
  n = snprintf(b, 0, "%d", 123);
  printf("%d %c\n", n, b[0]);
  n = snprintf(b, sizeof b, "%s-%d", "fits", 7);
  printf("%d %s\n", n, b);
  n = snprintf(b, 1, "x");
  printf("%d [%s]\n", n, b);
  return snprintf(NULL, 0, "%5d", 1) - 5;
}
]], function(t, path)
  t.eq(output_of(t, path), "10 01234 #\n3 0\n6 fits-7\n1 []\n")
end)

-- Memory --------------------------------------------------------------------

each("memory functions are right at every alignment and overlap", [[
#include "tinyvmm.h"
enum { N = 96 };
static unsigned char a[N], b[N];
static void fill(void) {
  for (int i = 0; i < N; i++) a[i] = b[i] = (unsigned char)(i * 7 + 1);
}
static int check(const char *what, int to, int from, int n) {
  for (int i = 0; i < N; i++) {
    if (a[i] != b[i]) {
      printf("%s(%d, %d, %d): byte %d\n", what, to, from, n, i);
      return 1;
    }
  }
  return 0;
}
int main(void) {
  static volatile int zero;
  for (int to = 0; to < 10; to++) {
    for (int n = 0; n < 40; n++) {
      for (int from = 0; from < 12; from++) {
        fill();
        if (memmove(a + to, a + from, (size_t)n) != a + to) return 2;
        if (to <= from)
          for (int i = 0; i < n; i++) b[to + i] = b[from + i];
        else
          for (int i = n; i-- > 0;) b[to + i] = b[from + i];
        if (check("memmove", to, from, n)) return 1;
        fill();
        if (memcpy(a + to, b + 40 + from, (size_t)n % 36) != a + to) return 2;
        for (int i = 0; i < n % 36; i++) b[to + i] = b[40 + from + i + zero];
        for (int i = 40; i < N; i++) b[i] = a[i];
        if (check("memcpy", to, from, n % 36)) return 1;
      }
      fill();
      if (memset(a + to, 0x1a5, (size_t)n) != a + to) return 2;
      for (int i = 0; i < n; i++) b[to + i + zero] = 0xa5;
      if (check("memset", to, 0, n)) return 1;
    }
  }
  if (memcmp("abc", "abd", 3) >= 0 || memcmp("abd", "abc", 3) <= 0) return 3;
  if (memcmp("abc", "abd", 2) || memcmp("x", "y", 0)) return 4;
  if (memcmp("\xff", "\x01", 1) <= 0) return 5;
  if (strlen("") || strlen("12345") != 5) return 6;
  if (strcmp("", "") || strcmp("ab", "abc") >= 0 || strcmp("b", "ab") <= 0)
    return 7;
  return strcmp("\xff", "\x01") > 0 ? 0 : 8;
}
]], function(t, path) t.eq(output_of(t, path), "") end)

each("the heap survives random use, and nothing overlaps", [[
#include "tinyvmm.h"
enum { SLOTS = 64, ROUNDS = 4000 };
static struct { unsigned char *at; size_t size; unsigned char mark; } s[SLOTS];
static uint32_t seed = 12345;
static uint32_t rnd(uint32_t n) {
  seed = seed * 1664525 + 1013904223;
  return (seed >> 8) % n;
}
static bool intact(int i, size_t n) {
  for (size_t k = 0; k < n; k++) if (s[i].at[k] != s[i].mark) return false;
  return true;
}
int main(void) {
  for (unsigned round = 0; round < ROUNDS; round++) {
    int i = (int)rnd(SLOTS);
    size_t size = rnd(rnd(10) == 0 ? 9000 : 300), old = s[i].size;
    if (s[i].at && !intact(i, old)) return 1;
    if (s[i].at && rnd(2)) {
      free(s[i].at);
      s[i].at = NULL;
      continue;
    }
    unsigned char *at = s[i].at ? realloc(s[i].at, size)
                      : rnd(2) ? malloc(size) : calloc(size, 1);
    if (at == NULL) continue;
    if ((uintptr_t)at % 16) return 2;
    if (s[i].at) {
      s[i].at = at;
      if (!intact(i, old < size ? old : size)) return 3;
    }
    s[i].at = at;
    s[i].size = size;
    s[i].mark = (unsigned char)round;
    memset(at, s[i].mark, size);
  }
  for (int i = 0; i < SLOTS; i++) {
    if (s[i].at && !intact(i, s[i].size)) return 4;
    free(s[i].at);
  }
  free(NULL);
  unsigned char *zero = calloc(1000, 4);
  for (int i = 0; i < 4000; i++) if (zero[i]) return 5;
  free(zero);
  if (calloc((size_t)1 << 33, (size_t)1 << 33) != NULL) return 6;
  if (malloc(SIZE_MAX) || malloc(SIZE_MAX - 16)) return 7;
  // It is one block again: all but a header can be had.
  return malloc(0x40000 - 16) != NULL ? 0 : 8;
}
]], function(t, path) t.eq(output_of(t, path), "") end)

-- Hypercalls, MMIO, PSCI ----------------------------------------------------

each("tv_call passes seven arguments, tv_hypercall four results", [[
#include "tinyvmm.h"
int main(void) {
  static const char text[] = "pointer";
  uint64_t sum = tv_call(3, 1, 2, 3, 4, 5, 6, (uint64_t)1 << 63);
  tv_results r = tv_hypercall(4, 17, 5, 0, 0, 0, 0, 0);
  tv_call(5, text, -1);
  return sum == ((uint64_t)1 << 63) + 21 && r.x0 == 3 && r.x1 == 2 &&
         r.x2 == 1 && r.x3 == 0 && tv_call(TV_FIRST_FREE + 3) == 99 ? 0 : 1;
}
]], function(t, path)
  local vm <close> = assert(tv.vm { output = "capture" })
  vm:load(assert(tv.load(path)))
  vm:hypercall(3, function(_, a, b, c, d, e, f, g)
    return a + b + c + d + e + f + g
  end)
  vm:hypercall(4, function(_, a, b) return a // b, a % b, 1, 0 end)
  local heard
  vm:hypercall(5, function(_, at, n) heard = vm:cstring(at) .. n end)
  vm:hypercall(6, function(_, ...)
    t.eq({ ... }, { 0, 0, 0, 0, 0, 0, 0 })
    return 99
  end)
  local cpu <close> = assert(vm:vcpu {})
  local exit = vm:run { budget = 100000 }
  t.eq(exit.status, 0, exit.why)
  t.eq(heard, "pointer-1")
end)

each("MMIO accessors make one access of their size", [[
#include "tinyvmm.h"
int main(void) {
  uint64_t sum = tv_read8(0x9000001) + tv_read16(0x9000002) +
                 tv_read32(0x9000004) + tv_read64(0x9000008);
  tv_write8(0x9000011, 0xab);
  tv_write16(0x9000012, 0xabcd);
  tv_write32(0x9000014, 0xabcdef01);
  tv_write64(0x9000018, sum);
  return 0;
}
]], function(t, path)
  local vm <close> = assert(tv.vm { output = "capture" })
  local log = {}
  local device <close> = assert(vm:map { kind = "mmio", base = 0x9000000,
    size = 0x4000,
    read = function(offset, size)
      log[#log + 1] = ("r%d@%x"):format(size, offset)
      return size
    end,
    write = function(offset, size, value)
      log[#log + 1] = ("w%d@%x=%x"):format(size, offset, value)
    end })
  vm:load(assert(tv.load(path)))
  local cpu <close> = assert(vm:vcpu {})
  t.eq(vm:run { budget = 100000 }.status, 0)
  t.eq(table.concat(log, " "), "r1@1 r2@2 r4@4 r8@8 w1@11=ab w2@12=abcd "
    .. "w4@14=abcdef01 w8@18=f")
end)

each("PSCI and the timer answer", [[
#include "tinyvmm.h"
int main(void) {
  if (tv_psci(PSCI_VERSION, 0, 0, 0) != 0x10001) return 1;
  if (tv_psci(0x84ff0000, 0, 0, 0) != PSCI_NOT_SUPPORTED) return 2;
  if (tv_cpu_on(1, NULL, NULL, (void *)0x8000) != PSCI_INVALID_PARAMETERS)
    return 3;
  uint64_t before = tv_nanoseconds(), daif = tv_irq_save();
  tv_timer_start(tv_frequency() / 1000);
  tv_wait();                                    // wakes though masked
  tv_timer_stop();
  tv_irq_restore(daif);
  uint64_t passed = tv_nanoseconds() - before;
  if (passed < 1000000) return 4;
  if (passed > 1100000) puts("late");
  tv_system_off();
  return 5;
}
]], function(t, path)
  local output = output_of(t, path)
  t.ok(output == "" or output == "late\n" and not backend.exact, output)
end)

-- The Makefile fragment -----------------------------------------------------

sdk.each(test, "a guest of two files, with data, is built and run",
  function(t, compiler)
    local path = build:guest(t, compiler, {
      ["main.c"] = [[
        #include "part.h"
        int main(void) {
          counter += 2;
          printf("%s %d %d\n", name, counter, zeroed[999]);
          return add(40, 2) == 42 ? 0 : 1;
        }
      ]],
      ["part.h"] = [[
        #include "tinyvmm.h"
        extern const char *name;
        extern int counter, zeroed[1000];
        uint64_t add(uint64_t a, uint64_t b);
      ]],
      ["data.c"] = [[
        #include "part.h"
        const char *name = "two files";
        int counter = 5, zeroed[1000];
      ]],
      ["code.S"] = ".global add\nadd: add x0, x0, x1\nret\n"
    })
    t.eq(output_of(t, path), "two files 7 0\n")
  end)

sdk.each(test, "GUEST_BASE and GUEST_HEAP place a guest, and .bin is its bytes",
  function(t, compiler)
    build:needs(t, compiler, compiler.name == "clang" and "llvm-objcopy"
      or "aarch64-linux-gnu-objcopy")
    local path, arguments = build:source(t, compiler, [[
      #include "tinyvmm.h"
      extern char __heap_start[], __heap_end[];
      static int zeroed[100];
      int main(void) {
        printf("%d %#lx\n", (uintptr_t)main >= 0x40010000,
               __heap_end - __heap_start);
        return zeroed[99];
      }
    ]], "GUEST_BASE=0x40010000 GUEST_HEAP=0x8000")
    build:make(t, compiler, arguments .. path)
    t.eq(output_of(t, path), "1 0x8000\n")
    local bin = path:gsub("elf$", "bin")
    build:make(t, compiler, arguments .. bin)
    local vm <close> = assert(tv.vm { output = "capture",
      ram = { 0x40000000, "1M" } })
    vm.ram:fill(0xff, 0x10000)          -- crt0 must clear .bss by itself
    vm:load(0x40010000, sdk.read(bin))
    local cpu <close> = assert(vm:vcpu {})
    t.eq(vm:run { budget = 1000000 }.status, 0)
    t.eq(vm:take_output(), "1 0x8000\n")
  end)

test("a base without room for the stack is refused", function(t)
  local compiler = sdk.compilers[1]
  build:needs(t, compiler)
  local elf, arguments = build:source(t, compiler,
    "int main(void) { return 0; }", "GUEST_BASE=0x40000000")
  local status, said = build:try_make(t, compiler, arguments .. elf)
  t.eq(status, 2)
  t.ok(said:find("leaves no room for the stack", 1, true), said)
end)
