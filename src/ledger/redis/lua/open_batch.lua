-- Makes a batch known, or gives a known one its new job text. ARGV: format, id, space, batch, job text, pause,
-- cancelled, weight, rows, created at. Answers the batch's number.
local id, space, batch, job, pause, cancelled, weight, rows, created =
  arg(), arg(), arg(), arg(), arg(), arg(), arg(), arg(), arg()
local no = redis.call('HGET', p .. 'batches', id)
if no then
  redis.call('HSET', p .. 'b:' .. no, 'job', job)
  return no
end
local space_no = redis.call('HGET', p .. 'spaces', space)
if not space_no then
  space_no = redis.call('HINCRBY', meta, 'spaces', 1)
  redis.call('HSET', p .. 'spaces', space, space_no)
end
no = redis.call('HINCRBY', meta, 'batches', 1)
redis.call('HSET', p .. 'batches', id, no)
redis.call('HSET', p .. 'b:' .. no, 'id', id, 'space', space_no, 'batch', batch, 'job', job, 'pause', pause,
  'cancelled', cancelled, 'weight', weight, 'rows', rows, 'imported', 0,
  'life', life())
if pause ~= '' then
  redis.call('SADD', p .. 'paused', no)
end
redis.call('ZADD', p .. 'newest', created, string.format('%08x', no))
return tostring(no)
