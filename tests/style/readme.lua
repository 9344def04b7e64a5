-- SPDX-License-Identifier: MIT
--
-- The code in every README.md is run. Fences decide by their info string:
--   ```lua           run by our program; it must end with status 0
--   ```lua fragment  shown, not run (it needs what the text around it says)
--   ```sh run        run by sh in the top folder, with `tinyvmm` on the path
--   ```sh            shown: it builds or installs something
-- Blocks for other tools are run by the test of that manual (OTHERS).
-- What it prints is compared where the text says what that is: a ```text
-- block right after it, or lines `-- prints: ...` inside it.
local test = require "tap"
local files = require "style._files"

local build = os.getenv "TV_BUILD" or "build/rel"
local program = build .. "/tinyvmm"

local INFO = { lua = true, ["lua fragment"] = true, ["sh run"] = true,
  sh = true, text = true, [""] = true }
local OTHERS = {
  ["guest/README.md"] = { asm = true, c = true, make = true,
    ["make installed"] = true }   -- guest/sdk.lua, install/install.lua
}

-- The fenced blocks of a file: {info=, line=, text=, output= or nil}.
local function blocks_of(file)
  local list, block, last = {}, nil, nil
  for n, line in ipairs(file.lines) do
    local fence = line:match "^```(.*)$"
    if fence and not block then
      block = { info = fence, line = n, lines = {} }
    elseif fence then
      block.text = table.concat(block.lines, "\n") .. "\n"
      if block.info == "text" and last then last.output = block.text end
      list[#list + 1] = block
      last, block = block, nil
    elseif block then
      table.insert(block.lines, line)
    elseif line:find "%S" then
      last = nil
    end
  end
  return list, block
end

local function expected(block)
  if block.output then return block.output end
  local lines = {}
  for line in block.text:gmatch "[^\n]+" do
    lines[#lines + 1] = line:match "%-%- prints: ?(.*)$"
  end
  return lines[1] and table.concat(lines, "\n") .. "\n" or nil
end

local function run(t, block)
  local command = 'PATH="$PWD/' .. build .. ':$PATH"\n' .. block.text
  if block.info == "lua" then
    local source = t.tmpname()
    local f <close> = assert(io.open(source, "w"))
    f:write(block.text)
    f:close()
    command = program .. " " .. source
  end
  local output, status, errors = t.run(command)
  t.ok(status == 0, ("ended with %d\n%s%s"):format(status, output, errors))
  return output
end

for _, path in ipairs(files.paths ".") do
  if path:find "README%.md$" then
    local blocks, open = blocks_of(files.read(path))
    test(path .. " closes every code block", function(t)
      t.ok(not open, open and "open since line " .. open.line)
    end)
    test(path .. " has no code that is neither run nor marked", function(t)
      for _, block in ipairs(blocks) do
        local other = OTHERS[path] and OTHERS[path][block.info]
        t.ok(INFO[block.info] or other, ("line %d: ```%s"):format(block.line,
          block.info))
      end
    end)
    for _, block in ipairs(blocks) do
      if block.info == "lua" or block.info == "sh run" then
        test(("%s:%d runs"):format(path, block.line), function(t)
          t.ok(io.open(program, "rb"), program .. " is not built"):close()
          local output, want = run(t, block), expected(block)
          if want then t.eq(output, want) end
        end)
      end
    end
  end
end
