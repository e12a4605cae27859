"""`global_session`: a user's own data, with the words of the browser's session."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

import pytest
from flask import session

from flask_sessionplus import (
    Parameter,
    ParameterError,
    session_created,
    session_destroyed,
    session_expired,
    session_loaded,
    session_rejected,
    session_saved,
)
from flask_sessionplus.proxies import global_session, session_claims


def test_every_device_has_the_same(any_api):
    """What one program puts in, another one finds that has a token of the same user."""
    any_api.client()(lambda: global_session.update(cart=["tea"], n=1))
    other = any_api.client()

    assert other.value(lambda: dict(global_session)) == {"cart": ["tea"], "n": 1}


def test_the_words(api):
    """All words of the data API do what they do in the browser's session."""

    def page():
        data = global_session
        data.set("a", 1)
        data["b"] = [1]
        data.append("b", 2)
        data.increment("n", 5)
        data.setdefault("d", {"x": 1})
        data.setdefault("a", 7)
        assert data.atomic("n", lambda old: old * 2) == 10
        assert data.get("n", type=str) == "10"
        assert data.get("missing", 3) == 3
        assert data.has("a")
        assert "c" not in data
        assert data.pull("d") == {"x": 1}
        data.remove("a")
        data.remove("a")
        return data.all()

    client = api.client()

    assert client.value(page) == {"b": [1, 2], "n": 10}
    assert client.value(lambda: (len(global_session), sorted(global_session))) == (2, ["b", "n"])


def test_changes_inside_are_saved(api):
    """What is changed inside a value is found and saved, without a word."""
    client = api.client()
    client(lambda: global_session.update(cart={"tea": [1]}))
    client(lambda: global_session["cart"]["tea"].append(2))

    assert client.value(lambda: global_session["cart"]) == {"tea": [1, 2]}


def test_a_scope(api):
    """A scope is an own version of the data."""
    client = api.client()
    client(lambda: global_session.update(name="Ada"))
    client(lambda: global_session.scope("checkout").update(name="Eve"))

    assert client.value(lambda: global_session["name"]) == "Ada"
    assert client.value(lambda: global_session.scope("checkout")["name"]) == "Eve"


def test_the_times(api, clock):
    """Times and name are those of the record; a session that is new has no times."""

    def times():
        data = global_session
        return data.exists, data.created_at, data.last_seen_at, data.expires_at

    client = api.client()
    assert client.value(times) == (False, None, None, None)
    client(lambda: global_session.update(a=1))
    exists, created_at, seen_at, expires_at = client.value(times)

    assert exists is True
    assert created_at == seen_at
    assert expires_at - created_at == timedelta(days=31)


def test_a_lifetime_of_its_own(make_api, clock):
    """SESSION_GLOBAL_LIFETIME is for how long it lives without being used."""
    api = make_api(SESSION_GLOBAL_LIFETIME=3600, SESSION_ABSOLUTE_LIFETIME=4000)
    api.client()(lambda: global_session.update(a=1))
    for _ in range(3):
        clock.advance(3000)
        assert api.client().value(lambda: global_session.get("a")) == 1
    clock.advance(3601)

    assert api.client().value(lambda: global_session.exists) is False


def test_no_provisional_lifetime(make_api, clock):
    """It lives its whole time from the beginning: there is no cookie to come back."""
    api = make_api(SESSION_PROVISIONAL_LIFETIME=60)
    api.client()(lambda: global_session.update(a=1))
    clock.advance(timedelta(days=30))

    assert api.client().value(lambda: global_session.get("a")) == 1


def test_reading_costs_what_it_should(api, store, clock):
    """Verifying a token of ours is one load, the data another; no change, no write."""
    client = api.client()
    client(lambda: global_session.update(a=1))
    store.new_calls()
    client.value(lambda: (global_session["a"], global_session.get("b"), session_claims["sub"]))

    assert store.new_calls() == ["load", "load"]
    client.value(lambda: global_session.update(a=2))
    assert store.new_calls() == ["load", "load", "apply"]
    client.value(lambda: session_claims["sub"])
    assert store.new_calls() == ["load"]
    clock.advance(120)
    client.value(lambda: global_session["a"])
    assert store.new_calls() == ["load", "load", "apply"]


def test_what_does_not_ask_pays_nothing(api, store):
    """A request with a token that nobody looks at costs nothing, be the token good or bad."""
    client = api.client()
    store.new_calls()

    assert client().status == 200
    assert api.client("nonsense")().status == 200
    assert store.new_calls() == []


def test_reading_leaves_nothing(api, store):
    """Who only looks makes no record."""
    client = api.client()
    store.new_calls()
    client(lambda: (dict(global_session), global_session.get("a"), global_session.exists))

    assert "create" not in store.new_calls()


def test_users_are_apart(api):
    """Nobody finds what is another's; the same id in another spelling is the same user."""
    api.client(api.issue(42))(lambda: global_session.update(a=1))

    assert api.client(api.issue(43)).value(lambda: dict(global_session)) == {}
    assert api.client(api.issue("42")).value(lambda: dict(global_session)) == {"a": 1}


def test_it_is_not_the_browsers(api):
    """The browser's session of the same request is another one, and stays empty."""
    client = api.client()
    client(lambda: global_session.update(a=1))

    assert client.value(lambda: dict(session)) == {}


def test_parameters(make_api):
    """Typed parameters with the scope "global" are checked, given their defaults, and apart."""
    api = make_api(
        SESSION_PARAMETERS={
            "theme": Parameter(str, default="light", scope="global"),
            "mine": Parameter(int),
        }
    )
    client = api.client()

    def page():
        assert global_session.get("theme") == "light"
        with pytest.raises(ParameterError):
            global_session["theme"] = 5
        with pytest.raises(ParameterError):
            global_session["mine"] = 5
        with pytest.raises(ParameterError):
            session["theme"] = "dark"
        global_session["theme"] = "dark"

    client(page)
    assert client.value(lambda: global_session["theme"]) == "dark"


def test_a_large_value(any_api):
    """A value that lies beside the record is fetched, and can be changed."""
    any_api.client()(lambda: global_session.update(large=["x" * 20_000], small=1))
    any_api.client()(lambda: global_session["large"].append("y"))

    found = any_api.client().value(lambda: global_session["large"])
    assert (len(found[0]), found[1]) == (20_000, "y")


def test_save(api, store):
    """`save` writes at once, for answers that are streamed."""
    client = api.client()
    store.new_calls()

    def page():
        global_session["a"] = 1
        global_session.save()
        calls = store.new_calls()
        global_session["a"] = 2
        return calls

    # Then it is looked up once more whether the token was revoked meanwhile.
    assert client.value(page)[-2:] == ["create", "load"]
    assert client.value(lambda: global_session["a"]) == 2


def test_it_shows_no_values(api):
    """`repr` has the names, not the values."""
    client = api.client()
    client(lambda: global_session.update(card="secret"))
    shown = client.value(lambda: (global_session.get("card"), repr(global_session))[1])

    assert shown == "<GlobalSession stored: card>"


def test_signals_are_about_browsers(api, clock):
    """Who counts sessions by their signals does not count the user's data."""
    told = []

    def note(sender, **details):
        told.append(details)

    told_of = (session_created, session_loaded, session_saved, session_destroyed, session_rejected)
    with ExitStack() as stack:
        for signal in (*told_of, session_expired):
            stack.enter_context(signal.connected_to(note))
        client = api.client()
        client(lambda: global_session.update(a=1))
        client(lambda: global_session.increment("n"))
        client(lambda: global_session.clear())
        client(lambda: global_session.update(a=1))
        clock.advance(timedelta(days=32))
        api.client()(lambda: global_session.get("a"))

    assert told == []


def test_too_large(make_api, caplog):
    """Data over SESSION_MAX_BYTES are an error, told once; what was there stays."""
    api = make_api(SESSION_MAX_BYTES=1000, PROPAGATE_EXCEPTIONS=False)
    client = api.client()
    client(lambda: global_session.update(a=1))

    assert client(lambda: global_session.update(b="x" * 1000)).status == 500
    assert "SessionTooLarge" in caplog.text
    assert "finalizing failed" not in caplog.text
    assert client.value(lambda: dict(global_session)) == {"a": 1}


def test_an_emptied_one(api, clock):
    """Without keys it goes after a while; what is put in before that is kept."""
    client = api.client()
    client(lambda: global_session.update(a=1))
    client(lambda: global_session.remove("a"))
    assert client.value(lambda: dict(global_session)) == {}
    client(lambda: global_session.update(b=1))
    clock.advance(120)
    assert client.value(lambda: dict(global_session)) == {"b": 1}
    client(lambda: global_session.remove("b"))
    clock.advance(120)

    assert client.value(lambda: global_session.exists) is False
