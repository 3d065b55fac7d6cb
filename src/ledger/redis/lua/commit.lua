-- Saves tasks, each if it still is what the caller saw, and notes the calls that were made for them.
-- ARGV: format, n, then for each: mode, save, n_counts, counts, n_calls, calls.
--   mode 'heed': not if the batch has been cancelled and the task would stay open; 'save': whatever the batch;
--        'note': the calls alone.
--   call: key, field, value, n_counts, counts; a call noted before is not counted again.
-- Answers for each: 1 done, 0 it is something else by now, 2 its batch is cancelled.
local cancelled = {}
local function is_cancelled(lane)
  local batch = string.match(lane, '^%d+')
  if cancelled[batch] == nil then
    cancelled[batch] = redis.call('HGET', p .. 'b:' .. batch, 'cancelled') == '1'
  end
  return cancelled[batch]
end

local answers = {}
for i = 1, tonumber(arg()) do
  local mode = arg()
  local item = read_save()
  local answer = 1
  if mode ~= 'note' then
    if redis.call('HGET', tasks(item.id), item.id) ~= item.expected then
      answer = 0
    elseif mode == 'heed' and item.to ~= '' and is_cancelled(item.to) then
      answer = 2
    end
  end
  local n_counts = tonumber(arg())
  if answer == 1 and mode ~= 'note' then
    count(n_counts)
    save(item)
  else
    skip_counts(n_counts)
  end
  for _ = 1, tonumber(arg()) do
    local key, field, value = arg(), arg(), arg()
    local n = tonumber(arg())
    if answer == 1 and redis.call('HSETNX', p .. key, field, value) == 1 then
      count(n)
    else
      skip_counts(n)
    end
  end
  answers[i] = answer
end
finish()
return answers
