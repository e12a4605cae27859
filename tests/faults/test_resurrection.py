"""F-17: a slow request never brings back a session that has ended, nor its cookie."""

from __future__ import annotations

import secrets
from functools import partial

import pytest
from flask import Flask, jsonify, session

from flask_sessionplus import SessionPlus
from flask_sessionplus.record import Record
from flask_sessionplus.stores.base import Purgeable, having
from flask_sessionplus.testing import FakeClock
from flask_sessionplus.testing.workers import Workers
from flask_sessionplus.tokens import digest
from tests.faults.app import make_app
from tests.faults.pausing import PausingStore
from tests.faults.places import store_of

ROUNDS = [20, pytest.param(1000, marks=pytest.mark.torture)]
LARGE = "x" * 20_000


def write():
    """Assign a value."""
    session["late"] = 1


def change_inside():
    """Change a value that was read, without assigning it."""
    session["cart"].append("milk")


def count():
    """Write at once."""
    session.increment("visits")


def write_much():
    """Write what lies beside the record."""
    session["late"] = LARGE


def get_a_new_token():
    """Rotate, as a sign-in does."""
    session.regenerate()
    session["user"] = "eve"


def touch():
    """Read only; the expiry is written, and the cookie of a permanent session refreshed."""
    session.get("user")


SLOW = {view.__name__: view for view in (write, change_inside, count, write_much, touch)}
ROTATING = {**SLOW, "get_a_new_token": get_a_new_token}


@pytest.fixture(scope="module")
def process():
    """Return another process, which does what it is told."""
    workers = Workers(1)
    yield workers
    workers.close()


@pytest.fixture
def site(anywhere):
    """Return an app whose requests can be held before they write."""
    store = PausingStore(anywhere.open())
    app = Flask("slow")
    # So long that the second visit, even if it only reads, has an expiry to write.
    app.config.update(TESTING=True, PERMANENT_SESSION_LIFETIME=7200)
    SessionPlus(app, store=store)
    for name, do in ROTATING.items():
        app.add_url_rule(f"/slow/{name}", name, partial(_do, do), methods=["POST"])
    app.add_url_rule("/begin", "begin", _begin, methods=["POST"])
    app.add_url_rule("/all", "all", lambda: jsonify(dict(session)))
    app.add_url_rule(
        "/sign-out", "sign_out", partial(_do, lambda: session.destroy()), methods=["POST"]
    )
    app.add_url_rule(
        "/regenerate", "renew", partial(_do, lambda: session.regenerate()), methods=["POST"]
    )
    app.add_url_rule("/restart", "restart", _restart, methods=["POST"])
    return Site(app, store)


def _do(do):
    do()
    return "done"


def _begin():
    session.update(user="ada", cart=["tea"], visits=1)
    session.permanent = True
    return "done"


def _sign_out():
    session.destroy()
    return "done"


def _regenerate():
    session.regenerate()
    return "done"


def _restart():
    session.destroy()
    session.update(user="bob", cart=[])
    return "done"


class Site:
    """An app, and the sessions that its visitors have."""

    def __init__(self, app, store):
        self.app = app
        self.store = store

    def visitor(self):
        """Return a client whose session is stored, and its token."""
        client = self.app.test_client()
        assert client.post("/begin").status_code == 200
        return client, client.get_cookie("session").value

    def race(self, slow, meanwhile, is_held=True):
        """Let *slow* have loaded the session, then do *meanwhile*, then let it write.

        :param is_held: whether it has to wait until *meanwhile* is done.

        :return: a browser that got the answers in that order, both answers, and the old token.
        """
        client, token = self.visitor()
        late = self.app.test_client()
        late.set_cookie("session", token)
        answer, between = self.store.run(
            lambda: late.post(f"/slow/{slow}"), partial(meanwhile, client, token), is_held
        )
        assert answer.status_code == 200, answer.text
        # The browser obeys the slow answer last.
        for name, value in _cookies(answer).items():
            client.set_cookie(name, value)
        return client, answer, between, token

    def is_alive(self, token):
        """Tell whether there is a session of *token*."""
        return isinstance(self.store.load(digest(token)), Record)


def _cookies(answer):
    pairs = [header.partition(";")[0] for header in answer.headers.getlist("Set-Cookie")]
    return dict(pair.split("=") for pair in pairs)


def each(kinds, rounds):
    """Yield so many kinds, in turn."""
    names = list(kinds)
    return (names[number % len(names)] for number in range(rounds))


def assert_ended(site, client, answer, token):
    """Nothing is left of the session, and the slow answer says nothing about cookies."""
    assert not site.is_alive(token)
    assert answer.headers.getlist("Set-Cookie") == []
    assert client.get("/all").json == {}


@pytest.mark.parametrize("rounds", ROUNDS)
def test_signing_out_is_final(site, rounds):
    """Who signs out while a slow request is under way is signed out, whatever that writes."""
    for slow in each(ROTATING, rounds):
        client, answer, _, token = site.race(slow, _sign_out_by)

        assert_ended(site, client, answer, token)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_what_another_process_ends_stays_ended(anywhere, site, process, rounds):
    """A session that another process removes, as an administrator does, never comes back."""
    for slow in each(ROTATING, rounds):
        if anywhere.kind == "memory":
            client, answer, _, token = site.race(slow, partial(_delete_here, site))
        else:
            client, answer, _, token = site.race(slow, partial(_delete_there, process, anywhere))

        assert_ended(site, client, answer, token)


def _delete_here(site, client, token):
    assert site.store.inner.delete(digest(token))


def _delete_there(process, place, client, token):
    assert process.run(delete, place.config, digest(token)) == [True]


def delete(worker, config, sid):
    """Be another process: remove a session."""
    store = store_of(make_app(config))
    try:
        return store.delete(sid)
    finally:
        store.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_what_was_purged_stays_away(site, rounds):
    """A session that expires and is purged while a slow request is under way stays away."""
    for slow in each(ROTATING, rounds):
        with FakeClock() as fake:
            client, answer, _, token = site.race(slow, partial(_expire, site, fake))

            assert_ended(site, client, answer, token)


def _expire(site, fake, client, token):
    fake.advance(7200)
    for store in having(site.store, Purgeable):
        while store.purge(1000):
            pass


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_new_token_stays(site, rounds):
    """After a rotation the slow request neither revives the old token nor takes the new one."""
    for slow in each(ROTATING, rounds):
        client, answer, _, token = site.race(slow, lambda client, _: client.post("/regenerate"))

        assert not site.is_alive(token)
        assert answer.headers.getlist("Set-Cookie") == []
        assert client.get_cookie("session").value != token
        assert client.get("/all").json["user"] == "ada"


@pytest.mark.parametrize("rounds", ROUNDS)
def test_the_next_session_is_untouched(site, rounds):
    """Where a sign-in has begun another session the slow request writes nothing into that."""
    for slow in each(ROTATING, rounds):
        client, answer, _, token = site.race(slow, lambda client, _: client.post("/restart"))

        assert not site.is_alive(token)
        assert answer.headers.getlist("Set-Cookie") == []
        assert client.get("/all").json == {"user": "bob", "cart": []}


@pytest.mark.parametrize("rounds", ROUNDS)
def test_signing_out_wins_the_race(site, rounds):
    """Where both write at the same moment, either may be first, the session ends as well."""
    for slow in each(ROTATING, rounds):
        _, answer, _, token = site.race(slow, _sign_out_by, is_held=False)
        renewed = _cookies(answer).get("session")

        assert not site.is_alive(token)
        assert renewed is None or not site.is_alive(renewed)


def _sign_out_by(client, token):
    return client.post("/sign-out")


def test_tokens_are_not_guessed(site):
    """The check itself works: a live session is seen as such, a made-up one is not."""
    _, token = site.visitor()

    assert site.is_alive(token)
    assert not site.is_alive(secrets.token_urlsafe(32))
