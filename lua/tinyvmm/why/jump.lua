-- SPDX-License-Identifier: MIT
--
-- The pc is wrong: no memory there, memory that is not code, or not a
-- multiple of 4. Each sentence is "how it came there, what is there; fix".

local arrival = require "tinyvmm.why.arrival"
local rules = require "tinyvmm.why.rules"
local values = require "tinyvmm.why.values"

local function sentence(a, state, fix)
  return ("%s, %s; %s"):format(a.came, state, fix or a.fix)
end

-- A raw binary run at another address than it was linked for.
local function linked_elsewhere(e, f)
  for _, rec in ipairs(f:images()) do
    if rec.image.format == "raw" then
      for _, base in ipairs(values.LINK_BASES) do
        local offset = e.addr - base
        if base ~= rec.addr and offset >= 0 and offset < rec.size then
          return ("the guest jumped to %#x, where no memory is mapped: the "
            .. "program seems to be linked for %#x, but is loaded at %#x; load "
            .. "it by vm:load(%#x, ...)"):format(e.addr, base, rec.addr, base)
        end
      end
    end
  end
end

-- By reason -----------------------------------------------------------------

local function off_the_end(e, f)
  local a = arrival.of(e, f)
  if a.kind ~= "fell" or not f.below or f.below.last + 1 ~= e.addr then
    return nil
  end
  return ("the guest ran past %s at %s, the end of %s; %s before it"):format(
    a.from.text, f:show(a.from.pc), f.below.name, a.fix)
end

local function unmapped(e, f)
  local a = arrival.of(e, f)
  return sentence(a, "where no memory is mapped (" .. f:nearest() .. ")")
end

local function protected(e, f)
  local name = f.there and f.there.name or "memory"
  local prot = f.there and f.there.prot or ""
  local a = arrival.of(e, f)
  if f.there and f.there.kind == "MMIO" then
    return sentence(a, "in " .. name .. ": devices hold no code")
  end
  return sentence(a, ("in %s, whose protection \"%s\" has no \"x\""):format(
    name, prot), ("%s, or allow code there: memory:protect(\"%sx\")"):format(
    a.fix, prot))
end

local function not_aligned(e, f)
  local a = arrival.of(e, f)
  local fix, word = a.fix, f:word(e.pc & ~3)
  if e.pc & 3 == 1 and a.kind ~= "start" and word and word ~= 0
     and not values.text_of(string.pack("<I4", word)) then
    fix = "A64 has no Thumb bit: do not add 1 to code addresses"
  elseif a.kind == "call" or a.kind == "br" then
    fix = a.fix .. ": is it a pointer to bytes?"
  elseif a.kind == "start" then
    fix = "fix pc in vm:vcpu{}"
  end
  return sentence(a, "which is no multiple of 4, as instructions are", fix)
end

local function beyond(e, f)
  return sentence(arrival.of(e, f), "beyond the 48 bits of an address")
end

-- Zeros are no instruction (udf #0) -----------------------------------------

local function nothing_loaded(e, f)
  if not f:first() then return nil end
  local images = f:images()
  if #images == 0 then
    return ("the vCPU starts at %#x, where memory is empty (zeros are no "
      .. "instruction): nothing was loaded; put a program there with vm:load")
      :format(e.pc)
  end
  local last = images[#images]
  if f:image(e.pc) then return nil end
  return ("the vCPU starts at %#x, where memory is empty (zeros are no "
    .. "instruction): the program was loaded at %#x; give vm:vcpu{pc = %#x}")
    :format(e.pc, last.addr, last.addr)
end

local function empty(e, f)
  if e.insn ~= 0 then return nil end
  return sentence(arrival.of(e, f),
    "which is empty memory (zeros are no instruction)")
end

-- Small numbers as code are udf as well: a variable that was called.
local function number(e, f)
  if e.insn == 0 or e.insn >= 0x10000 then return nil end
  local a = arrival.of(e, f)
  if a.kind == "fell" or a.kind == "start" or a.kind == "unknown" then
    return nil
  end
  return sentence(a, ("which holds the number %d, not code"):format(e.insn))
end

local function fetch(e) return e.access == "x" end

return {
  unmapped = rules.when(fetch, { linked_elsewhere, off_the_end, unmapped }),
  protected = rules.when(fetch, { protected }),
  ["address-size"] = rules.when(fetch, { beyond }),
  ["pc-alignment"] = { not_aligned },
  undefined = { nothing_loaded, empty, number }
}
