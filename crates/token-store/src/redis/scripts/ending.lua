-- Ends everything that belongs to a grant.
local function end_members(members)
  for _, member in ipairs(redis.call('ZRANGE', members, 0, -1)) do
    redis.call('DEL', member)
  end
  redis.call('DEL', members)
end

