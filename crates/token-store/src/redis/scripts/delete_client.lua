-- Deletes a client. ARGV: now.
local own = living()
redis.call('DEL', KEYS[1])
forget({KEYS[1]})
return {own and 'deleted' or 'unknown'}
