-- Answers a poll. KEYS: the device. ARGV: now, the client, what polling too soon costs.
local found = request(KEYS[1])
if not found or found.client ~= ARGV[2] then
  return {'unknown'}
end
if found.decision == 'approved' then
  redis.call('HSET', KEYS[1], 'decision', 'fetched')
  return {found.decision, found.grant}
end
if found.decision == 'fetched' then
  return {'unknown'}
end
if found.decision then
  redis.call('DEL', KEYS[1], found.user_code)
  return {found.decision, found.grant}
end
redis.call('HSET', KEYS[1], 'polled', now)
if found.polled and now < found.polled + found.interval then
  redis.call('HINCRBY', KEYS[1], 'interval', ARGV[3])
  return {'slow_down'}
end
return {'pending'}
