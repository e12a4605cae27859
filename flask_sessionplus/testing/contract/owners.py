"""Claims about the sessions of an owner, for stores that find them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from ...record import Changes, Record
from ...stores.base import Miss, Outcome, OwnerIndex, Purgeable, Store
from ..clock import FakeClock
from .base import (
    GONE,
    HOUR,
    LONG_AFTER_A_MOVE,
    Contract,
    key,
    load,
    needs,
    new_record,
    new_sid,
    put,
    save,
    whole,
)
from .threads import together

# Names that a store might take for one another, or for something else.
_ODD_OWNERS = [
    *("ada", "Ada", "ADA", "ada ", " ada", "ada\t", "ada\x00", "ad", "adaa", "\u00e4da"),
    *("a\u0308da", "\u00c4da", "\u00e5da", "*", "ad*", "ad?", "[a]da", "%", "ad%", "ad_", "{}"),
    *("{ada}", "a:b", "a/b", "../ada", ".", "'", '"', "\\", "ada\n", "null", "None", "0", "00"),
    *(
        "\U0001f600",
        "\u202eada",
        "x" * 254,
        "x" * 255,
        "x" * 254 + "y",
        "\u00e9" * 255,
        "stra\u00dfe",
        "strasse",
    ),
]


@needs(OwnerIndex)
class OwnerClaims(Contract):
    """An owner's sessions are all found, and nobody else's."""

    @pytest.fixture
    def index(self, store: Store) -> OwnerIndex:
        """Return the store under test, which finds the sessions of an owner."""
        assert isinstance(store, OwnerIndex)
        return store

    def test_all_of_an_owner_are_listed(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """`owned` returns the sids with the records that `load` returns, and no others."""
        mine = [put(store, {"n": b"%d" % n}, owner="ada") for n in range(5)]
        put(store, owner="bob")
        put(store)

        assert dict(index.owned("ada")) == {sid: load(store, sid) for sid in mine}
        assert len(index.owned("ada")) == 5
        assert index.owned("eve") == []

    def test_the_one_seen_last_comes_first(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """The list begins with the session that was used last."""
        now = clock.now()
        sids = {seen: put(store, owner="ada", seen_at=now + seen) for seen in (3, 1, 5, 2, 4)}
        assert [sid for sid, _ in index.owned("ada")] == [sids[n] for n in (5, 4, 3, 2, 1)]
        save(store, sids[1], load(store, sids[1]), Changes(seen_at=now + 9))

        assert [sid for sid, _ in index.owned("ada")] == [sids[n] for n in (1, 5, 4, 3, 2)]

    def test_large_sessions_are_listed_too(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """A listed record is the stored one, large or small, as it is now."""
        sid = put(store, {"a": b"1", "large": b"L" * 20_000}, owner="ada")
        save(store, sid, load(store, sid), Changes({"b": b"2", "more": b"m" * 20_000}))

        assert index.owned("ada") == [(sid, load(store, sid))]

    def test_a_sign_in_is_found(self, store: Store, index: OwnerIndex, clock: FakeClock) -> None:
        """A session that gets an owner is listed, under a new sid as well."""
        stays, moves, target = put(store), put(store), new_sid()
        save(store, stays, load(store, stays), Changes(owner="ada"))
        save(store, moves, load(store, moves), Changes(owner="ada", move_to=target))

        assert dict(index.owned("ada")).keys() == {stays, target}

    def test_a_change_of_owner_is_followed(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """A session belongs to the owner named last, whatever was seen before; "" to nobody."""
        sid = put(store, owner="ada")
        seen = load(store, sid)
        for owner in ("bob", "ada", "eve", "eve", "bob"):
            save(store, sid, seen, Changes(owner=owner))
            for name in ("ada", "bob", "eve"):
                assert [sid for sid, _ in index.owned(name)] == [sid] * (name == owner)
        save(store, sid, seen, Changes(owner=""))

        assert index.owned("ada") == index.owned("bob") == index.owned("eve") == []

    def test_a_restart_ends_ownership(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """A session that begins anew is its former owner's no more, unless that is said."""
        for owner, expected in ((None, 0), ("bob", 0), ("ada", 1)):
            sid = put(store, owner="ada")
            save(store, sid, load(store, sid), Changes(restart_at=clock.now(), owner=owner))

            assert len(index.owned("ada")) == expected

    def test_a_moved_session_is_listed_once(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """After a rotation only the new sid is listed, with all that came along."""
        sids = [put(store, {"a": b"1"}, owner="ada")]
        for number in range(3):
            sids.append(new_sid())
            save(store, sids[-2], load(store, sids[-2]), Changes(move_to=sids[-1]))

            assert index.owned("ada") == [(sids[-1], load(store, sids[-1]))], number
        clock.advance(LONG_AFTER_A_MOVE)
        assert index.owned("ada") == [(sids[-1], load(store, sids[-1]))]

    def test_what_ended_is_not_listed(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """Deleted and expired sessions are not listed, and a sid used again is not theirs."""
        deleted = put(store, owner="ada")
        expired = put(store, owner="ada", expires_at=clock.now() + 1_000)
        alive = put(store, owner="ada", expires_at=clock.now() + 1_001)
        store.delete(deleted)
        clock.advance(1)

        assert index.owned("ada") == [(alive, load(store, alive))]
        assert store.create(deleted, new_record())
        assert store.create(expired, new_record(owner="bob"))
        assert index.owned("ada") == [(alive, load(store, alive))]
        assert index.owned("bob") == [(expired, load(store, expired))]

    def test_a_place_used_again_is_listed(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """A session in the place of an expired one is listed, also if both are one owner's."""
        created, moved = (put(store, owner="ada") for _ in range(2))
        clock.advance(HOUR / 1000)
        assert index.owned("ada") == []
        assert store.create(created, new_record(owner="ada"))
        sid = put(store, owner="ada")
        save(store, sid, load(store, sid), Changes(move_to=moved))

        assert dict(index.owned("ada")).keys() == {created, moved}
        assert index.delete_owned("ada") == 2

    def test_an_extended_session_stays_listed(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """A session is listed for as long as it lives, however often that is extended."""
        sid = put(store, owner="ada", expires_at=clock.now() + 5_000)
        for _ in range(5):
            clock.advance(4)
            save(store, sid, load(store, sid), Changes(expires_at=clock.now() + 5_000))
        assert index.owned("ada") == [(sid, load(store, sid))]
        clock.advance(5)

        assert index.owned("ada") == []
        assert index.delete_owned("ada") == 0

    def test_owners_are_told_apart(self, store: Store, index: OwnerIndex, clock: FakeClock) -> None:
        """Owners that differ in case, in blanks or in how a letter is written are different."""
        sids = {owner: put(store, owner=owner) for owner in _ODD_OWNERS}
        for owner, sid in sids.items():
            assert index.owned(owner) == [(sid, new_record(owner=owner))]
        for number, (owner, sid) in enumerate(sids.items(), 1):
            assert index.delete_owned(owner) == 1
            assert store.load(sid) is Miss.UNKNOWN
            assert sum(isinstance(store.load(each), Record) for each in sids.values()) == (
                len(sids) - number
            )

    def test_nobody_owns_nothing(self, store: Store, index: OwnerIndex, clock: FakeClock) -> None:
        """Sessions without an owner are not the sessions of "": nobody signs them all out."""
        sid = put(store, {"a": b"1"})

        assert index.owned("") == []
        assert index.delete_owned("") == 0
        assert load(store, sid).values == {"a": b"1"}

    def test_all_of_an_owner_are_deleted(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """`delete_owned` ends all sessions of an owner, tells how many, and no one else's."""
        mine = [put(store, {"large": b"L" * 20_000}, owner="ada") for _ in range(5)]
        others = [put(store, {"a": b"1"}, owner="bob"), put(store, {"a": b"1"})]

        assert index.delete_owned("ada") == 5
        assert [store.load(sid) for sid in mine] == [Miss.UNKNOWN] * 5
        assert all(store.fetch(sid, ["large"]) == {} for sid in mine)
        assert index.owned("ada") == []
        assert index.delete_owned("ada") == 0
        assert all(load(store, sid).values == {"a": b"1"} for sid in others)

    def test_some_are_spared(self, store: Store, index: OwnerIndex, clock: FakeClock) -> None:
        """The sids in *spare* stay, whether they are the owner's or not."""
        mine = [put(store, {"large": b"L" * 20_000}, owner="ada") for _ in range(5)]
        spared = {mine[1], mine[3], new_sid(), put(store)}

        assert index.delete_owned("ada", spared) == 3
        assert dict(index.owned("ada")).keys() == {mine[1], mine[3]}
        assert whole(store, mine[1]) == {"large": b"L" * 20_000}
        assert index.delete_owned("ada", [mine[1], mine[3]]) == 0
        assert index.delete_owned("ada", (mine[1],)) == 1

    def test_the_expired_are_not_counted(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """`delete_owned` counts the sessions that were alive, each of them once."""
        put(store, owner="ada", expires_at=clock.now() + 1_000)
        sid = put(store, owner="ada")
        save(store, sid, load(store, sid), Changes(move_to=new_sid()))
        clock.advance(1)

        assert index.delete_owned("ada") == 1

    def test_a_revoked_session_is_not_revived(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """A slow request of a session that was ended cannot bring it back, nor list it."""
        sid = put(store, {"a": b"1"}, owner="ada")
        seen = load(store, sid)
        index.delete_owned("ada")

        assert store.apply(sid, seen, Changes({"a": b"2"}, owner="ada")) == GONE
        assert store.apply(sid, seen, Changes(owner="ada", move_to=new_sid())) == GONE
        assert index.owned("ada") == []

    def test_many_are_listed_and_deleted(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """An owner with hundreds of sessions gets and loses all of them."""
        sids = {put(store, owner="ada") for _ in range(300 * self.scale)}

        assert dict(index.owned("ada")).keys() == sids
        assert index.delete_owned("ada") == len(sids)
        assert index.owned("ada") == []

    @needs(Purgeable)
    def test_purging_leaves_the_living_listed(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """After a purge the live sessions of an owner are still found."""
        assert isinstance(store, Purgeable)
        alive = put(store, owner="ada", expires_at=clock.now() + 2 * HOUR)
        for _ in range(5):
            put(store, owner="ada")
        clock.advance(HOUR / 1000)

        assert store.purge(100) == 5
        assert index.owned("ada") == [(alive, load(store, alive))]

    def test_parallel_sign_ins_are_all_found(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """Whoever signs in on many devices at once finds all of them in the list."""

        def sign_in(number: int) -> set[bytes]:
            sids = set()
            for _ in range(5 * self.scale):
                sid, target = put(store, {key(number): b"1"}), new_sid()
                save(store, sid, load(store, sid), Changes(owner="ada", move_to=target))
                sids |= {target, put(store, owner="ada")}
            return sids

        found = together(*[partial(sign_in, number) for number in range(8)])

        assert dict(index.owned("ada")).keys() == set().union(*found)

    def test_a_revocation_wins(
        self, store: Store, open_again: Callable[[], Store], index: OwnerIndex, clock: FakeClock
    ) -> None:
        """While sessions are written to and move, `delete_owned` ends every one of them."""
        for _ in range(30 * self.scale):
            sids = [put(store, owner="ada") for _ in range(3)]
            targets = [new_sid() for _ in sids]
            seen = load(store, sids[0])
            revoke = partial(index.delete_owned, "ada")
            move = [partial(_move, store, *pair, seen) for pair in zip(sids, targets, strict=True)]
            write = [partial(_write, store, sid, seen) for sid in sids]
            together(revoke, *move, *write)

            assert not [sid for sid in sids + targets if isinstance(store.load(sid), Record)]
            assert index.owned("ada") == []

    def test_what_is_listed_is_theirs(
        self, store: Store, index: OwnerIndex, clock: FakeClock
    ) -> None:
        """While sessions change hands, a list never shows one that is another's by its record."""
        sids = [put(store, owner="ada") for _ in range(5)]
        seen = load(store, sids[0])

        def hand_over() -> None:
            for number in range(10 * self.scale):
                for sid in sids:
                    save(store, sid, seen, Changes(owner=("bob", "ada")[number % 2]))

        def look(owner: str) -> None:
            for _ in range(20 * self.scale):
                listed = index.owned(owner)
                assert {record.owner for _, record in listed} <= {owner}
                assert len(dict(listed)) == len(listed)

        together(hand_over, partial(look, "ada"), partial(look, "bob"))

        assert dict(index.owned("ada")).keys() == set(sids)
        assert index.owned("bob") == []


def _move(store: Store, sid: bytes, target: bytes, seen: Record) -> None:
    outcome = store.apply(sid, seen, Changes(move_to=target)).outcome
    assert outcome in (Outcome.SAVED, Outcome.GONE)


def _write(store: Store, sid: bytes, seen: Record) -> None:
    for number in range(5):
        store.apply(sid, seen, Changes({key(number): b"1"}))
