-- Puts a token back, unless it is there or has ended. KEYS: the grant's mark, the token's own mark,
-- the grant's members, the token, then the indexes that name it. ARGV: now, how (`do`, `count`, or
-- `count_as_cleared`: clearing leaves what was replaced), its expiry, its value, then what each
-- index calls it.
if read(KEYS[1]) or read(KEYS[2]) then
  return {'ended'}
end
local found = read(KEYS[4])
if found and ARGV[2] == 'count_as_cleared' and found.state == 'live' then
  found = nil
end
local state = string.match(ARGV[4], '^%d+ (%l+)')
if found and (found.state == state or state == 'live') then
  return {'present'}
end
if ARGV[2] == 'do' then
  local expires = tonumber(ARGV[3])
  keep(KEYS[4], expires, ARGV[4])
  add_member(KEYS[3], KEYS[4], expires)
  for i = 5, #KEYS do
    index(KEYS[i], ARGV[i], expires)
  end
end
return {'restored'}
