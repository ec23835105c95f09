-- Marks a client as used, and sets when it is over. ARGV: now, the expiry.
if not living() then
  return {'unknown'}
end
redis.call('HSET', KEYS[1], 'used', 1, 'expires', ARGV[2])
redis.call('ZREM', KEYS[3], KEYS[1])
set_expiry(ARGV[2])
return {'prolonged'}
