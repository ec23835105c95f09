-- Clients. A client is a hash: `record` (JSON of what only its owner changes), and beside it what
-- the scripts change: `expires` (seconds since 1970, or `inf`), `used` (0 or 1) and `tokens` (the
-- hashes of its registration tokens, the newest last, with a blank between them).
-- KEYS: the client, all clients by expiry, the unused ones by registration, the mark that it was
-- deleted.

-- The client, or nil when there is none or it is over.
local function living()
  local fields = redis.call('HMGET', KEYS[1], 'expires', 'tokens', 'used')
  if not fields[1] then
    return nil
  end
  if fields[1] ~= 'inf' and now >= tonumber(fields[1]) then
    return nil
  end
  local tokens = {}
  for token in string.gmatch(fields[2], '%S+') do
    table.insert(tokens, token)
  end
  return {tokens = tokens, expires = fields[1], used = fields[3] == '1'}
end

-- Has Redis drop a key some time after `expires`.
local function drop(key, expires)
  if expires == 'inf' then
    redis.call('PERSIST', key)
  else
    redis.call('EXPIREAT', key, expires + SLACK)
  end
end

-- Takes keys of clients out of both sorted sets.
local function forget(clients)
  for _, client in ipairs(clients) do
    redis.call('ZREM', KEYS[2], client)
    redis.call('ZREM', KEYS[3], client)
  end
end

-- Sets when the client is over, here and in the sorted sets, which forget those that are.
local function set_expiry(expires)
  drop(KEYS[1], expires)
  redis.call('ZADD', KEYS[2], expires, KEYS[1])
  forget(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 100))
  local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
  if last then
    drop(KEYS[2], last)
    drop(KEYS[3], last)
  end
end

local function set_tokens(tokens)
  redis.call('HSET', KEYS[1], 'tokens', table.concat(tokens, ' '))
end

-- Writes the client as ARGV[2] to ARGV[6] say: record, expiry, used, tokens, time of registration.
local function write()
  redis.call('DEL', KEYS[1], KEYS[4])
  redis.call('HSET', KEYS[1],
    'record', ARGV[2], 'expires', ARGV[3], 'used', ARGV[4], 'tokens', ARGV[5])
  if ARGV[4] == '1' then
    redis.call('ZREM', KEYS[3], KEYS[1])
  else
    redis.call('ZADD', KEYS[3], ARGV[6], KEYS[1])
  end
  set_expiry(ARGV[3])
end

