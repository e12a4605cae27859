"""Claims about records that somebody holds for a while: a place that one has at a time."""

from __future__ import annotations

from functools import partial
from itertools import count

from ...record import Changes, Record
from ...stores.base import Outcome, Store
from ...stores.patience import pause
from ..clock import FakeClock
from .base import Contract, load, new_record, new_sid
from .threads import together

_HOLDER = "holder"

# About twenty seconds.
_MOST_TRIES = 2_000


def _held_by(name: bytes, clock: FakeClock) -> Record:
    return new_record({_HOLDER: name}, expires_at=clock.now() + 5_000)


class LeaseClaims(Contract):
    """`create` takes a free place, `apply` gives it back, and it is never two's at a time."""

    def test_a_place_given_back_is_free(self, store: Store, clock: FakeClock) -> None:
        """A record whose expiry is set to now leaves its place to the next one, at once."""
        sid = new_sid()
        for name in (b"ada", b"bob", b"ada"):
            assert store.create(sid, _held_by(name, clock))
            assert not store.create(sid, _held_by(b"eve", clock))
            held = load(store, sid)
            back = Changes(expects={_HOLDER: name}, expires_at=clock.now())

            assert held.values == {_HOLDER: name}
            assert store.apply(sid, held, back).outcome is Outcome.SAVED

    def test_a_place_that_was_not_given_back_is_free_in_time(
        self, store: Store, clock: FakeClock
    ) -> None:
        """Of a holder who died the place is free when his time is over, and not before."""
        sid = new_sid()
        assert store.create(sid, _held_by(b"ada", clock))
        clock.advance(4.999)
        assert not store.create(sid, _held_by(b"bob", clock))
        clock.advance(0.001)

        assert store.create(sid, _held_by(b"bob", clock))

    def test_who_comes_late_does_not_give_back_what_is_anothers(
        self, store: Store, clock: FakeClock
    ) -> None:
        """A former holder neither ends nor prolongs what somebody else holds by now."""
        sid = new_sid()
        assert store.create(sid, _held_by(b"ada", clock))
        held = load(store, sid)
        clock.advance(5)
        mine: dict[str, bytes | None] = {_HOLDER: b"ada"}
        assert store.apply(sid, held, Changes(expects=mine, expires_at=clock.now())).record is None
        assert store.create(sid, _held_by(b"bob", clock))

        for expires_at in (clock.now(), clock.now() + 60_000):
            late = Changes(expects=mine, expires_at=expires_at)
            assert store.apply(sid, held, late).outcome is Outcome.CONFLICT
        assert load(store, sid).values == {_HOLDER: b"bob"}
        assert load(store, sid).expires_at == clock.now() + 5_000

    def test_a_place_is_one_holders_at_a_time(self, store: Store, clock: FakeClock) -> None:
        """Of many who want it, one has it, gives it back, and then another one has it."""
        sid = new_sid()
        inside: list[bytes] = []
        seen: list[int] = []

        def work(name: bytes) -> None:
            for _ in range(5 * self.scale):
                for tries in count():
                    if store.create(sid, _held_by(name, clock)):
                        break
                    # As those who wait do: or the holder might never get his turn. And if he
                    # has failed, nobody else gets one.
                    assert tries < _MOST_TRIES
                    pause(tries, at_once=0)
                inside.append(name)
                seen.append(len(inside))
                held = load(store, sid)
                assert held.values == {_HOLDER: name}
                inside.remove(name)
                back = Changes(expects={_HOLDER: name}, expires_at=clock.now())
                assert store.apply(sid, held, back).outcome is Outcome.SAVED

        together(*[partial(work, b"%d" % number) for number in range(4)])

        assert set(seen) == {1}
        assert len(seen) == 20 * self.scale
