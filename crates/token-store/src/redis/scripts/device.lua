-- Looks at a request that nobody has decided. KEYS: the user code. ARGV: now.
local _, found = waiting(KEYS[1])
if not found then
  return {'unknown'}
end
return {'waiting', found.record, found.interval}
