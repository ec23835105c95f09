-- Puts a client back, unless there is one or it was deleted. ARGV: now, the client, how (as in restore_token.lua).
if ARGV[7] ~= 'count_as_cleared' and living() then
  return {'present'}
end
if read(KEYS[4]) then
  return {'ended'}
end
if ARGV[7] == 'do' then
  write()
end
return {'restored'}
