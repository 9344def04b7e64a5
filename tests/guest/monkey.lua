-- SPDX-License-Identifier: MIT
--
-- A host that does anything in any order between short runs of a guest made
-- of random words: maps, unmaps and protects under running code, writes over
-- it, makes and closes vCPUs, moves registers, lines and limits. Everything
-- either works or is refused; nothing crashes (meant for the asan build).

local tv = require "tinyvmm"
local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"
local words = require "a64._words"
local rows = require "tinyvmm.a64.isa".rows()

local SLOTS, SLOT = 8, 0x4000              -- regions at 0, 0x4000, ...
local prots = { "rwx", "rw", "rx", "r", "w", "x", "wx" }
local names = { "x0", "x1", "x30", "sp", "pc", "pstate", "sctlr_el1",
  "vbar_el1", "cntv_ctl_el0", "cntv_cval_el0", "cntp_ctl_el0",
  "cntp_cval_el0", "spsr_el1", "elr_el1", "cpacr_el1", "sp_el0", "daif",
  "fpcr", "fpsr", "q1", "d2", "s3" }

local function word(random)
  local w = random() & 0xffffffff
  local kind = random(9)
  if kind == 1 then w = w & 0xe3ffffff | 0x08000000        -- loads, stores
  elseif kind == 2 then w = w & 0x003fffff | 0xd5000000    -- system
  elseif kind == 3 then w = 0xf9000000 | w & 0x3fffff      -- str x
  elseif kind == 4 then w = 0x14000000 | w & 0x1fff        -- b
  elseif kind == 5 then w = 0xd4000002 | w & 0x60          -- hvc
  elseif kind > 6 then w = words.random(rows[random(#rows)], random) end
  return w
end

local function code(random, count)
  local words = {}
  for k = 1, count do words[k] = word(random) end
  return guest.words(table.unpack(words))
end

local function address(random)
  local a = random(0, SLOTS * SLOT - 1)
  local kind = random(8)
  if kind == 1 then a = a & ~0xff | 0xfc                   -- granule ends
  elseif kind == 2 then a = a | 0xffc                      -- page ends
  elseif kind == 3 then a = random() >> random(0, 63) end
  return a & ~3
end

-- The actions; each may be refused, by an error or by nil, message, code.
local actions = {}

function actions.map(s, random)
  s.vm:map { base = random(0, SLOTS - 1) * SLOT,
    size = SLOT * random(1, 2), prot = random(2) == 1 and "rwx"
      or prots[random(#prots)], kind = random(3) == 1 and "rom" or "ram" }
end

function actions.device(s, random)
  s.vm:map { base = random(0, SLOTS - 1) * SLOT, size = SLOT,
    kind = "mmio", read = random(2) == 1 and function() return random() end,
    write = function() end }
end

local function any_region(s, random)
  local list = s.vm.memory
  return list[random(math.max(#list, 1))]
end

function actions.unmap(s, random) any_region(s, random):unmap() end

function actions.protect(s, random)
  any_region(s, random):protect(prots[random(#prots)])
end

function actions.write(s, random)
  s.vm:write(address(random), code(random, random(1, 64)))
end
actions.rewrite = actions.write

function actions.fill(s, random)
  any_region(s, random):fill(random(0, 255), address(random) & 0xfff,
    random(0, 0x1000))
end

function actions.vcpu(s, random)
  if #s.vm.vcpus < 4 then
    s.vm:vcpu { pc = address(random), vbar_el1 = address(random) }
  end
end

local function any_vcpu(s, random)
  local list = s.vm.vcpus
  return list[random(math.max(#list, 1))]
end

function actions.close(s, random)
  if random(8) == 1 then any_vcpu(s, random):close() end
end

function actions.register(s, random)
  any_vcpu(s, random)[names[random(#names)]] = random() >> random(0, 63)
end

function actions.aim(s, random)
  local cpu = any_vcpu(s, random)
  for i = 0, 15 do cpu["x" .. i] = address(random) end
  cpu.pc = address(random)
  cpu.on = true
end
actions.aim_again = actions.aim

function actions.line(s, random)
  local cpu = any_vcpu(s, random)
  cpu[random(2) == 1 and "irq" or "fiq"](cpu, random(2) == 1)
end

function actions.power(s, random) any_vcpu(s, random).on = random(4) > 1 end
function actions.skip(s, random) any_vcpu(s, random):skip() end
function actions.answer(s, random) any_vcpu(s, random):answer(random()) end

function actions.inject(s, random)
  any_vcpu(s, random):inject { esr = random() & 0xffffffff, far = random() }
end

function actions.stop(s) s.vm:stop() end
function actions.reset(s, random) if random(8) == 1 then s.vm:reset() end end

function actions.trap(s, random)
  s.vm:on(random(2) == 1 and "undefined" or "sysreg", random(2) == 1 or nil)
end

local kinds = { hvc = true, smc = true, mmio = true, sysreg = true,
  brk = true, wfi = true, fault = true, timer = true, budget = true,
  deadline = true, timeout = true, stopped = true, shutdown = true,
  undefined = true }

local function limits(random)
  local kind = random(8)
  if kind == 1 then return { deadline = random(0, 1 << 40) >> random(0, 40),
    budget = 3000 } end
  return random(0, 400)
end

-- Where time is the host's it must be short.
local function run(runner, random)
  if backend.exact then return runner:run(limits(random)) end
  local ms = random(4) == 1 and 2 or 0
  if runner.step and ms == 0 then return runner:step(random(0, 100)) end
  return runner:run { timeout = ms / 1000 }
end

local order = {}
for name in pairs(actions) do order[#order + 1] = name end
table.sort(order)

local function play(t, moves, options)
  local random = t.random
  local vm <close> = assert(tv.vm(options))
  local s, runs = { vm = vm }, 0
  assert(vm:vcpu {})
  vm:hypercall(3, function(cpu) cpu.x9 = cpu.icount or 0 end)
  vm:write(0, code(random, 4000))
  for _ = 1, moves do
    pcall(actions[order[random(#order)]], s, random)
    local runner = random(2) == 1 and vm or any_vcpu(s, random)
    if runner then
      local ok, exit = pcall(run, runner, random)
      if ok then
        runs = runs + 1
        t.ok(kinds[exit.kind], exit.kind)
        t.ok(#exit.why > 0)
      end
    end
  end
  t.ok(runs > moves // 4, ("only %d of %d runs happened"):format(runs, moves))
end

local rounds = math.tointeger(os.getenv "TV_FUZZ" or 1)

test("a host that does anything between runs crashes nothing", function(t)
  for round = 1, backend.rounds(6 * rounds) do
    play(t, 400, { ram = 0x4000, output = "capture",
      strict = round % 2 == 0, timer = round % 3 == 0 and "exit" or "irq" })
  end
end)
