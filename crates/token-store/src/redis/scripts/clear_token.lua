-- Takes a token away that is good, and leaves one that was replaced. KEYS: the token, the grant's
-- members. ARGV: now, whether only to count (1 or 0).
local found = read(KEYS[1])
if not found or found.state ~= 'live' then
  return {'left'}
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], KEYS[1])
end
return {'gone'}
