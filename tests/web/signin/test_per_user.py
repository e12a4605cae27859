"""`SESSION_MAX_PER_USER`: how many browsers a user may be signed in with."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flask_sessionplus import ConfigError, StoreUnavailable, TooManySessions, session, signals
from flask_sessionplus.codec import Codec
from flask_sessionplus.owners import KIND, evict
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.tokens import digest
from tests.web.signin.conftest import WatchedIndex, extension
from tests.web.visiting import together


@pytest.fixture
def three(make_site, store, clock):
    """Return an app where three is the limit, and the oldest has to go."""
    return make_site(store, SESSION_MAX_PER_USER=3)


@pytest.fixture
def full(make_site, store, clock):
    """Return an app where three is the limit, and the fourth is refused."""
    return make_site(store, SESSION_MAX_PER_USER=3, SESSION_WHEN_FULL="refuse")


def sign_in(site, clock, count, user_id="ada"):
    """Let *count* browsers sign in, one a second."""
    visitors = [site.visitor() for _ in range(count)]
    for visitor in visitors:
        clock.advance(1)
        visitor.value(lambda: session.login(user_id))
    return visitors


def signed_in(visitors):
    """Tell of each whether it is signed in."""
    return [visitor.value(lambda: session.is_authenticated) for visitor in visitors]


def put(store, kind, clock):
    """Put a record of *kind* into the store that belongs to ada."""
    values = {KIND: Codec().encode(kind), "a": b"\x01"}
    sid = digest(f"a-record-of-the-kind-{kind}")
    hour = clock.now() + 3_600_000
    store.inner.create(sid, Record(clock.now(), clock.now(), hour, values, owner="ada"))
    return sid


def test_the_oldest_goes(three, clock):
    """Beyond the limit the session that was used longest ago is ended."""
    visitors = sign_in(three, clock, 5)

    assert signed_in(visitors) == [False, False, True, True, True]


def test_the_oldest_by_use(three, clock):
    """Who was used lately stays, however long ago it was begun."""
    visitors = sign_in(three, clock, 3)
    clock.advance(timedelta(minutes=2))
    visitors[0](lambda: session.get("a"))
    visitors += sign_in(three, clock, 1)

    assert signed_in(visitors) == [True, False, True, True]


def test_other_users_do_not_count(three, clock):
    """The limit is each user's own."""
    visitors = sign_in(three, clock, 3) + sign_in(three, clock, 3, "bob")

    assert signed_in(visitors) == [True] * 6


def test_visitors_do_not_count(three, clock):
    """Sessions of nobody are not limited."""
    visitors = [three.visitor() for _ in range(5)]
    for visitor in visitors:
        visitor(lambda: session.update(a=1))

    assert all(visitor.value(lambda: session.get("a")) for visitor in visitors)


def test_signing_in_again_counts_once(three, clock):
    """Who signs in again in the same browser takes no further place."""
    visitors = sign_in(three, clock, 3)
    for _ in range(5):
        clock.advance(1)
        visitors[0](lambda: session.login("ada"))

    assert signed_in(visitors) == [True] * 3


def test_the_current_one_is_never_ended(make_site, store, clock):
    """With a limit of one the new session stays, also where clocks of machines differ."""
    site = make_site(store, SESSION_MAX_PER_USER=1)
    first = sign_in(site, clock, 1)[0]
    sid = digest(first.token)
    record = store.inner.load(sid)
    store.inner.apply(sid, record, Changes(seen_at=clock.now() + 5_000))
    visitors = [first, *sign_in(site, clock, 1)]

    assert signed_in(visitors) == [False, True]


def test_two_at_the_same_moment_do_not_end_each_other(site, store, clock):
    """Of two that sign in within one millisecond, and see each other, one stays."""
    visitors = [site.visitor() for _ in range(2)]
    for visitor in visitors:
        visitor.value(lambda: session.login("ada"))
    one, other = [digest(visitor.token) for visitor in visitors]

    def look(sid):
        evict(store, Codec(), "ada", 1, sid)

    store.before["delete"] = lambda: look(other)
    look(one)
    look(other)
    assert len(store.inner.owned("ada")) == 1


def test_only_browsers_count(three, store, clock):
    """The user's global data and tokens take no place, and are not ended for lack of one."""
    others = [put(store, kind, clock) for kind in ("global", "token", "note", "lease")]
    visitors = sign_in(three, clock, 4)

    assert signed_in(visitors) == [False, True, True, True]
    assert all(isinstance(store.inner.load(sid), Record) for sid in others)


def test_fifty_of_a_thousand(make_site, clock):
    """After 1,000 sign-ins with a limit of 50 there are 50 records."""
    store = MemoryStore()
    site = make_site(store, SESSION_MAX_PER_USER=50)
    sign_in(site, clock, 1000)

    assert store.count() == 50
    assert len(store.owned("ada")) == 50


def test_strict_has_a_limit(make_site, store):
    """The strict profile allows fifty."""
    site = make_site(store, SESSION_PROFILE="strict")

    assert site.app.extensions["sessionplus"].settings.signin.max_per_user == 50


def test_a_limit_needs_a_store_that_can_count(make_site):
    """With a store that knows no owners the limit is refused; the strict profile goes without."""
    with pytest.raises(ConfigError, match=r"SESSION_MAX_PER_USER needs a store .* SESSION_STORE"):
        make_site("memcached://127.0.0.1", SESSION_MAX_PER_USER=5)
    make_site("memcached://127.0.0.1", SESSION_PROFILE="strict")


def test_one_too_many_is_refused(full, clock):
    """Where the limit refuses, the fourth is not signed in: 429, and the others stay."""
    visitors = sign_in(full, clock, 3)
    fourth = full.visitor()
    answer = fourth(lambda: session.login("ada"))

    assert answer.status == 429
    assert signed_in([*visitors, fourth]) == [True, True, True, False]


def test_who_is_refused_keeps_what_he_has(full, clock):
    """A visitor who is refused keeps the session he had, and may go on with it."""
    sign_in(full, clock, 3)
    fourth = full.visitor()
    fourth(lambda: session.update(cart=["tea"]))
    token = fourth.token

    def page():
        with pytest.raises(TooManySessions, match=r"3 sessions already, .* SESSION_WHEN_FULL"):
            session.login("ada")
        return session.copy(), session.user_id

    assert fourth.value(page) == ({"cart": ["tea"]}, None)
    assert fourth.token == token


def test_there_is_room_again(full, clock):
    """When one signs out another may sign in; who is in may sign in again."""
    visitors = sign_in(full, clock, 3)
    visitors[1](lambda: session.login("ada", "Ada"))
    visitors[0](lambda: session.logout())
    visitors += sign_in(full, clock, 1)

    assert signed_in(visitors) == [False, True, True, True]


def test_a_refusal_is_not_told_as_a_sign_in(full, clock):
    """`user_signed_in` is sent for those who are signed in, and nobody else."""
    told = []

    def note(sender, session, user_id):
        told.append(user_id)

    with signals.user_signed_in.connected_to(note):
        sign_in(full, clock, 3)
        assert full.visitor()(lambda: session.login("ada")).status == 429

    assert told == ["ada"] * 3


def test_if_nobody_can_count_nobody_signs_in(full, store, clock):
    """If the store fails between writing and counting, the new session is not left behind."""
    store.before["create"] = lambda: store.faults.update(owned=lambda: StoreUnavailable("away"))
    visitor = full.visitor()
    answer = visitor(lambda: session.login("ada"))

    assert answer.status == 503
    store.faults.clear()
    assert signed_in([visitor]) == [False]
    assert store.inner.owned("ada") == []


def test_one_that_comes_in_between(full, store, clock):
    """If another takes the last place between looking and writing, both cannot stay."""
    visitors, other, fourth = sign_in(full, clock, 2), full.visitor(), full.visitor()
    store.before["create"] = lambda: other.value(lambda: session.login("ada"))

    assert fourth(lambda: session.login("ada")).status == 429
    assert signed_in([*visitors, other, fourth]) == [True, True, True, False]
    assert len(store.inner.owned("ada")) == 3


def test_what_the_visitor_had_is_given_back(full, store, clock):
    """Who loses the last place in a race has what he had, and nothing of the sign-in."""
    sign_in(full, clock, 2)
    other, fourth = full.visitor(), full.visitor()
    fourth(lambda: session.update(cart=["tea"]))
    old = fourth.tab()
    store.before["apply"] = lambda: other.value(lambda: session.login("ada"))

    assert fourth(lambda: session.login("ada", "Ada", 1, True, mail="a@x")).status == 429
    found = fourth.value(lambda: (session.copy(), session.is_authenticated, session.permanent))
    assert found == ({"cart": ["tea"]}, False, False)
    assert store.inner.load(digest(fourth.token)).owner == ""
    assert not [name for name in store.inner.load(digest(fourth.token)).values if name != "cart"]
    assert old.value(lambda: session.copy()) == {}
    assert signed_in([other]) == [True]


def test_if_nothing_can_be_given_back_nothing_stays(full, store, clock):
    """If the store fails when the sign-in is taken back, the session is ended."""
    sign_in(full, clock, 2)
    other, fourth = full.visitor(), full.visitor()
    fourth(lambda: session.update(cart=["tea"]))

    def overtake():
        other.value(lambda: session.login("ada"))
        store.before["owned"] = lambda: store.faults.update(apply=lambda: StoreUnavailable("away"))

    store.before["apply"] = overtake
    assert fourth(lambda: session.login("ada")).status == 503
    store.faults.clear()
    assert signed_in([fourth, other]) == [False, True]
    assert len(store.inner.owned("ada")) == 3


@pytest.mark.slow
@pytest.mark.parametrize("pause", ["create", "owned", None])
def test_many_at_once(any_store: WatchedIndex, make_site, pause):
    """However many sign in at the same moment, there are never more than the limit."""
    site = make_site(any_store, SESSION_MAX_PER_USER=3, SESSION_WHEN_FULL="refuse")
    visitors, welcomed = [site.visitor() for _ in range(8)], []

    def attempt(visitor):
        answer = visitor(lambda: (session.login("ada"), welcomed.append(visitor)))
        assert answer.status in (200, 429)

    if pause is not None:
        # Somebody is as far as here, and the whole world overtakes him.
        others = [site.visitor() for _ in range(4)]
        any_store.before[pause] = lambda: [attempt(each) for each in others]
    together(*(lambda visitor=visitor: attempt(visitor) for visitor in visitors))

    assert len(welcomed) <= 3
    assert len(any_store.inner.owned("ada")) == len(welcomed)
    assert signed_in(welcomed) == [True] * len(welcomed)


@pytest.mark.slow
def test_many_at_once_where_the_oldest_goes(any_store: WatchedIndex, make_site):
    """With `evict_oldest` one more sign-in after many at once is enough to be back at the limit."""
    site = make_site(any_store, SESSION_MAX_PER_USER=3)
    visitors = [site.visitor() for _ in range(8)]
    together(
        *(
            lambda visitor=visitor: visitor.value(lambda: session.login("ada"))
            for visitor in visitors
        )
    )
    last = site.visitor()
    last.value(lambda: session.login("ada"))

    assert len(any_store.inner.owned("ada")) <= 3
    assert signed_in([last]) == [True]


def test_the_list_has_what_is_left(three, clock):
    """`sessions_of` and the limit agree on what there is."""
    visitors = sign_in(three, clock, 5)

    assert len(visitors[-1].value(lambda: extension(three).sessions_of("ada"))) == 3
