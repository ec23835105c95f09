-- Writes a client. ARGV: now, the client.
write()
return {'written'}
