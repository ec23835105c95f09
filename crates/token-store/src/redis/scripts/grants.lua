-- What makes tokens active. KEYS: the grant's mark, its members, the client, the tokens of the
-- person, the tokens of the client, the grants of the client, the grants of the person, the access
-- token, the refresh token if there is one. ARGV: now, whether the client is kept here (1 or 0), the `jti`, the grant, then
-- expiry and value of the access token and of the refresh token.

-- Whether the client may still have tokens: one that is kept here may have been deleted.
local function client_is_gone()
  if ARGV[2] == '0' then
    return false
  end
  local expires = redis.call('HGET', KEYS[3], 'expires')
  return not expires or (expires ~= 'inf' and now >= tonumber(expires))
end

-- Adds a member to an index by its expiry; one that is there only becomes later.
local function index(key, member, expires)
  trim(key, now, SOME)
  redis.call('ZADD', key, 'GT', expires, member)
  -- `GT` alone sets none where there is none: a key without expiry counts as the latest.
  redis.call('EXPIREAT', key, expires + SLACK, 'NX')
  redis.call('EXPIREAT', key, expires + SLACK, 'GT')
end

local function activate()
  local last = 0
  for i = 8, KEYS[9] and 9 or 8 do
    local expires, value = tonumber(ARGV[2 * i - 11]), ARGV[2 * i - 10]
    keep(KEYS[i], expires, value)
    add_member(KEYS[2], KEYS[i], expires)
    last = math.max(last, expires)
  end
  local expires = tonumber(ARGV[5])
  index(KEYS[4], ARGV[3], expires)
  index(KEYS[5], ARGV[3], expires)
  index(KEYS[6], ARGV[4], last)
  index(KEYS[7], ARGV[4], last)
end

