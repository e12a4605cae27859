"""Many sessions at once, straight into a store's place, in the store's own format."""

from __future__ import annotations

import resource
import secrets
from collections.abc import Iterator
from itertools import islice

from sqlalchemy import insert

from flask_sessionplus import clock
from flask_sessionplus.purging import purge_expired
from flask_sessionplus.record import Record
from flask_sessionplus.stores.base import Purgeable, Store, having
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.stores.redisrows import Keys, encode, time_to_live
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.stores.sqlrows import columns
from tests.faults.app import make_app
from tests.faults.places import store_of

HOUR = 3_600_000
_BATCH = 2_000
_PER_OWNER = 10


def fill(store: Store, config: dict, count: int, expired: bool = False) -> list[bytes]:
    """Put *count* sessions in, ten for each owner; return their sids."""
    sids = []
    records = _records(count, expired)
    while batch := list(islice(records, _BATCH)):
        if isinstance(store, SQLStore):
            _insert(store, batch)
        else:
            assert isinstance(store, RedisStore)
            _set(config, batch)
        sids += [sid for sid, _ in batch]
    return sids


def _records(count: int, expired: bool) -> Iterator[tuple[bytes, Record]]:
    now = clock.now()
    end = now - 1 if expired else now + HOUR
    values = {"user": b"\x01", "cart": bytes(200)}
    for number in range(count):
        owner = f"owner-{number // _PER_OWNER}"
        yield secrets.token_bytes(32), Record(now - HOUR, now, end, values, owner=owner)


def _insert(store: SQLStore, batch: list[tuple[bytes, Record]]) -> None:
    with store.engine.connect() as connection:
        # Each batch in one transaction, whatever the store's own connections do.
        connection = connection.execution_options(
            isolation_level="READ COMMITTED"
            if connection.dialect.name != "sqlite"
            else "SERIALIZABLE"
        )
        connection.execute(insert(store.table), [columns(sid, record) for sid, record in batch])
        connection.commit()


def _set(config: dict, batch: list[tuple[bytes, Record]]) -> None:
    import redis

    keys = Keys(config["SESSION_KEY_PREFIX"])
    with redis.Redis.from_url(config["SESSION_STORE"]) as client:
        pipeline = client.pipeline(transaction=False)
        for sid, record in batch:
            pipeline.set(keys.record(sid), encode(sid, record), px=int(time_to_live(record)))
            pipeline.zadd(keys.index(record.owner), {sid: record.expires_at})
        pipeline.execute()


def purge(worker: object, config: dict) -> tuple[int, int]:
    """Be a process that purges; return how many records, and by how many KB it has grown."""
    store = store_of(make_app(config))
    [purgeable] = having(store, Purgeable)
    purgeable.purge(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    removed = sum(purge_expired(purgeable, pause=0))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    store.close()
    return removed + 1, grown
