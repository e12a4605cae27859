"""A store that fails: 503, never a valid token that was not looked up, never lost data."""

from __future__ import annotations

import pytest
from flask import session

from flask_sessionplus import ConfigError, DamagedRecord, StoreUnavailable, store_failed
from flask_sessionplus.bearer.families import sid_of
from flask_sessionplus.proxies import global_session, session_claims
from flask_sessionplus.record import Changes
from tests.web.bearer.bearing import bearer, foreign


def use():
    """Use the token."""
    return session_claims["sub"]


@pytest.fixture
def failures():
    """Return the faults that were told."""
    found = []

    def note(sender, session, error):
        found.append(error)

    with store_failed.connected_to(note):
        yield found


def failing(store, *methods):
    """Let these methods of the store fail."""
    store.faults = dict.fromkeys(methods, StoreUnavailable)


@pytest.mark.parametrize("kind", ["own", "foreign"])
@pytest.mark.parametrize("fault", [StoreUnavailable, DamagedRecord])
def test_a_token_that_cannot_be_looked_up(api, store, failures, kind, fault):
    """While the store cannot tell whether a token was revoked, it is not valid: 503."""
    token = api.issue() if kind == "own" else foreign()
    store.faults = {"load": fault}
    answer = api.client(token)(use)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "Authorization" in answer.headers["Vary"]
    assert len(failures) == 1
    store.faults = {}
    assert api.client(token)(use).status == 200


def test_the_second_note(api, store):
    """If the second of the notes cannot be read, it is a 503 as well."""
    token = foreign()
    assert api.client(token)(use).status == 200

    original = store.inner.reload
    calls = []

    def reload(sid):
        calls.append(sid)
        if len(calls) == 2:
            raise StoreUnavailable
        return original(sid)

    store.reload = reload
    assert api.client(token)(use).status == 503
    assert len(calls) == 2


@pytest.mark.parametrize("setting", ["fail", "anonymous"])
def test_the_data_are_never_silently_empty(make_api, store, setting):
    """Whatever SESSION_ON_STORE_ERROR says: the user's data are there, or it is a 503."""
    api = make_api(store, SESSION_ON_STORE_ERROR=setting)
    client = api.client()
    client(lambda: global_session.update(a=1))

    def page():
        session_claims["sub"]
        failing(store, "load")
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                global_session.get("a")
        store.faults = {}
        return global_session.get("a")

    assert client.value(page) == 1


def test_data_that_cannot_be_read(api, store, caplog):
    """Data that are damaged are a 503, are left alone, and can be removed by their handle."""
    client = api.client()
    client(lambda: global_session.update(a=1))
    name = client.value(lambda: global_session.handle)

    def page():
        session_claims["sub"]
        store.faults = {"load": DamagedRecord}
        return global_session.get("a")

    assert client(page).status == 503
    assert name in caplog.text
    store.faults = {}
    assert client.value(lambda: global_session["a"]) == 1


@pytest.mark.parametrize("method", ["create", "apply", "delete"])
def test_what_cannot_be_saved(api, store, method):
    """What cannot be written is a 503, not an answer as if it were; nothing is half done."""
    client = api.client()
    if method != "create":
        client(lambda: global_session.update(a=1))
    failing(store, method)
    answer = client(
        lambda: global_session.clear() if method == "delete" else global_session.update(a=2)
    )
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "private" in answer.headers["Cache-Control"]
    store.faults = {}

    assert client.value(lambda: global_session.get("a")) == (None if method == "create" else 1)


def test_an_error_page_may_use_it(api, store):
    """The page that tells of the fault can look at the data, and nothing fails twice."""

    @api.site.app.errorhandler(StoreUnavailable)
    def sorry(error):
        return f"Sorry, {global_session.get('name')}", 503

    client = api.client()
    client(lambda: global_session.update(name="Ada"))
    failing(store, "apply")
    answer = client(lambda: global_session.update(a=2))

    assert (answer.status, answer.text) == (503, "Sorry, Ada")


def failing_at(store, number):
    """Let the `apply` of this number fail, and no other."""
    original, calls = store.inner.apply, []

    def apply(*arguments):
        calls.append(arguments)
        if len(calls) == number:
            raise StoreUnavailable
        return original(*arguments)

    store.inner.apply = apply


def _by_cookie(api):
    visitor = api.site.visitor()
    visitor(lambda: session.login(42))
    visitor(lambda: global_session.update(a=1))
    return visitor


def test_if_the_browsers_fails(make_api, store):
    """If the browser's session cannot be written, the user's data are not either."""
    api = make_api(store, SESSION_GLOBAL_BY_COOKIE=True)
    visitor = _by_cookie(api)
    failing_at(store, 1)

    def page():
        session["b"] = 2
        global_session["a"] = 2

    assert visitor(page).status == 503
    assert visitor.value(lambda: (session.get("b"), global_session["a"])) == (None, 1)


def test_if_only_the_users_fails(make_api, store):
    """If the browser's session has got a new token, the 503 brings it: nobody is signed out."""
    api = make_api(store, SESSION_GLOBAL_BY_COOKIE=True)
    visitor = _by_cookie(api)
    failing_at(store, 2)

    def page():
        session.regenerate()
        global_session["a"] = 2

    old = visitor.token
    assert visitor(page).status == 503
    assert visitor.token != old
    assert visitor.value(lambda: (session.user_id, global_session["a"])) == (42, 1)


@pytest.mark.parametrize(
    "do",
    [
        lambda tokens: tokens.issue(42),
        lambda tokens: tokens.issue_pair(42),
        lambda tokens: tokens.revoke("x"),
        lambda tokens: tokens.revoke_user(42),
    ],
)
def test_issuing_and_revoking(api, store, caplog, do):
    """What cannot be stored is not issued, and what cannot be noted is not revoked: an error."""
    failing(store, "load", "create", "apply")

    with pytest.raises(StoreUnavailable):
        api.tokens(do)
    assert "does not answer" in caplog.text


def test_refreshing(api, store):
    """A fault while refreshing uses up nothing."""
    pair = api.pair()
    for method in ("load", "apply"):
        failing(store, method)
        with pytest.raises(StoreUnavailable):
            api.tokens(lambda tokens: tokens.refresh(pair.refresh))
        store.faults = {}

    assert api.tokens(lambda tokens: tokens.refresh(pair.refresh)).access


def test_a_note_that_is_damaged_can_be_written_anew(api, store):
    """To revoke works although there is a note already that cannot be read."""
    api.tokens(lambda tokens: tokens.revoke_user(42))
    original, calls = store.inner.load, []

    def load(sid):
        calls.append(sid)
        if len(calls) == 1:
            raise DamagedRecord
        return original(sid)

    store.inner.load = load
    api.tokens(lambda tokens: tokens.revoke_user(42))

    assert api.client(foreign(sub="42"))(use).status == 401


def test_a_record_of_another_kind_is_no_family(api, store):
    """A record in a family's place that is none makes no token valid."""
    token = api.issue()
    name = api.client(token).value(lambda: session_claims["sid"])
    record = store.inner.load(sid_of(name))
    for values in ({}, {**record.values, "\x00kind": b"\xa4note"}):
        store.inner.delete(sid_of(name))
        store.inner.create(sid_of(name), type(record)(**{**_fields(record), "values": values}))
        assert api.site.visitor()(use, headers=bearer(token)).status == 401


def test_a_family_of_somebody_else(api, store):
    """A family whose record belongs to another user makes no token valid."""
    token = api.issue()
    name = api.client(token).value(lambda: session_claims["sid"])
    record = store.inner.load(sid_of(name))
    store.inner.apply(sid_of(name), record, Changes(owner="43"))

    assert api.client(token)(use).status == 401


def _fields(record):
    return {name: getattr(record, name) for name in type(record).__slots__}


def test_memory_for_several_processes(api):
    """A memory store under a server with several processes is refused here as well."""
    api.site.app.config["PROPAGATE_EXCEPTIONS"] = False
    several = {"environ_overrides": {"wsgi.multiprocess": True}}

    assert api.client()(use, **several).status == 500
    token = api.issue()
    with pytest.raises(ConfigError, match="several processes"):
        api.tokens(lambda tokens: tokens.check(token, several["environ_overrides"]))
