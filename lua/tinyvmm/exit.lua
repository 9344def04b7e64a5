-- SPDX-License-Identifier: MIT
--
-- exit.why: one sentence for each way a run can end. It says what happened,
-- the instruction, the place with its symbol, the root cause if it can be
-- found, and what would help. The sentences live in why/, a file per group of
-- causes: lists of rules, tried in order; a rule is a function of the exit
-- and its facts (why/facts.lua) that returns a sentence, or nil if it does
-- not apply. The last rule of a list always applies.

local Facts = require "tinyvmm.why.facts"
local image = require "tinyvmm.image"
local insn = require "tinyvmm.why.insn"
local rules = require "tinyvmm.why.rules"

local M = {}

-- The files of why/ with rules for each reason of a fault, in their order.
local FAULTS = {
  unmapped = { "jump", "data" }, ["read-only"] = { "data" },
  protected = { "jump", "data" }, ["address-size"] = { "jump", "data" },
  undefined = { "jump", "trap" }, unimplemented = { "trap" },
  svc = { "trap" }, ["fp-trap"] = { "trap" }, ["sysreg-trap"] = { "trap" },
  ["illegal-state"] = { "trap" }, step = { "trap" }, interrupt = { "trap" },
  translation = { "trap" }, permission = { "trap" },
  alignment = { "data", "align" }, ["sp-alignment"] = { "align" },
  atomic = { "align" }, unsupported = { "align" },
  ["pc-alignment"] = { "jump" }, puts = { "call" }, pac = { "trap" },
  mops = { "trap" }
}

-- And for each kind but fault.
local KINDS = {
  hvc = "call", smc = "call", mmio = "call", sysreg = "call",
  undefined = "call", brk = "call", shutdown = "call", breakpoint = "wait",
  wfi = "wait", timer = "wait", budget = "wait", deadline = "wait",
  timeout = "wait", stopped = "wait"
}

local function rules_of(name) return require("tinyvmm.why." .. name) end

local function fault(e, f)
  local text = e.reason ~= "puts" and rules.first(rules_of "code", e, f)
  for _, name in ipairs(FAULTS[e.reason] or {}) do
    text = text or rules.first(rules_of(name)[e.reason] or {}, e, f)
  end
  return e.reason .. ": " .. (text or f:where() .. " faulted")
end

-- why(exit) -> its sentence
function M.why(e)
  local f = Facts.of(e)
  if e.kind == "fault" then return fault(e, f) end
  local name = KINDS[e.kind]
  return name and rules.first(rules_of(name)[e.kind], e, f) or tostring(e.kind)
end

-- knows(kind [, reason]): whether there are rules for it. For tests.
function M.knows(kind, reason)
  if kind == "fault" then
    for _, name in ipairs(FAULTS[reason] or {}) do
      if rules_of(name)[reason] then return true end
    end
    return false
  end
  return KINDS[kind] ~= nil and rules_of(KINDS[kind])[kind] ~= nil
end

-- place(vm, pc, insn): for the errors of handlers.
function M.place(vm, pc, word)
  return image.show(vm, pc) .. ": " .. insn.text(word, pc, vm)
end

return M
