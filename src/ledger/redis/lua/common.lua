-- What all scripts begin with. KEYS[1] is the ledger's 'meta', from which all other names are made: they have its hash
-- tag, so all lie in one slot. ARGV[1] is the format the caller knows.
local meta = KEYS[1]
local p = string.sub(meta, 1, -5)
local format = redis.call('HGET', meta, 'format')
if format ~= ARGV[1] then
  return redis.error_reply('FORMAT ' .. (format or 'none'))
end

local at = 1
local function arg()
  at = at + 1
  return ARGV[at]
end

-- The server's life: another after each start and each failover. Empty if it does not say.
local function life()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
end

-- What scripts read at the beginning of a task.
local head_len = 14

-- An id's first three bytes are the number of the batch whose row made the task.
local function tasks(id)
  local a, b, c = string.byte(id, 1, 3)
  return p .. 't:' .. (a * 65536 + b * 256 + c)
end

local function due(lane)
  return p .. 'd:' .. lane
end

-- Differences of counts, added up and written once.
local counted = {}
local function count(n_changes)
  for _ = 1, n_changes do
    local batch, slot, n = arg(), arg(), tonumber(arg())
    local of = counted[batch]
    if not of then
      of = {}
      counted[batch] = of
    end
    of[slot] = (of[slot] or 0) + n
  end
end
local function skip_counts(n_changes)
  at = at + 3 * n_changes
end

local opened = {}

-- A task that is to be saved: id, expected, new, from lane, to lane, score (empty: as it is). Counts are read apart.
local function read_save()
  return { id = arg(), expected = arg(), new = arg(), from = arg(), to = arg(), score = arg() }
end
local function save(item)
  redis.call('HSET', tasks(item.id), item.id, item.new)
  local score = item.score
  if item.from ~= '' and item.from ~= item.to then
    if score == '' then
      score = redis.call('ZSCORE', due(item.from), item.id)
    end
    redis.call('ZREM', due(item.from), item.id)
  end
  if item.to ~= '' and score and score ~= '' then
    redis.call('ZADD', due(item.to), score, item.id)
    opened[item.to] = true
  end
end

local function finish()
  local all = {}
  for batch, of in pairs(counted) do
    for slot, n in pairs(of) do
      if n ~= 0 then
        redis.call('HINCRBY', p .. 'c:' .. batch, slot, n)
        all[slot] = (all[slot] or 0) + n
      end
    end
  end
  for slot, n in pairs(all) do
    if n ~= 0 then
      redis.call('HINCRBY', p .. 'c:all', slot, n)
    end
  end
  for lane in pairs(opened) do
    local batch = string.match(lane, '^%d+')
    redis.call('ZADD', p .. 'open', batch, batch)
  end
end
