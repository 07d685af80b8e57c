"""The Lua scripts that change Redis; each returns one of ``publisher.Outcome``.

Redis runs a script as one step, so that log, head and message change together or not at all. The
scripts themselves refuse repetitions and gaps, so several listeners may publish at once (I8).
``allow-oom`` (Redis 7) lets a script write when Redis has reached its memory limit.
"""

_ALLOW_OOM = "#!lua flags=allow-oom\n"

# KEYS: head, log, presence. ARGV: stream, first, last, events, first position to keep, channel,
# command that publishes, message before and after the events, seconds until the presence expires,
# origin
_PUBLISH = """
local head = redis.call('HMGET', KEYS[1], 'stream', 'position', 'origin')
if head[1] ~= ARGV[1] or head[3] ~= ARGV[11] then return 'FOREIGN' end
local position = tonumber(head[2])
if tonumber(ARGV[3]) <= position then return 'DUPLICATE' end
if tonumber(ARGV[2]) ~= position + 1 then return 'GAP' end
%s
redis.call('HSET', KEYS[1], 'position', ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[10])
redis.call(ARGV[7], ARGV[6], ARGV[8] .. ARGV[4] .. ARGV[9])
return 'PUBLISHED'
"""

PUBLISH = (
    _PUBLISH
    % """
redis.call('XADD', KEYS[2], 'MINID', '~', ARGV[5], ARGV[3] .. '-0',
           'first', ARGV[2], 'stream', ARGV[1], 'events', ARGV[4])
"""
)

# The log must stay contiguous. Without room for this batch the log is deleted, and restarts later.
PUBLISH_AND_SHRINK = (
    _ALLOW_OOM
    + _PUBLISH
    % """
if tonumber(ARGV[5]) > tonumber(ARGV[3]) then
    redis.call('DEL', KEYS[2])
else
    redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[5])
    redis.call('XADD', KEYS[2], ARGV[3] .. '-0',
               'first', ARGV[2], 'stream', ARGV[1], 'events', ARGV[4])
end
"""
)

# Publishes the head. The schema's version has no characters that JSON escapes.
_REPEAT_HEAD = """
local function repeat_head(key, channel, publish)
    local head = redis.call('HMGET', key, 'stream', 'position', 'schema')
    redis.call(publish, channel, '{"stream":"' .. head[1] .. '","position":' .. head[2]
               .. ',"schema":"' .. (head[3] or '') .. '"}')
end
"""

# Adds a batch of history before the head, for clients that resume. A batch that is there already is
# not an error. Adding the history may take long, so each batch renews the leader's presence.
# KEYS: log, presence. ARGV: stream, first, last, events, first position to keep, listener, seconds
# until the presence expires
SEED = """
redis.call('SET', KEYS[2], cjson.encode({listener = ARGV[6], stream = ARGV[1],
                                         position = tonumber(ARGV[3])}), 'EX', ARGV[7])
local added = redis.pcall('XADD', KEYS[1], 'MINID', '~', ARGV[5], ARGV[3] .. '-0',
                          'first', ARGV[2], 'stream', ARGV[1], 'events', ARGV[4])
if type(added) == 'table' and string.sub(added.err, 1, 3) == 'OOM' then return added end
return type(added) == 'table' and 'DUPLICATE' or 'PUBLISHED'
"""

# Sets the head to the end of PostgreSQL's log, unless another listener has changed it meanwhile.
# From then on batches from another origin are refused, because a primary that was replaced by a
# standby may run on for a while.
# KEYS: head. ARGV: expected stream, position and origin ('' for none), new stream, position and
# origin, channel, command that publishes
BEGIN = f"""{_ALLOW_OOM}{_REPEAT_HEAD}
local head = redis.call('HMGET', KEYS[1], 'stream', 'position', 'origin')
for i = 1, 3 do
    if (head[i] or '') ~= ARGV[i] then return 'DUPLICATE' end
end
redis.call('HSET', KEYS[1], 'stream', ARGV[4], 'position', ARGV[5], 'origin', ARGV[6])
repeat_head(KEYS[1], ARGV[7], ARGV[8])
return 'PUBLISHED'
"""

# KEYS: presence. ARGV: listener, seconds until it expires
CLAIM = f"""{_ALLOW_OOM}
redis.call('SET', KEYS[1], cjson.encode({{listener = ARGV[1]}}), 'EX', ARGV[2])
return 'PUBLISHED'
"""

# Runs once a second: renews the presence and repeats Redis's head. If the presence is that of
# another listener, this listener was deposed while it was cut off from PostgreSQL.
# KEYS: head, presence, schema. ARGV: stream, published position, listener, seconds until the
# presence expires, channel, command that publishes, version of the schema ('' if unknown), origin
BEAT = f"""{_ALLOW_OOM}{_REPEAT_HEAD}
local head = redis.call('HMGET', KEYS[1], 'stream', 'position', 'schema', 'origin')
if head[1] ~= ARGV[1] or head[4] ~= ARGV[8] then return 'FOREIGN' end
local position = tonumber(head[2])
if position < tonumber(ARGV[2]) then return 'GAP' end
local presence = redis.call('GET', KEYS[2])
if presence and cjson.decode(presence).listener ~= ARGV[3] then return 'DEPOSED' end
redis.call('SET', KEYS[2], cjson.encode({{listener = ARGV[3], stream = head[1],
                                         position = position}}), 'EX', ARGV[4])
repeat_head(KEYS[1], ARGV[5], ARGV[6])
if ARGV[7] ~= '' and (head[3] ~= ARGV[7] or redis.call('EXISTS', KEYS[3]) == 0) then
    return 'NO_SCHEMA'
end
return 'PUBLISHED'
"""

# KEYS: head, schema. ARGV: stream, version, document, channel, command that publishes
ANNOUNCE = f"""{_ALLOW_OOM}{_REPEAT_HEAD}
if redis.call('HGET', KEYS[1], 'stream') ~= ARGV[1] then return 'FOREIGN' end
redis.call('SET', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], 'schema', ARGV[2])
repeat_head(KEYS[1], ARGV[4], ARGV[5])
return 'PUBLISHED'
"""
