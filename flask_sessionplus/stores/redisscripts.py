"""What Redis does in one step: scripts in Lua, each run as one, with nothing between.

They know nothing of times and formats, only that the first 13 bytes of a record, its stamp,
tell its state, and where its owner stands. Each writes if it finds what the caller has seen,
and else returns what it found instead: so nobody has to ask a second time.
"""

from __future__ import annotations

from hashlib import sha1


class Script:
    """A script, and the name under which Redis remembers it.

    :param text: in Lua.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        # The name is Redis's choice, and protects nothing.
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()


# Further arguments follow one after the other, lists with their lengths before them.
_MORE = """
local at = 0
local function take()
  at = at + 1
  return ARGV[at]
end

-- Whether values beside a record are as the caller expects them.
local function are_expected(values)
  for _ = 1, tonumber(take()) do
    local name = take()
    if redis.call('HGET', values, name) ~= take() then return false end
  end
  return true
end

-- Remove and set values beside a record, and let them live as long as it does.
local function write_values(values, ttl)
  if take() == '1' then redis.call('DEL', values) end
  for _ = 1, tonumber(take()) do redis.call('HDEL', values, take()) end
  for _ = 1, tonumber(take()) do
    local name = take()
    redis.call('HSET', values, name, take())
  end
  redis.call('PEXPIRE', values, ttl)
end

-- The set lives as long as the one in it that lives longest.
local function enter(index, member, score, ttl, dead)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', dead)
  redis.call('ZADD', index, score, member)
  if redis.call('PTTL', index) < tonumber(ttl) then redis.call('PEXPIRE', index, ttl) end
end

-- Enter the session at its new owner's, remove it from its former owner's.
local function write_owners(first, ttl)
  local member, score, dead, former = take(), take(), take(), take()
  if member ~= '' then
    enter(KEYS[first], member, score, ttl, dead)
    first = first + 1
  end
  if former ~= '' then redis.call('ZREM', KEYS[first], former) end
end
"""

#: Put a record where another one is.
#: KEYS: the record; if there is more to do: values beside, owners. ARGV: the stamp of what is
#: there, the record, its time to live; more. Returns 1; 0 if a value beside is not the
#: expected one; or what is there.
WRITE = Script(
    """
local found = redis.call('GET', KEYS[1])
if (found and string.sub(found, 1, 13) or '') ~= ARGV[1] then return found end
if #ARGV == 3 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
"""
    + _MORE
    + """
at = 3
if not are_expected(KEYS[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
write_values(KEYS[2], ARGV[3])
write_owners(3, ARGV[3])
return 1
"""
)

#: Put a record elsewhere, and a tombstone where it was.
#: KEYS: the old record, its values, the new record, its values; owners. ARGV: the stamp of the
#: old one, the stamp of what is in the new place, the tombstone, its time to live, the record,
#: its time to live; more. Returns the same as WRITE, and what is in the new place as a list.
MOVE = Script(
    _MORE
    + """
local found = redis.call('GET', KEYS[1])
if (found and string.sub(found, 1, 13) or '') ~= ARGV[1] then return found end
at = 6
if not are_expected(KEYS[2]) then return 0 end
local taken = redis.call('GET', KEYS[3])
if (taken and string.sub(taken, 1, 13) or '') ~= ARGV[2] then return {taken} end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[6])
redis.call('DEL', KEYS[4])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[4]) end
write_values(KEYS[4], ARGV[6])
write_owners(5, ARGV[6])
return 1
"""
)

#: Remove a record with its values, but no tombstone, and return what was found.
#: KEYS: the record, its values. ARGV: nothing; or an owner, as stored, if it must be his.
DROP = Script(
    """
local found = redis.call('GET', KEYS[1])
if not found or string.sub(found, 2, 7) == string.rep('\\0', 6) then return found end
if #ARGV == 0 or string.sub(found, 46, 45 + #ARGV[1]) == ARGV[1] then
  redis.call('DEL', unpack(KEYS))
end
return found
"""
)

#: Remove what was written a moment ago, if nobody has changed it.
#: KEYS: the record, its values. ARGV: the stamp of the record.
UNDO = Script(
    """
local found = redis.call('GET', KEYS[1])
if not found or string.sub(found, 1, 13) ~= ARGV[1] then return 0 end
return redis.call('DEL', unpack(KEYS))
"""
)

#: Enter a session at an owner's, by itself. The score never falls, so that of two who enter
#: it in the wrong order the one who needs it longer wins.
#: KEYS: the owner's set. ARGV: sid, when it expires, time to live, what to forget, and by how
#: much to raise the score.
ENTER = Script(
    _MORE
    + """
local score = math.max(tonumber(ARGV[2]), tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0))
enter(KEYS[1], ARGV[1], string.format('%.1f', score + ARGV[5]), ARGV[3], ARGV[4])
return 1
"""
)

#: Return the sids of an owner, each followed by its score.
#: KEYS: the owner's set.
MEMBERS = Script("return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')")

#: Remove sids whose score has not changed since they were read.
#: KEYS: the owner's set. ARGV: sids and scores.
FORGET = Script(
    """
for i = 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return 1
"""
)
