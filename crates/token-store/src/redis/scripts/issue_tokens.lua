-- Makes tokens active. KEYS: the grant's mark, its members, then each token.
-- ARGV: now, then each token's expiry and value.
if read(KEYS[1]) then
  return {'ended'}
end
for i = 3, #KEYS do
  local expires, value = tonumber(ARGV[2 * i - 4]), ARGV[2 * i - 3]
  keep(KEYS[i], expires, value)
  add_member(KEYS[2], KEYS[i], expires)
end
return {'issued'}
