-- Puts the mark of a deleted client back, unless a client of that identifier lives. KEYS: those of
-- clients.lua. ARGV: now, how (as in restore_token.lua), until when it stays.
if ARGV[2] ~= 'count_as_cleared' and living() then
  return {'present'}
end
local expires = tonumber(ARGV[3])
local mark = read(KEYS[4])
if mark and mark.expires >= expires then
  return {'present'}
end
if ARGV[2] == 'do' then
  keep(KEYS[4], expires, ARGV[3] .. ' deleted')
end
return {'restored'}
