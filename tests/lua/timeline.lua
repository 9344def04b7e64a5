-- SPDX-License-Identifier: MIT
--
-- Timelines: the file is JSON in the strict sense, each track opens and
-- closes what it shows in order, and what it shows is what the guest did.
local test = require "tap"
require "backend".only_file("soft", "only it is watched by the instruction")
local tv = require "tinyvmm"
local timeline = require "tinyvmm.timeline"

-- A strict JSON parser (RFC 8259): raises at the first thing that is none.
local function parse(text)
  local at, value = 1, nil
  local function want(pattern, what)
    local from, to, found = text:find("^[ \n]*(" .. pattern .. ")", at)
    if not from then
      error(("no %s at %d: %s"):format(what, at, text:sub(at, at + 40)), 0)
    end
    at = to + 1
    return found
  end
  local function text_of(raw)
    assert(utf8.len(raw), "UTF-8")
    assert(not raw:find "[%z\1-\31]", "a control character in a string")
    local rest = raw:gsub('\\["\\/bfnrt]', ""):gsub("\\u%x%x%x%x", "")
    assert(not rest:find "\\", "a wrong escape")
    return (raw:gsub("\\u(%x%x%x%x)", function(code)
      return utf8.char(tonumber(code, 16))
    end))
  end
  local function list(close, item)
    local all = {}
    if text:find("^[ \n]*%" .. close, at) then
      want("%" .. close, "end")
      return all
    end
    repeat item(all) until want("[,%" .. close .. "]", "comma") ~= ","
    return all
  end
  local function string() return text_of(want('"[^"]*"', "string")
    :sub(2, -2)) end
  function value()
    local first = want('[{%["%d-]', "value")
    if first == "{" then
      return list("}", function(all)
        local name = string()
        assert(all[name] == nil, "twice: " .. name)
        want(":", "colon")
        all[name] = value()
      end)
    elseif first == "[" then
      return list("]", function(all) all[#all + 1] = value() end)
    end
    at = at - 1
    if first == '"' then return string() end
    local number = want("%-?%d+%.?%d*", "number")
    assert(not number:find "^%-?0%d" and not number:find "%.$", number)
    return tonumber(number)
  end
  local result = value()
  assert(not text:find("%S", at), "something behind the end")
  return result
end

-- Checks what holds for every timeline; returns a line for each event, by
-- track: "name(" and ")" for its beginning and end, "!name" for a moment.
local function check(t, text, stop)
  local all = parse(text)
  t.eq(all.displayTimeUnit, "ns")
  local tracks, open, last = {}, {}, 0
  for _, e in ipairs(all.traceEvents) do
    local id = math.tointeger(e.tid)
    t.ok(e.pid == 1 and id and e.ts >= last and e.ts * 1000 <= stop, e.ts)
    last = e.ts
    tracks[id], open[id] = tracks[id] or {}, open[id] or 0
    local what
    if e.ph == "M" then
      t.eq({ e.name, e.args.name }, { "thread_name", "cpu " .. id })
    elseif e.ph == "B" then
      what, open[id] = e.name .. "(", open[id] + 1
      t.ok(open[id] <= 512, "depth")
    elseif e.ph == "E" then
      what, open[id] = ")", open[id] - 1
      t.ok(open[id] >= 0, "closed more than opened")
    else
      t.eq({ e.ph, e.s }, { "i", "t" })
      what = "!" .. e.name
    end
    if what then table.insert(tracks[id], what) end
    if e.name then tracks[id][e.name] = e end
  end
  for id, n in pairs(open) do t.eq(n, 0, "open on track " .. id) end
  return tracks
end

local function picture(t, text, set_up, limits)
  local vm <close> = assert(tv.vm { output = "capture" })
  vm:load(tv.asm(text))
  vm:vcpu {}
  if set_up then set_up(vm) end
  local exit, json = timeline.run(vm, limits)
  return check(t, json, vm.time), exit, json
end

local function show(track) return table.concat(track, " ") end

local EXIT = "mov x1, #0\n mov x0, #0\n hvc #0\n"

test("calls nest, returns close them, tail calls take the place", function(t)
  local tracks = picture(t, [[
_start: mov     x0, #2
        bl      down
        adr     x9, far
        blr     x9
]] .. EXIT .. [[
down:   str     x30, [sp, #-16]!
        cbz     x0, bottom
        sub     x0, x0, #1
        bl      down
bottom: ldr     x30, [sp], #16
        ret
far:    str     x30, [sp, #-16]!
        bl      near
        ldr     x30, [sp], #16
        b       near
near:   nop
        ret
]])
  t.eq(show(tracks[0]), "_start( down( down( down( ) ) ) "
    .. "far( near( ) ) near( ) !hvc 0 EXIT !shutdown )")
end)

test("times are virtual, to the nanosecond", function(t)
  local _, _, json = picture(t, "_start: nop\n bl f\n" .. EXIT
    .. "f: nop\n nop\n ret")
  t.eq(json, [[
{"displayTimeUnit":"ns","traceEvents":[
{"ph":"M","pid":1,"tid":0,"ts":0.000,"name":"thread_name",]]
    .. [["args":{"name":"cpu 0"}},
{"ph":"B","pid":1,"tid":0,"ts":0.000,"name":"_start"},
{"ph":"B","pid":1,"tid":0,"ts":0.002,"name":"f"},
{"ph":"E","pid":1,"tid":0,"ts":0.005},
{"ph":"i","pid":1,"tid":0,"ts":0.007,"s":"t","name":"hvc 0 EXIT",]]
    .. [["args":{"pc":"0x10010","x0":"0","x1":"0","x2":"0"}},
{"ph":"i","pid":1,"tid":0,"ts":0.008,"s":"t","name":"shutdown",]]
    .. [["args":{"pc":"0x10010","status":0}},
{"ph":"E","pid":1,"tid":0,"ts":0.008}
]}
]])
end)

local VECTORS = [[
        .balign 2048
vectors:
        .org    vectors + 0x200         // synchronous, EL1h
        b       handler
        .org    vectors + 0x280         // IRQ, EL1h
        b       handler
]]

test("a timer interrupt stands on what it interrupts", function(t)
  local tracks = picture(t, [[
_start: adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #10
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        msr     daifclr, #2
        bl      work
        wfi
]] .. EXIT .. [[
work:   cbz     x19, work
        ret
handler:
        mov     x19, #1
        mov     x20, x30
        bl      rearm
        mov     x30, x20
        eret
rearm:  mov     x0, #100
        msr     cntv_tval_el0, x0
        ret
]] .. VECTORS)
  t.eq(show(tracks[0]), "_start( work( irq( handler( rearm( ) ) ) ) wfi( ) "
    .. "irq( handler( rearm( ) ) ) !hvc 0 EXIT !shutdown )")
end)

test("exceptions are named by their class, and return where they say",
     function(t)
  local tracks = picture(t, [[
_start: adr     x0, vectors
        msr     vbar_el1, x0
        bl      f
        svc     #1
        udf     #0                      // the handler steps over it
]] .. EXIT .. [[
f:      mov     x1, #1
        ldr     x1, [x1]                // alignment
        ret
handler:
        mrs     x2, esr_el1
        lsr     x2, x2, #26
        mrs     x3, elr_el1
        cmp     x2, #0x15
        b.eq    1f
        add     x3, x3, #4
        msr     elr_el1, x3
1:      eret
]] .. VECTORS)
  t.eq(show(tracks[0]), "_start( f( data abort( handler( ) ) ) "
    .. "svc( handler( ) ) undefined( handler( ) ) !hvc 0 EXIT !shutdown )")
  t.eq(tracks[0]["data abort"].args, { pc = "0x10024", ["in"] = "f",
    esr = "0x96000021", far = "0x1" })
end)

test("each vCPU has its track", function(t)
  local tracks = picture(t, [[
_start: movz    x0, #3
        movk    x0, #0xc400, lsl #16    // PSCI CPU_ON
        mov     x1, #1
        adr     x2, second
        hvc     #0
1:      ldr     x3, flag
        cbz     x3, 1b
]] .. EXIT .. [[
second: adr     x4, flag
        bl      set
2:      wfe
        b       2b
set:    mov     x5, #1
        str     x5, [x4]
        ret
        .balign 8
flag:   .quad   0
]], function(vm) vm:vcpu { on = false } end)
  t.eq(show(tracks[0]), "_start( !hvc 0xc4000003 !hvc 0 EXIT !shutdown )")
  t.ok(show(tracks[1]):find "^second%( set%( %) wfe%( %)", show(tracks[1]))
end)

test("a guest that unbalances its calls is drawn in order", function(t)
  -- Calls that never return; returns that were no calls; a jump out of three
  -- calls to the outermost; a call used to read the pc.
  local tracks = picture(t, [[
_start: bl      one
        bl      next
next:   mov     x9, #1000
many:   subs    x9, x9, #1
        b.eq    1f
        bl      many
1:      adr     x30, 2f
        ret
2:      adr     x9, one
        br      x9
one:    cbnz    x20, 3f
        mov     x20, #1
        mov     x21, x30
        bl      two
3:]] .. EXIT .. [[
two:    bl      three
three:  br      x21
]])
  local drawn, start = show(tracks[0]),
    "_start( one( two( three( ) ) ) next( ) many( many( many("
  t.eq(drawn:sub(1, #start), start)
  t.ok(drawn:find "many%( %) one%( !hvc 0 EXIT !shutdown %)", drawn)
end)

test("words without sense are drawn in order", function(t)
  for _ = 1, 40 do
    local words = { "_start: adr x0, vectors\n msr vbar_el1, x0\n" }
    for i = 1, 60 do
      local away = t.random(-20, 20) * 4
      local kind = t.random(6)
      words[#words + 1] = ("f%d: "):format(i) .. (kind == 1 and
        "bl . + " .. away or kind == 2 and "b . + " .. away or kind == 3
        and "ret" or kind == 4 and "blr x" .. t.random(0, 30) or kind == 5
        and "svc #0" or ".inst " .. t.random(0, 0xffffffff)) .. "\n"
    end
    picture(t, table.concat(words) .. ".balign 2048\nvectors:\n"
      .. ("nop\n eret\n .balign 128\n"):rep(16), function(vm)
        vm.vcpus[1].x30 = 0x10010
      end, { budget = 500 })
  end
end)

test("answered accesses and exits are moments with their values",
     function(t)
  local tracks, exit = picture(t, [[
_start: mov     x1, #0x200000
        mov     w2, #7
        strh    w2, [x1, #2]
        ldr     x3, [x1]
        mov     w0, #5
        hvc     #0
        mov     x1, #0x300000
        str     x1, [x1]
]], function(vm)
    vm:map { kind = "mmio", base = 0x200000, size = 0x1000,
      read = function() return 1 end, write = function() end }
    vm:hypercall(5, function() end)
  end)
  t.eq(show(tracks[0]), "_start( !mmio write !mmio read !hvc 5 !fault )")
  t.eq(tracks[0]["mmio write"].args, { pc = "0x10008", addr = "0x200002",
    size = 2, value = "0x7" })
  t.eq(tracks[0].fault.args.addr, "0x300000")
  t.eq(exit.kind, "fault")
end)

test("a timeline changes nothing, and goes to a file as it is", function(t)
  local text = "_start: mov x20, #3000\n1: bl f\n subs x20, x20, #1\n"
    .. "b.ne 1b\n" .. EXIT .. "f: ret"
  local _, exit, json = picture(t, text)
  local vm <close> = assert(tv.vm { output = "capture" })
  vm:load(tv.asm(text))
  vm:vcpu {}
  local path = t.tmpname()
  do
    local file <close> = assert(io.open(path, "w"))
    local object = assert(timeline.start(vm, file))
    repeat local e = vm:run(777) until e.kind ~= "budget"
    t.eq(object:stop(), true)
    t.eq(object:stop(), true, "once more")
  end
  t.eq(vm.time, exit.icount)
  local file <close> = assert(io.open(path))
  t.eq(file:read "a", json)
end)

test("symbols that JSON cannot hold are escaped", function(t)
  local vm <close> = assert(tv.vm {})
  vm:load(tv.asm("1: b 1b"):bytes_at(0))
  local images = require "tinyvmm.core"._images(vm)
  images[1].image.symbols['a"\\\n\255'] = 0x10000
  vm:vcpu {}
  local _, json = timeline.run(vm, { budget = 10 })
  t.ok(check(t, json, vm.time)[0]['a"\\\n\u{ff}'], json)
end)

test("mistakes are told, and a run that raises ends the timeline",
     function(t)
  local vm <close> = assert(tv.vm { output = "capture" })
  vm:load(tv.asm("_start: mov x0, #9\n hvc #0\n b _start"))
  vm:vcpu {}
  t.raises("written to an open file, not string", timeline.start, vm, "x")
  local file <close> = assert(io.open(t.tmpname(), "w"))
  vm:trace(file)
  local ok, why, code = timeline.run(vm)
  t.eq({ ok, code }, { nil, "state" }, why)
  vm:trace(nil)
  vm:hypercall(9, function() error("stop here", 0) end)
  t.raises("stop here", timeline.run, vm)
  t.eq(vm:trace(file), true, "the steps are free again")
  vm:trace(nil)
  local full <close> = io.open("/dev/full", "w")
  if full then
    vm:hypercall(9, function() return 9 end)
    t.raises("cannot write the timeline", timeline.run, vm, { file = full,
      budget = 100000 })
  end
  local object = assert(timeline.start(vm))
  vm:run(100)
  vm:close()
  t.ok(parse(object:stop()))
end)
