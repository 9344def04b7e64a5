-- SPDX-License-Identifier: MIT
--
-- Lists of rules. A rule is a function of an exit and its facts; it returns a
-- sentence, or nil (or false) where it does not apply.

local M = {}

-- The first sentence of a list, or nil.
function M.first(list, e, f)
  for _, rule in ipairs(list) do
    local text = rule(e, f)
    if text then return text end
  end
end

-- The same rules, tried only where test(e, f) holds.
function M.when(test, list)
  local guarded = {}
  for i, rule in ipairs(list) do
    guarded[i] = function(e, f) return test(e, f) and rule(e, f) end
  end
  return guarded
end

return M
