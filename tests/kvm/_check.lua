-- SPDX-License-Identifier: MIT
--
-- check-kvm: the tests on arm64 Linux with KVM, on machines that have neither.
--
-- qemu-system-aarch64 emulates a machine with EL2; a Debian kernel boots on
-- it, and its root file system is ours: the program, cross-built and static,
-- busybox, and the tests. What they print comes out on the console and into
-- build/arm64/KERNEL.log, and if a program has crashed what the kernel says of
-- it.
--
--   make check-kvm T='guest/mmio core/kvm' K=6.1
--
-- runs the files that match T, on kvm, instead of all, on the kernel in whose
-- name K is: a version, 16k.
--
-- Where the machine cannot be had this says SKIP and why.

-- The CPU is a neoverse-n1, which has no SVE: tests/README.md says why.

package.path = "tests/kvm/?.lua;tests/?.lua;" .. package.path
local shell = require "shell"
local cpio = require "_cpio"

local OUT, DEBIAN = "build/arm64", "build/arm64/debian"
local ROOT = DEBIAN .. "/root"
-- For one machine; it needs a sixth of it, or all cases of el1_kvm.lua.
local SECONDS = os.getenv "TV_EL1_N" and 1800 or 600

-- The kernels, as patterns of package names, and what runs on each: the
-- backend, then arguments of tests/run.lua.
--
-- The first hands hypercalls to us (the SMCCC filter, since 6.4), and runs all
-- that runs guests.
--
-- The second does not: there the guests' calls go by the doorbell (_hvc.lua),
-- and what is the CPU's is not tested again. soft is tested on it: as a program
-- for arm64, without its longest files.
--
-- The third has pages of 16 KiB, as Asahi's for Apple's CPUs: what maps,
-- protects, logs or counts memory, and what stands beside it, trap page and
-- devices.
local machines = {
  { kernel = "linux-image-[0-9][0-9.]+[+]deb[0-9]+-cloud-arm64",
    runs = { "kvm guest/ lua/ regress/ why/ style/examples "
      .. "-x guest/programs" } },

  { kernel = "linux-image-6[.]1[.][0-9-]+-cloud-arm64",
    runs = { "kvm guest/doorbell guest/mmio guest/mmu guest/interrupts "
      .. "guest/smp guest/exceptions guest/dirty guest/breakpoints guest/gic_",
      "soft core/[^km] core/m[em] guest/mmio guest/pstate "
      .. "guest/exceptions guest/smp guest/timers" } },
  { kernel = "linux-image-[0-9][0-9.]+[+]deb[0-9]+-arm64-16k",
    runs = { "kvm guest/mm guest/dirty guest/doorbell guest/breakpoints "
      .. "guest/gic%. guest/gic_[dh] guest/edges guest/exc guest/selfmod "
      .. "guest/interrupts lua/e lua/[im] regress/elf style/ex",
      "soft core/[admk] guest/dirty guest/edges lua/[emi]" } },
}

local TREES = "lua tests src examples guest"

local capture, quote, say = shell.capture, shell.quote, shell.say
local slurp, spill = shell.slurp, shell.spill
local total = shell.tally "check-kvm"

-- What it takes ------------------------------------------------------------

local function check_tools()
  for _, tool in ipairs { "qemu-system-aarch64", "aarch64-linux-gnu-gcc",
                          "apt-get", "timeout" } do
    if not os.execute("command -v " .. tool .. " >/dev/null 2>&1") then
      total:skip("needs " .. tool .. ": make deps-test, on Debian")
    end
  end
end

-- Debian's packages are fetched once; `make clean` forgets them.
local function fetch()
  local patterns = { "busybox-static", "liblua5[.]4-dev" }
  for _, machine in ipairs(machines) do
    patterns[#patterns + 1] = "?" .. machine.kernel
  end
  local wanted = table.concat(patterns, "\n")
  local stamp = io.open(DEBIAN .. "/fetched")
  if stamp then
    local same = stamp:read "a" == wanted
    stamp:close()
    if same then return end
  end
  say "  FETCH   Debian packages for arm64"
  for i, pattern in ipairs(patterns) do patterns[i] = quote(pattern) end
  local text, ok = capture(("rm -rf %s && sh .ci/arm64.sh %s %s"):format(
    DEBIAN, DEBIAN, table.concat(patterns, " ")))
  if not ok then total:skip(text:match "[^\n]*" or "no packages") end
  spill(DEBIAN .. "/fetched", wanted)
end

local function build()
  local lib = ROOT .. "/usr/lib/aarch64-linux-gnu/liblua5.4.a"
  local include = ROOT .. "/usr/include/"
  local text, ok = capture(table.concat({
    "make -s portable B=" .. OUT, "CC=aarch64-linux-gnu-gcc HOST_CC=cc",
    "AR=aarch64-linux-gnu-ar LDFLAGS=-static MODE=rel",
    quote(("LUA_CFLAGS=-I%slua5.4 -I%saarch64-linux-gnu"):format(include,
      include)),
    quote("LUA_LIBS=" .. lib .. " -lm") }, " "))
  if ok then return end
  say(text)
  total:fail "the build for arm64 failed"
  total:finish()
end

-- The guests of the SDK's tests, which the machine has no compiler for: by
-- running these tests here.
local function build_guests()
  local text, ok = capture(("TV_SDK=\"$PWD/%s/sdk\" TV_SEED=1 \z
    TV_BUILD=build/rel %s tests/run.lua guest/sdk"):format(OUT, arg[-1]))
  if ok then return end
  say(text)
  total:fail "the tests of the guest SDK failed here"
  total:finish()
end

-- One machine --------------------------------------------------------------

-- The root file system all machines share, as an archive.
local function root_files()
  local files = cpio.new()
  files:file("init", slurp "tests/kvm/_init.sh", true)
  files:file("bin/busybox", slurp(ROOT .. "/bin/busybox"), true)
  local sweep = os.getenv "TV_EL1_N"
  files:file("environment", "export TV_EMULATED=qemu TV_SEED=1 TV_BUILD="
    .. OUT .. " TV_SDK=" .. OUT .. "/sdk TV_TIMEOUT="
    .. (sweep and SECONDS .. " TV_EL1_N=" .. sweep or 200) .. "\n")
  for _, path in ipairs(shell.lines("find " .. TREES .. " -type f")) do
    files:file("project/" .. path, slurp(path))
  end
  for _, path in ipairs(shell.lines(("find %s -type f -perm -u+x"):format(
      OUT .. "/" .. table.concat({ "tinyvmm", "typist", "tests", "examples" },
      " " .. OUT .. "/")))) do
    assert(os.execute(("aarch64-linux-gnu-strip -o %s/stripped %s"):format(
      OUT, path)))
    files:file("project/" .. path, slurp(OUT .. "/stripped"), true)
  end
  for _, path in ipairs(shell.lines(("find %s/sdk -name '*.elf' -o \z
      -name '*.bin'"):format(OUT))) do
    files:file("project/" .. path, slurp(path))
  end
  return files:bytes()
end

-- Linux unpacks one archive behind the other.
local function boot(kernel, root, runs, log)
  local files = cpio.new()
  files:file("tests.txt", table.concat(runs, "\n") .. "\n")
  spill(OUT .. "/root.cpio", root .. files:bytes())
  return os.execute(([[timeout -k 5 %d qemu-system-aarch64 \
    -M virt,virtualization=on,gic-version=3 -cpu neoverse-n1 \
    -smp 2 -m 1024 -display none -nodefaults -no-reboot -serial stdio \
    -kernel %s -initrd %s/root.cpio -append "console=ttyAMA0 quiet panic=-1" \
    </dev/null >%s 2>&1]]):format(SECONDS, kernel, OUT, log))
end

-- Reads the console, shows all but what went well; returns the number of runs
-- that have ended with their counts, and whether the machine came to its end.
-- Tests that need a tool have no place there: those skips are not counted.
local function read_log(log)
  local runs, ended, toolless, show = 0, false, 0, true
  for line in io.lines(log) do
    line = line:gsub("\r", "")
    local passed, failed, skipped =
      line:match "^(%d+) passed, (%d+) failed, (%d+) skipped$"
    ended = ended or line:find "^== end" ~= nil
    if passed then
      runs = runs + 1
      total.passed = total.passed + passed
      total.failed = total.failed + failed
      total.skipped = total.skipped + skipped
      line = "# " .. line
    elseif line:find "^%d+ not for " then
      line = "# " .. line
    end
    local tool = line:find "^skip .*: needs %S"
    if tool then toolless = toolless + 1 end
    -- Indented lines belong to the test before them.
    if not line:find "^  " then
      show = not (line:find "^ok" or line:find "^elsewhere")
    end
    if show and not tool then say(line) end
  end
  total.skipped = total.skipped - toolless
  return runs, ended
end

local function run(machine, root, chosen)
  local kernel = shell.lines(("ls %s/boot | sed -n 's/^vmlinuz-//p' | \z
    grep -Ex %s"):format(ROOT, quote(machine.kernel:gsub("linux%-image%-",
    ""))))[1]
  if not kernel then
    say("skip - check-kvm: no package " .. machine.kernel)
    total.skipped = total.skipped + 1
    return
  end
  if chosen and not kernel:find(chosen) then return end
  say("  BOOT    " .. kernel)
  local log = ("%s/%s.log"):format(OUT, kernel)
  local ok = boot(ROOT .. "/boot/vmlinuz-" .. kernel, root, machine.runs, log)
  local runs, ended = read_log(log)
  if not (ok and ended and runs == #machine.runs) then
    total:fail(("%s: %d of %d runs came to an end%s; see %s"):format(
      kernel, runs,
      #machine.runs, ended and "" or " before the machine did", log))
  end
end

-- Arguments: patterns of tests; -k and a part of a kernel's name, whole words,
-- which becomes a pattern.
local function choose(args)
  local kernel
  for i = 1, #args do
    if args[i] == "-k" then
      kernel = "%f[%w]" .. args[i + 1]:gsub("%p", "%%%0") .. "%f[%W]"
    elseif args[i - 1] ~= "-k" then
      for _, machine in ipairs(machines) do
        machine.runs = { "kvm " .. args[i] }
      end
    end
  end
  return kernel
end

local chosen = choose(arg)
check_tools()
assert(os.execute("mkdir -p " .. OUT))
fetch()
build()
build_guests()
local root = root_files()
for _, machine in ipairs(machines) do run(machine, root, chosen) end
total:finish()
