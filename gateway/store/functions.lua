#!lua name=gateway_VERSION

-- The step of a conversation, on the server: whatever must happen at once or not at all.
-- VERSION is replaced by a hash of this file, so two releases of the gateway can serve side by
-- side, each with its own functions.
--
-- A session is one string. Its clear header is all that these functions read:
--
--    1      format, always 1
--    2- 5   how many steps were saved (big-endian)
--    6-21   keyed hash of the last request that was answered
--   22-29   claim: a random word of whoever claimed last
--   30-35   when that claim ends, milliseconds since the epoch (big-endian); zeros once saved
--   36-     sealed: key id, nonce, ciphertext, tag
--
-- A header alone is a claim on a conversation that has not begun.

local FORMAT = '\1'
local HEADER = 35
-- Written out, for `string` is not there yet while a library is loaded.
local UNANSWERED = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
local UNCLAIMED = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0'

-- The server's clock: the gateway's processes may not agree on theirs.
local function milliseconds()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- keys: session, pins, language; of a text message also its mark, then counters
-- args: keyed hash of the request, claim, lease in ms, life of the language in ms, then the window
--       of each counter in ms
-- gives {'busy'}, {'done'}, or {'fresh' | 'open' | 'repeat', session, pins, language, counts}
local function load(keys, args)
  local request, claim, lease = args[1], args[2], tonumber(args[3])
  local kept = redis.call('MGET', keys[1], keys[2], keys[3])
  local session, pins, language = kept[1], kept[2], kept[3]
  -- What a later release wrote cannot be gone on with: the citizen begins anew.
  if session and (#session < HEADER or string.sub(session, 1, 1) ~= FORMAT) then
    session = false
  end
  if session and string.sub(session, 6, 21) == request then
    return {'repeat', session, false, language}
  end
  -- Answered before, though she has gone on since.
  if keys[4] and redis.call('EXISTS', keys[4]) == 1 then
    return {'done'}
  end
  local now = milliseconds()
  if session and struct.unpack('>I6', session, 30) > now then
    return {'busy'}
  end
  local counts = {}
  for i = 5, #keys do
    counts[i - 4] = redis.call('INCR', keys[i])
    if counts[i - 4] == 1 then
      redis.call('PEXPIRE', keys[i], args[i])
    end
  end
  local mark = claim .. struct.pack('>I6', now + lease)
  if session and #session > HEADER then
    redis.call('SETRANGE', keys[1], 21, mark)
    -- A session about to age out stays until this step is saved.
    if redis.call('PTTL', keys[1]) < lease then
      redis.call('PEXPIRE', keys[1], lease)
    end
    return {'open', session, pins, language, counts}
  end
  redis.call('SET', keys[1], FORMAT .. UNANSWERED .. mark, 'PX', lease)
  if language then
    redis.call('PEXPIRE', keys[3], args[4])
  end
  return {'fresh', false, false, language, counts}
end

-- keys: session; args: claim
-- gives 1, or 0 if the claim was lost
local function release(keys, args)
  if redis.call('GETRANGE', keys[1], 21, 28) ~= args[1] then
    return 0
  end
  if redis.call('STRLEN', keys[1]) > HEADER then
    redis.call('SETRANGE', keys[1], 21, UNCLAIMED)
  else
    redis.call('DEL', keys[1])
  end
  return 1
end

-- keys: session, pins, language, stream, then one for each effect
-- args: claim, session or '' to leave all of her conversation as it is, its life in ms, pins or '',
--       their life in ms, language or '', its life in ms, age in ms at which the stream's entries
--       go, then for each effect its key, its sealed payload, or '' for a mere mark, and its life
-- gives how many effects were new, or -1 if the claim was lost
local function save(keys, args)
  if redis.call('GETRANGE', keys[1], 21, 28) ~= args[1] then
    return -1
  end
  if args[2] == '' then
    release(keys, args)
  else
    redis.call('SET', keys[1], args[2], 'PX', args[3])
    if args[4] == '' then
      redis.call('DEL', keys[2])
    else
      redis.call('SET', keys[2], args[4], 'PX', args[5])
    end
    if args[6] ~= '' then
      redis.call('SET', keys[3], args[6], 'PX', args[7])
    end
  end
  local added = 0
  for i = 5, #keys do
    local place = 9 + (i - 5) * 3
    local new = redis.call('SET', keys[i], '', 'PX', args[place + 2], 'NX')
    if new and args[place + 1] ~= '' then
      local oldest = string.format('%.0f', milliseconds() - tonumber(args[8]))
      redis.call('XADD', keys[4], 'MINID', '~', oldest, '*', 'k', args[place], 'b', args[place + 1])
      added = added + 1
    end
  end
  return added
end

redis.register_function('gateway_load_VERSION', load)
redis.register_function('gateway_save_VERSION', save)
-- Giving back must work when memory is full: it makes nothing larger.
redis.register_function{
  function_name = 'gateway_release_VERSION', callback = release, flags = {'allow-oom'},
}
