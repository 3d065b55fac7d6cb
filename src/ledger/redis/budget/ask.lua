-- One worker asks when calls may leave, and tells what it knows: answers, leave it does not use, calls that the
-- server may have lost, a pause. Asked twice it does no harm: what is told is known by number, and leave that was
-- given twice under a number counts once, at the later time.
--
-- KEYS[1] begins the names of the budget's keys:
--   :log    every call that may still count, by number; the score is when it has certainly arrived at the provider:
--           a whole number once that is known, x.5 while it is the latest it can be
--   :books  the rest: life, last, shift, hold, paused, windows, tats
--   :queue  workers that asked and got no leave: since when, and until when they should have come again
-- All times are the server's, in milliseconds.

local AHEAD_MAX = 100     -- leave is given for no further ahead than this, or a tenth of the shortest window
local AHEAD_ONE = 400     -- but one call's leave further, if it is sure: those who ask first go first
local GIVEN_MAX = 256     -- calls' leave in one answer
local GIVEN_SHARE = 8     -- and no more than this part of a window, so that nobody takes it whole
local TRIMMED_MAX = 512   -- calls forgotten in one go
local RESENT_WAIT = 12000 -- after a restart nobody leaves sooner where calls count for long: all tell what was lost
local LOOK_MAX = 5000     -- whoever waits asks at least so often: the windows may have changed
local LOOK_MIN = 10       -- and no more often than this
local REPORT_MAX = 250    -- arrivals are told within this, or a sixteenth of the shortest window
local LATE_MAX = 1000     -- a worker that comes so much later than told to has lost its place in the queue
local KEPT_EXTRA = 60000  -- keys live this much longer than anything in them counts

local log, books, queue = KEYS[1] .. ':log', KEYS[1] .. ':books', KEYS[1] .. ':queue'

local at = 0
local function arg()
  at = at + 1
  return ARGV[at]
end
local function num()
  return tonumber(arg())
end

local worker, first, want = arg(), num(), num()
local given, given_anew, known = arg(), arg() == '1', arg()
local pause, doubt = num(), arg() == '1'
local on_way_max, paced_max = num(), num()

local was = redis.call('HMGET', books, 'life', 'last', 'shift', 'hold', 'paused', 'windows', 'tats')
local life, last, shift = was[1] or '', tonumber(was[2] or 0), tonumber(was[3] or 0)
local hold, paused = tonumber(was[4] or 0), tonumber(was[5] or 0)

-- The time never goes back, whatever is done to the clock or whichever replica took over.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + shift
if now < last then
  shift = shift + last - now
  now = last
end

-- The newest windows given hold for all.
local text = (given_anew and given) or was[6] or given
local tats = string.gmatch(text == was[6] and was[7] or '', '%S+')
local windows, longest, longest_paced, shortest = {}, 0, 0, math.huge
for calls, per in string.gmatch(text, '(%d+)/(%d+)') do
  local w = { calls = math.max(1, tonumber(calls)), per = tonumber(per), blocks = {} }
  local tat = tonumber(tats() or 0)
  if w.per <= paced_max then
    w.step = w.per / w.calls
    w.burst = (math.max(1, math.floor(w.calls / 2)) - 1) * w.step
    w.tat = tat
    longest_paced = math.max(longest_paced, w.per)
  end
  longest, shortest = math.max(longest, w.per), math.min(shortest, w.per)
  windows[#windows + 1] = w
end

-- Where calls count for long nothing is given ahead: a worker that dies would take it along.
local ahead, ahead_one, report = 0, 0, REPORT_MAX
if #windows > 0 then
  report = math.max(5, math.min(REPORT_MAX, math.floor(shortest / 16)))
  if longest <= paced_max then
    ahead, ahead_one = math.min(AHEAD_MAX, math.floor(shortest / 10)), AHEAD_ONE
  end
end

-- Another server process than last time may have lost what was written last. Those that live tell it again; what the
-- dead had is waited for until it no longer counts.
local server = redis.call('INFO', 'server')
local run = string.sub(string.match(server, 'run_id:(%x+)') or 'unknown', 1, 12)
local is_other = string.sub(life, 1, #run) ~= run
if is_other or doubt then
  local lost = doubt or life ~= '' or known ~= ''
  if lost and #windows > 0 then
    local since = now
    local promoted = string.match(redis.call('INFO', 'replication'), 'master_replid2:(%x*)')
    if not doubt and promoted and string.match(promoted, '^0+$') then
      since = now - 1000 * (tonumber(string.match(server, 'uptime_in_seconds:(%d+)')) or 0)
    end
    hold = math.max(hold, since + longest_paced + 1 + on_way_max + AHEAD_ONE)
    if is_other and longest > paced_max then
      hold = math.max(hold, now + RESENT_WAIT)
    end
  end
  if is_other then
    life = string.format('%s:%.0f', run, now)
  end
end

if pause > 0 then
  paused = math.max(paused, now + pause)
end

-- What the worker tells: arrivals, leave not used, calls that may be lost.
local function told(width, flags)
  local n = num()
  local args = { log, unpack(flags) }
  for _ = 1, n do
    local call = worker .. ':' .. arg()
    if width == 2 then
      args[#args + 1] = arg()
    end
    args[#args + 1] = call
  end
  return n > 0 and args
end
local arrived = told(2, { 'XX', 'LT' })
if arrived then
  redis.call('ZADD', unpack(arrived))
end
local unused = told(1, {})
if unused then
  local back = redis.call('ZREM', unpack(unused))
  for _, w in ipairs(windows) do
    if w.tat then
      w.tat = w.tat - back * w.step
    end
  end
end
local again = told(2, { 'NX' })
if again and #windows > 0 then
  redis.call('ZADD', unpack(again))
end

local over = redis.call('ZCOUNT', log, '-inf', string.format('(%.0f', now - longest - 1))
if over > 0 then
  redis.call('ZREMRANGEBYRANK', log, 0, math.min(over, TRIMMED_MAX) - 1)
end

-- Those who asked before and have no leave go first: that many places are left to them.
local since, before = now, 0
if want > 0 then
  local places, others = redis.call('HGETALL', queue), {}
  for i = 1, #places, 2 do
    local from, due = string.match(places[i + 1], '(%d+) (%d+)')
    if places[i] == worker then
      since = tonumber(from)
    elseif tonumber(due) < now then
      redis.call('HDEL', queue, places[i])
    else
      others[#others + 1] = tonumber(from)
    end
  end
  for _, from in ipairs(others) do
    if from < since then
      before = before + 1
    end
  end
end

-- The n-th call from now must wait until only calls - 1 of those before it count, in each window.
local many = math.min(want, GIVEN_MAX)
local counted = want > 0 and redis.call('ZCARD', log) or 0
for _, w in ipairs(windows) do
  many = math.min(many, math.max(1, math.floor(w.calls / GIVEN_SHARE)))
  -- Places in this window that go to others first, and whole windows of them.
  w.rounds, w.skipped = math.floor(before / w.calls), before % w.calls
  many = math.min(many, w.calls - w.skipped)
end
if many > 0 then
  for _, w in ipairs(windows) do
    local from = counted - w.calls + w.skipped
    if from + many > 0 then
      local low = math.max(from, 0)
      local scores = redis.call('ZRANGE', log, low, from + many - 1, 'WITHSCORES')
      for i = 2, #scores, 2 do
        w.blocks[low - from + i / 2] = tonumber(scores[i])
      end
    end
  end
end

local leave, look = {}, 0
local start, look_min = math.max(now, hold, paused), now + math.max(LOOK_MIN, report)
for j = 1, many do
  -- `soonest` is when it may leave if those on their way have arrived by then.
  local t, soonest, left, round = start, start, 0, 0
  for _, w in ipairs(windows) do
    local by = w.blocks[j]
    if by then
      local free = math.ceil(by) + w.per + 1
      t = math.max(t, free)
      if by % 1 ~= 0 and by > now then
        local left_at = math.floor(by) - on_way_max
        left, free = math.max(left, left_at), left_at + w.per + 1
      end
      soonest = math.max(soonest, free)
    end
    if w.tat then
      local paced = math.ceil(w.tat + before * w.step - w.burst)
      t, soonest = math.max(t, paced), math.max(soonest, paced)
    end
    round = math.max(round, w.rounds * (w.per + 1))
  end
  local is_sure = t == soonest and round == 0
  if round == 0 and (t <= now + ahead or (j == 1 and is_sure and t <= now + ahead_one)) then
    leave[j] = t
    for _, w in ipairs(windows) do
      if w.tat then
        w.tat = math.max(w.tat, now) + w.step
      end
    end
  else
    look = soonest + round - ahead_one
    if not is_sure then
      look = math.max(look, left + 1, look_min)
    end
    look = math.min(look, now + LOOK_MAX)
    if j == 1 then
      redis.call('HSET', queue, worker, string.format('%.0f %.0f', since, look + LATE_MAX))
    end
    break
  end
end
if #leave > 0 or want == 0 then
  redis.call('HDEL', queue, worker)
end

if #leave > 0 and #windows > 0 then
  local args = { log }
  for j, t in ipairs(leave) do
    args[#args + 1] = string.format('%.0f.5', t + on_way_max)
    args[#args + 1] = string.format('%s:%.0f', worker, first + j - 1)
  end
  redis.call('ZADD', unpack(args))
end

local kept = {}
for i, w in ipairs(windows) do
  kept[i] = string.format('%.3f', w.tat or 0)
end
redis.call('HSET', books, 'life', life, 'last', string.format('%.0f', now), 'shift', string.format('%.0f', shift),
  'hold', string.format('%.0f', hold), 'paused', string.format('%.0f', paused), 'windows', text,
  'tats', table.concat(kept, ' '))
local keep = math.max(longest, hold - now, paused - now) + on_way_max + AHEAD_ONE + KEPT_EXTRA
redis.call('PEXPIRE', books, string.format('%.0f', keep))
redis.call('PEXPIRE', log, string.format('%.0f', keep))
redis.call('PEXPIRE', queue, KEPT_EXTRA)

return { now * 1000 + time[2] % 1000, life, paused, ahead, report, look, unpack(leave) }
