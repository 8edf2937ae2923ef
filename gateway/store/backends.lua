#!lua name=gateway_backends_VERSION

-- What all processes know of a back end: whether it is called at all, and how often at a time.
--
-- Its state is a hash. A window is some seconds; calls are counted in this one and the one before.
--
--    w  begin of this window, ms          n, f    calls in it, and those that failed
--                                         pn, pf  the same of the window before
--    row  calls that failed one after the other
--    open  when the next call is tried, ms; absent while it is called as usual
--    pause  how long it rested the last time, ms
--    probe  the call that tries whether it is there again, and `until` when that gives up
--
-- Calls under way are a sorted set by the end of their leases: a killed process leaves none behind.

local DAY = 86400000

local function milliseconds()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

-- keys: state, calls; args: call, most at once, lease in ms
-- gives 'go', 'probe', 'open' or 'busy'
local function admit(keys, args)
  local now, lease = milliseconds(), tonumber(args[3])
  local kept = redis.call('HMGET', keys[1], 'open', 'until')
  if kept[1] and (now < tonumber(kept[1]) or now < tonumber(kept[2] or '0')) then
    return 'open'
  end
  redis.call('ZREMRANGEBYSCORE', keys[2], '-inf', whole(now))
  if redis.call('ZCARD', keys[2]) >= tonumber(args[2]) then
    return 'busy'
  end
  redis.call('ZADD', keys[2], whole(now + lease), args[1])
  redis.call('PEXPIRE', keys[2], DAY)
  if not kept[1] then
    return 'go'
  end
  redis.call('HSET', keys[1], 'probe', args[1], 'until', whole(now + lease))
  return 'probe'
end

-- keys: state, calls
-- args: call, 'good', 'bad' or 'nothing', window in ms, least calls, first pause in ms, longest
-- gives 'opened' or 'closed' where that has changed, else ''
local function settle(keys, args)
  local state, said = keys[1], args[2]
  redis.call('ZREM', keys[2], args[1])
  local now, window = milliseconds(), tonumber(args[3])
  local kept = redis.call('HMGET', state, 'open', 'probe', 'pause', 'w', 'n', 'f', 'pn', 'pf', 'row')
  if kept[1] then
    if kept[2] ~= args[1] then
      return '' -- it was under way before
    end
    redis.call('HDEL', state, 'probe', 'until')
    if said == 'good' then
      redis.call('DEL', state)
      return 'closed'
    elseif said == 'bad' then
      local pause = math.min(tonumber(kept[3]) * 2, tonumber(args[6]))
      redis.call('HSET', state, 'open', whole(now + pause), 'pause', pause)
    end
    return ''
  end
  if said == 'nothing' then
    return ''
  end
  local begun, n, f = tonumber(kept[4] or '0'), tonumber(kept[5] or '0'), tonumber(kept[6] or '0')
  local pn, pf = tonumber(kept[7] or '0'), tonumber(kept[8] or '0')
  if now - begun >= window then
    if now - begun >= 2 * window then
      n, f = 0, 0
    end
    begun, pn, pf, n, f = now, n, f, 0, 0
  end
  n, f = n + 1, f + (said == 'bad' and 1 or 0)
  local row, least = tonumber(kept[9] or '0') + 1, tonumber(args[4])
  if said ~= 'bad' then
    row = 0
  end
  -- All at once, as when it hangs, or half of them for some seconds.
  if row >= least or (said == 'bad' and n + pn >= least and (f + pf) * 2 >= n + pn) then
    redis.call('DEL', state)
    redis.call('HSET', state, 'open', whole(now + tonumber(args[5])), 'pause', args[5])
    redis.call('PEXPIRE', state, DAY)
    return 'opened'
  end
  redis.call('HSET', state, 'w', whole(begun), 'n', n, 'f', f, 'pn', pn, 'pf', pf, 'row', row)
  redis.call('PEXPIRE', state, DAY)
  return ''
end

-- keys: what one citizen read from one back end; args: field, value, life in ms
local function keep(keys, args)
  redis.call('HSET', keys[1], args[1], args[2])
  if redis.call('PTTL', keys[1]) < tonumber(args[3]) then
    redis.call('PEXPIRE', keys[1], args[3])
  end
  return 1
end

redis.register_function('gateway_keep_VERSION', keep)
redis.register_function('gateway_admit_VERSION', admit)
redis.register_function('gateway_settled_VERSION', settle)
