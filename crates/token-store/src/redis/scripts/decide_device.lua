-- Takes a decision. KEYS: the user code. ARGV: now, the decision, the grant of an approval.
local key = waiting(KEYS[1])
if not key then
  return {'unknown'}
end
redis.call('HSET', key, 'decision', ARGV[2], 'grant', ARGV[3])
return {'decided'}
