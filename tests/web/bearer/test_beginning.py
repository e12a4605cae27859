"""Two devices that begin the same record at the same time lose nothing."""

from __future__ import annotations

import secrets

import pytest
from flask import Flask

from flask_sessionplus import SessionPlus
from flask_sessionplus.proxies import global_session
from flask_sessionplus.testing.workers import Workers
from tests.faults.places import place
from tests.web.bearer.bearing import CONFIG, App
from tests.web.visiting import Site, together


def meanwhile(api, store, method, do):
    """Let another device do something right before the store does *method*."""
    other = api.client()
    store.before[method] = lambda: other(do)


def test_what_another_has_begun_is_joined(api, store):
    """Whoever comes second when a record begins puts his into the one that is there."""
    client = api.client()
    meanwhile(api, store, "create", lambda: global_session.update(theirs=1, both="theirs"))
    client(lambda: global_session.update(ours=1, both="ours"))

    assert client.value(lambda: dict(global_session)) == {"theirs": 1, "ours": 1, "both": "ours"}


def test_it_is_the_same_record(api, store):
    """Joining makes no second record, and keeps when the first was made."""
    client = api.client()
    meanwhile(api, store, "create", lambda: global_session.update(theirs=1))
    client(lambda: global_session.update(ours=1))
    with api.site.app.app_context():
        found = api.ext.sessions_of(42)

    assert [each.kind for each in found].count("global") == 1


@pytest.mark.parametrize(
    ("add", "expected"),
    [
        (lambda: global_session.increment("n"), 2),
        (lambda: global_session.append("n", 1), [1, 1]),
        (lambda: global_session.atomic("n", lambda old: old + 5, 0), 10),
        (lambda: global_session.setdefault("n", object.__hash__(object())), None),
    ],
)
def test_exact_from_the_beginning(api, store, add, expected):
    """What is exact is so for the first two as well."""
    client = api.client()
    meanwhile(api, store, "create", add)
    mine = client.value(add)

    stored = client.value(lambda: global_session["n"])
    assert stored == (mine if expected is None else expected)


def test_only_one_pulls(any_api, any_store):
    """Of two devices that take the same thing out, only one gets it."""
    any_api.client()(lambda: global_session.update(coupon="x", a=1))
    got = []

    def page():
        global_session.get("a")
        other = any_api.client()
        any_store.before["apply"] = lambda: got.append(
            other.value(lambda: global_session.pull("coupon"))
        )
        return global_session.pull("coupon")

    got.append(any_api.client().value(page))

    assert sorted(got, key=str) == [None, "x"]


def test_removed_while_it_is_joined(api, store):
    """If what was there is removed in between, a new record is begun."""
    client = api.client()
    meanwhile(api, store, "create", lambda: global_session.update(theirs=1))
    original = store.inner.create

    def create(sid, record):
        done = original(sid, record)
        if not done:
            store.inner.delete(sid)
            store.inner.create = original
        return done

    store.inner.create = create
    client(lambda: global_session.update(ours=1))

    assert client.value(lambda: dict(global_session)) == {"ours": 1}


@pytest.mark.parametrize(
    "do",
    [lambda name: global_session.update({name: 1}), lambda name: global_session.increment(name)],
)
def test_at_the_same_time(any_api, do):
    """Eight threads that begin at the same time: every key is there, and every count right."""
    for user in range(5):
        clients = [any_api.client(any_api.issue(user)) for _ in range(8)]

        def task(number, client):
            def page():
                do(f"key{number}")
                global_session.append("cart", number)
                global_session.increment("n")

            return lambda: client(page).status

        tasks = [task(number, client) for number, client in enumerate(clients)]
        assert together(*tasks) == [200] * 8
        found = clients[0].value(lambda: dict(global_session))
        assert found.pop("n") == 8
        assert sorted(found.pop("cart")) == list(range(8))
        assert found == {f"key{number}": 1 for number in range(8)}


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["file", "sqlite", "postgresql", "mariadb", "redis"])
def test_processes_at_the_same_time(kind):
    """Four processes that begin the carts of ten users lose no item of any."""
    workers = Workers(4)
    users = [secrets.token_hex(4) for _ in range(10)]
    try:
        with place(kind, CONFIG) as made:
            workers.run(fill_carts, made.config, users)
            api = open_api(made.config)
            for user in users:
                found = api.client(api.issue(user)).value(lambda: dict(global_session))
                assert found["n"] == 12
                assert sorted(found["cart"]) == sorted([*range(4)] * 3)
                assert {f"key{number}" for number in range(4)} <= found.keys()
    finally:
        workers.close()


def open_api(config):
    """Return an app with these settings."""
    app = Flask("site")
    app.config.update(config, TESTING=True)
    SessionPlus(app)
    return App(Site(app))


def fill_carts(worker, config, users):
    """Put things into the carts of all *users*, as the other workers do."""
    api = open_api(config)
    clients = [api.client(api.issue(user)) for user in users]

    def page():
        global_session[f"key{worker.number}"] = 1
        for _ in range(3):
            global_session.append("cart", worker.number)
            global_session.increment("n")

    for client in clients:
        worker.meet()
        assert client(page).status == 200
