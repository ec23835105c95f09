-- Ends a grant. KEYS: the grant's mark, its members. ARGV: now, until when the mark stays.
local expires = tonumber(ARGV[2])
local mark = read(KEYS[1])
if mark and mark.expires > expires then
  expires = mark.expires
end
keep(KEYS[1], expires, expires .. ' ended')
for _, member in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  redis.call('DEL', member)
end
redis.call('DEL', KEYS[2])
return {'ended'}
