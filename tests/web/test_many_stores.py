"""Settings that put several stores together: one session, whatever is behind it."""

from __future__ import annotations

import secrets

import pytest
from flask import Flask, session, stream_with_context

from flask_sessionplus import ConfigError, LateSession, SessionPlus
from flask_sessionplus.stores.sql import SQLStore
from tests.web.visiting import KNOWN, Site

KEYS = [secrets.token_hex(), secrets.token_hex()]


@pytest.fixture
def open_site(tmp_path):
    """Return a function that makes an app with the settings given, always in the same place."""
    stores = []

    def make(**config):
        app = Flask("site", instance_path=str(tmp_path / "instance"))
        app.config.update(TESTING=True, **config)
        SessionPlus(app)
        stores.append(app.extensions["sessionplus"].store)
        return Site(app)

    yield make
    for store in stores:
        store.close()


def run(site, *arguments):
    """Run `flask session ...`."""
    return site.app.test_cli_runner().invoke(args=["session", *arguments])


def test_layers(open_site):
    """A list of stores is one store: what one process writes, it reads."""
    site = open_site(SESSION_STORE=["memory://", "sqlite:///s.sqlite"])
    visitor = site.visitor()
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: session["cart"].append("milk"))

    assert visitor.value(lambda: session.copy()) == {**KNOWN, "cart": ["tea", "milk"]}
    other = open_site(SESSION_STORE="sqlite:///s.sqlite").visitor(visitor.token)
    assert other.value(lambda: session["cart"]) == ["tea", "milk"]


def test_a_layer_is_not_told_of_a_sign_out_for_a_stated_time_only(open_site, clock):
    """Another process's memory forgets a session that was ended after SESSION_LAYER_LIFETIME."""
    layers = {"SESSION_STORE": ["memory://", "sqlite:///s.sqlite"], "SESSION_LAYER_LIFETIME": 3}
    here, there = open_site(**layers).visitor(), open_site(**layers)
    here(lambda: session.update(user="ada"))
    elsewhere = there.visitor(here.token)
    assert elsewhere.value(lambda: session.get("user")) == "ada"
    here(lambda: session.clear())
    clock.advance(3)

    assert elsewhere.value(lambda: session.get("user")) is None


FIELDS = {"token": "cookie://", "cart*": "file:carts", "*": "sqlite:///s.sqlite"}


@pytest.fixture
def by_field(open_site):
    """Return an app that keeps its fields in three places."""
    return open_site(SESSION_FIELDS=FIELDS, SECRET_KEY=KEYS[0])


def test_by_field(by_field, open_site, tmp_path):
    """Fields that lie in three places are one session, and each is where it was to be."""
    visitor = by_field.visitor()
    visitor(lambda: session.update(token="secret", cart=["tea"], cart_id=7, user="ada"))
    visitor(lambda: session["cart"].append("milk"))

    assert visitor.value(lambda: session.copy()) == {
        "token": "secret",
        "cart": ["tea", "milk"],
        "cart_id": 7,
        "user": "ada",
    }
    assert (tmp_path / "instance" / "carts").exists()
    assert visitor.client.get_cookie("session_data") is not None
    plain = open_site(SESSION_STORE="sqlite:///s.sqlite").visitor(visitor.token)
    assert plain.value(lambda: session.get("user")) == "ada"


def test_a_field_moves_with_the_token(by_field):
    """A new token takes the fields of all stores along; a sign-out ends them all."""
    visitor = by_field.visitor()
    visitor(lambda: session.update(token="secret", cart=["tea"], user="ada"))
    old = visitor.tab()
    visitor(lambda: session.regenerate())

    assert visitor.value(lambda: session.copy()) == {
        "token": "secret",
        "cart": ["tea"],
        "user": "ada",
    }
    assert old.value(lambda: session.copy()) == {}
    visitor(lambda: session.clear())
    assert visitor.client.get_cookie("session_data") is None
    assert visitor.value(lambda: session.copy()) == {}


def test_a_field_in_another_browser(by_field):
    """A value whose place has lost it is not there; the others are."""
    visitor = by_field.visitor()
    visitor(lambda: session.update(token="secret", user="ada"))
    without = by_field.visitor(visitor.token)

    assert without.value(lambda: (session.get("token"), session.get("user"))) == (None, "ada")


def test_encryption_at_rest(open_site, tmp_path):
    """With SESSION_ENCRYPTION_KEYS the database shows neither names nor values."""
    visitor = open_site(SESSION_STORE="sqlite:///s.sqlite", SESSION_ENCRYPTION_KEYS=KEYS).visitor()
    visitor(lambda: session.update(secretname="secretvalue", large=["secretvalue"] * 3_000))
    stored = b"".join(path.read_bytes() for path in (tmp_path / "instance").iterdir())

    assert b"secret" not in stored
    assert visitor.value(lambda: session["secretname"]) == "secretvalue"
    assert visitor.value(lambda: session["large"][-1]) == "secretvalue"


def test_a_new_key_signs_nobody_out(open_site):
    """Old keys open what they have sealed; whoever has only others finds nothing."""
    place = {"SESSION_STORE": "sqlite:///s.sqlite"}
    visitor = open_site(**place, SESSION_ENCRYPTION_KEYS=KEYS[1]).visitor()
    visitor(lambda: session.update(user="ada"))
    rotated = open_site(**place, SESSION_ENCRYPTION_KEYS=KEYS).visitor(visitor.token)
    rotated(lambda: session.update(more=1))
    newest = open_site(**place, SESSION_ENCRYPTION_KEYS=KEYS[0]).visitor(visitor.token)

    assert newest.value(lambda: session.copy()) == {"user": "ada", "more": 1}
    assert visitor.value(lambda: session.copy()) == {}


def test_what_is_not_sealed_is_not_accepted(open_site):
    """Where keys are set, a record that somebody wrote without them is nobody's session."""
    visitor = open_site(SESSION_STORE="sqlite:///s.sqlite").visitor()
    visitor(lambda: session.update(user="ada"))
    sealed = open_site(SESSION_STORE="sqlite:///s.sqlite", SESSION_ENCRYPTION_KEYS=KEYS)

    assert sealed.visitor(visitor.token).value(lambda: session.copy()) == {}


def test_keys_leave_memory_alone(open_site):
    """A layer in memory lies in no database, and is not sealed."""
    site = open_site(
        SESSION_STORE=["memory://", "sqlite:///s.sqlite"], SESSION_ENCRYPTION_KEYS=KEYS
    )
    visitor = site.visitor()
    visitor(lambda: session.update(KNOWN))

    assert visitor.value(lambda: session.copy()) == KNOWN


@pytest.mark.parametrize(
    ("former", "new"),
    [
        ({"SESSION_STORE": "file:old"}, {"SESSION_STORE_FROM": "file:old"}),
        (
            {"SESSION_STORE": "file:old"},
            {"SESSION_STORE_FROM": "plain+file:old", "SESSION_ENCRYPTION_KEYS": KEYS},
        ),
        ({"SESSION_STORE": "sqlite:///old.sqlite"}, {"SESSION_STORE_FROM": "sqlite:///old.sqlite"}),
    ],
    ids=["file", "unsealed", "sqlite"],
)
def test_moving_house(open_site, former, new):
    """Whoever has a session in the old store has it in the new one; later the old may go."""
    visitor = open_site(**former).visitor()
    large = {"large": "x" * 20_000}
    visitor(lambda: session.update(KNOWN, **large))
    new = {"SESSION_STORE": "sqlite:///new.sqlite", **new}
    moved = open_site(**new).visitor(visitor.token)
    assert moved.value(lambda: session.copy()) == {**KNOWN, **large}
    moved(lambda: session.update(more=1))

    assert visitor.value(lambda: session.copy()) == {}
    del new["SESSION_STORE_FROM"]
    after = open_site(**new).visitor(visitor.token)
    assert after.value(lambda: session.copy()) == {**KNOWN, **large, "more": 1}


def test_migrate(open_site, tmp_path):
    """`flask session migrate` carries all over, tells how many, and can be repeated."""
    site = open_site(SESSION_STORE="sqlite:///old.sqlite")
    visitors = [site.visitor() for _ in range(5)]
    for number, visitor in enumerate(visitors):
        visitor(lambda number=number: session.update(number=number))
    first = run(site, "migrate", "sqlite:///old.sqlite", "file:new")
    second = run(site, "migrate", "sqlite:///old.sqlite", "file:new")
    new = open_site(SESSION_STORE="file:new")

    assert first.exit_code == second.exit_code == 0
    assert "5 sessions carried over." in first.output
    assert "0 sessions carried over." in second.output
    assert [
        new.visitor(visitor.token).value(lambda: session.get("number")) for visitor in visitors
    ] == list(range(5))
    assert visitors[0].value(lambda: session.copy()) == {}


def test_migrate_to_the_same_place(open_site):
    """From a place to itself nothing is carried, and nothing is lost."""
    site = open_site(SESSION_STORE="file:here")
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    result = run(site, "migrate", "file:here", "file:../instance/here")

    assert result.exit_code == 1
    assert "same place" in result.output
    assert visitor.value(lambda: session.copy()) == {"a": 1}


@pytest.mark.parametrize(
    ("former", "new"),
    [("file:here", "memory://"), ("memory://", "file:x"), ("cookie://", "file:x")],
)
def test_migrate_needs_shared_places(open_site, former, new):
    """What is kept in a process or in the browser cannot be carried from or to; nothing is lost."""
    site = open_site(SESSION_STORE="file:here", SECRET_KEY=KEYS[0])
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))

    assert run(site, "migrate", former, new).exit_code == 1
    assert visitor.value(lambda: session.copy()) == {"a": 1}


def test_migrate_names_what_it_cannot(open_site):
    """A store that cannot be gone through is refused by name, as is a URL of nothing."""
    site = open_site(SESSION_STORE="file:here")

    assert "SESSION_STORE_FROM" in run(site, "migrate", "memcached://127.0.0.1", "file:x").output
    assert run(site, "migrate", "nonsense", "file:x").exit_code == 1


def test_purge_reaches_all_parts(open_site, clock):
    """`flask session purge` purges every store that the sessions lie in."""
    site = open_site(
        SESSION_FIELDS={"cart": "file:carts", "*": "sqlite:///s.sqlite"}, SESSION_IDLE_LIFETIME=60
    )
    site.visitor()(lambda: session.update(cart=["tea"], user="ada"))
    clock.advance(86_400)

    assert "2 expired sessions removed." in run(site, "purge").output


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"SESSION_STORE": []}, "SESSION_STORE"),
        ({"SESSION_STORE": ["memory://", "cookie://"], "SECRET_KEY": KEYS[0]}, "cookie://"),
        (
            {"SESSION_STORE": "cookie://", "SESSION_STORE_FROM": "file:x", "SECRET_KEY": KEYS[0]},
            "SESSION_STORE_FROM",
        ),
        ({"SESSION_STORE_FROM": "cookie://", "SECRET_KEY": KEYS[0]}, "SESSION_STORE_FROM"),
        ({"SESSION_FIELDS": {"a": "file:x"}}, "SESSION_FIELDS"),
        ({"SESSION_FIELDS": ["a"]}, "SESSION_FIELDS"),
        ({"SESSION_FIELDS": [("a", f"redis://:{KEYS[0]}@db")]}, "SESSION_FIELDS"),
        ({"SESSION_FIELDS": {"*": "file:x"}, "SESSION_STORE": "file:y"}, "SESSION_FIELDS"),
        (
            {"SESSION_FIELDS": {"*": "cookie://", "cart": "file:x"}, "SECRET_KEY": KEYS[0]},
            "on the server",
        ),
        (
            {
                "SESSION_STORE": "Cookie://",
                "SESSION_COOKIE_REVOCATIONS": "cookie://",
                "SECRET_KEY": KEYS[0],
            },
            "SESSION_COOKIE_REVOCATIONS",
        ),
        (
            {
                "SESSION_STORE": "cookie://",
                "SESSION_COOKIE_REVOCATIONS": ["memory://", "cookie://"],
                "SECRET_KEY": KEYS[0],
            },
            "SESSION_COOKIE_REVOCATIONS",
        ),
        (
            {
                "SESSION_STORE": "file:x",
                "SESSION_STORE_FROM": "plain+file:x",
                "SESSION_ENCRYPTION_KEYS": KEYS,
            },
            "SESSION_STORE_FROM",
        ),
        ({"SESSION_ENCRYPTION_KEYS": 5}, "SESSION_ENCRYPTION_KEYS"),
        ({"SESSION_ENCRYPTION_KEYS": {KEYS[0]: 1}}, "SESSION_ENCRYPTION_KEYS"),
        ({"SESSION_LAYER_LIFETIME": 3}, "SESSION_LAYER_LIFETIME"),
        ({"SESSION_STORE": ["sqlite:///s.sqlite", "memory://"]}, "SESSION_STORE"),
        ({"SESSION_STORE": f"postgres://shop:p@{KEYS[0]}@db/app"}, "SESSION_STORE"),
        ({"SESSION_ENCRYPTION_KEYS": "short"}, "SESSION_ENCRYPTION_KEYS"),
        ({"SESSION_ENCRYPTION_KEYS": []}, "SESSION_ENCRYPTION_KEYS"),
        ({"SESSION_ENCRYPTION_KEYS": [KEYS[0], KEYS[0]]}, "SESSION_ENCRYPTION_KEYS"),
        ({"SESSION_ON_STORE_ERROR": "ignore"}, "SESSION_ON_STORE_ERROR"),
        ({"SESSION_KEY_PREFIX": "a{b}"}, "SESSION_KEY_PREFIX"),
        ({"SESSION_LAYER_LIFETIME": -1}, "SESSION_LAYER_LIFETIME"),
    ],
)
def test_what_cannot_be_is_refused_at_start(open_site, config, named):
    """A setting that cannot work is a ConfigError that names it, and shows no key."""
    with pytest.raises(ConfigError, match=named) as caught:
        open_site(**config)

    assert not any(key in str(caught.value) for key in [*KEYS, "short"])


def test_a_cookie_after_the_answer_is_too_late(open_site):
    """What changes in a browser's record after the headers went out is an error, not lost."""
    site = open_site(SESSION_STORE="cookie://", SECRET_KEY=KEYS[0])

    @site.app.get("/stream")
    def stream():
        session.get("a")

        def parts():
            session["a"] = 2
            with pytest.raises(LateSession):
                session.save()
            yield "refused"

        return stream_with_context(parts())

    visitor = site.visitor()
    visitor(lambda: session.update(a=1))

    assert visitor.client.get("/stream").text == "refused"


def test_a_field_on_the_server_may_be_saved_late(open_site):
    """Where one field is in a cookie, the others may still be saved in the middle of a stream."""
    site = open_site(SESSION_FIELDS=FIELDS, SECRET_KEY=KEYS[0])

    @site.app.get("/stream")
    def stream():
        session.get("a")

        def parts():
            session["user"] = "eve"
            session.save()
            yield "saved"

        return stream_with_context(parts())

    visitor = site.visitor()
    visitor(lambda: session.update(token="t", user="ada"))

    assert visitor.client.get("/stream").text == "saved"
    assert visitor.value(lambda: session["user"]) == "eve"


def test_a_store_of_another_package(open_site, monkeypatch):
    """An entry point for a scheme makes the store, and gets the whole URL."""
    urls = []

    class Point:
        def load(self):
            return lambda url: urls.append(url) or SQLStore("sqlite:////tmp/never-opened.sqlite")

    monkeypatch.setattr(
        "flask_sessionplus.stores.schemes.entry_points",
        lambda group, name: (
            [Point()] if (group, name) == ("flask_sessionplus.stores", "dynamo") else []
        ),
    )
    site = open_site(SESSION_STORE="dynamo://table?region=eu")

    assert urls == ["dynamo://table?region=eu"]
    assert isinstance(site.app.extensions["sessionplus"].store, SQLStore)


def test_a_store_of_another_package_that_is_none(open_site, monkeypatch):
    """An entry point that makes something else is refused by name."""

    class Point:
        def load(self):
            return lambda url: object()

    monkeypatch.setattr(
        "flask_sessionplus.stores.schemes.entry_points", lambda group, name: [Point()]
    )
    with pytest.raises(ConfigError, match="entry point"):
        open_site(SESSION_STORE="dynamo://table")


def test_who_signs_out_while_moving_stays_signed_out(open_site):
    """A late request with the token of a session that was just ended begins no new one."""
    visitor = open_site(SESSION_STORE="file:old").visitor()
    visitor(lambda: session.update(user="ada"))
    site = open_site(SESSION_STORE="sqlite:///new.sqlite", SESSION_STORE_FROM="file:old")
    first = site.visitor(visitor.token)
    late = first.tab()
    first(lambda: session.clear())
    answer = late(lambda: session.update(x=1))

    assert answer.cookies == []
    assert late.value(lambda: (session.copy(), session.exists)) == ({}, False)


def test_a_layer_does_not_hide_what_is_gone(open_site):
    """A large value that another process has made small is found, though the layer is behind."""
    layers = {"SESSION_STORE": ["memory://", "sqlite:///s.sqlite"], "SESSION_LAYER_LIFETIME": 60}
    here = open_site(**layers).visitor()
    here(lambda: session.update(cart=["x" * 20_000]))
    here(lambda: session.get("a"))
    there = open_site(**layers).visitor(here.token)
    there(lambda: session.update(cart=["tea"]))

    assert here.value(lambda: session["cart"]) == ["tea"]
    here(lambda: session["cart"].append("milk"))
    assert there.value(lambda: session["cart"]) == ["tea", "milk"]
