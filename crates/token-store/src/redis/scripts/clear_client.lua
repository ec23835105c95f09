-- Takes a client away. ARGV: now, whether only to count (1 or 0).
local own = living()
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
  forget({KEYS[1]})
end
return {own and 'gone' or 'left'}
