-- Prolongs leases that are still held, and shortens none. ARGV: format, until, n, (id, fence)*.
local untl = arg()
local nobody = string.rep('\0', 6)
for _ = 1, tonumber(arg()) do
  local id, fence = arg(), arg()
  local task = redis.call('HGET', tasks(id), id)
  if task and #task >= head_len and string.sub(task, 1, 4) == fence and string.sub(task, 5, 10) ~= nobody then
    local a, b, c, class = string.byte(task, 11, 14)
    redis.call('ZADD', due((a * 65536 + b * 256 + c) .. ':' .. class), 'XX', 'GT', untl, id)
  end
end
return 1
