"""How stores name users, lists of their sessions, and who goes when there are too many."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from flask_sessionplus import devices
from flask_sessionplus.codec import Codec
from flask_sessionplus.devices import browser_name
from flask_sessionplus.errors import StoreError
from flask_sessionplus.owners import (
    AGENT,
    KIND,
    SINCE,
    count_sessions,
    evict,
    index_of,
    list_sessions,
    owner_key,
)
from flask_sessionplus.record import Record
from flask_sessionplus.stores.base import Store
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import FakeClock
from flask_sessionplus.tokens import digest, handle

UUID = uuid.UUID("7b8a9c10-AAAA-4bbb-8ccc-ddddeeeeffff")
CODEC = Codec()
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


class Role(str, enum.Enum):
    ADMIN = "admin"


class Number(enum.IntEnum):
    ONE = 1


class Account:
    """Something that says who it is."""

    def __str__(self):
        return "account 7"


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def store(clock):
    """Return a store in memory."""
    return MemoryStore()


def put(store, clock, name, owner="ada", since=0, seen=None, **values):
    """Put a session into *store*, begun and used so many seconds from now; return its sid."""
    now, sid = clock.now(), digest(name * 22)
    seen_at = now + 1000 * (since if seen is None else seen)
    values = {"a": CODEC.encode(1), SINCE: CODEC.encode(now + 1000 * since), **values}
    assert store.create(sid, Record(now, seen_at, now + 3_600_000, values, owner=owner))
    return sid


def left(store, *sids):
    """Tell of each whether it is there."""
    return [isinstance(store.load(sid), Record) for sid in sids]


@pytest.mark.parametrize(
    ("user_id", "key"),
    [
        (42, "42"),
        (-1, "-1"),
        (0, "0"),
        (10**40, str(10**40)),
        (Number.ONE, "1"),
        ("42", "42"),
        ("042", "042"),
        (" 42", " 42"),
        ("Ada", "Ada"),
        (Role.ADMIN, "admin"),
        (UUID, "7b8a9c10-aaaa-4bbb-8ccc-ddddeeeeffff"),
        (str(UUID).upper(), "7b8a9c10-aaaa-4bbb-8ccc-ddddeeeeffff"),
        (UUID.hex, UUID.hex),
        (f"{{{UUID}}}", f"{{{UUID}}}"),
        (f"{UUID}\n", f"{UUID}\n"),
        (Account(), "account 7"),
        ((1, "a"), "(1, 'a')"),
        ("x" * 255, "x" * 255),
        ("\ud800", "\ud800"),
    ],
)
def test_owner_keys(user_id, key):
    """Numbers and UUIDs have one spelling, texts stay as they are."""
    assert owner_key(user_id) == key
    assert type(owner_key(user_id)) is str


@pytest.mark.parametrize("bad", [None, True, False, 1.0, b"a", bytearray(b"a"), object()])
def test_what_names_nobody_is_a_type_error(bad):
    """What is no id is refused, with what to give instead."""
    with pytest.raises(TypeError, match=r"Give the user's id|Give the\s+user's id"):
        owner_key(bad)


@pytest.mark.parametrize("bad", ["", "x" * 256, "ä" * 1000])
def test_what_is_too_long_or_empty_is_a_value_error(bad):
    """An id that no database keeps whole is refused, before two users become one."""
    with pytest.raises(ValueError, match="from 1 to 255 characters"):
        owner_key(bad)


def test_a_list(store, clock):
    """A list has browsers, global data and tokens, the one used last first, and nothing else."""
    at = datetime.fromtimestamp(clock.now() / 1000, timezone.utc)
    put(store, clock, "a", since=-60, **{AGENT: CODEC.encode(FIREFOX)})
    put(store, clock, "b", since=-30)
    put(store, clock, "e", owner="eve")
    for kind in ("global", "token", "note", "lease"):
        put(store, clock, kind, **{KIND: CODEC.encode(kind)})
    current = handle(digest("a" * 22))
    found = list_sessions(store, CODEC, "ada", {current})

    assert sorted(each.kind for each in found) == ["browser", "browser", "global", "token"]
    browsers = [each for each in found if each.kind == "browser"]
    assert [each.is_current for each in browsers] == [False, True]
    assert browsers[1].signed_in_at == browsers[1].last_seen_at == at - timedelta(minutes=1)
    assert (browsers[0].browser, browsers[0].address, browsers[0].user_agent) == ("", "", "")


def test_nobody_has_nothing(store):
    """A user without sessions has an empty list."""
    assert list_sessions(store, CODEC, 42, ()) == []
    assert count_sessions(store, CODEC, "42") == 0


def test_only_browsers_count(store, clock):
    """Global data, tokens, notes and leases do not count."""
    put(store, clock, "a")
    for kind in ("global", "token", "note", "lease"):
        put(store, clock, kind, **{KIND: CODEC.encode(kind)})

    assert count_sessions(store, CODEC, "ada") == 1


def test_the_oldest_go(store, clock):
    """Beyond the limit those go that were used longest ago, whenever they were begun."""
    first = put(store, clock, "a", since=-90, seen=-10)
    second = put(store, clock, "b", since=-60, seen=-40)
    third = put(store, clock, "c", since=-50, seen=-20)
    current = put(store, clock, "d", since=0)

    assert evict(store, CODEC, "ada", 3, current) == 1
    assert left(store, first, second, third, current) == [True, False, True, True]
    assert evict(store, CODEC, "ada", 3, current) == 0
    assert evict(store, CODEC, "ada", 1, current) == 2


def test_the_current_one_stays_where_clocks_differ(store, clock):
    """A session that another machine has seen in the future does not outrank the new one."""
    other = put(store, clock, "a", since=-60, seen=5)
    current = put(store, clock, "b", since=0)

    assert evict(store, CODEC, "ada", 1, current) == 1
    assert left(store, other, current) == [False, True]


def test_two_at_the_same_time_do_not_end_each_other(store, clock):
    """Of two sign-ins that see each other, the later one ends the earlier one, and not both."""
    earlier, later = put(store, clock, "a", since=0), put(store, clock, "b", since=1)

    assert evict(store, CODEC, "ada", 1, earlier) == 0
    assert evict(store, CODEC, "ada", 1, later) == 1
    assert left(store, earlier, later) == [False, True]


def test_who_has_ended_ends_nobody(store, clock):
    """A session that is gone by the time it counts ends no other."""
    others = [put(store, clock, name, since=-1) for name in "abc"]

    assert evict(store, CODEC, "ada", 1, digest("x" * 22)) == 0
    assert left(store, *others) == [True] * 3


def test_a_store_without_owners():
    """A store that knows no owners is named, with those that do."""

    class Plain(Store):
        load = create = apply = delete = None

    with pytest.raises(StoreError, match=r"A Plain does not know .* postgresql://"):
        index_of(Plain())


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox 128 on Linux"),
        (SAFARI, "Mobile Safari 17 on iOS"),
        ("curl/8.5.0", "curl 8"),
        ("Nobody's own/1.0", "Nobody's own/1.0"),
        ("x" * 512, "x" * 39 + "…"),
        ("", ""),
        ("(" * 512, "(" * 39 + "…"),
        (f"{'Long' * 100}Browser/1.0", f"{'Long' * 9}Lon…"),
    ],
)
def test_browsers(agent, name):
    """A browser is shown in a few words; what is not known by its beginning."""
    assert browser_name(agent) == name


def test_browsers_without_the_package(monkeypatch):
    """Without ua-parser a browser is shown by the beginning of what it calls itself."""
    monkeypatch.setattr(devices, "_parse", None)

    assert browser_name(FIREFOX) == "Mozilla/5.0 (X11; Linux x86_64; rv:128.…"
    assert browser_name("curl/8.5.0") == "curl/8.5.0"
