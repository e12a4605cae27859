"""Pages of records: what is special about them in single stores, beyond the contract."""

from __future__ import annotations

import os
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
import redis

from flask_sessionplus.stores import filepages
from flask_sessionplus.stores.cursors import check_limit, cursor, position
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.moving import moving
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.testing import FakeClock
from tests.stores.records import put
from tests.support import private_redis
from tests.support.missing import missing

FOREIGN = 30_000


@pytest.fixture(autouse=True)
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture(scope="module")
def server():
    """Run a Redis with many keys of others."""
    with tempfile.TemporaryDirectory(prefix="sessionplus-") as folder:
        os.chmod(folder, 0o755)
        try:
            with private_redis.server(Path(folder, "server")) as server:
                with redis.Redis(port=server.port) as client:
                    client.mset({f"others:{number}": "x" for number in range(FOREIGN)})
                yield server
        except private_redis.NotInstalled as program:
            missing(f"a Redis of our own: not installed: {program}")


def pages(store, limit):
    """Return all pages of *store*."""
    found, after = [], None
    while True:
        found.append(store.page(after, limit))
        after = found[-1].after
        if after is None:
            return found


def met(found):
    """Return the sids on pages."""
    return [sid for page in found for sid, _ in page.found]


def test_a_cursor_is_behind_its_session():
    """In the order of sids, the next page begins behind it, and before all that follow."""
    sids = sorted(os.urandom(32) for _ in range(100))
    for sid, following in pairwise(sids):
        assert sid <= position(cursor(sid)) < following
    assert position(None) < sids[0]


@pytest.mark.slow
def test_redis_looks_at_so_many_keys_at_once(server, fresh_name):
    """Among many keys of others a page asks the server so often, then it is empty and not last."""
    store = RedisStore(server.url, fresh_name)
    sids = [put(store) for _ in range(20)]
    asked = []
    look = store._link.look

    def note(spot, pattern, count):
        asked.append(count)
        return look(spot, pattern, count)

    store._link.look = note
    found, most = [], 0
    after = None
    while not found or after is not None:
        asked.clear()
        found.append(store.page(after, 5))
        after, most = found[-1].after, max(most, len(asked))
        assert sum(asked) <= 50_000
    store.close()

    assert set(met(found)) == set(sids)
    assert most <= 50
    assert all(len(page.found) <= 5 for page in found)


@pytest.mark.slow
@pytest.mark.parametrize("change", [40_000, -25_000])
def test_redis_may_grow_and_shrink(server, fresh_name, change):
    """While the server's table of keys is made larger or smaller, nobody is passed by."""
    store = RedisStore(server.url, fresh_name)
    sids = [put(store) for _ in range(300)]
    found = []
    with redis.Redis(port=server.port) as client:
        keys = [f"others:{number}" for number in range(abs(change))]
        after = None
        while not found or after is not None:
            found.append(store.page(after, 3))
            after = found[-1].after
            if len(found) == 20 and change > 0:
                client.mset({f"more:{fresh_name}:{key}": "x" for key in keys})
            elif len(found) == 20:
                client.delete(*keys)
        if change < 0:
            client.mset(dict.fromkeys(keys, "x"))
    store.close()

    assert set(met(found)) == set(sids)


def test_files_are_looked_at_in_parts(tmp_path, monkeypatch):
    """However many have expired, a page looks at so many files and folders, then it is short."""
    monkeypatch.setattr(filepages, "_MOST", 5)
    store = FileStore(tmp_path)
    sids = [put(store) for _ in range(20)]
    dead = {sid for sid in sids[::2] if store.delete(sid)}
    found = pages(store, 4)
    store.close()

    assert sorted(met(found)) == met(found) == sorted(set(sids) - dead)
    assert any(len(page.found) < 4 for page in found[:-1])


def test_strange_files_are_passed(tmp_path):
    """What is in the folder and none of ours is on no page, and does no harm."""
    store = FileStore(tmp_path)
    sid = put(store, owner="ada")
    folder = tmp_path / sid.hex()[:2]
    (folder / "zz").mkdir()
    (folder / sid.hex()[2:4] / "notes.txt").write_text("mine")
    (tmp_path / "README").write_text("mine")
    (tmp_path / "ab").mkdir(exist_ok=True)

    assert met(pages(store, 10)) == [sid]
    store.close()


def test_who_moves_house_is_met():
    """Sessions that are carried over between two pages are on one, and notes are on none."""
    old, new = MemoryStore(), MemoryStore()
    store = moving(new, old)
    sids = [put(old) for _ in range(30)] + [put(new) for _ in range(30)]
    found, after = [], None
    while not found or after is not None:
        found.append(store.page(after, 4))
        after = found[-1].after
        for sid in sids[len(found) : 30 : 5]:
            store.load(sid)

    assert set(met(found)) == set(sids)
    assert set(met(pages(store, 7))) == set(sids)


def test_a_page_without_end_is_refused():
    """A number that no server knows is a mistake of who asks, and no fault of the store."""
    check_limit(10_000)
    for limit in (10_001, 10**20):
        with pytest.raises(ValueError, match="at most 10,000"):
            check_limit(limit)
