-- Sets one field of batches, each if it still has the value seen. ARGV: format, field, n, (batch, expected, new)*.
-- Answers for each 1 or 0.
local field = arg()
local answers = {}
for i = 1, tonumber(arg()) do
  local about, expected, new = p .. 'b:' .. arg(), arg(), arg()
  answers[i] = 0
  if redis.call('HGET', about, field) == expected then
    redis.call('HSET', about, field, new)
    answers[i] = 1
  end
end
return answers
