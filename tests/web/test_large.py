"""Large sessions: one key is read without the others, and written without the others."""

from __future__ import annotations

import pytest
from flask import flash, get_flashed_messages, session

from flask_sessionplus import DamagedRecord, StoreConflict
from flask_sessionplus.tokens import digest
from tests.web.spreading import SpreadingStore
from tests.web.visiting import together

LARGE = "x" * 20_000
KEYS = {f"key-{n}": [n, "y" * 1_200] for n in range(20)}


@pytest.fixture
def embedded():
    """Return a store that keeps large values beside the record."""
    return SpreadingStore()


@pytest.fixture
def rich(visitor, store):
    """Return somebody with a large value, twenty of 1.2 KB and a small one."""
    visitor(lambda: session.update(small=[1], large=LARGE, **KEYS))
    visitor(lambda: session.get("small"))
    store.new_calls()
    return visitor


def test_a_small_key_is_read_without_the_large(rich, store):
    """What is small comes with the record, and nothing is fetched for it."""
    assert rich.value(lambda: (session["small"], len(session), "large" in session)) == (
        [1],
        22,
        True,
    )
    assert store.new_calls() == ["load"]


def test_one_large_key_is_fetched_alone(rich, store):
    """Reading a large key fetches that key, once, and writes nothing."""
    names = []
    inner = store.inner.fetch
    store.inner.fetch = lambda sid, wanted: names.append(list(wanted)) or inner(sid, wanted)

    assert rich.value(lambda: (session["key-7"], session["key-7"], session.get("key-7"))[0]) == [
        7,
        "y" * 1_200,
    ]
    assert store.new_calls() == ["load", "fetch"]
    assert names == [["key-7"]]


@pytest.mark.parametrize(
    "read",
    [
        lambda: dict(session.items()),
        lambda: session.copy(),
        lambda: session.all(),
        lambda: dict(zip(session.keys(), session.values(), strict=True)),
        lambda: session | {},
        lambda: {} | session,
    ],
    ids=["items", "copy", "all", "values", "or", "ror"],
)
def test_everything_is_fetched_at_once(rich, store, read):
    """Who wants all keys waits for one fetch, not for one for each key."""
    assert rich.value(read) == {"small": [1], "large": LARGE, **KEYS}
    assert store.new_calls() == ["load", "fetch"]


def test_a_session_is_compared_as_a_whole(rich, store):
    """== fetches what it needs."""
    assert rich.value(lambda: session == {"small": [1], "large": LARGE, **KEYS})


def test_a_key_is_set_without_reading_it(rich, store):
    """A new value for a large key needs no look at the old one."""
    rich(lambda: session.update(large="z" * 30_000))

    assert store.new_calls() == ["load", "apply"]
    assert rich.value(lambda: session["large"]) == "z" * 30_000
    assert rich.value(lambda: session["key-3"]) == KEYS["key-3"]


def test_only_what_changed_is_written(rich, store):
    """The changes that the store gets hold one key."""
    seen = []
    inner = store.inner.apply
    store.inner.apply = lambda sid, record, changes: (
        seen.append(changes) or inner(sid, record, changes)
    )
    rich(lambda: session["key-5"].append("new"))

    assert [list(changes.updates) for changes in seen] == [["key-5"]]
    assert seen[0].sets == {}
    assert rich.value(lambda: session["key-5"]) == [*KEYS["key-5"], "new"]


def test_reading_writes_nothing(rich, store):
    """A large list that was looked at is found unchanged."""
    rich(lambda: [session[name][0] for name in KEYS])

    assert "apply" not in store.new_calls()


@pytest.mark.parametrize(
    "remove", [lambda: session.pop("large"), lambda: session.remove("large")], ids=["pop", "remove"]
)
def test_a_large_key_is_removed(rich, remove):
    """A removed key is gone, the others stay."""
    rich(remove)

    assert rich.value(lambda: "large" in session) is False
    assert rich.value(lambda: session["key-1"]) == KEYS["key-1"]


def test_a_value_grows_and_shrinks(rich):
    """Small to large and back, in one request or in several."""
    rich(lambda: session.update(small=LARGE))
    assert rich.value(lambda: session["small"]) == LARGE
    rich(lambda: session.update(small=[2], large=1))
    assert rich.value(lambda: (session["small"], session["large"])) == ([2], 1)


def test_exact_operations(rich):
    """Append and atomic on a large value are exact, also against others."""
    rich(lambda: session.update(log=[LARGE]))
    tabs = [rich.tab() for _ in range(6)]
    together(
        *[lambda n=n, tab=tab: tab(lambda: session.append("log", n)) for n, tab in enumerate(tabs)]
    )

    log = rich.value(lambda: session["log"])
    assert log[0] == LARGE
    assert sorted(log[1:]) == list(range(6))
    assert rich.value(lambda: session.atomic("log", len)) == 7


def test_a_conflict_fetches_again(rich, store):
    """Whoever has read a large value that another one of the same size replaces gets both."""
    rich(lambda: session.update(log=["a" * 9_000]))
    other = rich.tab()

    def view():
        session["log"]
        store.before["apply"] = lambda: other(lambda: session.update(log=["b" * 9_000]))
        session.append("log", "mine")

    rich(view)

    assert rich.value(lambda: session["log"]) == ["b" * 9_000, "mine"]


def test_saved_in_the_middle(visitor, store):
    """Values that were just written are known, and further changes of them are found."""

    def view():
        session["large"] = [LARGE]
        session.save()
        session["large"].append("more")
        session["other"] = LARGE
        session.save()
        del session["large"]
        session.save()
        return dict(session)

    assert visitor.value(view) == {"other": LARGE}
    assert visitor.value(lambda: dict(session)) == {"other": LARGE}
    assert store.new_calls().count("fetch") == 1


def test_large_data_survives_a_new_token(rich, store):
    """Regenerate takes everything along."""
    rich(lambda: session.regenerate())

    assert rich.value(lambda: session.copy()) == {"small": [1], "large": LARGE, **KEYS}


def test_a_key_removed_while_it_is_read(rich, store):
    """A value that another request has removed since the record was loaded is not there."""
    other = rich.tab()

    def view():
        assert "large" in session
        store.before["fetch"] = lambda: other(lambda: session.pop("large"))
        return session.get("large", "gone"), "large" in session

    assert rich.value(view) == ("gone", False)


def test_a_key_that_became_small_while_it_is_read(rich, store):
    """A value that another request has made small meanwhile is found in the record."""
    other = rich.tab()

    def view():
        len(session)
        store.before["fetch"] = lambda: other(lambda: session.update(large="tiny"))
        return session["large"]

    assert rich.value(view) == "tiny"


@pytest.mark.parametrize("end", [lambda: session.clear(), lambda: session.regenerate()])
def test_a_session_that_ends_while_it_is_read(rich, store, end):
    """Who reads a value whose session has just ended is told to come again: 503, not half of it."""
    other = rich.tab()

    def view():
        len(session)
        store.before["fetch"] = lambda: other(end)
        return session["large"]

    answer = rich(view)

    assert answer.status == 503
    assert answer.cookies == []


def test_a_value_the_store_has_lost(rich, store):
    """A key whose value is not there, though the record names it, is as good as removed."""
    store.inner.fetch = lambda sid, names: {}

    def view():
        assert session.get("large") is None
        with pytest.raises(KeyError):
            session["key-1"]
        return len(session)

    assert rich.value(view) == 20


def test_a_damaged_value(rich, store):
    """A large value that cannot be read is not there; the others are."""
    inner = store.inner.fetch

    def fetch(sid, names):
        if "large" in names:
            raise DamagedRecord("A value is damaged. Remove it.")
        return inner(sid, names)

    store.inner.fetch = fetch

    assert rich.value(lambda: (session.get("large"), session["key-1"])) == (None, KEYS["key-1"])
    assert rich.value(lambda: session.copy()) == {"small": [1], **KEYS}


def test_clearing_removes_all(rich, store):
    """A large session that is signed out is gone."""
    sid = digest(rich.token)
    rich(lambda: session.clear())

    assert store.inner.fetch(sid, ["large"]) == {}
    assert rich.value(lambda: dict(session)) == {}


def test_limits_count_what_lies_beside(make_site, store):
    """SESSION_MAX_BYTES is for the session as a whole."""
    visitor = make_site(store, SESSION_MAX_BYTES=30_000).visitor()
    visitor(lambda: session.update(large=LARGE))

    with pytest.raises(Exception, match="SESSION_MAX_BYTES"):
        visitor(lambda: session.update(more=LARGE))
    assert visitor.value(lambda: list(session)) == ["large"]
    visitor(lambda: (session.pop("large"), session.update(more=LARGE)))
    assert visitor.value(lambda: list(session)) == ["more"]


def test_emptying_a_large_session(rich):
    """A session whose last keys are large ones is empty when these go."""
    answer = rich(lambda: [session.pop(name) for name in list(session)])

    assert answer.cookie.is_deletion


def test_large_messages(visitor):
    """A large flash is shown once, as a small one."""
    visitor(lambda: (session.flash("form", LARGE), flash(LARGE)))

    assert visitor.value(lambda: (session.get_flash("form"), get_flashed_messages())) == (
        LARGE,
        [LARGE],
    )
    assert visitor.value(lambda: (session.get_flash("form"), get_flashed_messages())) == (None, [])


def test_a_fault_while_fetching(rich, store):
    """A store that fails in the middle is a 503."""
    store.faults["fetch"] = lambda: StoreConflict("Busy. Try again.")

    assert rich(lambda: session["large"]).status == 503
