-- Which batches have open tasks, and how many are due.
-- ARGV: format, now, behind, max, max_due. Looks at up to max batches with numbers above behind.
-- Answers for each: number, id, cancelled, pause, weight, then for submits and reads: due that nobody has, due whose
-- leases ran out (max_due at most of each), next due.
local now, behind, max, max_due = arg(), arg(), arg(), tonumber(arg())
local answers = {}
for _, no in ipairs(redis.call('ZRANGEBYSCORE', p .. 'open', '(' .. behind, '+inf', 'LIMIT', 0, max)) do
  local about = redis.call('HMGET', p .. 'b:' .. no, 'id', 'cancelled', 'pause', 'weight')
  local answer = { no, about[1] or '', about[2] or '0', about[3] or '', about[4] or '1' }
  local is_open = false
  for class = 0, 1 do
    local next_due = ''
    for held = 0, 2, 2 do
      local lane = due(no .. ':' .. (class + held))
      local head = redis.call('ZRANGE', lane, 0, 0, 'WITHSCORES')[2]
      local n = 0
      if head then
        is_open = true
        if tonumber(head) <= tonumber(now) then
          n = redis.call('ZCOUNT', lane, '-inf', now)
        end
        if next_due == '' or tonumber(head) < tonumber(next_due) then
          next_due = head
        end
      end
      answer[#answer + 1] = math.min(n, max_due)
    end
    answer[#answer + 1] = next_due
  end
  if is_open then
    answers[#answers + 1] = answer
  else
    redis.call('ZREM', p .. 'open', no)
    answers[#answers + 1] = { no }
  end
end
return answers
