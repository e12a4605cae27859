"""Flask-Principal: an identity in the session, from one request to the next."""

from __future__ import annotations

import warnings

import pytest
from flask import g

from flask_sessionplus import session
from tests.web.visiting import WatchedStore

with warnings.catch_warnings():
    # It is of 2013.
    warnings.simplefilter("ignore")
    from flask_principal import (
        AnonymousIdentity,
        Identity,
        Permission,
        Principal,
        RoleNeed,
        identity_changed,
        identity_loaded,
    )


@pytest.fixture
def store(memory):
    """Return the store in memory, watched."""
    return WatchedStore(memory)


@pytest.fixture
def make_client(make_app, store):
    """Return a function that returns somebody in an app that has identities."""
    kept = []

    def make(is_ours=False):
        app = make_app(store)
        principal = Principal(app, use_sessions=not is_ours)
        if is_ours:
            principal.identity_loader(load_ours)
        kept.append(identity_loaded.connect_via(app)(provide))

        @app.post("/become/<int:user_id>")
        def become(user_id):
            session.login(user_id)
            identity_changed.send(app, identity=Identity(user_id))
            return "done"

        @app.post("/leave")
        def leave():
            session.logout()
            identity_changed.send(app, identity=AnonymousIdentity())
            return "done"

        app.add_url_rule("/who", "who", lambda: [g.identity.id, session.user_id])
        admin = Permission(RoleNeed("admin")).require(403)(lambda: "secret")
        app.add_url_rule("/admin", "admin", admin)
        return app.test_client()

    return make


def load_ours():
    """Return who is signed in, without a second note of it in the session."""
    return Identity(session.user_id) if session.is_authenticated else None


def provide(sender, identity):
    """Let one user be an admin."""
    if identity.id == 7:
        identity.provides.add(RoleNeed("admin"))


@pytest.fixture(params=[False, True], ids=["its session", "our identity"])
def client(make_client, request):
    """Return somebody in an app whose identities are in the session, or are ours."""
    return make_client(request.param)


def test_an_identity_is_kept(client):
    """Who has become somebody is so in the next request, with his permissions, as an int too."""
    assert client.get("/who").json == [None, None]
    client.post("/become/7")

    assert client.get("/who").json == [7, 7]
    assert client.get("/admin").text == "secret"


def test_another_identity(client):
    """Who becomes somebody else loses what the first one might do."""
    client.post("/become/7")
    client.post("/become/8")

    assert client.get("/who").json == [8, 8]
    assert client.get("/admin").status_code == 403


def test_a_sign_out(client):
    """After a sign-out nobody is left, for it and for us."""
    client.post("/become/7")
    client.post("/leave")

    assert client.get("/who").json == [None, None]
    assert client.get("/admin").status_code == 403


@pytest.mark.parametrize(("is_ours", "calls"), [(False, ["load", "apply"]), (True, ["load"])])
def test_what_it_costs(make_client, store, is_ours, calls):
    """What it keeps itself it writes again with each request; with our identity it only reads."""
    client = make_client(is_ours)
    client.post("/become/7")
    client.get("/who")
    store.new_calls()
    client.get("/who")

    assert store.new_calls() == calls
