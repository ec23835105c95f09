-- Puts a client back, unless there is one. ARGV: now, the client, how (as in restore_token.lua).
if ARGV[7] ~= 'count_as_cleared' and living() then
  return {'present'}
end
if ARGV[7] == 'do' then
  write()
end
return {'restored'}
