-- Takes one registration token away. ARGV: now, the token's hash.
local own = living()
for i, token in ipairs(own and own.tokens or {}) do
  if token == ARGV[2] then
    table.remove(own.tokens, i)
    set_tokens(own.tokens)
    return {'ended'}
  end
end
return {'unknown'}
