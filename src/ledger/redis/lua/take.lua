-- Lends due tasks. ARGV: format, now, now in six bytes, until, n_takes, (lane, how many)*, n_heads, lane*.
-- Answers {taken, heads}: id and task as it was before for each taken; the next due time for each lane asked about.
-- A task whose lease had run out keeps the time that lease began: a send may be as old as that.
local now, six, untl = arg(), arg(), arg()
local nobody = string.rep('\0', 6)
local taken = {}
for _ = 1, tonumber(arg()) do
  local lane, max = due(arg()), arg()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', lane, '-inf', now, 'LIMIT', 0, max)) do
    local task = redis.call('HGET', tasks(id), id)
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
      redis.call('HSET', tasks(id), id, string.char(a, b, c, d) .. since .. string.sub(task, 11))
      redis.call('ZADD', lane, untl, id)
      taken[#taken + 1] = id
      taken[#taken + 1] = task
    else
      redis.call('ZREM', lane, id)
    end
  end
end
local heads = {}
for i = 1, tonumber(arg()) do
  heads[i] = redis.call('ZRANGE', due(arg()), 0, 0, 'WITHSCORES')[2] or ''
end
return { taken, heads }
