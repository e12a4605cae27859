"""The user's data that were removed stay removed, and may begin anew at once."""

from __future__ import annotations

import pytest

from flask_sessionplus import session_lost
from flask_sessionplus.proxies import global_session

LARGE = ["x" * 20_000]


@pytest.fixture
def known(any_api):
    """Return a program whose user has data."""
    client = any_api.client()
    client(lambda: global_session.update(a=1, cart=[1], n=1))
    return client


@pytest.mark.parametrize(
    "remove", [lambda: global_session.clear(), lambda: global_session.destroy()]
)
def test_removed(known, remove):
    """Who removes them finds none, and neither does anybody else."""
    known(lambda: (remove(), global_session.get("a")))

    assert known.value(lambda: (dict(global_session), global_session.exists)) == ({}, False)


def test_a_single_key(known):
    """`destroy` with a key removes that only."""
    known(lambda: global_session.destroy("a"))

    assert known.value(lambda: dict(global_session)) == {"cart": [1], "n": 1}


def test_no_tombstone(known):
    """Right after it was removed it may begin anew, in the same request and in the next."""
    known(lambda: (global_session.clear(), global_session.update(b=1)))
    assert known.value(lambda: dict(global_session)) == {"b": 1}
    known(lambda: global_session.clear())
    known(lambda: global_session.update(c=1))

    assert known.value(lambda: dict(global_session)) == {"c": 1}


def test_removed_before_it_began(any_api):
    """To remove what is not there does nothing, and what is put in then is kept."""
    client = any_api.client()
    client(lambda: (global_session.clear(), global_session.update(a=1)))

    assert client.value(lambda: dict(global_session)) == {"a": 1}


WRITES = [
    lambda: global_session.update(late=1),
    lambda: global_session["cart"].append("late"),
    lambda: global_session.increment("n"),
    lambda: global_session.append("late", 1),
    lambda: global_session.setdefault("late", 1),
    lambda: global_session.remove("a"),
    lambda: global_session.update(late=LARGE),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("again", [False, True])
def test_a_slow_request_stays_out(any_api, any_store, known, write, again):
    """A request that had read what is removed then writes nothing, though it has begun anew."""
    other = any_api.client()
    lost = []

    def remove():
        other(lambda: global_session.clear())
        if again:
            other(lambda: global_session.update(a=2, cart=["new"]))

    def page():
        global_session.get("a")
        any_store.before["apply"] = remove
        write()

    def note(sender, session):
        lost.append(session)

    with session_lost.connected_to(note):
        assert known(page).status == 200

    expected = {"a": 2, "cart": ["new"]} if again else {}
    assert known.value(lambda: dict(global_session)) == expected
    assert len(lost) == 1


def test_a_slow_request_may_begin_anew(any_api, any_store, known):
    """Whoever notices, and removes it himself, has begun anew."""
    other = any_api.client()

    def page():
        global_session.get("a")
        any_store.before["apply"] = lambda: other(lambda: global_session.clear())
        global_session.increment("n")
        global_session.clear()
        global_session["b"] = 1

    known(page)

    assert known.value(lambda: dict(global_session)) == {"b": 1}


def test_a_large_value_of_another_time(any_api, known):
    """What lay beside a record that was removed is not written to the one that has begun since."""
    known(lambda: global_session.update(large=LARGE))
    other = any_api.client()

    def page():
        global_session.get("a")
        other(lambda: global_session.clear())
        other(lambda: global_session.update(large=["y" * 20_000]))
        # The value is the new one where it is fetched only now.
        global_session["large"].append("late")

    assert known(page).status == 200
    assert known.value(lambda: global_session["large"]) == ["y" * 20_000]


def test_what_two_remove(any_api, any_store, known):
    """If two remove it at the same time, both have done so."""
    other = any_api.client()
    any_store.before["delete"] = lambda: other(lambda: global_session.clear())

    assert known(lambda: global_session.clear()).status == 200
    assert known.value(lambda: global_session.exists) is False


def test_what_is_put_in_while_it_is_removed(any_api, any_store, known):
    """Who begins anew while another has just removed it: both are kept."""
    other = any_api.client()

    def page():
        global_session.clear()
        global_session["ours"] = 1
        any_store.before["create"] = lambda: other(lambda: global_session.update(theirs=1))

    known(page)

    assert known.value(lambda: dict(global_session)) == {"ours": 1, "theirs": 1}
