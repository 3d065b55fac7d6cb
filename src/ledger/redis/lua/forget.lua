-- Takes a finished batch out of all lists; what it holds is dropped afterwards. ARGV: format, batch.
-- Answers 1, or 0 while it has open tasks or is half imported.
local no = arg()
local about = redis.call('HMGET', p .. 'b:' .. no, 'id', 'rows', 'imported', 'cancelled')
if not about[1] then
  return 1
end
local is_imported = tonumber(about[3]) >= tonumber(about[2])
local open = 0
for class = 0, 3 do
  open = open + redis.call('ZCARD', due(no .. ':' .. class))
end
if open > 0 or not (is_imported or about[4] == '1') then
  return 0
end
redis.call('HDEL', p .. 'batches', about[1])
redis.call('ZREM', p .. 'newest', string.format('%08x', no))
redis.call('ZREM', p .. 'open', no)
redis.call('SADD', p .. 'gone', no)
redis.call('SREM', p .. 'paused', no)
local counts = redis.call('HGETALL', p .. 'c:' .. no)
for i = 1, #counts, 2 do
  local n = tonumber(counts[i + 1])
  if n ~= 0 then
    redis.call('HINCRBY', p .. 'c:all', counts[i], string.format('%d', -n))
  end
end
redis.call('DEL', p .. 'c:' .. no)
return 1
