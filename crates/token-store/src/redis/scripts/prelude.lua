-- What every script begins with. ARGV[1] is always the caller's time, in seconds since 1970.

-- How much longer than its record Redis keeps a key, in seconds.
local SLACK = 60
local now = tonumber(ARGV[1])

-- The value EXPIRES STATE RECORD at a key, or nil when there is none or it is over.
local function read(key)
  local value = redis.call('GET', key)
  if not value then
    return nil
  end
  local expires, state, record = string.match(value, '^(%d+) (%l+) ?(.*)$')
  if not expires then
    error(redis.error_reply('DAMAGED a value has not the form in which it was written'))
  end
  expires = tonumber(expires)
  if now >= expires then
    return nil
  end
  return {expires = expires, state = state, record = record}
end

-- Keeps a value until its record is over.
local function keep(key, expires, value)
  redis.call('SET', key, value, 'EXAT', expires + SLACK)
end

-- Takes what is over out of a sorted set by expiry, a part of it at a time: a script holds everybody
-- up, and a set may have a million members. How many went.
local function trim(key, over_at, most)
  local over = redis.call('ZRANGE', key, '-inf', over_at, 'BYSCORE', 'LIMIT', 0, most)
  if #over > 0 then
    redis.call('ZREM', key, unpack(over))
  end
  return #over
end

-- How many members a script takes out by the way: more than it adds, so that nothing piles up.
local SOME = 100

-- Notes that a key ends with its grant, and forgets those that Redis has dropped.
local function add_member(members, key, expires)
  redis.call('ZADD', members, expires, key)
  trim(members, now - SLACK, SOME)
  local last = redis.call('ZRANGE', members, -1, -1, 'WITHSCORES')[2]
  redis.call('EXPIREAT', members, last + SLACK)
end

