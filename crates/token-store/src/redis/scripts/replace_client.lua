-- Replaces a client that is alive. ARGV: now, the client.
if not living() then
  return {'unknown'}
end
write()
return {'replaced'}
