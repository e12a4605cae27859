"""Claims about going through all records page by page, for stores that can."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from ...record import Changes, Record
from ...stores.base import Browsable, Page, Store
from ..clock import FakeClock
from .base import HOUR, LONG_AFTER_A_MOVE, Contract, load, needs, new_sid, put, save

# More pages than any claim here can need: a store that never ends is to fail, not to hang.
_MOST_PAGES = 5_000

_is_safe = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII).fullmatch

_NO_CURSORS = ["", "x", "é", "A" * 23, "A" * 10_000, "../../etc", "1", "' OR 1=1 --", "\x00" * 22]


@needs(Browsable)
class PageClaims(Contract):
    """Whoever goes from page to page meets every session that is there."""

    @pytest.fixture
    def paged(self, store: Store) -> Browsable:
        """Return the store under test, which can be gone through."""
        assert isinstance(store, Browsable)
        return store

    def test_an_empty_store_has_an_empty_page(self, paged: Browsable, clock: FakeClock) -> None:
        """Where nothing is, nothing is found."""
        assert _all(paged, 10) == Counter()

    @pytest.mark.parametrize("limit", [1, 7, 60, 1_000])
    def test_every_session_is_on_a_page(
        self, store: Store, paged: Browsable, limit: int, clock: FakeClock
    ) -> None:
        """Each is found with its record, and no page has more than was asked for."""
        sids = {put(store, {"a": b"%d" % number}, owner="ada") for number in range(60)}
        found = dict(each for page in _pages(paged, limit) for each in page.found)

        assert found == {sid: load(store, sid) for sid in sids}
        assert max(len(page.found) for page in _pages(paged, limit)) <= limit

    @needs("meets_once")
    def test_each_is_met_once(self, store: Store, paged: Browsable, clock: FakeClock) -> None:
        """However sessions are used in between, none is met twice."""
        sids = [put(store) for _ in range(100)]
        met: Counter[bytes] = Counter()
        for page in _pages(paged, 9):
            met.update(sid for sid, _ in page.found)
            for number, sid in enumerate(sids[::7]):
                later = clock.now() + (number % 5) * HOUR + HOUR
                save(store, sid, load(store, sid), Changes({"b": b"2"}, expires_at=later))

        assert met == Counter(sids)

    def test_only_what_lives_is_found(
        self, store: Store, paged: Browsable, clock: FakeClock
    ) -> None:
        """Neither what has expired nor what was deleted, nor a tombstone, but what it leads to."""
        lives, moves, goes = put(store), put(store, {"a": b"1"}), put(store)
        put(store, expires_at=clock.now() + 10)
        target = new_sid()
        save(store, moves, load(store, moves), Changes(move_to=target))
        store.delete(goes)
        clock.advance(0.01)

        assert _all(paged, 2).keys() == {lives, target}
        clock.advance(LONG_AFTER_A_MOVE)
        assert _all(paged, 2).keys() == {lives, target}

    def test_what_expires_in_between_is_left_out(
        self, store: Store, paged: Browsable, clock: FakeClock
    ) -> None:
        """A page shows what lives when it is asked for, not when the first one was."""
        stay = {put(store) for _ in range(10)}
        for _ in range(30):
            put(store, expires_at=clock.now() + 10)
        first = paged.page(None, 5)
        clock.advance(0.01)

        rest = Counter() if first.after is None else _all(paged, 5, first.after)
        assert rest.keys() <= stay <= rest.keys() | {sid for sid, _ in first.found}

    def test_what_lies_beside_is_named(
        self, store: Store, paged: Browsable, clock: FakeClock
    ) -> None:
        """The record is that which `load` returns: large values are not fetched for a page."""
        sid = put(store, {"large": bytes(200_000), "small": b"1"})
        found = [each for page in _pages(paged, 5) for each in page.found]

        assert found[0] == (sid, load(store, sid))

    def test_who_stays_is_met_while_others_come_and_go(
        self, store: Store, paged: Browsable, clock: FakeClock
    ) -> None:
        """Whatever is made, used, moved and deleted between two pages, who stays is met."""
        stay = [put(store, {"a": b"1"}) for _ in range(60)]
        go = [put(store) for _ in range(60)]
        met: Counter[bytes] = Counter()
        for number, page in enumerate(_pages(paged, 7)):
            met.update(sid for sid, _ in page.found)
            if number < 15:
                for sid in stay[number::15]:
                    later = clock.now() + (number + 2) * HOUR
                    save(store, sid, load(store, sid), Changes({"b": b"2"}, expires_at=later))
                for sid in go[number::15]:
                    store.delete(sid)
                moves = put(store, {"c": b"3"})
                save(store, moves, load(store, moves), Changes(move_to=new_sid()))

        assert set(stay) <= met.keys()

    def test_a_cursor_may_be_shown(self, store: Store, paged: Browsable, clock: FakeClock) -> None:
        """It goes through a URL as it is, and tells of no sid more than a handle does."""
        sids = [put(store) for _ in range(40)]
        cursors = [page.after for page in _pages(paged, 3) if page.after is not None]
        secrets = [sid[16:] for sid in sids]

        assert cursors
        assert all(map(_is_safe, cursors))
        for secret in secrets:
            hidden = (secret.hex(), urlsafe_b64encode(secret).decode()[2:20])
            assert not any(each in cursor for each in hidden for cursor in cursors)

    def test_a_cursor_is_good_for_another_process(
        self,
        store: Store,
        paged: Browsable,
        open_again: Callable[[], Store],
        clock: FakeClock,
    ) -> None:
        """It can be used again, and by whoever has the same store open."""
        sids = [put(store) for _ in range(40)]
        other = open_again() if self.shared else store
        assert isinstance(other, Browsable)
        first = paged.page(None, 10)
        rest = _all(other, 10, first.after)

        assert {sid for sid, _ in first.found} | rest.keys() == set(sids)
        assert rest.keys() == _all(paged, 10, first.after).keys()

    @pytest.mark.parametrize("after", _NO_CURSORS)
    def test_what_is_no_cursor_is_refused(
        self, store: Store, paged: Browsable, after: str, clock: FakeClock
    ) -> None:
        """A cursor comes from a URL: whatever was put there is a ValueError and nothing else."""
        put(store)
        with pytest.raises(ValueError, match="cursor"):
            paged.page(after, 10)

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_page_of_nothing_is_refused(
        self, paged: Browsable, limit: int, clock: FakeClock
    ) -> None:
        """Who asks for no records has made a mistake."""
        with pytest.raises(ValueError, match="at least 1"):
            paged.page(None, limit)

    @needs("damage")
    def test_what_is_damaged_hides_no_others(
        self, store: Store, paged: Browsable, clock: FakeClock
    ) -> None:
        """A record that cannot be read is left out, and the others are found."""
        sids = [put(store, {"a": b"1"}) for _ in range(12)]
        self.damage(store, sids[5])

        assert _all(paged, 5).keys() == set(sids) - {sids[5]}


def _pages(store: Browsable, limit: int, after: str | None = None) -> Iterator[Page]:
    for _ in range(_MOST_PAGES):
        page = store.page(after, limit)
        yield page
        after = page.after
        if after is None:
            return
    pytest.fail(f"After {_MOST_PAGES} pages of {limit} there still was another one.")


def _all(store: Browsable, limit: int, after: str | None = None) -> Counter[bytes]:
    found = [each for page in _pages(store, limit, after) for each in page.found]
    assert all(isinstance(record, Record) for _, record in found)
    return Counter(sid for sid, _ in found)
