-- Puts a mark back, which ends what it names. KEYS: the mark, the grant's members, and the access
-- token if it marks one alone. ARGV: now, how (as in restore_token.lua), its expiry, its state.
local expires = tonumber(ARGV[3])
local mark = read(KEYS[1])
if mark and mark.expires >= expires then
  return {'present'}
end
if ARGV[2] == 'do' then
  if KEYS[3] then
    redis.call('DEL', KEYS[3])
    redis.call('ZREM', KEYS[2], KEYS[3])
  else
    expires = math.max(expires, end_members(KEYS[2]))
  end
  keep(KEYS[1], expires, expires .. ' ' .. ARGV[4])
end
return {'restored'}
