-- Ends a grant; `again` if it had ended before. KEYS: the grant's mark, its members. ARGV: now,
-- until when the mark stays at least.
local expires = math.max(tonumber(ARGV[2]), end_members(KEYS[2]))
local mark = read(KEYS[1])
if mark and mark.expires > expires then
  expires = mark.expires
end
keep(KEYS[1], expires, expires .. ' ended')
return {mark and 'again' or 'ended'}
