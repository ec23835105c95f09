-- Makes tokens active. KEYS, ARGV: those of grants.lua.
if read(KEYS[1]) then
  return {'ended'}
end
if client_is_gone() then
  return {'client_gone'}
end
activate()
return {'issued'}
