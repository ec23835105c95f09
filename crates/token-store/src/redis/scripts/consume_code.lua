-- Uses a code up. KEYS: the code.
local code = read(KEYS[1])
if not code then
  return {'unknown'}
end
if code.state == 'used' then
  return {'replayed'}
end
redis.call('SET', KEYS[1], code.expires .. ' used ' .. code.record, 'KEEPTTL')
return {'fresh', code.record}
