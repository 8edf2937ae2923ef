#!lua name=gateway_centre_VERSION

-- What the service centre works on, on the server: whatever must happen at once or not at all.
--
-- A call-back is a hash (its record). Who wants to change it has read it before and says which
-- version that was; where somebody else was quicker nothing happens, and it is read anew.
--
--    s  state, a letter (see LETTERS of callbacks.py)   i  version, counted up with each change
--    q  queue                                           n  calls that nobody answered
--    a  agency, "" where it has none                    h  who took it, "" for nobody
--    v  service       l  language       x  1: a test    c  when the state last changed, s
--    t  asked, s      d  promised by, s                 o  field of the shard's open ones
--    b  sealed: number, details, notes                  m  what stands in the lists
--
-- Lists of a shard are sorted sets: open ones (waiting, taken) by the promise, ended ones by their
-- end. Their members begin with the id and go on with what is filtered by.

local OPEN = { w = 'waiting', t = 'taken' }

local function list(shard, letter)
  return shard .. 'cb:' .. (OPEN[letter] or 'ended')
end

-- An agency is told of it, if it wants to know.
local function tell(shard, line)
  if line ~= '' then
    redis.call('XADD', shard .. 'q:hooks', '*', 'e', line)
  end
end

-- keys: record, open ones of the shard
-- args: shard tag, id, field of the open ones, member of the lists, promised by, line for the
--       agency or '', then fields and values of the record
-- gives {1, id} if it is new, {0, id} if it is there already, {0, another id} if she has one open
local function ask(keys, args)
  local shard, id = args[1], args[2]
  if redis.call('EXISTS', keys[1]) == 1 then
    return { 0, id }
  end
  local open = redis.call('HGET', keys[2], args[3])
  if open and redis.call('EXISTS', shard .. 'cb:r:' .. open) == 1 then
    return { 0, open }
  end
  redis.call('HSET', keys[1], 's', 'w', 'i', '1', 'o', args[3], 'm', args[4], 'd', args[5],
    unpack(args, 7))
  redis.call('HSET', keys[2], args[3], id)
  redis.call('ZADD', list(shard, 'w'), args[5], args[4])
  tell(shard, args[6])
  return { 1, id }
end

-- keys: record, open ones of the shard
-- args: shard tag, version that was read, letter, holder, tries, now in s, life of an ended one in
--       ms, sealed body or '' to leave it, line for the agency or '', id
-- gives the version it has now, or 0 where it is another one, or gone
local function change(keys, args)
  local shard, letter = args[1], args[3]
  local kept = redis.call('HMGET', keys[1], 'i', 's', 'm', 'd', 'o')
  if kept[1] ~= args[2] then
    return 0
  end
  local version = tonumber(kept[1]) + 1
  redis.call('HSET', keys[1], 'i', version, 'h', args[4], 'n', args[5])
  if args[8] ~= '' then
    redis.call('HSET', keys[1], 'b', args[8])
  end
  tell(shard, args[9])
  if letter == kept[2] then
    return version
  end
  redis.call('HSET', keys[1], 's', letter, 'c', args[6])
  redis.call('ZREM', list(shard, kept[2]), kept[3])
  if OPEN[letter] then
    redis.call('ZADD', list(shard, letter), kept[4], kept[3])
    return version
  end
  local ended = list(shard, letter)
  redis.call('ZADD', ended, args[6], kept[3])
  redis.call('HDEL', keys[2], kept[5])
  if letter == 'u' then
    -- She is to be told.
    redis.call('XADD', shard .. 'q:missed', '*', 'e', args[10])
  end
  redis.call('PEXPIRE', keys[1], args[7])
  return version
end

-- keys: record, open ones of the shard; args: shard tag
-- gives 1 if there was one
local function drop(keys, args)
  local kept = redis.call('HMGET', keys[1], 's', 'm', 'o')
  if not kept[1] then
    return 0
  end
  redis.call('ZREM', list(args[1], kept[1]), kept[2])
  if OPEN[kept[1]] then
    redis.call('HDEL', keys[2], kept[3])
  end
  return redis.call('DEL', keys[1])
end

-- A rating, or the comment that comes after it.
-- keys: record, list of the shard
-- args: id, now in ms, life in ms, sealed comment or '', what is filtered by, shard tag, line for
--       the agency or '', then fields and values of the record
-- gives 1 if the rating is new
local function rate(keys, args)
  local new = redis.call('EXISTS', keys[1]) == 0
  if new then
    redis.call('HSET', keys[1], 't', args[2], unpack(args, 8))
    tell(args[6], args[7])
  end
  local kept = redis.call('HMGET', keys[1], 't', 'b')
  local plain, commented = args[1] .. ' 0 ' .. args[5], args[1] .. ' 1 ' .. args[5]
  if args[4] ~= '' then
    redis.call('HSET', keys[1], 'b', args[4])
    redis.call('ZREM', keys[2], plain)
    redis.call('ZADD', keys[2], kept[1], commented)
  elseif not kept[2] then
    redis.call('ZADD', keys[2], kept[1], plain)
  end
  if new then
    redis.call('PEXPIRE', keys[1], args[3])
  end
  return new and 1 or 0
end

redis.register_function('gateway_ask_VERSION', ask)
redis.register_function('gateway_change_VERSION', change)
redis.register_function('gateway_drop_VERSION', drop)
redis.register_function('gateway_rate_VERSION', rate)
