-- SPDX-License-Identifier: MIT
--
-- Compiled C as bare-metal guests: the programs beside this file, built by
-- gcc and clang with vectors, print what the same C prints on the host. What
-- only a guest can run, the cryptographic instructions, must come to the
-- answers that the standards print.

local test = require "tap"
local sdk = require "guest._sdk"

local build <close> = sdk.new()

local programs = { "hash", "aes", "lz", "lanes", "matrix", "fft", "number",
  "json" }

-- Extensions that the compilers find uses for: the dot product, half
-- precision, matrices of bytes.
local variants = {
  { name = "gcc -O2", compiler = 1, flags = "-O2" },
  { name = "gcc -O3", compiler = 1, flags = "-O3 -march=armv8.6-a+crypto" },
  { name = "clang -O3", compiler = 2, flags = "-O3 -march=armv8.2-a+dotprod" }
}

local answers = ([[
AES-128 69c4e0d86a7b0430d8cdb78070b4c55a
and back 00112233445566778899aabbccddeeff
GHASH f38cbb1ad69223dcc3457ae5b6b0f885
SHA-1 a9993e364706816aba3e25717850c26c9cd0d89d
SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
SHA-512 ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
SHA3-256 3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532
SM3 66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0
SM4 681edf34d206965e86b3e94f536e4246
]]):gsub("\\\n", "")

-- The path of a program built as a guest.
local function guest(t, name, variant)
  local compiler = sdk.compilers[variant.compiler]
  build:needs(t, compiler)
  variant.path = variant.path or build:folder()
  sdk.write(variant.path .. "/Makefile",
    "include $(SDK)/guest/guest.mk\nvpath %.c $(SDK)/tests/guest/programs\n")
  build:make(t, compiler, ('-C %s SDK="$PWD" GUEST_OUT=%s GUEST_REGS= \z
    CFLAGS="-Werror -Wpedantic -ffp-contract=off -fno-math-errno %s" \z
    %s/%s.elf'):format(variant.path, variant.path, variant.flags,
    variant.path, name))
  return ("%s/%s.elf"):format(variant.path, name)
end

local outputs = {}

-- What it prints on the host.
local function expected(t, name)
  if outputs[name] then return outputs[name] end
  local path = build.path .. "/" .. name
  local said, status, errors = t.run(("%s -DHOST -std=c11 -O1 \z
    -ffp-contract=off -fno-math-errno tests/guest/programs/%s.c -o %s -lm")
    :format(os.getenv "CC" or "cc", name, path))
  t.eq(status, 0, said .. errors)
  outputs[name] = t.run(path)
  return t.ok(#outputs[name] > 40 and outputs[name])
end

for _, name in ipairs(programs) do
  for _, variant in ipairs(variants) do
    test(("%s by %s prints what it does on the host"):format(name,
        variant.name), function(t)
      local output, status, errors = sdk.run(t, guest(t, name, variant))
      t.eq(output, expected(t, name), errors)
      t.eq(status, 0, errors)
    end)
  end
end

for compiler, name in ipairs { "gcc", "clang" } do
  test("the standards' examples of cryptography come out, with " .. name,
    function(t)
      local variant = { compiler = compiler,
        flags = "-march=armv8.2-a+crypto+sha3+sm4" }
      local output, status, errors = sdk.run(t, guest(t, "crypto", variant))
      t.eq(output, answers, errors)
      t.eq(status, 0, errors)
    end)
end
