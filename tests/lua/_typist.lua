-- SPDX-License-Identifier: MIT
--
-- Builds tests/lua/typist.c, the user at a terminal, once for all tests that
-- play one, unless `make portable` has. What it is told, and what it answers,
-- stands at the head of that file.
local M = { NO_TERMINAL = 77 }

local PROGRAM = (os.getenv "TV_BUILD" or "build/rel") .. "/typist"

-- The path of the program. Two test files may build it at the same time: each
-- makes its own and moves it into place.
function M.build(t)
  local source = "tests/lua/typist.c"
  local fresh = ("[ -x %s ] && ! [ %s -nt %s ]"):format(PROGRAM, source,
    PROGRAM)
  if os.execute(fresh) then return PROGRAM end
  local made = t.tmpname()
  local _, status, errors = t.run(("%s -std=c11 -D_GNU_SOURCE -O1 -Wall "
    .. "-Wextra -Wpedantic -Werror %s -o %s && mv %s %s"):format(
    os.getenv "CC" or "cc", source, made, made, PROGRAM))
  t.eq(status, 0, errors)
  return PROGRAM
end

return M
