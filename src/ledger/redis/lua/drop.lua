-- Drops tasks with their keys, each if it still is what the caller saw: settled, or a batch in `gone` would not have it,
-- or unreadable. ARGV: format, n, (id, expected, bucket, key)*; bucket and key are empty where no key is known. Answers
-- for each 1 or 0.
local answers = {}
for i = 1, tonumber(arg()) do
  local id, expected, bucket, key = arg(), arg(), p .. arg(), arg()
  answers[i] = 0
  if redis.call('HGET', tasks(id), id) == expected then
    redis.call('HDEL', tasks(id), id)
    redis.call('HDEL', bucket, key)
    answers[i] = 1
  end
end
return answers
