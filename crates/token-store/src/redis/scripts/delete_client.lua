-- Deletes a client and its fetched keys (KEYS[5]), which leaves a mark for as long as it could have lived: if it was used, or in
-- any case. ARGV: now, whether in any case (1 or 0), until when the mark of one without an expiry
-- stays.
local own = living()
redis.call('DEL', KEYS[1], KEYS[5])
forget({KEYS[1]})
if own and (own.used or ARGV[2] == '1') then
  local expires = own.expires == 'inf' and ARGV[3] or own.expires
  keep(KEYS[4], tonumber(expires), expires .. ' deleted')
end
return {own and 'deleted' or 'unknown'}
