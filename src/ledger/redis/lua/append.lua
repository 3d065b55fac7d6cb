-- Adds rows and what they make of their tasks: all of it, or nothing if something is not as the caller saw it.
-- ARGV: format, batch, cancelled, first row, imported,
--   n_blocks, (field, expected, new)*,
--   n_new, (bucket, key, id, task, lane, score)*,
--   life, n_saves, save*, n_counts, counts.
-- Answers {} when done, {'again'} when a block, a task or the batch has changed, {'known', n…} with the numbers of
-- keys thought new that are not, {'behind', imported} when rows before the first are not there.
local batch, cancelled, first, imported = arg(), arg(), tonumber(arg()), tonumber(arg())
local about = p .. 'b:' .. batch
if redis.call('HGET', about, 'cancelled') ~= cancelled then
  return { 'again' }
end
local has = redis.call('HGET', about, 'imported')
if first > tonumber(has) then
  return { 'behind', has }
end

local rows = p .. 'r:' .. batch
local blocks = {}
for i = 1, tonumber(arg()) do
  local block = { field = arg(), expected = arg(), new = arg() }
  if (redis.call('HGET', rows, block.field) or '') ~= block.expected then
    return { 'again' }
  end
  blocks[i] = block
end

local made, known = {}, { 'known' }
for i = 1, tonumber(arg()) do
  local new = { bucket = p .. arg(), key = arg(), id = arg(), task = arg(), lane = arg(), score = arg() }
  if redis.call('HEXISTS', new.bucket, new.key) == 1 then
    known[#known + 1] = i
  end
  made[i] = new
end
if #known > 1 then
  return known
end

-- A server that was set back may show tasks as they were seen that are not what was seen.
local seen_in, n_saves, saves = arg(), tonumber(arg()), {}
if n_saves > 0 and seen_in ~= life() then
  return { 'again' }
end
for i = 1, n_saves do
  local item = read_save()
  if redis.call('HGET', tasks(item.id), item.id) ~= item.expected then
    return { 'again' }
  end
  saves[i] = item
end
count(tonumber(arg()))

for _, block in ipairs(blocks) do
  redis.call('HSET', rows, block.field, block.new)
end
for _, new in ipairs(made) do
  redis.call('HSET', new.bucket, new.key, new.id)
  redis.call('HSET', tasks(new.id), new.id, new.task)
  if new.lane ~= '' then
    redis.call('ZADD', due(new.lane), new.score, new.id)
    opened[new.lane] = true
  end
end
for _, item in ipairs(saves) do
  save(item)
end
if imported > tonumber(redis.call('HGET', about, 'imported')) then
  redis.call('HSET', about, 'imported', imported)
end
finish()
return {}
