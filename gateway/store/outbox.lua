#!lua name=gateway_outbox_VERSION

-- Messages on their way, on the server: whatever must happen at once or not at all.
--
-- A queue is a stream read by one consumer group, and beside it a sorted set of what is to come
-- later (score: milliseconds since the epoch). What a worker takes is its own for a lease, which
-- it renews; what nobody renews is given to the next one. All workers share one consumer name,
-- for whose an entry is follows from the lease alone, and a killed worker leaves nothing behind.
--
-- A message is a hash (its record) and a string (its body: number and text, sealed, with a life
-- of its own). Fields of a record:
--
--    s  state, a letter (see STATES of outbox.py)      n  attempts so far
--    l  lane                                           h  1: hold an attempt of unknown fate
--    u  not to be sent after, ms                       e  1: sent even after a stop word
--    a  agency, "" for the gateway's own               k  1: the agency is told of the end
--    t  template        v  version of the menus        g  segments
--    y  history: for each state its letter, seconds since the epoch (4 bytes, big-endian), the
--       length of a reason (1 byte), and the reason
--    c  key of the citizen's stop word                 w  provider of the newest attempt
--    i  keyed hash of the citizen's number, by which she can be forgotten
--    r  1: an earlier attempt may have left, so that nobody can take it back

local GROUP = 'workers'
local CONSUMER = 'worker'
local FINAL = { d = true, f = true, e = true, p = true, c = true }
local COUNTED = { s = true, d = true, f = true, e = true, p = true, c = true, u = true }
local TOLD = { d = true, f = true, e = true, p = true, c = true, u = true }

local function milliseconds()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

-- A state is entered: it is written down, counted by day, and told to who wants to know.
-- `shard` is the tag with its colon ("{07}:"), `id` the message's.
local function enter(record, shard, id, letter, reason)
  local now = milliseconds()
  local seconds = math.floor(now / 1000)
  local told = redis.call('HMGET', record, 'y', 'a', 't', 'k')
  local history = (told[1] or '') .. letter .. struct.pack('>I4', seconds)
    .. string.char(#reason) .. reason
  redis.call('HSET', record, 's', letter, 'y', history)
  if COUNTED[letter] then
    local day = shard .. 'n:' .. whole(math.floor(seconds / 86400))
    redis.call('HINCRBY', day, told[2] .. ' ' .. told[3] .. ' ' .. letter, 1)
    redis.call('EXPIRE', day, 400 * 86400)
  end
  if told[4] == '1' and TOLD[letter] then
    local line = table.concat({ '0', id, letter, whole(now), reason }, ' ')
    redis.call('XADD', shard .. 'q:hooks', '*', 'e', line)
  end
end

local function finish(stream, entry)
  redis.call('XACK', stream, GROUP, entry)
  redis.call('XDEL', stream, entry)
end

-- keys: record, body, stream, later, stop word, brake
-- args: shard tag, id, lane, payload of the queue, due in ms (0: now), sealed body, its life in
--       ms, life of the record in ms, most of the brake (0: none), its window in ms, life of a
--       settled body in ms, then fields and values of the record
-- gives 1 and the state's letter if the message is new, else 0 and its letter
local function accept(keys, args)
  local record, shard, id = keys[1], args[1], args[2]
  local known = redis.call('HGET', record, 's')
  if known then
    return { 0, known }
  end
  redis.call('HSET', record, 'l', args[3], 'n', '0', 'c', keys[5], unpack(args, 12))
  redis.call('PEXPIRE', record, args[8])
  redis.call('SET', keys[2], args[6], 'PX', args[7])
  enter(record, shard, id, 'a', '')
  local function suppressed(reason)
    enter(record, shard, id, 'p', reason)
    redis.call('PEXPIRE', keys[2], args[11])
    return { 1, 'p' }
  end
  local essential = redis.call('HGET', record, 'e') == '1'
  if not essential and redis.call('EXISTS', keys[5]) == 1 then
    return suppressed('opted-out')
  end
  if args[9] ~= '0' then
    local alike = redis.call('INCR', keys[6])
    if alike == 1 then
      redis.call('PEXPIRE', keys[6], args[10])
    end
    if alike > tonumber(args[9]) then
      return suppressed('duplicate')
    end
  end
  if tonumber(args[5]) > milliseconds() then
    redis.call('ZADD', keys[4], args[5], args[4])
    return { 1, 'a' }
  end
  enter(record, shard, id, 'q', '')
  redis.call('XADD', keys[3], '*', 'e', args[4])
  return { 1, 'q' }
end

-- keys: stream, later
-- args: shard tag, most, lease in ms, 1 if the entries are messages
-- gives a list of {entry, 1 if its last taker let it go, fields and values}
local function take(keys, args)
  local stream, later, most = keys[1], keys[2], tonumber(args[2])
  local due = redis.call('ZRANGEBYSCORE', later, '-inf', whole(milliseconds()), 'LIMIT', 0, most)
  for _, payload in ipairs(due) do
    if args[4] == '1' then
      local id = string.match(payload, '^%S+')
      local record = args[1] .. 'm:' .. id
      if redis.call('HGET', record, 's') == 'a' then
        enter(record, args[1], id, 'q', '')
      end
    end
    redis.call('XADD', stream, '*', 'e', payload)
    redis.call('ZREM', later, payload)
  end
  if redis.call('EXISTS', stream) == 0 then
    return {}
  end
  local claimed = redis.pcall('XAUTOCLAIM', stream, GROUP, CONSUMER, args[3], '0-0', 'COUNT', most)
  if claimed.err then
    redis.call('XGROUP', 'CREATE', stream, GROUP, '0')
    claimed = { '0-0', {} }
  end
  local taken = {}
  for _, entry in ipairs(claimed[2]) do
    taken[#taken + 1] = { entry[1], 1, entry[2] }
  end
  if #taken < most then
    local read = redis.call(
      'XREADGROUP', 'GROUP', GROUP, CONSUMER, 'COUNT', most - #taken, 'STREAMS', stream, '>'
    )
    if read then
      for _, entry in ipairs(read[1][2]) do
        taken[#taken + 1] = { entry[1], 0, entry[2] }
      end
    end
  end
  return taken
end

-- keys: stream; args: entries
local function renew(keys, args)
  redis.call('XCLAIM', keys[1], GROUP, CONSUMER, 0, unpack(args))
  return #args
end

-- keys: stream, later; args: entry, payload or '', due in ms
-- gives 1, or 0 if the entry was somebody else's to finish
local function done(keys, args)
  local ours = redis.call('XACK', keys[1], GROUP, args[1])
  redis.call('XDEL', keys[1], args[1])
  if ours == 1 and args[2] ~= '' then
    redis.call('ZADD', keys[2], args[3], args[2])
  end
  return ours
end

-- An entry goes over to another stream as it is.
-- keys: stream, other stream; args: entry
local function move(keys, args)
  local found = redis.call('XRANGE', keys[1], args[1], args[1])
  if found[1] then
    redis.call('XADD', keys[2], '*', unpack(found[1][2]))
  end
  finish(keys[1], args[1])
  return #found
end

-- Just before an attempt.
-- keys: record, body, stream
-- args: shard tag, id, entry, provider, most attempts, life of a settled body in ms
-- gives {1, attempt, sealed body, 1 if its unknown fate is held}, or {0, letter} where there is
--       nothing to send
local function begin(keys, args)
  local record, shard, id = keys[1], args[1], args[2]
  local kept = redis.call('HMGET', record, 's', 'n', 'h', 'u', 'e', 'c')
  local letter = kept[1]
  local function over(state, reason)
    enter(record, shard, id, state, reason)
    redis.call('PEXPIRE', keys[2], args[6])
    finish(keys[3], args[3])
    return { 0, state }
  end
  if not letter then
    finish(keys[3], args[3])
    return { 0, 'e' }
  end
  if letter ~= 'a' and letter ~= 'q' and letter ~= 'b' then
    finish(keys[3], args[3])
    return { 0, letter }
  end
  if letter == 'b' then
    -- Whoever made this attempt was killed in the midst of it.
    if kept[3] == '1' then
      return over('u', 'attempt-lost')
    end
    enter(record, shard, id, 'q', 'attempt-lost')
    redis.call('HSET', record, 'r', '1')
  end
  if tonumber(kept[4]) <= milliseconds() then
    return over('e', 'valid-until')
  end
  if kept[5] ~= '1' and redis.call('EXISTS', kept[6]) == 1 then
    return over('p', 'opted-out')
  end
  if tonumber(kept[2]) >= tonumber(args[5]) then
    return over('f', 'attempts')
  end
  local body = redis.call('GET', keys[2])
  if not body then
    return over('f', 'body-gone')
  end
  local attempt = redis.call('HINCRBY', record, 'n', 1)
  redis.call('HSET', record, 'w', args[4])
  enter(record, shard, id, 'b', args[4])
  return { 1, attempt, body, tonumber(kept[3]) }
end

-- Just after one.
-- keys: record, body, stream, later, awaiting
-- args: shard tag, id, entry, attempt, letter, reason, life of a settled body in ms,
--       payload of the queue, when to try again (letter q) or to give up waiting (letter s), ms,
--       1 if nobody knows whether it left
-- gives 1, or 0 where this attempt no longer counts
local function settle(keys, args)
  local record, shard, id, letter = keys[1], args[1], args[2], args[5]
  local kept = redis.call('HMGET', record, 's', 'n')
  if kept[2] ~= args[4] then
    return 0
  end
  if kept[1] ~= 'b' and (kept[1] ~= 'u' or letter == 'u') then
    -- Its receipt came before its answer, or it is told again what it knows.
    finish(keys[3], args[3])
    return 0
  end
  -- Held meanwhile as one that had died: now it is known after all.
  enter(record, shard, id, letter, args[6])
  finish(keys[3], args[3])
  if letter == 'q' then
    if args[10] == '1' then
      redis.call('HSET', record, 'r', '1')
    end
    redis.call('ZADD', keys[4], args[9], args[8])
  elseif letter == 's' then
    redis.call('ZADD', keys[5], args[9], id)
  else
    redis.call('PEXPIRE', keys[2], args[7])
  end
  return 1
end

-- keys: record, body, awaiting
-- args: shard tag, id, letter, reason, life of a settled body in ms, when to give up waiting for
--       a final one, ms
-- gives 1 if the receipt changed something, 0 if not; and the letter as it is then, or ''
local function report(keys, args)
  local record, letter = keys[1], args[3]
  local kept = redis.call('HMGET', record, 's', 'n')
  local now = kept[1]
  if not now or FINAL[now] or kept[2] == '0' then
    return { 0, now or '' }
  end
  if letter == 's' and now ~= 'b' and now ~= 'u' then
    return { 0, now }
  end
  enter(record, args[1], args[2], letter, args[4])
  if FINAL[letter] then
    redis.call('ZREM', keys[3], args[2])
    redis.call('PEXPIRE', keys[2], args[5])
  else
    redis.call('ZADD', keys[3], args[6], args[2])
  end
  return { 1, letter }
end

-- keys: record, body; args: shard tag, id, agency, life of a settled body in ms
-- gives 1 and the letter as it is then if it could be cancelled, else 0 and the letter, or ''
local function cancel(keys, args)
  local kept = redis.call('HMGET', keys[1], 's', 'a', 'r')
  if not kept[1] or kept[2] ~= args[3] then
    return { 0, '' }
  end
  if kept[3] == '1' or (kept[1] ~= 'a' and kept[1] ~= 'q') then
    return { 0, kept[1] }
  end
  enter(keys[1], args[1], args[2], 'c', '')
  redis.call('PEXPIRE', keys[2], args[4])
  return { 1, 'c' }
end

-- Nothing is left of a message. Its entry in a lane finds no record, and goes by itself.
-- keys: record, body, awaiting; args: shard tag, id, 1 even if an attempt is being made
-- gives the letter that it had, or ''
local function erase(keys, args)
  local letter = redis.call('HGET', keys[1], 's')
  if not letter or (letter == 'b' and args[3] ~= '1') then
    return letter or ''
  end
  if letter == 'a' or letter == 'q' then
    enter(keys[1], args[1], args[2], 'c', 'forgotten')
  end
  redis.call('ZREM', keys[3], args[2])
  redis.call('DEL', keys[1], keys[2])
  return letter
end

-- An entry is taken off a stream, unless a worker has it in hand.
-- keys: stream; args: entry, lease in ms
-- gives 1 if it is off, 0 if somebody is at it
local function drop(keys, args)
  local pending = redis.pcall('XPENDING', keys[1], GROUP, args[1], args[1], 1)
  if not pending.err and pending[1] and pending[1][3] < tonumber(args[2]) then
    return 0
  end
  redis.pcall('XACK', keys[1], GROUP, args[1])
  redis.call('XDEL', keys[1], args[1])
  return 1
end

-- Messages whose receipt never came are given up.
-- keys: awaiting; args: shard tag, most, life of a settled body in ms
-- gives how many
local function age(keys, args)
  local now = whole(milliseconds())
  local late = redis.call('ZRANGEBYSCORE', keys[1], '-inf', now, 'LIMIT', 0, args[2])
  for _, id in ipairs(late) do
    local record = args[1] .. 'm:' .. id
    if redis.call('HGET', record, 's') == 's' then
      enter(record, args[1], id, 'e', 'no-receipt')
      redis.call('PEXPIRE', args[1] .. 'mb:' .. id, args[3])
    end
    redis.call('ZREM', keys[1], id)
  end
  return #late
end

-- A provider's own id is tied to a message; receipts that came before are handed over. They stay
-- for what is left of their hour: whoever was handed them may die before the message has heard.
-- keys: id, early receipts; args: message, life in ms
local function attach(keys, args)
  redis.call('SET', keys[1], args[1], 'PX', args[2])
  return redis.call('LRANGE', keys[2], 0, -1)
end

-- Whose receipt it is; what nobody knows yet waits for a while.
-- keys: id, early receipts; args: receipt, life in ms, most
-- gives the message, or false
local function trace(keys, args)
  local message = redis.call('GET', keys[1])
  if message then
    return message
  end
  redis.call('RPUSH', keys[2], args[1])
  redis.call('LTRIM', keys[2], -tonumber(args[3]), -1)
  redis.call('PEXPIRE', keys[2], args[2])
  return false
end

-- What a provider may be given now: a bucket of segments, refilled at `rate` a second.
-- keys: gate; args: rate, burst, cost, what must be left in it
-- gives how many milliseconds to wait, 0 if the segments were taken
local function spend(keys, args)
  local rate, burst = tonumber(args[1]), tonumber(args[2])
  local left = tonumber(args[4])
  -- A message of more segments than the bucket holds goes when the bucket is full.
  local cost = math.min(tonumber(args[3]), burst - left)
  local kept = redis.call('HMGET', keys[1], 'paused', 'tokens', 'at')
  local now = milliseconds()
  local paused = tonumber(kept[1] or '0')
  if paused > now then
    return paused - now
  end
  local tokens = burst
  if kept[2] then
    tokens = math.min(burst, tonumber(kept[2]) + (now - tonumber(kept[3])) * rate / 1000)
  end
  local wait = 0
  if tokens >= cost + left then
    tokens = tokens - cost
  else
    wait = math.ceil((cost + left - tokens) * 1000 / rate)
  end
  redis.call('HSET', keys[1], 'tokens', tostring(tokens), 'at', whole(now))
  redis.call('EXPIRE', keys[1], 86400)
  return wait
end

-- keys: gate
-- gives for how many milliseconds the provider still rests
local function rest(keys, _args)
  local paused = redis.call('HGET', keys[1], 'paused')
  return math.max(0, tonumber(paused or '0') - milliseconds())
end

-- A provider rests for so long, or as long as it does already.
-- keys: gate; args: pause in ms
local function pause(keys, args)
  local until_ = milliseconds() + tonumber(args[1])
  if until_ > tonumber(redis.call('HGET', keys[1], 'paused') or '0') then
    redis.call('HSET', keys[1], 'paused', whole(until_))
  end
  redis.call('PEXPIRE', keys[1], math.max(tonumber(args[1]), 86400000))
  return 1
end

redis.register_function('gateway_accept_VERSION', accept)
redis.register_function('gateway_take_VERSION', take)
redis.register_function('gateway_renew_VERSION', renew)
redis.register_function('gateway_done_VERSION', done)
redis.register_function('gateway_move_VERSION', move)
redis.register_function('gateway_begin_VERSION', begin)
redis.register_function('gateway_settle_VERSION', settle)
redis.register_function('gateway_report_VERSION', report)
redis.register_function('gateway_cancel_VERSION', cancel)
redis.register_function('gateway_erase_VERSION', erase)
redis.register_function('gateway_drop_VERSION', drop)
redis.register_function('gateway_age_VERSION', age)
redis.register_function('gateway_attach_VERSION', attach)
redis.register_function('gateway_trace_VERSION', trace)
redis.register_function('gateway_spend_VERSION', spend)
redis.register_function('gateway_rest_VERSION', rest)
redis.register_function('gateway_pause_VERSION', pause)
