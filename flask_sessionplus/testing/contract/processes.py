"""Claims about several processes at once, each with a store of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ...record import Record
from ...stores.base import Miss, Store
from ..jobs import (
    create_each,
    delete_or_write,
    in_process_count_up,
    in_process_write_keys,
    move_or_write,
)
from ..largejobs import (
    entries,
    in_process_append,
    in_process_write_or_read,
    read_values,
    written_last,
)
from ..workers import Workers
from .base import Contract, load, needs, new_sid, put, whole

_PROCESSES = 4
_WORKERS: pytest.StashKey[Workers] = pytest.StashKey()


class ProcessClaims(Contract):
    """What holds for threads holds for processes that share nothing but the store."""

    @pytest.fixture
    def workers(self, request: pytest.FixtureRequest) -> Workers:
        """Return processes that wait for work, the same ones for all stores of a run."""
        stash = request.config.stash
        if _WORKERS not in stash:
            stash[_WORKERS] = Workers(_PROCESSES)
            request.config.add_cleanup(stash[_WORKERS].close)
        return stash[_WORKERS]

    @needs("shared")
    def test_processes_never_lose_distinct_keys(
        self, store: Store, opener: Callable[[], Store], workers: Workers
    ) -> None:
        """Processes that each set keys of their own find all of them in the end."""
        sid, count = put(store), 30 * self.scale
        workers.run(in_process_write_keys, opener, sid, count)

        assert load(store, sid).values.keys() == {
            f"process-{n}-{number}" for n in range(_PROCESSES) for number in range(count)
        }

    @needs("shared")
    def test_processes_count_exactly(
        self, store: Store, opener: Callable[[], Store], workers: Workers
    ) -> None:
        """Processes that count with `expects` reach exactly the sum."""
        sid, count = put(store), 20 * self.scale
        workers.run(in_process_count_up, opener, sid, count)

        assert load(store, sid).values == {"n": b"%d" % (_PROCESSES * count)}

    @needs("shared")
    def test_processes_create_exclusively(
        self, store: Store, opener: Callable[[], Store], workers: Workers
    ) -> None:
        """Of several processes that create the same sid, one succeeds."""
        sids = [new_sid() for _ in range(30 * self.scale)]
        created = workers.run(create_each, opener, sids)

        for sid, wins in zip(sids, zip(*created, strict=True), strict=True):
            assert wins.count(True) == 1
            assert load(store, sid).values == {"by": b"%d" % wins.index(True)}

    @needs("shared")
    def test_processes_never_revive_what_was_deleted(
        self, store: Store, opener: Callable[[], Store], workers: Workers
    ) -> None:
        """After a sign-out nothing is left, whatever other processes were writing."""
        sids = [put(store, {"a": b"1"}) for _ in range(200 * self.scale)]
        deleted, *_ = workers.run(delete_or_write, opener, sids)

        assert deleted == [True] * len(sids)
        assert [store.load(sid) for sid in sids] == [Miss.UNKNOWN] * len(sids)

    @needs("shared")
    def test_processes_lose_nothing_in_a_move(
        self, store: Store, opener: Callable[[], Store], workers: Workers
    ) -> None:
        """Every key that a process was told is saved is found under the new sid."""
        moves = [(put(store), new_sid()) for _ in range(30 * self.scale)]
        saved = workers.run(move_or_write, opener, moves)

        for (sid, target), names in zip(moves, zip(*saved, strict=True), strict=True):
            assert load(store, target).values.keys() == {name for each in names for name in each}
            assert not isinstance(store.load(sid), Record)

    @needs("shared")
    def test_processes_never_lose_large_values(
        self, store: Store, opener: Callable[[], Store], workers: Workers
    ) -> None:
        """Processes that set large keys find all of them; who reads meanwhile gets whole ones."""
        sid, count = put(store), 30 * self.scale
        workers.run(in_process_write_or_read, opener, sid, count, 2)

        expected = written_last("process-2", count) | written_last("process-3", count)
        assert read_values(store, sid, load(store, sid)) == expected

    @needs("shared")
    def test_processes_append_exactly(
        self, store: Store, opener: Callable[[], Store], workers: Workers
    ) -> None:
        """Processes that append to one large value find each entry in it, once."""
        begin = b"begin".ljust(100, b".") * 100
        sid, count = put(store, {"log": begin}), 10 * self.scale
        workers.run(in_process_append, opener, sid, count)

        expected = [f"process-{n} {number}" for n in range(_PROCESSES) for number in range(count)]
        assert entries(whole(store, sid)["log"][len(begin) :]) == sorted(expected)
