-- SPDX-License-Identifier: MIT
--
-- The session: `tinyvmm` alone. Reads statements, evaluates them, shows their
-- values; an error ends the statement, not the session. On a terminal there
-- are prompts, editing, history and completion; from a pipe it only reads and
-- prints, and ends with 1 if a statement failed.
--
-- tv, vm and cpu are there from the start, but made when first used.

local cli = require "tinyvmm.cli"
local core = require "tinyvmm.core"
local line = require "tinyvmm.line"
local show = require "tinyvmm.cli.show"

local M = {}

local HISTORY = 1000

-- Globals -------------------------------------------------------------------

local lazy = {}

function lazy.tv() return require "tinyvmm" end

function lazy.vm() return assert(require "tinyvmm".vm {}) end

function lazy.cpu()
  local vm = vm
  return vm.vcpus[1] or assert(vm:vcpu {})
end

-- What a name that is not set yet gives: the objects above, once.
local function index(globals, name)
  local make = lazy[name]
  if not make then return nil end
  local value = make()
  rawset(globals, name, value)
  return value
end

M.names = { tv = true, vm = true, cpu = true }

-- Showing -------------------------------------------------------------------

local shown = setmetatable({}, { __mode = "k" })   -- cpu -> its last snapshot

local function print_values(values)
  local texts = {}
  for i = 1, values.n do
    local v = values[i]
    local text, state = show.value(v, shown[v])
    if state then shown[v] = state end
    texts[i] = text
  end
  local all = table.concat(texts, "\t")
  io.stdout:write(all:find "\n" and table.concat(texts, "\n") or all, "\n")
end

-- An error's first lines: what, and where in the guest.
local function tell(problem)
  local known, words = pcall(tostring, problem)
  if not known then words = "(an error whose __tostring fails)" end
  local text = words:gsub("\nstack traceback:.*", "")
    :gsub("^(interrupted)\nguest: ", "%1, ")
    :gsub("^tinyvmm/[%w_/]+%.lua:%d+: ", "")
  local echoed = M.terminal and text:find "^interrupted"   -- "^C"
  io.stdout:write(echoed and "\n" or "")
  io.stdout:flush()
  io.stderr:write(show.paint("red", text), "\n")
end

-- Evaluating ----------------------------------------------------------------

local MORE = {}

-- A function, MORE if the text is only a beginning, or nil, message.
local function compile(text)
  local expression, unfinished = load("return " .. text, "=stdin")
  if expression then return expression end
  local chunk, why = load(text, "=stdin")
  if chunk then return chunk end
  local more = why:find "<eof>$" or unfinished:find "<eof>$"
  return more and MORE, why
end

-- Calls a function and shows its results; false if it failed.
local function perform(chunk)
  local result = table.pack(pcall(chunk))
  if result[1] and result.n > 1 then
    _G._ = result[2]
    result = table.pack(pcall(print_values,
      table.pack(table.unpack(result, 2, result.n))))
  end
  if not result[1] then
    local interrupted = type(result[2]) == "string"
      and result[2]:find "^interrupted"
    if interrupted and not M.terminal then error(result[2], 0) end
    tell(result[2])
  end
  line.rearm()
  io.stdout:flush()
  return result[1]
end

-- A line that begins with a dot.
local function command(text)
  return perform(function()
    return require "tinyvmm.cli.commands".run(text)
  end)
end

-- The session's state: what of a statement was read, and whether any failed.
local Session = {}
Session.__index = Session

-- Takes a line; true to go on.
function Session:feed(text)
  if not self.pending and text:find "^%s*%.%s*%a" then
    if text:find "^%s*%.%s*quit%s*$" then return false end
    self.failed = not command(text) or self.failed
    return true
  end
  local whole = self.pending and self.pending .. "\n" .. text or text
  if not whole:find "%S" then return true end
  local chunk, why = compile(whole)
  if chunk == MORE then
    self.pending = whole
    return true
  end
  self.pending = nil
  if not chunk then tell(why) end
  self.failed = not chunk or not perform(chunk) or self.failed
  return true
end

-- The input has ended.
function Session:finish()
  if not self.pending then return end
  local _, why = load(self.pending, "=stdin")
  tell(why)
  self.failed = true
end

-- From a pipe ---------------------------------------------------------------

local function read_all(session)
  for text in io.stdin:lines() do
    if not session:feed(text) then return end
  end
  session:finish()
end

-- On a terminal -------------------------------------------------------------

local function history_path()
  local home = os.getenv "HOME"
  local state = os.getenv "XDG_STATE_HOME"
  if (not state or not state:find "^/") and home then
    state = home .. "/.local/state"
  end
  return state and state .. "/tinyvmm"
end

-- Opens the history to be appended to; makes its folder the first time.
local function open_history(folder)
  local path = folder .. "/history"
  local file = io.open(path, "a")
  if not file then
    os.execute(("mkdir -p '%s' 2>/dev/null"):format(
      (folder:gsub("'", "'\\''"))))
    file = io.open(path, "a")
  end
  return file
end

-- Reads the history, shortening the file when it has grown.
local function load_history(folder)
  local file = io.open(folder .. "/history")
  if not file then return end
  local lines = {}
  for text in file:lines() do lines[#lines + 1] = text end
  file:close()
  local first = math.max(1, #lines - HISTORY + 1)
  for i = first, #lines do line.remember(lines[i]) end
  if #lines < 2 * HISTORY then return end
  local out = io.open(folder .. "/history", "w")
  if not out then return end
  out:write(table.concat(lines, "\n", first), "\n")
  out:close()
end

local function remember(session, text)
  if not text:find "%S" or text == session.last then return end
  session.last = text
  line.remember(text)
  if session.history == nil then
    session.history = session.folder and open_history(session.folder) or false
  end
  if session.history then
    session.history:write(text, "\n")
    session.history:flush()
  end
end

local function complete(text)
  return require "tinyvmm.cli.complete".complete(text)
end

-- One line from the terminal; nil at its end, false after Ctrl-C.
local function ask(session)
  local ok, text = pcall(line.read, session.pending and ">> " or "> ",
    complete)
  if ok and text ~= false then return text end
  line.rearm()
  if not ok then io.stdout:write "\n" end
  session.pending = nil
  return false
end

local function converse(session)
  local dumb = os.getenv "TERM" == "dumb"
  M.terminal = true
  show.colour = not (os.getenv "NO_COLOR" or ""):find "."
    and not dumb and line.terminal(1)
  print(("TinyVMM %s, %s. .help helps, Ctrl-D ends."):format(core.version,
    _VERSION))
  if not dumb and line.edit() then
    session.folder = history_path()
    if session.folder then load_history(session.folder) end
  end
  while true do
    show.columns = line.columns()
    local text = ask(session)
    if text == nil then return end
    if text then
      remember(session, text)
      if not session:feed(text) then return end
    end
  end
end

-- Returns the exit code.
function M.main()
  local session = setmetatable({}, Session)
  local meta = getmetatable(_G) or {}
  meta.__index = meta.__index or index
  setmetatable(_G, meta)
  if line.terminal(0) then
    converse(session)
    return 0
  end
  read_all(session)
  return session.failed and cli.ERROR or 0
end

return M
