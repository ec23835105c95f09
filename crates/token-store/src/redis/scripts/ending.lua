-- Ends everything that belongs to a grant; until when the last of it would have lived.
local function end_members(members)
  local last = redis.call('ZRANGE', members, -1, -1, 'WITHSCORES')[2]
  for _, member in ipairs(redis.call('ZRANGE', members, 0, -1)) do
    redis.call('DEL', member)
  end
  redis.call('DEL', members)
  return tonumber(last or 0)
end

