-- SPDX-License-Identifier: MIT
--
-- SHA-256 (FIPS 180-4) of a string, as 32 bytes. The constants are what the
-- standard says they are: the first bits of the fractional parts of square
-- and cube roots of primes, computed here in integers.

local MASK = 0xffffffff

-- floor(2^32 * n^(1/p)) mod 2^32, by bisection on 40-bit roots: x^p is
-- compared with n * 2^(32 p) in digits of 16 bits.
local function power(x, p)
  local digits = { 1 }
  for _ = 1, p do
    local carry = 0
    for i = 1, #digits do
      carry = carry + digits[i] * x
      digits[i] = carry & 0xffff
      carry = carry >> 16
    end
    while carry > 0 do
      digits[#digits + 1] = carry & 0xffff
      carry = carry >> 16
    end
  end
  return digits
end

local function above(x, p, n)
  local d, shift = power(x, p), 2 * p  -- n * 2^(32 p): n in digit 2 p + 1
  local high = 0
  for i = #d, shift + 1, -1 do high = high << 16 | d[i] end
  return high >= n
end

local function root(n, p)
  local low, high = 0, 1 << 37
  while high - low > 1 do
    local mid = (low + high) // 2
    if above(mid, p, n) then high = mid else low = mid end
  end
  return low & MASK
end

local H, K = {}, {}
do
  local n = 2
  while #K < 64 do
    local prime = true
    for d = 2, n - 1 do prime = prime and n % d ~= 0 end
    if prime then
      K[#K + 1] = root(n, 3)
      if #H < 8 then H[#H + 1] = root(n, 2) end
    end
    n = n + 1
  end
end

local function rotate(x, n) return (x >> n | x << (32 - n)) & MASK end

local function schedule(block)
  local w = { string.unpack((">I4"):rep(16), block) }
  for i = 17, 64 do
    local a, b = w[i - 15], w[i - 2]
    local s0 = rotate(a, 7) ~ rotate(a, 18) ~ a >> 3
    local s1 = rotate(b, 17) ~ rotate(b, 19) ~ b >> 10
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) & MASK
  end
  return w
end

local function compress(state, block)
  local w = schedule(block)
  local a, b, c, d, e, f, g, h = table.unpack(state)
  for i = 1, 64 do
    local s1 = rotate(e, 6) ~ rotate(e, 11) ~ rotate(e, 25)
    local choice = e & f ~ ~e & g
    local t1 = h + s1 + choice + K[i] + w[i]
    local s0 = rotate(a, 2) ~ rotate(a, 13) ~ rotate(a, 22)
    local majority = a & b ~ a & c ~ b & c
    a, b, c, d, e, f, g, h = t1 + s0 + majority & MASK, a, b, c,
      d + t1 & MASK, e, f, g
  end
  for i, v in ipairs { a, b, c, d, e, f, g, h } do
    state[i] = state[i] + v & MASK
  end
end

return function(text)
  local length = #text
  text = text .. "\x80" .. ("\0"):rep(-(length + 9) % 64)
    .. string.pack(">I8", length * 8)
  local state = { table.unpack(H) }
  for at = 1, #text, 64 do compress(state, text:sub(at, at + 63)) end
  return string.pack((">I4"):rep(8), table.unpack(state))
end
