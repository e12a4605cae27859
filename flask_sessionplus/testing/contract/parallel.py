"""Claims about several threads at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ... import clock as time_source
from ...record import Changes, Record
from ...stores.base import Applied, Miss, Outcome, Purgeable, Store
from ..clock import FakeClock
from ..jobs import count_up, write_keys, write_until_gone
from .base import HOUR, Contract, key, load, needs, new_record, new_sid, put
from .threads import together


class ParallelClaims(Contract):
    """Whatever happens at once happens as if one thing came after the other."""

    def test_distinct_keys_are_never_lost(
        self, store: Store, open_again: Callable[[], Store], clock: FakeClock
    ) -> None:
        """Eight threads that each set keys of their own find all of them in the end."""
        sid, count = put(store), 20 * self.scale
        seen = load(store, sid)
        stores = [open_again() if self.shared and n % 2 else store for n in range(8)]
        jobs = [partial(write_keys, stores[n], sid, seen, f"thread-{n}", count) for n in range(8)]
        together(*jobs)

        expected = {f"thread-{n}-{number}" for n in range(8) for number in range(count)}
        assert load(store, sid).values.keys() == expected

    def test_removed_keys_stay_removed(self, store: Store, clock: FakeClock) -> None:
        """What one thread removes does not return with what the others set."""
        count = 40 * self.scale
        sid = put(store, {key(number): b"1" for number in range(count)})
        seen = load(store, sid)

        def remove() -> None:
            for number in range(count):
                applied = store.apply(sid, seen, Changes(removals=[key(number)]))
                assert applied.outcome is Outcome.SAVED

        writers = [partial(write_keys, store, sid, seen, f"thread-{n}", count) for n in range(3)]
        together(remove, *writers)

        expected = {f"thread-{n}-{number}" for n in range(3) for number in range(count)}
        assert load(store, sid).values.keys() == expected

    def test_a_counter_is_exact(
        self, store: Store, open_again: Callable[[], Store], clock: FakeClock
    ) -> None:
        """Six threads that count with `expects` reach exactly the sum."""
        sid, count = put(store), 15 * self.scale
        seen = load(store, sid)
        stores = [open_again() if self.shared and n % 2 else store for n in range(6)]
        together(*[partial(count_up, each, sid, seen, count) for each in stores])

        assert load(store, sid).values == {"n": b"%d" % (6 * count)}

    def test_an_absent_key_is_set_once(self, store: Store, clock: FakeClock) -> None:
        """Of many that set a key if it is absent, one succeeds; all learn of its value."""
        for _ in range(10 * self.scale):
            sid = put(store, {"a": b"1"})
            seen = load(store, sid)

            def claim(number: int, sid: bytes = sid, seen: Record = seen) -> Applied:
                value = b"%d" % number
                return store.apply(sid, seen, Changes({"lock": value}, expects={"lock": None}))

            answers = together(*[partial(claim, number) for number in range(8)])
            won = [answer.record for answer in answers if answer.outcome is Outcome.SAVED]
            lost = [answer.record for answer in answers if answer.outcome is Outcome.CONFLICT]

            assert (len(won), len(lost)) == (1, 7)
            assert all(record == won[0] == load(store, sid) for record in lost)

    def test_create_is_exclusive(self, store: Store, clock: FakeClock) -> None:
        """Of sixteen that create the same sid, one succeeds, and its record is there."""
        for _ in range(10 * self.scale):
            self._create_at_once(store, new_sid())

    def test_create_is_exclusive_in_an_expired_place(self, store: Store, clock: FakeClock) -> None:
        """The same holds where an expired record lies."""
        for _ in range(10 * self.scale):
            sid = put(store, {"old": b"1"}, expires_at=clock.now() + 1)
            clock.advance(1)
            self._create_at_once(store, sid)

    def _create_at_once(self, store: Store, sid: bytes) -> None:
        def create(number: int) -> bool:
            return store.create(sid, new_record({"by": b"%d" % number}))

        created = together(*[partial(create, number) for number in range(16)])

        assert created.count(True) == 1
        assert load(store, sid).values == {"by": b"%d" % created.index(True)}

    def test_a_deleted_record_is_never_revived(self, store: Store, clock: FakeClock) -> None:
        """After a sign-out nothing is left, whatever was being written at that moment."""
        for _ in range(200 * self.scale):
            sid = put(store, {"a": b"1"})
            seen = load(store, sid)
            writers = [partial(write_until_gone, store, sid, seen, f"t{n}") for n in range(2)]
            together(partial(store.delete, sid), *writers)

            assert store.load(sid) is Miss.UNKNOWN

    def test_a_move_loses_nothing(self, store: Store, clock: FakeClock) -> None:
        """Every key that was acknowledged while the session moved is found where it is now."""
        for _ in range(20 * self.scale):
            sid, target = put(store), new_sid()
            seen = load(store, sid)

            def move(sid: bytes = sid, seen: Record = seen, target: bytes = target) -> list[str]:
                write_keys(store, sid, seen, "mover", 2)
                changes = Changes({"moved": b"1"}, move_to=target)
                assert store.apply(sid, seen, changes).outcome is Outcome.SAVED
                return ["mover-0", "mover-1", "moved"]

            writers = [partial(write_until_gone, store, sid, seen, f"t{n}") for n in range(3)]
            saved = together(move, *writers)

            assert load(store, target).values.keys() == {name for names in saved for name in names}
            assert store.load(sid) is Miss.MOVED

    def test_it_moves_to_one_place(self, store: Store, clock: FakeClock) -> None:
        """Of several that move a session at once, one succeeds; there is never a second one."""
        for _ in range(20 * self.scale):
            sid, targets = put(store, {"a": b"1"}), [new_sid() for _ in range(4)]
            seen = load(store, sid)
            moves = [partial(store.apply, sid, seen, Changes(move_to=to)) for to in targets]
            outcomes = [answer.outcome for answer in together(*moves)]
            alive = [isinstance(store.load(target), Record) for target in targets]

            assert sorted(map(str, outcomes)) == sorted(map(str, _one_saved(3, Outcome.GONE)))
            assert alive == [outcome is Outcome.SAVED for outcome in outcomes]

    def test_a_place_is_taken_once(self, store: Store, clock: FakeClock) -> None:
        """Of several that want the same sid, by moving or by creating, one gets it."""
        for _ in range(20 * self.scale):
            target, sids = new_sid(), [put(store, {key(n): b"1"}) for n in range(3)]
            change = Changes(move_to=target)

            def move(sid: bytes, change: Changes = change) -> bool:
                outcome, _ = store.apply(sid, load(store, sid), change)
                assert outcome in (Outcome.SAVED, Outcome.TAKEN)
                return outcome is Outcome.SAVED

            def create(target: bytes = target) -> bool:
                return store.create(target, new_record({"created": b"1"}))

            got = together(create, *[partial(move, sid) for sid in sids])
            names = ["created", key(0), key(1), key(2)]

            assert got.count(True) == 1
            assert load(store, target).values.keys() == {names[got.index(True)]}
            for sid, has_moved in zip(sids, got[1:], strict=True):
                assert (store.load(sid) is Miss.MOVED) == has_moved

    def test_signing_out_wins_over_a_move(self, store: Store, clock: FakeClock) -> None:
        """Whoever signs out while the session moves is signed out under either sid."""
        for _ in range(50 * self.scale):
            sid, target = put(store, {"a": b"1"}), new_sid()
            move = partial(store.apply, sid, load(store, sid), Changes(move_to=target))
            deleted, moved = together(partial(store.delete, sid), move)

            assert deleted is True
            assert isinstance(moved, Applied)
            assert moved.outcome in (Outcome.SAVED, Outcome.GONE)
            assert not isinstance(store.load(sid), Record)
            assert store.load(target) is Miss.UNKNOWN

    @needs(Purgeable)
    def test_purging_spares_what_is_renewed(self, store: Store, clock: FakeClock) -> None:
        """A record whose renewal was acknowledged is not purged, however close it came."""
        assert isinstance(store, Purgeable)
        sids = [put(store, expires_at=clock.now() + 3) for _ in range(10)]
        views = {sid: load(store, sid) for sid in sids}
        renewed: dict[bytes, int] = {}

        def renew() -> None:
            for _ in range(20 * self.scale):
                for sid, seen in views.items():
                    until = time_source.now() + 3
                    outcome, _ = store.apply(sid, seen, Changes(expires_at=until))
                    if outcome is Outcome.SAVED:
                        renewed[sid] = until

        def purge() -> None:
            for _ in range(50 * self.scale):
                clock.advance(0.001)
                store.purge(100)

        together(renew, purge)

        spared = [sid for sid, until in renewed.items() if until > clock.now()]
        assert all(isinstance(store.load(sid), Record) for sid in spared)

    @needs(Purgeable)
    def test_purging_spares_what_is_created_anew(self, store: Store, clock: FakeClock) -> None:
        """A record created where an expired one lay is not taken for that one."""
        assert isinstance(store, Purgeable)
        for _ in range(5 * self.scale):
            sids = [put(store, expires_at=clock.now() + 1) for _ in range(10)]
            clock.advance(1)

            def create(sids: list[bytes] = sids) -> list[bool]:
                return [store.create(sid, new_record({"new": b"1"})) for sid in sids]

            created, _, _ = together(create, partial(store.purge, 4), partial(store.purge, 100))

            assert created == [True] * len(sids)
            assert all(load(store, sid).values == {"new": b"1"} for sid in sids)

    def test_many_threads_are_served(self, store: Store, clock: FakeClock) -> None:
        """Sixty threads at once, each with a session of its own, all get their answers."""

        def use(number: int) -> bool:
            sid = put(store, {"a": b"1"})
            for _ in range(5):
                store.apply(sid, load(store, sid), Changes(expires_at=clock.now() + HOUR))
            return store.delete(sid)

        assert together(*[partial(use, number) for number in range(60)]) == [True] * 60


def _one_saved(others: int, outcome: Outcome) -> list[Outcome]:
    return [Outcome.SAVED] + [outcome] * others
