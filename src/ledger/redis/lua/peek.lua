-- Which batches have open tasks, and how many are due.
-- ARGV: format, now, behind, max, max_due. Looks at up to max batches with numbers above behind.
-- Answers for each: number, id, cancelled, pause, weight, then for submits and reads: left by dead workers and due
-- (max_due at most), next due.
local now, behind, max, max_due = arg(), arg(), arg(), tonumber(arg())
local answers = {}
for _, no in ipairs(redis.call('ZRANGEBYSCORE', p .. 'open', '(' .. behind, '+inf', 'LIMIT', 0, max)) do
  local about = redis.call('HMGET', p .. 'b:' .. no, 'id', 'cancelled', 'pause', 'weight')
  local answer = { no, about[1] or '', about[2] or '0', about[3] or '', about[4] or '1' }
  local is_open = false
  for class = 0, 1 do
    local lane = no .. ':' .. class
    local head = first_of(held(lane), waiting(lane))
    local n_left, n_due = 0, 0
    if head ~= '' then
      is_open = true
      if tonumber(head) <= tonumber(now) then
        n_left = redis.call('ZCOUNT', held(lane), '-inf', now)
        n_due = redis.call('ZCOUNT', waiting(lane), '-inf', now)
      end
    end
    answer[#answer + 1] = math.min(n_left, max_due)
    answer[#answer + 1] = math.min(n_due, max_due)
    answer[#answer + 1] = head
  end
  if is_open then
    answers[#answers + 1] = answer
  else
    redis.call('ZREM', p .. 'open', no)
    answers[#answers + 1] = { no }
  end
end
return answers
