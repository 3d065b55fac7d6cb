-- The server's present life, and those in which batches were made. ARGV: format, n, batch*.
local answers = { life() }
for i = 1, tonumber(arg()) do
  answers[i + 1] = redis.call('HGET', p .. 'b:' .. arg(), 'life') or ''
end
return answers
