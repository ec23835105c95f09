-- Devices. A request is a hash: `record` (JSON), `client`, `expires`, `user_code` (its key), and
-- what the scripts change: `interval` (seconds), `polled` (the time of the last poll), `decision`
-- (`approved`, `denied`, or `fetched`: an approval that a poll was told) and `grant` (JSON).

-- The request at a key, or nil when there is none or it is over.
local function request(key)
  local names = {'expires', 'record', 'client', 'user_code', 'interval', 'polled', 'decision', 'grant'}
  local fields = redis.call('HMGET', key, unpack(names))
  if not fields[1] or now >= tonumber(fields[1]) then
    return nil
  end
  local found = {}
  for i, name in ipairs(names) do
    found[name] = fields[i]
  end
  return found
end

-- The key and the request that a user code stands for, as long as nobody has decided.
local function waiting(user_code)
  local value = read(user_code)
  local found = value and request(value.record)
  if found and not found.decision then
    return value.record, found
  end
end

