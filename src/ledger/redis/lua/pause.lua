-- Pauses batches, or resumes them, each if its pause still is the one seen. ARGV: format, n, (batch, expected, new)*; an
-- empty pause is none. Answers for each 1 or 0.
local answers = {}
for i = 1, tonumber(arg()) do
  local no, expected, new = arg(), arg(), arg()
  answers[i] = 0
  if redis.call('HGET', p .. 'b:' .. no, 'pause') == expected then
    redis.call('HSET', p .. 'b:' .. no, 'pause', new)
    redis.call(new == '' and 'SREM' or 'SADD', p .. 'paused', no)
    answers[i] = 1
  end
end
return answers
