-- SPDX-License-Identifier: MIT
--
-- The session, `tinyvmm` alone: from a pipe, and on a terminal, where a user
-- is played who never depends on time.
local shell = require "shell"
local test = require "tap"
require "backend".only_file("soft", "the program more than the backend")
local typist = require "lua._typist"

local slurp = shell.slurp
local PROGRAM = (os.getenv "TV_BUILD" or "build/rel") .. "/tinyvmm"

local function write(t, text)
  local path = t.tmpname()
  local out <close> = assert(io.open(path, "wb"))
  out:write(text)
  return path
end

-- The session fed with `input`: { code, out, err }.
local function piped(t, input, options)
  local out, err = t.tmpname(), t.tmpname()
  local _, how, code = os.execute(("%s%s %s <%s >%s 2>%s"):format(
    shell.bound(300), PROGRAM, options or "", write(t, input), out, err))
  return { code = how == "exit" and code or -code, out = slurp(out),
    err = slurp(err) }
end

-- What one statement shows.
local function shows(t, input, want)
  local result = piped(t, input .. "\n")
  t.eq(result.err, "", input)
  t.eq(result.out, want, input)
  t.eq(result.code, 0, input)
end

test("an empty session says nothing and ends with 0", function(t)
  shows(t, "", "")
  shows(t, "-- nothing", "")
end)

test("values are shown usefully", function(t)
  shows(t, "6 * 7", "42 (0x2a)\n")
  shows(t, "-9, -10", "-9\t-10 (0xfffffffffffffff6)\n")
  shows(t, "1.5, true, nil", "1.5\ttrue\tnil\n")
  shows(t, [["a\n\"b\"\0\255"]], [["a\n\"b\"\x00\xff"]] .. "\n")
  shows(t, "'\u{e9}'", "\"\u{e9}\"\n")
  shows(t, "('x'):rep(2000)", '"' .. ("x"):rep(1000) .. '"... (2000 bytes)\n')
  shows(t, "{ 1, 20, { 3, { 4 } }, {}, a = 'b', ['c d'] = 1 }",
    '{ 1, 20 (0x14), { 3, {...} }, {}, a = "b", ["c d"] = 1 }\n')
  shows(t, "x = {} x.x = x return x", "{ x = { x = {...} } }\n")
  shows(t, "{}", "{}\n")
  shows(t, "setmetatable({}, { __tostring = function() return 'me' end })",
    "me\n")
  shows(t, "tv.dis(0x91001020)", '"add\\tx0, x1, #0x4"\n')
  shows(t, "tv.asm 'a: nop'", "image of 4 bytes, entry +0, 1 symbol: a\n")
  shows(t, "vm:run(0).kind\n_", '"budget"\n"budget"\n')
end)

test("long tables take a line an entry, and end", function(t)
  local result = piped(t, "local all = {} for i = 1, 50 do all[i] = i * i end"
    .. " return all\n")
  t.ok(result.out:find "^{\n  1,\n  4,\n", result.out)
  t.ok(result.out:find "\n  400 %(0x190%),\n  %.%.%. 30 more\n}\n$",
    result.out)
end)

test("a vCPU shows its registers and the next instruction", function(t)
  local result = piped(t, "vm:load(tv.asm 'start: add x1, x1, #4\\nb start')\n"
    .. "cpu.x1 = 0x1234\ncpu\ncpu.pstate = 0x60000004\ncpu.x30 = -1\ncpu\n")
  t.eq(result.err, "")
  local first, second = result.out:match "^(.- => [^\n]*\n)(.*)$"
  t.ok(first:find "\n x1 0x1234 +x9 0 ", result.out)
  t.ok(first:find "sp 0xff000\n pc 0x10000  pstate 0x3c5 %(nzcv DAIF EL1h%)\n",
    first)
  t.ok(first:find "\n => 0x10000 %(start%): add x1, x1, #0x4\n$", first)
  t.ok(second:find "x30%*0xffffffffffffffff\n", second)
  t.ok(second:find "\n x1 0x1234", second)
  t.ok(second:find "%(nZCv daif EL1t%)", second)
  for line in result.out:gmatch "[^\n]+" do t.ok(#line <= 80, line) end
end)

test("memory, machines and exits show what they are", function(t)
  local result = piped(t, "vm:write(0, 'hello')\nvm.ram\nvm\n"
    .. "cpu.pc = 0x900000\n"
    .. "vm:run()\nvm:hexdump(0, 16)\n")
  t.eq(result.err, "")
  t.ok(result.out:find("^ram  0x0%-0xfffff rwx\n00000000  68 65 6c 6c 6f 00 "
    .. "[^\n]*|hello%.+|\n00000010 [^\n]*\n%*\n%.%.%. 1048320 bytes more\n"),
    result.out)
  t.ok(result.out:find("\nvm on soft, 0 vCPUs, time 0 ns\n  ram  0x0-0xfffff "
    .. "rwx\n", 1, true), result.out)
  t.ok(result.out:find "\nunmapped: the vCPU starts at 0x900000", result.out)
  t.ok(result.out:find "|hello[^\n]*\n$", "a hex dump stands as it is")
end)

test("statements may take several lines", function(t)
  shows(t, "for i = 1, 2 do\n\n  print(i)\nend\n1 +\n2", "1\n2\n3\n")
  shows(t, "function f(x)\nreturn x + 1 end\nf(8)", "9\n")
  shows(t, "[[a\nb]]", '"a\\nb"\n')
  local result = piped(t, "1\nfor i = 1, 2 do\n")
  t.eq(result.out, "1\n")
  t.eq(result.code, 1)
  t.ok(result.err:find "^stdin:1: 'end' expected near <eof>\n$", result.err)
end)

test("an error ends its statement, not the session", function(t)
  local result = piped(t, "error 'boom'\nnosuch.x = 1\nx = = 1\nerror {}\n"
    .. "cpu.x99\n7\n")
  t.eq(result.out, "7\n")
  t.eq(result.code, 1)
  t.ok(result.err:find("stdin:1: boom\nstdin:1: attempt to index a nil value "
    .. "%(global 'nosuch'%)\nstdin:1: unexpected symbol near '='\ntable: "),
    result.err)
  t.ok(result.err:find "unknown register or field 'x99'", result.err)
  t.ok(not result.err:find "traceback", result.err)
end)

test("a handler's error says where the guest was", function(t)
  local result = piped(t, "vm:hypercall(9, function() error 'mine' end)\n"
    .. ".mov x0, #9; hvc #0\n")
  t.ok(result.err:find "^stdin:1: mine\nguest: cpu 0 at 0x10004: hvc #0x0\n$",
    result.err)
end)

test("a dot and an instruction: assembled at pc, executed, told", function(t)
  local result = piped(t, ".mov x0, #5\n.ADD x1, x0, #1; lsl x1, x1, #4\n"
    .. " . cmp x1, x0\n.fmov d2, #1.0\n.b 0x10000\ncpu.pc\n.inst 0xd503201f\n"
    .. "vm:write_u32(0x20000, 5)\n.b.ne 0x10008\n")
  t.eq(result.err, "")
  local lines = {}
  for line in result.out:gmatch "[^\n]+" do
    lines[#lines + 1] = line:gsub("%s+", " ")
  end
  t.eq(lines, {
    "0x10000: mov x0, #0x5 x0=0x5",
    "0x10004: add x1, x0, #0x1 x1=0x6",
    "0x10008: lsl x1, x1, #4 x1=0x60",
    "0x1000c: cmp x1, x0 nzcv=0010",
    "0x10010: fmov d2, #1.000000000000000000e+00 "
      .. "q2=0x00000000000000003ff0000000000000",
    "0x10014: b 0x10000",
    "65536 (0x10000)",
    "0x10000: nop",
    "0x10004: b.ne 0x10008",
  })
end)

test("an instruction may use symbols, and its exit is told", function(t)
  local result = piped(t, "cpu.pc\nvm:load(0x20000, tv.asm 'there: ret')\n"
    .. ".bl there\n.step\n")
  t.ok(result.out:find "\n0x10000: bl there +x30=0x10004\n0x20000 %(there%): "
    .. "ret\n$", result.out)
  result = piped(t, ".movz x9, #0x90, lsl #16\n.str x0, [x9]\n")
  t.ok(result.out:find "\nunmapped: str x0, %[x9%] at 0x10004", result.out)
end)

test("what is no instruction names the nearest", function(t)
  local result = piped(t, ".mvo x0, #1\n.hepl\n.mov x0\n.xyzzyx\n.mem\n.load\n"
    .. ".load /nonexistent\n.step nowhere\n")
  t.eq(result.out, "")
  t.eq(result.code, 1)
  for _, want in ipairs { ".mvo is no instruction and no command; did you "
      .. "mean '.mov'?", "did you mean '.help'?", "asm:1:", ".xyzzyx is no",
      ".mem needs an address", ".load needs a file", "No such file",
      "no image has a symbol 'nowhere'" } do
    t.ok(result.err:find(want, 1, true), want .. ": " .. result.err)
  end
end)

test("a command's words are counted and read with care", function(t)
  local result = piped(t, ".step -1\n.step 0\n.dis 0 -1\n.mem 0 -5\n.run 5\n"
    .. ".quit now\n.help me\n.step 1 2\n.run\n7\n")
  t.eq(result.code, 1)
  t.eq(result.err, "'-1' is no count from 1 on\n'0' is no count from 1 on\n"
    .. "'-1' is no count from 1 on\n'-5' is no count from 1 on\n"
    .. ".run takes nothing\n.quit takes nothing\n.help takes nothing\n"
    .. ".step takes one word\n")
  t.ok(result.out:find "^undefined: [^\n]*\n7\n$", result.out)
end)

test("garbage ends its statement, not the session", function(t)
  local result = piped(t, "\xff\xfe\n\0\n.\n. \n\\\n.\0\n"
    .. "error(setmetatable({}, { __tostring = function() error(1) end }))\n"
    .. "setmetatable({}, { __tostring = function() error 'deep' end })\n"
    .. "vm:close()\n.nop\ncpu\nvm = 5\n.nop\nsetmetatable(_G, nil)\n7\n")
  t.eq(result.code, 1)
  t.ok(result.out:find "\n7\n$", result.out)
  t.ok(result.err:find "__tostring fails", result.err)
  t.ok(result.err:find "closed vm", result.err)
  t.ok(not result.err:find "traceback", result.err)
end)

test("a very long string is shown at once, shortened", function(t)
  shows(t, "('x'):rep(1 << 24)", '"' .. ("x"):rep(1000)
    .. '"... (16777216 bytes)\n')
end)

test("commands: .load, .dis, .step, .run, .mem, .help, .quit", function(t)
  local guest = t.tmpname() .. ".S"
  t.temporary[#t.temporary + 1] = guest
  local out = assert(io.open(guest, "w"))
  out:write "main: mov x5, #3\nmov x0, #0\nmov x1, #7\nhvc #0\n"
  out:close()
  local result = piped(t, (".load %s\n.dis main 2\n.step\n.step 2\n.mem main 4"
    .. "\n.run\n.help\n.quit\n1\n"):format(guest))
  t.eq(result.err, "")
  t.eq(result.code, 0)
  t.ok(result.out:find("^16 bytes, at 0x10000 %(main%): mov x5, #0x3\n"
    .. "=> 0x10000 %(main%): mov x5, #0x3\n   0x10004 %(main%+4%): mov x0, "
    .. "#0x0\n0x10000 %(main%): mov x5, #0x3 +x5=0x3\n0x10004 [^\n]*\n0x10008 "
    .. "[^\n]* x1=0x7\n00010000  65 00 80 d2 [^\n]*\nthe guest ended itself "
    .. "by EXIT with status 7:"), result.out)
  t.ok(result.out:find "%.quit +ends the session", result.out)
  t.ok(not result.out:find "\n1\n$", "after .quit")
end)

test("a breakpoint ends .run and .step, and the next one goes on", function(t)
  local result = piped(t, ".nop\nvm:load(0x10000, tv.asm 'mov x0, #1; at: mov "
    .. "x1, #2; mov x2, #3')\ncpu.pc = 0x10000\nvm:set_breakpoint 'at'\n"
    .. ".step 3\n.step 2\ncpu.pc = 0x10000\n.run\n")
  t.eq(result.err, "")
  t.ok(result.out:find("0x10000: mov x0, #0x1 +x0=0x1\nthe breakpoint at "
    .. "0x10004 %(at%) was reached[^\n]*\n0x10004 %(at%): mov x1, #0x2 +x1=0x2"
    .. "\n0x10008 %(at%+4%): mov x2, #0x3 +x2=0x3\nthe breakpoint at 0x10004"),
    result.out)
end)

test("tv, vm and cpu are the script's own if it says so", function(t)
  shows(t, "vm = tv.vm { ram = '64K' }\nvm.ram.size\ncpu.sp\ncpu.vm == vm",
    "65536 (0x10000)\n0\ntrue\n")
  shows(t, "rawget(_G, 'vm')", "nil\n")
  shows(t, "cpu = 5\ncpu", "5\n")
end)

-- The session itself sends the signal, so that it comes while it runs.
test("Ctrl-C ends a session that reads a pipe, with 130", function(t)
  local result = piped(t, "io.popen 'kill -INT $PPID':close() "
    .. "while true do end\n1\n")
  t.eq(result.code, 130, result.err)
  t.ok(result.err:find "^tinyvmm: interrupted", result.err)
end)

-- On a terminal ---------------------------------------------------------------

-- What a user at a terminal sees who does the steps of tests/lua/typist.c in
-- the session: "<text" waits for it, ">keys" types them. (libedit never frees
-- the names of functions that are added to it.)
local function session(t, steps, environment)
  local input = write(t, table.concat(steps, "\0") .. "\0")
  local seen, status, err = t.run(("%s ASAN_OPTIONS=detect_leaks=0 %s %s <%s")
    :format(environment or "", typist.build(t), PROGRAM, input))
  if status == typist.NO_TERMINAL then
    t.skip "this machine has no terminals"
  end
  t.eq(status, 0, seen .. err)
  return seen
end

local PROMPT = "<\n> "

local function has_libedit()
  local result = os.execute(PROGRAM .. " -e 'os.exit(require "
    .. "\"tinyvmm.line\".edit())' </dev/null >/dev/null 2>&1")
  return result
end

-- A folder for the session's history, gone after fn(folder).
local function with_folder(t, fn)
  local folder = t.tmpname()
  os.remove(folder)
  fn(folder)
  os.execute("rm -rf " .. folder)
end

test("on a terminal there are prompts, and Ctrl-D ends", function(t)
  with_folder(t, function(folder)
    for _, term in ipairs { "dumb", "xterm" } do
      local seen = session(t, { PROMPT, ">6 * 7\n", PROMPT,
        ">for i = 1, 2 do\n", "<\n>> ", ">print(i) end\n", PROMPT, ">\4" },
        ("TERM=%s XDG_STATE_HOME=%s"):format(term, folder))
      t.ok(seen:find "TinyVMM %d[^\n]*%.help", seen)
      t.ok(seen:find "\n42 %(0x2a%)\n", seen)
      t.ok(seen:find "\n1\n2\n", seen)
      t.ok(seen:find "code 0\n", seen)
    end
  end)
end)

test("Ctrl-C interrupts guest and script, and clears the line", function(t)
  local guest = ("tv.asm [[mov x1, #%d; mov x0, #1; hvc #0; "
    .. "spin: b spin]]"):format(("@"):byte())
  with_folder(t, function(folder)
    for _, term in ipairs { "dumb", "xterm" } do
      local seen = session(t, { PROMPT, (">vm:load(%s)\n"):format(guest),
        PROMPT, ">cpu\n", PROMPT, ">vm:run()\n", "<@", ">\3",
        "<interrupted, cpu 0", PROMPT, ">print(7 * 7) while true do end\n",
        "<\n49\n", ">\3", "<\ninterrupted", PROMPT, ">for i = 1, 2 do\n",
        "<\n>> ", ">oops", "<oops", ">\3", PROMPT, ">100 + 1\n", PROMPT,
        ">\4" },
        ("TERM=%s NO_COLOR=1 XDG_STATE_HOME=%s"):format(term, folder))
      t.ok(seen:find "\ninterrupted, cpu 0 at 0x1000c %(spin%): b spin\n",
        seen)
      t.ok(seen:find "\n101 %(0x65%)\n", seen)
      t.ok(seen:find "code 0\n", seen)
      t.ok(not seen:find "\27%[%d*m", "NO_COLOR: " .. seen)
    end
  end)
end)

test("lines are edited, completed and remembered", function(t)
  if not has_libedit() then t.skip "needs libedit" end
  with_folder(t, function(folder)
    local environment = "TERM=xterm XDG_STATE_HOME=" .. folder
    local seen = session(t, { PROMPT, ">1 + 12\27[D0\n", PROMPT,
      ">cpu.sct\t\n", PROMPT, ">.mad\t x0, x1, x2, x3\n", PROMPT,
      ">vm:re\t\t", "<read_u8", ">\3", PROMPT, ">coro\t\n", PROMPT, ">\4" },
      environment)
    t.ok(seen:find "\n103 %(0x67%)\n", seen)
    t.ok(seen:find "\n818939904 %(0x30d00800%)\n", seen)
    t.ok(seen:find "\n0x10000: madd x0, x1, x2, x3\n", seen)
    t.ok(seen:find "\nread +[^\n]*read_u8", seen)
    t.ok(seen:find "\n{\n  close = function: ", seen)
    local history = slurp(folder .. "/tinyvmm/history")
    t.ok(history:find "^1 %+ 102\ncpu.sctlr_el1\n%.madd x0, x1, x2, x3\n",
      history)
    seen = session(t, { PROMPT, ">\16\16\n", PROMPT, ">\4" }, environment)
    t.ok(seen:find "0x10000: madd", "the history of former sessions: " .. seen)
  end)
end)

test("colours are for terminals", function(t)
  with_folder(t, function(folder)
    local seen = session(t, { PROMPT, ">error \"red\"\n", PROMPT, ">\4" },
      "TERM=xterm NO_COLOR= XDG_STATE_HOME=" .. folder)
    t.ok(seen:find "\27%[31mstdin:1: red\27%[0m", seen)
  end)
end)

-- Completion itself ---------------------------------------------------------

test("completion knows globals, fields, registers, mnemonics", function(t)
  package.preload["tinyvmm.line"] = package.preload["tinyvmm.line"]
    or function() return {} end
  local complete = require "tinyvmm.cli.complete".complete
  t.eq(complete "string.for", "mat")
  t.eq(complete "x = tab", "le")
  t.eq(complete "string.", nil)
  t.eq(complete "nosuch.", nil)
  t.eq(complete "retu", "rn")
  t.eq(complete ".umul", nil)
  t.ok(select(2, complete ".umul"):find "umulh +umull", "the list")
  t.eq(complete ".sdi", "v")
  t.eq(complete ".hel", "p")
  t.eq(complete ".msr vbar_", "el1")
  t.eq(complete "zzzz", nil)
end)
