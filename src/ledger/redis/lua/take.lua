-- Lends due tasks. ARGV: format, now, now in six bytes, least fence, until, n_takes, (lane, how many)*, n_heads, lane*.
-- What a dead worker left goes before what waits. Answers {taken, heads}: id and task as it was before for each taken;
-- the next due time for each lane asked about.
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
-- Lends up to max of a set's due tasks; says how many it found.
local function lend(from, to, max)
  local ids = redis.call('ZRANGEBYSCORE', from, '-inf', now, 'LIMIT', 0, max)
  for _, id in ipairs(ids) do
    local task = redis.call('HGET', tasks(id), id)
    if task then
      local fence = next_fence(string.byte(task, 1, 4))
      local since = string.sub(task, 5, 10)
      if since == nobody then
        since = six
      end
      redis.call('HSET', tasks(id), id, fence .. since .. string.sub(task, 11))
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
