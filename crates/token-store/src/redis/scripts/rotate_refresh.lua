-- Replaces a refresh token. KEYS, ARGV: those of grants.lua, where the refresh token is the
-- successor; then KEYS: the presented token, its sealed answer; ARGV: expiry and value of the
-- sealed answer.
local presented = read(KEYS[10])
if not presented or read(KEYS[1]) then
  return {'unknown'}
end
if client_is_gone() then
  return {'client_gone'}
end
if presented.state == 'replaced' then
  local grace = read(KEYS[11])
  if grace then
    return {'graced', grace.record}
  end
  return {'reused'}
end

local replaced = presented.expires .. ' replaced ' .. presented.record
redis.call('SET', KEYS[10], replaced, 'KEEPTTL')

-- The sealed answer is kept for the grace and not a moment longer, by Redis's own measure of time.
local grace_until = tonumber(ARGV[9])
if grace_until > now then
  redis.call('SET', KEYS[11], ARGV[10], 'EX', grace_until - now)
  add_member(KEYS[2], KEYS[11], grace_until)
end
activate()
return {'rotated'}
