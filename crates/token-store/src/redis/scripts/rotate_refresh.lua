-- Replaces a refresh token. KEYS: the grant's mark, its members, the presented token, its sealed
-- answer, the new access token, the successor. ARGV: now, then expiry and value of the sealed
-- answer, of the new access token, and of the successor.
local presented = read(KEYS[3])
if not presented or read(KEYS[1]) then
  return {'unknown'}
end
if presented.state == 'replaced' then
  local grace = read(KEYS[4])
  if grace then
    return {'graced', grace.record}
  end
  return {'reused'}
end

local replaced = presented.expires .. ' replaced ' .. presented.record
redis.call('SET', KEYS[3], replaced, 'KEEPTTL')

-- The sealed answer is kept for the grace and not a moment longer, by Redis's own measure of time.
local grace_until = tonumber(ARGV[2])
if grace_until > now then
  redis.call('SET', KEYS[4], ARGV[3], 'EX', grace_until - now)
  add_member(KEYS[2], KEYS[4], grace_until)
end
for i = 5, 6 do
  local expires, value = tonumber(ARGV[2 * i - 6]), ARGV[2 * i - 5]
  keep(KEYS[i], expires, value)
  add_member(KEYS[2], KEYS[i], expires)
end
return {'rotated'}
