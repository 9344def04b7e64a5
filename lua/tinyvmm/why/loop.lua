-- SPDX-License-Identifier: MIT
--
-- Loops that no condition will end. A rule looks at the loop around pc (see
-- path.lua): what its last branch tests, where that comes from, and whether
-- anything in the loop can change it.

local insn = require "tinyvmm.why.insn"
local path = require "tinyvmm.why.path"

-- A rule that gets the loop around pc, in the order of addresses.
local function in_loop(rule)
  return function(e, f)
    if f.loop == nil then
      f.loop = path.follow(f, e.pc) or false
      if f.loop then
        table.sort(f.loop, function(a, b) return a.pc < b.pc end)
      end
    end
    return f.loop and rule(e, f, f.loop)
  end
end

local function find(loop, test)
  for _, i in ipairs(loop) do
    if test(i) then return i end
  end
end

local function has(loop, pattern)
  return find(loop, function(i) return i.op:find(pattern) end)
end

local function writers(loop, n)
  local list = {}
  for _, i in ipairs(loop) do
    if insn.writes(i, n) then list[#list + 1] = i end
  end
  return list
end

local SETS_FLAGS = { cmp = true, cmn = true, tst = true, adds = true,
  subs = true, ands = true }

-- The loop's last conditional branch, the register that it depends on (its
-- number and name), and for b.cond the instruction that set the flags.
local function condition(loop)
  local close
  for _, i in ipairs(loop) do
    if insn.is_conditional(i) then close = i end
  end
  if not close then return nil end
  if not close.op:find "^b%." then
    return close, insn.register(close[1]), close[1]
  end
  local setter
  for _, i in ipairs(loop) do
    if SETS_FLAGS[i.op] then setter = i end
    if i == close then break end
  end
  if not setter then return close end
  return close, insn.register(setter[1]), setter[1], setter
end

-- A loop of nothing ---------------------------------------------------------

local function to_itself(e, f)
  if f.insn.op ~= "b" or f.insn.target ~= e.pc then return nil end
  return "it is a branch to itself, which never ends; end the program by EXIT "
    .. "(mov x0, #0; hvc #0), or run again"
end

-- A function that called another and did not save x30 returns to itself.
local function returns_to_itself(_, f)
  local i = f:at(f.e.pc)
  for _ = 1, 64 do
    if not i or insn.ends(i) then break end
    i = f:at(i.pc + 4)
  end
  local x30 = f.x[30]
  local call = i and i.op == "ret" and x30 and f:at(x30 - 4)
  if not call or not insn.is_call(call) or x30 > i.pc
     or i.pc - x30 > 256 then
    return nil
  end
  for addr = x30, i.pc - 4, 4 do
    local between = f:at(addr)
    if not between or insn.ends(between)
       or insn.writes(between, 30) then
      return nil
    end
  end
  return ("ret at %s returns to x30 = %#x, behind %s in the same function: "
    .. "save x30 on the stack before bl"):format(f:show(i.pc), x30, call.text)
end

-- Waiting for something -----------------------------------------------------

local masked_wfi = in_loop(function(_, f, loop)
  local wfi = has(loop, "^wfi$")
  local isr, pstate = f:sys "isr_el1", f:sys "pstate"
  if not wfi or not isr or isr & pstate & 0xc0 == 0 then return nil end
  return ("an interrupt is up, but masked in PSTATE (DAIF), so wfi goes on and "
    .. "no handler runs; unmask it: msr daifclr, #%d"):format(
    isr & 0x80 ~= 0 and 2 or 1)
end)

local idle = in_loop(function(_, _, loop)
  local wait = has(loop, "^wf[ie]$")
  if not wait then return nil end
  if wait.op == "wfe" then
    return "the loop waits by wfe for an event, but no other vCPU sends one by "
      .. "sev"
  end
  return "the loop waits for interrupts by wfi, as an idle program does; run "
    .. "again to go on"
end)

-- The last load of the register that ends the loop.
local function load_of(loop, n)
  local load
  for _, i in ipairs(writers(loop, n)) do load = i end
  if load and load.mem and load.op:find "^ld" then return load end
end

-- What a register holds at `user`, the same in every round: nothing in the
-- loop changes it, or adrp and add make it anew.
local function constant(f, loop, name, user)
  local n = insn.register(name)
  local list = n and writers(loop, n) or {}
  if #list == 0 then return n and f:value(name) end
  local value
  for _, i in ipairs(loop) do
    if i == user then return value end
    if insn.writes(i, n) then
      local add = i.op == "add" and insn.register(i[2]) == n
        and insn.immediate(i[3])
      value = insn.pc_relative(i) or value and add and value + add
      if not value then return nil end
    end
  end
end

local function polled_address(f, loop, load)
  local m = load.mem
  local value = not m.index and constant(f, loop, m.base, load)
  return value and value + (m.post and 0 or m.offset or 0)
end

local function lock_owner(f)
  local ok, cpus = pcall(function() return #f.e.cpu.vm.vcpus end)
  return ok and cpus == 1 and "there is no other vCPU to free it: was it "
    .. "taken twice?" or "is it freed on all paths (stlr)?"
end

local spinlock = in_loop(function(_, f, loop)
  local take = has(loop, "^lda?x[rp]") or has(loop, "^swp")
    or has(loop, "^casa?l?$") or has(loop, "^ldseta?l?")
  local addr = take and take.mem and polled_address(f, loop, take)
  local now = addr and f:word(addr)
  if not now or now == 0 then return nil end
  return ("it waits for the lock at %s, which is taken (%#x); %s"):format(
    f:show(addr), now, lock_owner(f))
end)

local polling = in_loop(function(_, f, loop)
  local close, n = condition(loop)
  local load = close and n and load_of(loop, n)
  local addr = load and polled_address(f, loop, load)
  if not addr then return nil end
  local region = f:region(addr)
  if region and region.kind == "MMIO" then
    return ("the loop reads the device at %#x and never gets what %s waits "
      .. "for; what should its read function return?"):format(addr, close.text)
  elseif has(loop, "^st") or has(loop, "^bl") then
    return nil
  end
  return ("the loop waits for the memory at %s to change, but does not write "
    .. "it; should an interrupt's handler or another vCPU?"):format(
    f:show(addr))
end)

-- ldr x1, [x1, #8]: the next element of a list. How many steps of it lead
-- from the present element back to itself.
local function circle(f, from, offset)
  local at = from
  for n = 1, 1000 do
    at = f:long(at + offset)
    if not at then return nil end
    if at == from then return n end
  end
end

local list_in_a_circle = in_loop(function(_, f, loop)
  for _, i in ipairs(loop) do
    local n = i.op == "ldr" and i.mem and insn.register(i[1])
    if n and i[1] == i.mem.base and i.mem.offset and not i.mem.moves
       and #writers(loop, n) == 1 and f.x[n] then
      local length = circle(f, f.x[n], i.mem.offset)
      if length then
        return ("%s follows a list that goes round in a circle (of %d, through "
          .. "%s), so no null pointer ends it"):format(i.text, length,
          f:show(f.x[n]))
      end
    end
  end
end)

local counting_time = in_loop(function(_, f, loop)
  local mrs = find(loop, function(i)
    return i.op == "mrs" and i[2]:find "^cnt[vp]"
  end)
  if not mrs then return nil end
  return ("it waits for time to pass (%s%s); give more budget, or set the "
    .. "timer and use wfi"):format(mrs[2],
    f:ours() and "; a tick is 16 instructions" or "")
end)

local asking_register = in_loop(function(_, _, loop)
  local close, n = condition(loop)
  local list = n and writers(loop, n) or {}
  local mrs = list[1]
  if not close or #list ~= 1 or mrs.op ~= "mrs" then return nil end
  return ("it waits for the system register %s to change, which it does not")
    :format(mrs[2])
end)

-- Counters ------------------------------------------------------------------

local nothing_changes = in_loop(function(_, f, loop)
  local close, n, name, setter = condition(loop)
  if not n or has(loop, "^bl") then return nil end
  if setter and insn.register(setter[2])
     and (setter.op == "cmp" or setter.op == "tst") then
    return nil
  end
  if #writers(loop, n) > 0 then return nil end
  return ("%s waits for %s = %#x to change, but nothing in the loop changes "
    .. "it; was it to be counted there?"):format(close.text, name,
    f:value(name) or 0)
end)

-- The one instruction of the loop that counts a register, and its step.
local function counter(loop, n)
  local list = writers(loop, n)
  local i = list[1]
  if #list ~= 1 or insn.register(i[2]) ~= n then return nil end
  local step = insn.immediate(i[3])
  if not step then return nil end
  if i.op:find "^subs?$" then return i, -step end
  if i.op:find "^adds?$" then return i, step end
end

-- Counts past the one value that ends the loop, as b.ne, cbnz and cbz do.
local misses = in_loop(function(_, f, loop)
  local close, n, name, setter = condition(loop)
  if not n then return nil end
  local i, step = counter(loop, n)
  if not i or step == 0 or close.op ~= "cbnz" and close.op ~= "b.ne" then
    return nil
  end
  local goal = 0
  if setter and setter ~= i then goal = insn.immediate(setter[2]) end
  if not goal then return nil end
  local value, bits = f:value(name), name:sub(1, 1) == "w" and 32 or 64
  if not value then return nil end
  local left = (goal - value) * (step < 0 and -1 or 1)
  if bits == 32 then left = left & 0xffffffff end
  local size = math.abs(step)
  if left % size ~= 0 and size & size - 1 == 0 then
    return ("%s makes %s step over %d, where the loop ends (now %d); end it by "
      .. "an order (b.gt, b.lt)"):format(i.text, name, goal, value)
  elseif left < 0 or left > 1 << 40 or bits == 32 and left >> 31 == 1 then
    return ("%s has gone past %d, where the loop ends (now %d): did it start "
      .. "beyond? end the loop by an order (b.gt, b.lt)"):format(name, goal,
      value)
  end
  return ("%s = %d still has %d rounds to go to %d; give more budget"):format(
    name, value, left // size, goal)
end)

local some_loop = in_loop(function(_, f, loop)
  return ("it goes round from %#x to %s; run again to go on"):format(
    loop.first, f:show(loop.last))
end)

return { to_itself, returns_to_itself, masked_wfi, spinlock, idle,
  list_in_a_circle, counting_time, polling, asking_register, misses,
  nothing_changes, some_loop }
