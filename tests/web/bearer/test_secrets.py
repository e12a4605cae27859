"""No token, key or secret is in logs, reprs, error pages, tracebacks, signals or the store."""

from __future__ import annotations

import logging
import traceback
from base64 import urlsafe_b64decode

import pytest
from flask import session
from sqlalchemy import create_engine

from flask_sessionplus import InvalidToken, StoreUnavailable, token_rejected, token_reused
from flask_sessionplus.proxies import global_session, session_claims
from flask_sessionplus.stores.sql import SQLStore
from tests.core.bearer import minting
from tests.web.bearer.bearing import CONFIG, App, bearer
from tests.web.signin.conftest import WatchedIndex

SECRET = b"a secret of the tests that is 40 bytes.."


@pytest.fixture
def echoing(tmp_path):
    """Return a database that logs every statement with its values."""
    engine = create_engine(f"sqlite:///{tmp_path / 's.sqlite'}", echo="debug")
    store = SQLStore(engine)
    store.prepare()
    yield WatchedIndex(store)
    store.close()
    engine.dispose()


@pytest.fixture
def talking(make_site, echoing, caplog):
    """Return an app that logs all it can, and answers with 500 rather than raise."""
    caplog.set_level(logging.DEBUG)
    config = {**CONFIG, "SESSION_JWT_KEY": SECRET, "SESSION_GLOBAL_BY_COOKIE": True}
    api = App(make_site(echoing, **config))
    api.site.app.testing = False
    return api


def parts_of(*tokens):
    """Return what must be seen nowhere: the tokens, and their secret parts by themselves."""
    found = {SECRET.decode(), SECRET.hex(), minting.b64(SECRET)}
    for token in tokens:
        found.add(str(token))
        if token.count(".") == 2:
            found.add(token.rpartition(".")[2])
        else:
            secret = urlsafe_b64decode(token + "==")[16:]
            found |= {secret.hex(), repr(secret)[2:-1], repr(secret[:16])[2:-1]}
            found |= {repr(secret[16:])[2:-1], secret[16:].hex()}
    return found


def test_all_that_is_logged(talking, echoing, caplog, capfd):
    """Everything that can happen, with all loggers at DEBUG and the database's echo on."""
    pair, single = talking.pair(42, role_id="admin"), talking.issue(42)
    forged, answers = single[:-2] + "AA", []

    def ask(do, token):
        answers.append(talking.site.visitor()(do, headers=bearer(token)))

    def fail():
        session_claims["sub"]
        raise RuntimeError(f"{global_session!r} {session_claims!r} {session!r}")

    ask(lambda: global_session.update(card="1"), pair.access)
    ask(fail, pair.access)
    ask(lambda: session_claims["sub"], forged)
    ask(fail, single)
    renewed = talking.tokens(lambda tokens: tokens.refresh(pair.refresh))
    ask(lambda: talking.ext.tokens.refresh(pair.refresh), single)
    ask(lambda: talking.ext.tokens.refresh("x" * 86), single)
    echoing.faults = {"apply": StoreUnavailable, "load": StoreUnavailable}
    ask(lambda: global_session.update(card="2"), renewed.access)
    ask(lambda: talking.ext.tokens.refresh(renewed.refresh), single)
    echoing.faults = {}
    talking.tokens(lambda tokens: tokens.revoke_user(42))
    ask(lambda: session_claims["sub"], renewed.access)
    seen = caplog.text + "".join(capfd.readouterr())
    seen += "".join(f"{answer.headers}{answer.text}" for answer in answers)
    hidden = parts_of(pair.access, pair.refresh, single, forged, renewed.access, renewed.refresh)

    assert {500, 401, 503, 200} == {answer.status for answer in answers}
    assert "UPDATE" in seen
    assert "RuntimeError: <GlobalSession" in seen
    assert not [part for part in hidden if part in seen]


def locals_of(error):
    """Return how a debugger or a service for errors shows all variables of the traceback."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    # The frames of Flask and of the tests hold the request itself, which has the header.
    frames = "".join(lines).split('  File "')
    return "".join(frame for frame in frames if "/flask_sessionplus/" in frame.split(",")[0])


@pytest.mark.parametrize(
    "do",
    [
        # As it comes in a request: a plain text.
        lambda api, pair: api.ext.tokens.refresh("".join(pair.refresh)),
        lambda api, pair: session_claims["sub"],
        lambda api, pair: global_session.get("a"),
    ],
)
@pytest.mark.parametrize("state", ["revoked", "store"])
def test_the_variables_in_tracebacks(api, store, do, state):
    """Not even with all its variables shown does a traceback through our code hold a token."""
    pair = api.pair(42)
    if state == "revoked":
        api.tokens(lambda tokens: tokens.revoke_user(42))
    else:
        store.faults = {"load": StoreUnavailable}
    caught = []

    def page():
        try:
            do(api, pair)
        except (InvalidToken, StoreUnavailable) as error:
            caught.append(locals_of(error))

    api.client(pair.access)(page)

    [shown] = caught
    assert "/flask_sessionplus/" in shown
    secret = urlsafe_b64decode(pair.refresh + "==")[16:]
    for part in (pair.access, pair.access.rpartition(".")[2], pair.refresh):
        assert part not in shown
    for part in (secret, secret[:16], secret[16:]):
        assert repr(part)[2:-1] not in shown


def test_signals(api, clock):
    """Signals carry a word, or a user; no token."""
    carried = []

    def note(sender, **details):
        carried.append(details)

    pair = api.pair(42)
    with token_rejected.connected_to(note), token_reused.connected_to(note):
        api.client(pair.access + "A")(lambda: session_claims["sub"])
        api.tokens(lambda tokens: tokens.refresh(pair.refresh))
        clock.advance(60)
        api.client()(lambda: api.ext.tokens.refresh(pair.refresh))

    assert [set(each) for each in carried] == [{"reason"}, {"owner"}, {"reason"}]


def test_the_database(talking, echoing, tmp_path):
    """A database that was stolen has no token, and nothing to make one of."""
    pair = talking.pair(42)
    talking.client(pair.access)(lambda: global_session.update(card="1"))
    renewed = talking.tokens(lambda tokens: tokens.refresh(pair.refresh))
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("s.sqlite*"))

    for token in (pair.refresh, renewed.refresh):
        secret = urlsafe_b64decode(token + "==")[16:]
        for part in (token.encode(), secret[:16], secret[16:], secret[16:].hex().encode()):
            assert part not in stored
    assert pair.access.rpartition(".")[2].encode() not in stored
    assert SECRET not in stored
