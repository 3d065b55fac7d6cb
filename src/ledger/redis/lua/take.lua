-- Lends due tasks. ARGV: format, now, now in six bytes, until, n_takes, (lane, how many)*, n_heads, lane*.
-- What a dead worker left goes before what waits. Answers {taken, heads}: id and task as it was before for each taken;
-- the next due time for each lane asked about.
-- A task whose lease had run out keeps the time that lease began: a send may be as old as that.
local now, six, untl = arg(), arg(), arg()
local nobody = string.rep('\0', 6)
local taken = {}
-- Lends up to max of a set's due tasks; says how many it found.
local function lend(from, to, max)
  local ids = redis.call('ZRANGEBYSCORE', from, '-inf', now, 'LIMIT', 0, max)
  for _, id in ipairs(ids) do
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
      if from ~= to then
        redis.call('ZREM', from, id)
      end
      redis.call('ZADD', to, untl, id)
      taken[#taken + 1] = id
      taken[#taken + 1] = task
    else
      redis.call('ZREM', from, id)
    end
  end
  return #ids
end
for _ = 1, tonumber(arg()) do
  local lane, max = arg(), tonumber(arg())
  local found = lend(held(lane), held(lane), max)
  if found < max then
    lend(waiting(lane), held(lane), max - found)
  end
end
local heads = {}
for i = 1, tonumber(arg()) do
  local lane = arg()
  heads[i] = first_of(held(lane), waiting(lane))
end
return { taken, heads }
