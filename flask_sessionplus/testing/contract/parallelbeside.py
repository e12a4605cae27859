"""Claims about several threads that use large values at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...record import Changes, Record
from ...stores.base import Applied, Miss, Outcome, Store
from ..clock import FakeClock
from ..largejobs import (
    append_entries,
    entries,
    make_value,
    read_until,
    read_values,
    write_large_keys,
    written_last,
)
from .base import Contract, load, new_sid, put, whole
from .beside import LARGE
from .threads import together


class ParallelBesideClaims(Contract):
    """Large values are as safe as small ones, whatever happens at once."""

    def test_large_values_are_never_lost(
        self, store: Store, open_again: Callable[[], Store], clock: FakeClock
    ) -> None:
        """Threads that set large keys of their own find the newest of each in the end."""
        sid, count = put(store, {"large": make_value("large 0", LARGE)}), 12 * self.scale
        seen = load(store, sid)
        stores = [open_again() if self.shared and n % 2 else store for n in range(6)]
        together(
            *[
                partial(write_large_keys, each, sid, seen, f"thread-{n}", count)
                for n, each in enumerate(stores)
            ]
        )

        expected = {"large": "large 0"}
        for number in range(6):
            expected |= written_last(f"thread-{number}", count)
        assert read_values(store, sid, load(store, sid)) == expected

    def test_a_reader_gets_whole_values(
        self, store: Store, open_again: Callable[[], Store], clock: FakeClock
    ) -> None:
        """While values grow, shrink and change, each one that is read is whole, and no old one."""
        sid, count = put(store), 60 * self.scale
        seen = load(store, sid)
        other = open_again() if self.shared else store
        done: list[str] = []

        def write(name: str) -> None:
            try:
                write_large_keys(store, sid, seen, name, count)
            finally:
                done.append(name)

        def read(store: Store) -> None:
            read_until(store, sid, lambda: len(done) == 2)

        together(
            *[partial(write, name) for name in ("t0", "t1")],
            *[partial(read, each) for each in (store, other)],
        )

        expected = written_last("t0", count) | written_last("t1", count)
        assert read_values(store, sid, load(store, sid)) == expected

    def test_appending_to_a_large_value_is_exact(
        self, store: Store, open_again: Callable[[], Store], clock: FakeClock
    ) -> None:
        """Threads that append to one large value with `expects` find each entry in it, once."""
        begin = b"begin".ljust(100, b".") * 100
        sid, count = put(store, {"log": begin}), 6 * self.scale
        seen = load(store, sid)
        stores = [open_again() if self.shared and n % 2 else store for n in range(4)]
        together(
            *[
                partial(append_entries, each, sid, seen, f"thread-{n}", count)
                for n, each in enumerate(stores)
            ]
        )

        expected = [f"thread-{n} {number}" for n in range(4) for number in range(count)]
        assert entries(whole(store, sid)["log"][len(begin) :]) == sorted(expected)

    def test_a_large_value_is_set_once(self, store: Store, clock: FakeClock) -> None:
        """Of many that replace one and the same large value, one succeeds."""
        for _ in range(5 * self.scale):
            sid = put(store, {"large": b"L" * LARGE})
            seen = load(store, sid)

            def claim(number: int, sid: bytes = sid, seen: Record = seen) -> Applied:
                sets = {"large": bytes([number]) * LARGE}
                return store.apply(sid, seen, Changes(sets, expects={"large": b"L" * LARGE}))

            outcomes = [each.outcome for each in together(*[partial(claim, n) for n in range(6)])]

            assert outcomes.count(Outcome.SAVED) == 1
            assert outcomes.count(Outcome.CONFLICT) == 5
            winner = outcomes.index(Outcome.SAVED)
            assert whole(store, sid) == {"large": bytes([winner]) * LARGE}

    def test_deleted_large_values_never_return(self, store: Store, clock: FakeClock) -> None:
        """After a sign-out no large value is left, whatever was being written at that moment."""
        names = ["large", "t0", "t1"]
        for _ in range(50 * self.scale):
            sid = put(store, {"large": b"L" * LARGE})
            seen = load(store, sid)
            writers = [partial(_write_until_gone, store, sid, seen, f"t{n}") for n in range(2)]
            together(partial(store.delete, sid), *writers)

            assert store.load(sid) is Miss.UNKNOWN
            assert store.fetch(sid, names) == {}

    def test_a_move_loses_no_large_value(self, store: Store, clock: FakeClock) -> None:
        """Every large value that was acknowledged while the session moved is where it is now."""
        for _ in range(10 * self.scale):
            sid, target = put(store, {"large": make_value("large 0", LARGE)}), new_sid()
            seen = load(store, sid)
            move = partial(_write_until_gone, store, sid, seen, "mover", target)
            writers = [partial(_write_until_gone, store, sid, seen, f"t{n}") for n in range(2)]
            saved = together(move, *writers)

            expected = {"large": "large 0", "mover": "mover 1"}
            expected |= {text.partition(" ")[0]: text for text in saved if text}
            assert read_values(store, target, load(store, target)) == expected
            assert store.fetch(sid, list(expected)) == {}


def _write_until_gone(
    store: Store, sid: bytes, seen: Record, name: str, target: bytes | None = None
) -> str:
    """Set the large value *name* a few times; return the text that was acknowledged last."""
    saved = ""
    for number in range(6):
        text = f"{name} {number}"
        changes = Changes({name: make_value(text, LARGE)}, move_to=target if number else None)
        if store.apply(sid, seen, changes).outcome is not Outcome.SAVED:
            break
        saved = text
    return saved
