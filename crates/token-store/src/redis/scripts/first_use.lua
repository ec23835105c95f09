-- Marks something as used. KEYS: its mark. ARGV: now, until when the mark stays.
if read(KEYS[1]) then
  return {'again'}
end
keep(KEYS[1], tonumber(ARGV[2]), ARGV[2] .. ' used')
return {'first'}
