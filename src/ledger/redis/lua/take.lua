-- Lends due tasks, those first whose lease ran out: their rows have waited longest.
-- ARGV: format, now, now in six bytes, least fence, until, n_takes, (batch, class, how many)*, n_heads, (batch, class)*.
-- Answers {taken, heads}: id and task as it was before for each taken; the next due time for each batch and class asked
-- about.
-- A task whose lease had run out keeps the time that lease began: a send may be as old as that.
local now, six, least, untl = arg(), arg(), tonumber(arg()), arg()
local nobody = string.rep('\0', 6)
local taken = {}

-- The fence after this one, in four bytes; next_fence in stored.rs counts the same way.
local function next_fence(a, b, c, d)
  local fence = ((a * 256 + b) * 256 + c) * 256 + d
  local ahead = (least - fence) % 4294967296
  if ahead == 0 or ahead > 2147483647 then
    fence = (fence + 1) % 4294967296
  else
    fence = least
  end
  return string.char(
    math.floor(fence / 16777216), math.floor(fence / 65536) % 256, math.floor(fence / 256) % 256, fence % 256
  )
end

local function take(from, to, class, max)
  local n = 0
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', due(from), '-inf', now, 'LIMIT', 0, max)) do
    local task = redis.call('HGET', tasks(id), id)
    if task and #task < head_len then
      -- It is no task. Whoever asks is told, and it is met again later.
      redis.call('ZADD', due(from), untl, id)
      taken[#taken + 1] = id
      taken[#taken + 1] = task
      n = n + 1
      task = nil
    elseif from ~= to or not task then
      redis.call('ZREM', due(from), id)
    end
    if task then
      local fence = next_fence(string.byte(task, 1, 4))
      local since = string.sub(task, 5, 10)
      if since == nobody then
        since = six
      end
      local lent = fence .. since .. string.sub(task, 11, 13) .. string.char(class) .. string.sub(task, 15)
      redis.call('HSET', tasks(id), id, lent)
      redis.call('ZADD', due(to), untl, id)
      taken[#taken + 1] = id
      taken[#taken + 1] = task
      n = n + 1
    end
  end
  return n
end

for _ = 1, tonumber(arg()) do
  local batch, class, max = arg(), tonumber(arg()), tonumber(arg())
  local free, held = batch .. ':' .. class, batch .. ':' .. (class + 2)
  local n = take(held, held, class + 2, max)
  if n < max then
    take(free, held, class + 2, max - n)
  end
end

local heads = {}
for i = 1, tonumber(arg()) do
  local batch, class = arg(), tonumber(arg())
  local free = redis.call('ZRANGE', due(batch .. ':' .. class), 0, 0, 'WITHSCORES')[2]
  local held = redis.call('ZRANGE', due(batch .. ':' .. (class + 2)), 0, 0, 'WITHSCORES')[2]
  if not free or (held and tonumber(held) < tonumber(free)) then
    free = held
  end
  heads[i] = free or ''
end
return { taken, heads }
