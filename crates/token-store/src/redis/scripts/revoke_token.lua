-- Ends one access token. KEYS: the token, its mark, the grant's members.
local token = read(KEYS[1])
if not token then
  return {'inactive'}
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[3], KEYS[1])
keep(KEYS[2], token.expires, token.expires .. ' revoked')
return {'revoked'}
