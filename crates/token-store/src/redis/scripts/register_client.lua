-- Registers a client, or adds its registration tokens to the one that is there.
-- ARGV: now, the client, how many clients there may be, how many registration tokens each.
local own = living()
if own then
  for token in string.gmatch(ARGV[5], '%S+') do
    table.insert(own.tokens, token)
  end
  while #own.tokens > tonumber(ARGV[8]) do
    table.remove(own.tokens, 1)
  end
  set_tokens(own.tokens)
  return {'joined'}
end

-- Redis counts by expiry: a key that it dropped already is not among the living ones.
while redis.call('ZCOUNT', KEYS[2], '(' .. ARGV[1], '+inf') >= tonumber(ARGV[7]) do
  local oldest = redis.call('ZRANGE', KEYS[3], 0, 0)
  if not oldest[1] then
    return {'full'}
  end
  redis.call('DEL', oldest[1])
  forget(oldest)
end
write()
return {'created'}
