-- SPDX-License-Identifier: MIT
--
-- A picture of a run: trace-event JSON, which Perfetto and Chrome's tracing
-- page open. A vCPU is a track; on it stand functions and exceptions from
-- their beginning to their end ("B", "E"), and hypercalls and exits as
-- moments ("i"). Times are microseconds of virtual time.
--
-- bind_timeline.c tells calls, returns and jumps. Here each track has its
-- stack of what is open, and whatever a guest does to its own, what is opened
-- last is closed first: a return closes what was called from there, or what
-- is above the function that it leads to, or else is a jump. An exception is
-- a floor: until its eret nothing below it is closed.

local core = require "tinyvmm.core"
local functions = require "tinyvmm.functions"

local M = {}

-- What is open on a track at most: a guest that calls without returning
-- would fill the picture.
local DEPTH = 512

-- Events that are written to a file together.
local BUFFER = 1024

local Timeline = {}
Timeline.__index = Timeline

-- Exception classes, ESR_EL1.EC (Arm ARM D24.2.37); their order in a vector
-- table (D1.3.6).
local CLASS = {
  [0x00] = "undefined", [0x07] = "fp trap", [0x0e] = "illegal state",
  [0x15] = "svc", [0x18] = "sysreg trap", [0x1c] = "pac",
  [0x20] = "instruction abort",
  [0x21] = "instruction abort", [0x22] = "pc alignment",
  [0x24] = "data abort", [0x25] = "data abort", [0x26] = "sp alignment",
  [0x27] = "mops", [0x32] = "step", [0x33] = "step", [0x3c] = "brk"
}
local VECTOR = { [0] = "sync", "irq", "fiq", "serror" }
local CALLS = { [0] = "EXIT", "PUTCHAR", "PUTS" }

-- JSON ----------------------------------------------------------------------

local function escape(byte) return ("\\u%04x"):format(byte:byte()) end

local function quote(text)
  text = text:gsub('[%c"\\\127]', escape)
  if not utf8.len(text) then text = text:gsub("[\128-\255]", escape) end
  return '"' .. text .. '"'
end

local function hex(value) return ('"%#x"'):format(value) end

-- { name, text of value, ... } -> the object's text
local function object(list)
  local parts = {}
  for i = 1, #list, 2 do
    parts[#parts + 1] = quote(list[i]) .. ":" .. list[i + 1]
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- Gives the text so far to the file, if there is one.
function Timeline:flush()
  if not self.file then return end
  local ok, why = self.file:write(table.concat(self.text))
  self.text = {}
  if not ok then error("cannot write the timeline: " .. why, 0) end
end

local EVENT = '%s{"ph":"%s","pid":1,"tid":%d,"ts":%d.%03d%s}'

-- One event: `rest` are its other fields, as text that begins with a comma.
function Timeline:put(phase, track, time, rest)
  local text = self.text
  local n = #text + 1
  text[n] = EVENT:format(self.comma, phase, track.cpu, time // 1000,
    time % 1000, rest or "")
  self.comma = ",\n"
  self.last = time
  if n >= BUFFER then self:flush() end
end

function Timeline:moment(track, time, name, args)
  self:put("i", track, time, (',"s":"t","name":%s,"args":%s'):format(
    quote(name), object(args)))
end

-- What is open --------------------------------------------------------------

local function top(track) return track[#track] end

function Timeline:pop(track, time)
  self:put("E", track, time)
  track[#track] = nil
end

-- `back`: where it returns to, if that is known.
function Timeline:push(track, time, name, back, floor, args)
  if #track >= DEPTH then self:pop(track, time) end
  local text = self.quoted[name]
  if not text then
    text = ',"name":' .. quote(name)
    self.quoted[name] = text
  end
  self:put("B", track, time, args and text .. ',"args":' .. object(args)
    or text)
  track[#track + 1] = { name = name, back = back, floor = floor }
end

function Timeline:pop_to(track, time, size)
  while #track > size do self:pop(track, time) end
end

-- The highest open one above the floor whose field has that value, or nil.
local function find(track, field, value)
  for i = #track, 1, -1 do
    if track[i].floor then return nil end
    if track[i][field] == value then return i end
  end
end

-- The function becomes another one, which returns to where it would have.
function Timeline:become(track, time, name)
  local open, back = top(track), nil
  if open and not open.floor then
    if open.name == name then return end
    back = open.back
    self:pop(track, time)
  end
  self:push(track, time, name, back)
end

-- The vCPU is at an address that no call explains: in a function that is
-- open, if it is not the beginning of one, or else in a new one.
function Timeline:resume(track, time, address)
  local name, start = self.functions:at(address)
  name = name or ("%#x"):format(address)
  local i = address ~= start and find(track, "name", name)
  if i then self:pop_to(track, time, i)
  else self:become(track, time, name) end
end

-- Events --------------------------------------------------------------------

local on = {}

function on.start(self, track, time, _, to)
  self:put("M", track, time, (',"name":"thread_name","args":{"name":"cpu %d"}')
    :format(track.cpu))
  self:push(track, time, self.functions:name(to))
end

on.jump = function(self, track, time, _, to) self:resume(track, time, to) end

function on.call(self, track, time, from, to)
  self:push(track, time, self.functions:name(to), from + 4)
end

on["return"] = function(self, track, time, _, to)
  local i = find(track, "back", to)
  if not i then return self:resume(track, time, to) end
  self:pop_to(track, time, i - 1)
  if not top(track) or top(track).floor then self:resume(track, time, to) end
end

function on.exception(self, track, time, back, _, vector, esr, far)
  local name = VECTOR[vector // 0x80 % 4]
  local args = { "pc", hex(back), "in", quote(self.functions:name(back)) }
  if name == "sync" then
    name = CLASS[esr >> 26 & 0x3f] or name
    for _, value in ipairs { "esr", hex(esr), "far", hex(far) } do
      args[#args + 1] = value
    end
  end
  self:push(track, time, name, back, true, args)
end

function on.eret(self, track, time, _, to)
  local floor
  for i = #track, 1, -1 do
    if track[i].floor then
      floor = floor or i
      if track[i].back == to then
        floor = i
        break
      end
    end
  end
  if floor then self:pop_to(track, time, floor - 1) end
  self:resume(track, time, to)
end

function on.idle(self, track, time, _, wfi)
  self:push(track, time, wfi ~= 0 and "wfi" or "wfe")
end

on.wake = function(self, track, time) self:pop(track, time) end

function on.hvc(self, track, time, pc, imm, x0, x1, x2)
  local nr = x0 & 0xffffffff
  local name = imm ~= 0 and ("hvc #%#x"):format(imm)
    or (nr < 0x80000000 and "hvc %d" or "hvc %#x"):format(nr)
  if imm == 0 and CALLS[nr] then name = name .. " " .. CALLS[nr] end
  self:moment(track, time, name, { "pc", hex(pc), "x0", hex(x0), "x1",
    hex(x1), "x2", hex(x2) })
end

function on.smc(self, track, time, pc, _, x0, x1, x2)
  self:moment(track, time, "smc", { "pc", hex(pc), "x0", hex(x0), "x1",
    hex(x1), "x2", hex(x2) })
end

function on.exit(self, track, time, pc, a, b, c, d, kind)
  local args = { "pc", hex(pc) }
  local function add(name, value)
    args[#args + 1], args[#args + 2] = name, value
  end
  if kind == "mmio" then
    kind = c ~= 0 and "mmio write" or "mmio read"
    add("addr", hex(a))
    add("size", tostring(b))
    if c ~= 0 then add("value", hex(d)) end
  elseif kind == "fault" then
    add("addr", hex(a))
    add("esr", hex(b))
  elseif kind == "shutdown" then
    add("status", tostring(a))
  end
  self:moment(track, time, kind, args)
end

-- The door ------------------------------------------------------------------

local HEAD = '{"displayTimeUnit":"ns","traceEvents":[\n'

-- start(vm [, file]) -> timeline, or nil, message, code. Every run of the VM
-- is in the picture until timeline:stop().
function M.start(vm, file)
  if file ~= nil and io.type(file) ~= "file" then
    error("a timeline is written to an open file, not "
      .. (io.type(file) or type(file)), 2)
  end
  local self = setmetatable({ vm = vm, file = file, text = {}, quoted = {},
    tracks = {}, comma = "", last = 0, functions = functions.of(vm) },
    Timeline)
  local ok, why, code = core._timeline(vm, function(kind, cpu, time, ...)
    local track = self.tracks[cpu]
    if not track then
      track = { cpu = cpu }
      self.tracks[cpu] = track
    end
    on[kind](self, track, time, ...)
  end, self.functions:pack())
  if not ok then return nil, why, code end
  self.text[1] = HEAD
  return self
end

-- Ends it, and closes what is open: true, or the text if there is no file.
function Timeline:stop()
  local vm = self.vm
  if not vm then return true end
  self.vm = nil
  if not core._closed(vm) then
    core._timeline(vm)
    self.last = vm.time
  end
  for cpu = 0, 63 do
    local track = self.tracks[cpu]
    if track then self:pop_to(track, self.last, 0) end
  end
  self.text[#self.text + 1] = "\n]}\n"
  if not self.file then return table.concat(self.text) end
  self:flush()
  local ok, why = self.file:flush()
  if not ok then error("cannot write the timeline: " .. why, 0) end
  return true
end

Timeline.__close = Timeline.stop

-- run(vm [, { file =, budget =, deadline =, timeout = }]) -> exit, and the
-- text if there is no file; or nil, message, code.
function M.run(vm, options)
  local limits = {}
  for key, value in pairs(options or {}) do limits[key] = value end
  limits.file = nil
  local self <close>, why, code = M.start(vm, options and options.file)
  if not self then return nil, why, code end
  local exit = vm:run(limits)
  return exit, self:stop()
end

return M
