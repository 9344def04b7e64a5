-- SPDX-License-Identifier: MIT
--
-- The generic timers of a vCPU (Arm ARM D11.2.4): CNTx_CTL_EL0 has ENABLE in
-- bit 0, IMASK in bit 1, ISTATUS (the time has come) in bit 2.

local M = { NAMES = { v = "virtual", p = "physical" } }

local KINDS = { "v", "p" }

local function state(f, kind)
  return f:sys("cnt" .. kind .. "_ctl_el0") or 0,
    f:sys("cnt" .. kind .. "_cval_el0") or 0
end

-- The timer that raises an interrupt: "v", "p" or nil; and its CVAL.
function M.up(f)
  for _, kind in ipairs(KINDS) do
    local ctl, cval = state(f, kind)
    if ctl & 7 == 5 then return kind, cval end
  end
end

-- The timer that was programmed but cannot raise one, and why: "masked" or
-- "off".
function M.silent(f)
  for _, kind in ipairs(KINDS) do
    local ctl, cval = state(f, kind)
    if ctl & 3 == 3 then return kind, "masked" end
    if ctl & 1 == 0 and cval ~= 0 then return kind, "off" end
  end
end

return M
