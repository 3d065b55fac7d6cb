-- Lends due tasks, those first whose lease ran out: their rows have waited longest. ARGV: format, now, now in six bytes, until, n_takes, (batch, class, how many)*,
-- n_heads, (batch, class)*.
-- Answers {taken, heads}: id and task as it was before for each taken; the next due time for each batch and class asked
-- about.
-- A task whose lease had run out keeps the time that lease began: a send may be as old as that.
local now, six, untl = arg(), arg(), arg()
local nobody = string.rep('\0', 6)
local taken = {}

local function take(from, to, class, max)
  local n = 0
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', due(from), '-inf', now, 'LIMIT', 0, max)) do
    local task = redis.call('HGET', tasks(id), id)
    if from ~= to or not task then
      redis.call('ZREM', due(from), id)
    end
    if task then
      local a, b, c, d = string.byte(task, 1, 4)
      d = d + 1
      if d == 256 then d = 0; c = c + 1 end
      if c == 256 then c = 0; b = b + 1 end
      if b == 256 then b = 0; a = (a + 1) % 256 end
      local since = string.sub(task, 5, 10)
      if since == nobody then
        since = six
      end
      local lent = string.char(a, b, c, d) .. since .. string.sub(task, 11, 13) .. string.char(class) .. string.sub(task, 15)
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
