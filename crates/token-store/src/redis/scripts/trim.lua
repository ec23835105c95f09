-- Takes what is over out of a sorted set. KEYS: the set. ARGV: now, how many members at most.
return {tostring(trim(KEYS[1], now, tonumber(ARGV[2])))}
