-- SPDX-License-Identifier: MIT
--
-- The law of determinism for all that the instruction table knows: a guest of
-- random words of every row, floating point, vectors, copies and pointer
-- authentication among them, ends in the same state in one run, in single
-- steps, in random slices, traced, and with breakpoints all over and its
-- written pages logged. It runs over page ends and the end of RAM, through
-- memory that may not be executed, over a device and its own code, with the
-- CPU in any mode, and is interrupted at any step.

local tv = require "tinyvmm"
local test = require "tap"
local guest = require "guest._guest"
local isa = require "tinyvmm.a64.isa"
local words = require "a64._words"

require "backend".only_file("soft", "budgets count steps")

local RAM, ROM, DEVICE, MORE = 0, 0x4000, 0x5000, 0x7000   -- 0x6000: nothing
local EPOCHS = 20
local rounds = math.tointeger(os.getenv "TV_FUZZ" or 1)

local every, vectors, memory, jumps = isa.rows(), {}, {}, {}
for _, row in ipairs(every) do
  local op0 = row.value >> 25 & 15
  if op0 & 7 == 7 then vectors[#vectors + 1] = row end
  if op0 & 5 == 4 then memory[#memory + 1] = row end
  if row.value >> 25 == 0x6b then jumps[#jumps + 1] = row end
end
local mix = { every, every, every, vectors, vectors, vectors, vectors,
  memory, memory, jumps }

local function one_of(random, list) return list[random(#list)] end

-- Branches go a little way only; hypercalls are some that are served.
local function word(random)
  local list = mix[random(#mix + 1)]
  if not list then return random(0, 0xffffffff) end
  local w = words.random(one_of(random, list), random)
  if w & 0x7c000000 == 0x14000000 then return w & ~0x3ffff80 end
  if w & 0x7e000000 == 0x34000000 or w & 0xfe000000 == 0x54000000 then
    return w & ~0xfff800
  end
  if w & 0xffe0001f == 0xd4000002 then return 0xd4000002 end
  return w
end

local function address(random)
  local kind, a = random(11), random(0, 0x3fff)
  if kind == 1 then return a & ~0xff | 0xf8 end       -- a granule's end
  if kind == 2 then return a | 0xff0 end              -- a page's, or RAM's
  if kind == 3 then return random(0, 0x9fff) end
  if kind == 4 then return DEVICE + (a & 0xff8) end
  if kind == 5 then return random() >> random(0, 63) end
  if kind == 6 then return random(0, 0x400) end       -- a size
  if kind == 7 then return a | random() << 56 end     -- with a tag
  return a & ~15
end

-- What the host sets before each epoch, and how many steps it has.
local function epoch(random)
  local e = { steps = random(100), irq_at = random(0, 100), x = {}, q = {},
    pc = random(4) == 1 and random(0, 0x8fff) or random(0, 0x3fff) }
  if random(6) == 1 then e.pc = random(0x3f80, 0x3fff) end
  for i = 0, 30 do e.x[i] = address(random) end
  for i = 0, 31 do
    local high = random(3) == 1 and 0x7ff << 52 | 1 or random()
    e.q[i] = string.pack("<i8i8", random(), high)
  end
  e.pc = e.pc & ~3
  e.sp = random(4) == 1 and address(random) or address(random) & ~15
  e.pstate = one_of(random, { guest.EL0, guest.EL1T, guest.EL1H })
    | random() & 0xf3001c00
  if random(3) == 1 then e.pstate = e.pstate & ~0x80 end
  e.sys = { fpcr = random(2) == 1 and 0 or random(),
    fpsr = random(2) == 1 and 0x10 or random(),
    sctlr_el1 = random(2) == 1 and 0x30d00800 | 1 << 33 or random() & ~1,
    cpacr_el1 = random(4) == 1 and random() or 3 << 20,
    tcr_el1 = random(2) == 1 and 1 << 37 or random(),
    vbar_el1 = random(3) == 1 and random(0, 7) << 11 or nil }
  return e
end

local function plan(random)
  local code = {}
  for i = 1, 0x1000 do code[i] = string.pack("<I4", word(random)) end
  local p = { code = table.concat(code), options = { ram = "16K",
    output = "capture", cpu = one_of(random, { "max", "max", "cortex-a53",
      "cortex-a76", "armv8.4", "armv8.5" }),
    strict = random(4) == 1, timer = one_of(random, { "irq", "exit" }),
    pauth = one_of(random, { "qarma5", "impdef" }) },
    prot = one_of(random, { "rwx", "rwx", "rw", "rx" }) }
  for i = 1, EPOCHS do p[i] = epoch(random) end
  return p
end

local function fill(vm, p)
  local cell = 1
  assert(vm:map { base = ROM, size = 0x1000, kind = "rom" })
  assert(vm:map { base = MORE, size = 0x2000, prot = p.prot })
  assert(vm:map { base = DEVICE, size = 0x1000, kind = "mmio",
    read = function(offset, size)
      cell = cell * 0x5deece66d + offset + size
      return cell
    end,
    write = function(offset, _, value) cell = cell ~ value + offset end })
  vm:write(RAM, p.code)
  vm:write(ROM, p.code:sub(0x801, 0x1800))
  vm:write(MORE, p.code:sub(0x1801, 0x3800))
  vm:hypercall("default", function(cpu, nr, a) cpu.x1 = nr + a end)
  for nr = 0, 2 do                       -- the host computes in between
    vm:hypercall(nr, function(_, a) return math.floor(a / 3) end)
  end
  return assert(vm:vcpu { pc = 0 })
end

local function set(cpu, e)
  cpu:irq(false)
  cpu.pstate = e.pstate
  for i = 0, 30 do cpu["x" .. i] = e.x[i] end
  for i = 0, 31 do cpu["q" .. i] = e.q[i] end
  for name, value in pairs(e.sys) do cpu[name] = value end
  cpu.sp, cpu.pc = e.sp, e.pc
end

-- What the host does about an exit: mostly goes on behind the instruction.
local function answer(cpu, exit)
  local same = { wfi = true, timer = true, hvc = true, shutdown = true }
  cpu.on = true
  if exit.reason == "interrupt" or exit.kind == "timer" then
    cpu:irq(false)
    cpu.cntv_ctl_el0, cpu.cntp_ctl_el0 = 0, 0
  elseif not same[exit.kind] then
    cpu.pc = exit.pc + 4
  end
end

-- Runs to this count of steps; `slice` says how many at most in one run.
local function run_to(cpu, stop, slice, log)
  local events = 0
  while cpu.icount < stop and events < 60 do
    local exit = cpu:run(math.min(slice(), stop - cpu.icount))
    if exit.kind ~= "budget" and exit.kind ~= "breakpoint" then
      events = events + 1
      log[#log + 1] = ("%s %s %#x %s %#x after %d"):format(exit.kind,
        exit.reason, exit.pc, exit.esr, cpu.pstate, cpu.icount)
      answer(cpu, exit)
    end
  end
end

local function watch(vm, random)
  for _ = 1, 2000 do vm:set_breakpoint(random(0, MORE // 2) * 4) end
  for _, region in ipairs(vm.memory) do
    if region.kind ~= "mmio" then region:log(true) end
  end
end

-- A line for each exit and each epoch's end, and the final state.
local function play(p, slice, traced, watched)
  local vm <close> = assert(tv.vm(p.options))
  local cpu, log, lines = fill(vm, p), {}, 0
  if traced then vm:trace(function() lines = lines + 1 end) end
  if watched then watch(vm, watched) end
  for _, e in ipairs(p) do
    local start = cpu.icount
    set(cpu, e)
    run_to(cpu, start + math.min(e.irq_at, e.steps), slice, log)
    if e.irq_at < e.steps then cpu:irq(true) end
    run_to(cpu, start + e.steps, slice, log)
    log[#log + 1] = guest.registers(cpu)
  end
  log[#log + 1] = guest.snapshot(vm)
  return log, cpu.icount, lines, vm.exits.breakpoint
end

local function first_difference(want, got)
  for i = 1, math.max(#want, #got) do
    if want[i] ~= got[i] then
      local a, b = want[i] or "nothing", got[i] or "nothing"
      local at = 1
      while a:byte(at) == b:byte(at) do at = at + 1 end
      at = math.max(at - 20, 1)
      return ("line %d, after %q: %q, not %q"):format(i,
        (want[i - 1] or ""):sub(1, 60), b:sub(at, at + 50),
        a:sub(at, at + 50))
    end
  end
end

test("a guest of any instructions ends the same however it is run",
     function(t)
  local function whole() return math.maxinteger end
  local steps = 0
  for round = 1, 10 * rounds do
    local p = plan(t.random)
    local want, done = play(p, whole)
    steps = steps + done
    for how, other in pairs {
      ["one step at a time"] = { function() return 1 end },
      ["in random slices"] = { function() return t.random(0, 9) end },
      ["traced"] = { whole, true },
      ["watched"] = { whole, false, t.random } } do
      local got, _, lines, stops = play(p, other[1], other[2], other[3])
      local d = first_difference(want, got)
      if d then t.fail(("guest %d %s: %s"):format(round, how, d)) end
      if other[2] then t.ok(lines > 0, "lines are traced") end
      if other[3] then t.ok(stops, "breakpoints are met") end
    end
  end
  t.ok(steps > 200 * rounds, ("only %d steps"):format(steps))
  t.note(steps .. " steps")
end)
