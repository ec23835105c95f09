-- Keeps a request. KEYS: the device, the user code. ARGV: now, the expiry, the user code's value,
-- then the device's record, client and interval.
if read(KEYS[2]) then
  return {'taken'}
end
keep(KEYS[2], tonumber(ARGV[2]), ARGV[3])
redis.call('HSET', KEYS[1], 'expires', ARGV[2], 'user_code', KEYS[2],
  'record', ARGV[4], 'client', ARGV[5], 'interval', ARGV[6])
redis.call('EXPIREAT', KEYS[1], ARGV[2] + SLACK)
return {'kept'}
