"""`SESSION_STORE = "cookie://"`: the record travels with the visitor, sealed."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from flask import flash, get_flashed_messages, session

from flask_sessionplus import ConfigError, SessionTooLarge, session_rejected
from tests.web.visiting import KNOWN, SentCookie

KEY = secrets.token_hex()


@pytest.fixture
def carried(make_site):
    """Return a function that makes an app whose sessions are in the browser."""
    return lambda **config: make_site("cookie://", **{"SECRET_KEY": KEY, **config})


@pytest.fixture
def visitor(carried):
    """Return somebody with an empty browser."""
    return carried().visitor()


def jar(visitor):
    """Return the cookies that the browser has."""
    return {cookie.key: cookie.value for cookie in visitor.client._cookies.values()}


def test_what_was_put_in_comes_back(visitor):
    """Values and nested changes are kept as on a server."""
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: session["cart"].append("milk"))

    assert visitor.value(lambda: dict(session)) == {**KNOWN, "cart": ["tea", "milk"]}


def test_flash_is_shown_once(visitor):
    """Messages are taken out of the cookie when they are read."""
    visitor(lambda: (session.update(a=1), session.flash("note", 1), flash("hi")))

    assert visitor.value(lambda: (session.get_flash("note"), get_flashed_messages())) == (1, ["hi"])
    assert visitor.value(lambda: (session.get_flash("note"), get_flashed_messages())) == (None, [])


def test_nothing_can_be_read_in_it(visitor):
    """Neither names nor values can be seen in any cookie."""
    visitor(lambda: session.update(secretname="secretvalue"))

    assert all("secret" not in value for value in jar(visitor).values())


def test_an_untouched_session_sets_nothing(visitor):
    """A request that only reads gets no cookie, once the session is known to be used."""
    visitor(lambda: session.update(a=1))
    visitor(lambda: session.get("a"))

    assert visitor(lambda: session.get("a")).cookies == []
    assert visitor(lambda: None).cookies == []


def test_both_cookies_have_the_same_attributes(carried):
    """The record's cookie is as protected as the token's."""
    visitor = carried(SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=True).visitor()
    answer = visitor(lambda: session.update(a=1), base_url="https://localhost")
    cookies = [SentCookie(header) for header in answer.cookies]

    assert sorted(cookie.name for cookie in cookies) == ["session", "session_data"]
    assert cookies[0].attributes == cookies[1].attributes
    assert cookies[0].attributes == {
        "path": "/",
        "secure": True,
        "httponly": True,
        "samesite": "Lax",
    }


def test_a_permanent_session_has_both_for_as_long(visitor):
    """The two cookies of a permanent session expire together."""
    answer = visitor(lambda: (session.update(a=1), setattr(session, "permanent", True)))
    cookies = [SentCookie(header) for header in answer.cookies]

    assert len({cookie.attributes["expires"] for cookie in cookies}) == 1


def test_a_large_one_is_split(visitor):
    """More than one cookie's worth goes into several, and comes back."""
    visitor(lambda: session.update(text=secrets.token_hex(2_000)))

    assert {"session_data", "session_data_1"} <= jar(visitor).keys()
    assert all(len(name) + len(value) <= 4_096 for name, value in jar(visitor).items())
    assert len(visitor.value(lambda: session["text"])) == 4_000
    visitor(lambda: session.update(text="short"))
    assert "session_data_1" not in jar(visitor)
    assert visitor.value(lambda: session["text"]) == "short"


def test_too_much_is_refused(visitor):
    """What no browser takes is an error that names the setting; what was there stays."""
    visitor(lambda: session.update(a=1))
    with pytest.raises(SessionTooLarge, match="SESSION_COOKIE_MAX_BYTES"):
        visitor(lambda: session.update(text=secrets.token_hex(10_000)))

    assert visitor.value(lambda: dict(session)) == {"a": 1}


def test_signing_out_ends_all_copies(visitor):
    """The cookies go, and a copy of them that is brought back signs nobody in."""
    visitor(lambda: session.update(user="ada"))
    copy = "; ".join(f"{name}={value}" for name, value in jar(visitor).items())
    assert visitor.send(copy, lambda: session.get("user")).value == "ada"
    visitor(lambda: session.clear())

    assert jar(visitor) == {}
    assert visitor.send(copy, lambda: session.get("user")).value is None
    answer = visitor.send(copy, lambda: session.update(user="eve"))
    assert visitor.send(copy, lambda: dict(session)).value == {}
    assert answer.status == 200


def header(visitor):
    """Return the Cookie header that the browser sends."""
    return "; ".join(f"{name}={value}" for name, value in jar(visitor).items())


def sign_in():
    """Sign in for 90 days; the app's own sessions live for 31."""
    session.update(user="ada")
    session.permanent = True
    session.set_lifetime(timedelta(days=90))


def days_later(clock, days):
    """Let days pass."""
    clock.advance(timedelta(days=days).total_seconds())


def thief_of(visitor):
    """Return somebody who has a copy of all the cookies."""
    thief = visitor.site.visitor()
    for name, value in jar(visitor).items():
        thief.client.set_cookie(name, value)
    return thief


@pytest.mark.parametrize(("is_at_once", "days"), [(True, 0), (False, 0), (False, 60)])
def test_a_stolen_session_with_a_lifetime_of_its_own_is_dead(visitor, clock, is_at_once, days):
    """A thief who has used his copy is signed out for good when its owner signs out."""
    visitor(sign_in)
    if not is_at_once:
        visitor(lambda: session.get("user"))
    thief = thief_of(visitor)
    assert thief.value(lambda: session.get("user")) == "ada"
    for _ in range(days):
        days_later(clock, 1)
        assert thief.value(lambda: session.get("user")) == "ada"
    kept = header(thief)
    visitor(lambda: session.clear())
    for _ in range(100):
        assert thief.send(kept, lambda: session.get("user")).value is None
        days_later(clock, 1)


def test_the_apps_lifetime_may_be_changed_later(carried, clock):
    """A session that was made to live longer by a setting stays dead as long."""
    visitor = carried().visitor()
    visitor(lambda: session.update(user="ada"))
    visitor.site.app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(days=90)
    thief = thief_of(visitor)
    assert thief.value(lambda: session.get("user")) == "ada"
    kept = header(thief)
    visitor(lambda: session.clear())
    for _ in range(100):
        assert thief.send(kept, lambda: session.get("user")).value is None
        days_later(clock, 1)


def test_a_ceiling_that_no_server_takes_is_refused(carried):
    """SESSION_COOKIE_MAX_BYTES has a bound of its own; the app does not start above it."""
    with pytest.raises(ConfigError, match="SESSION_COOKIE_MAX_BYTES"):
        carried(SESSION_COOKIE_MAX_BYTES=100_000)


def test_a_new_token_ends_the_old_one(visitor):
    """After a sign-in the cookies from before are worth nothing."""
    visitor(lambda: session.update(cart=["tea"]))
    copy = "; ".join(f"{name}={value}" for name, value in jar(visitor).items())
    visitor(lambda: (session.regenerate(), session.update(user="ada")))

    assert visitor.value(lambda: dict(session)) == {"cart": ["tea"], "user": "ada"}
    assert visitor.send(copy, lambda: dict(session)).value == {}


def test_revocations_can_be_waived(carried, tmp_path):
    """None as SESSION_COOKIE_REVOCATIONS keeps no registry, and copies live on."""
    visitor = carried(SESSION_COOKIE_REVOCATIONS=None).visitor()
    visitor(lambda: session.update(user="ada"))
    copy = "; ".join(f"{name}={value}" for name, value in jar(visitor).items())
    visitor(lambda: session.clear())

    assert visitor.send(copy, lambda: session.get("user")).value == "ada"
    assert not (tmp_path / "instance").exists()


def test_expired(carried, clock):
    """A record is dead when its time is over, whatever the browser keeps."""
    visitor = carried(SESSION_IDLE_LIFETIME=60).visitor()
    visitor(lambda: session.update(a=1))
    visitor(lambda: session.get("a"))
    copy = "; ".join(f"{name}={value}" for name, value in jar(visitor).items())
    clock.advance(61)

    assert visitor.send(copy, lambda: dict(session)).value == {}


def test_use_keeps_it_alive(carried, clock):
    """Reading extends a session, here by a new cookie."""
    visitor = carried(SESSION_IDLE_LIFETIME=600).visitor()
    visitor(lambda: session.update(a=1))
    for _ in range(5):
        clock.advance(300)
        assert visitor.value(lambda: session.get("a")) == 1


@pytest.mark.parametrize("change", ["flip", "cut", "other"])
def test_tampering(visitor, carried, change):
    """A record that was changed, cut off, or is of another session, opens as nothing."""
    visitor(lambda: session.update(user="ada"))
    cookies = jar(visitor)
    data = cookies["session_data"]
    other = carried().visitor()
    other(lambda: session.update(user="eve"))
    cookies["session_data"] = {
        "flip": data[:60] + ("A" if data[60] != "A" else "B") + data[61:],
        "cut": data[:-4],
        "other": jar(other)["session_data"],
    }[change]
    reasons = []

    def note(sender, reason, **_):
        reasons.append(reason)

    with session_rejected.connected_to(note):
        answer = visitor.send(
            "; ".join(f"{name}={value}" for name, value in cookies.items()), lambda: dict(session)
        )

    assert answer.value == {}
    assert reasons == ["unknown"]


def test_keys_rotate(make_site):
    """SECRET_KEY_FALLBACKS opens what an old key has sealed; without it, it is another's."""
    new = secrets.token_hex()
    old_site = make_site("cookie://", SECRET_KEY=KEY)
    visitor = old_site.visitor()
    visitor(lambda: session.update(a=1))
    copy = "; ".join(f"{name}={value}" for name, value in jar(visitor).items())
    rotated = make_site("cookie://", SECRET_KEY=new, SECRET_KEY_FALLBACKS=[KEY])
    stranger = make_site("cookie://", SECRET_KEY=new)

    assert rotated.visitor().send(copy, lambda: dict(session)).value == {"a": 1}
    assert stranger.visitor().send(copy, lambda: dict(session)).value == {}


@pytest.mark.parametrize("key", [None, "short"])
def test_a_key_is_needed(make_site, key):
    """Without a key, or with one that can be guessed, the app does not start."""
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        make_site("cookie://", SECRET_KEY=key)


def test_the_cookie_name_is_bound_in(make_site):
    """A record made for one cookie does not open in another."""
    visitor = make_site("cookie://", SECRET_KEY=KEY).visitor()
    visitor(lambda: session.update(a=1))
    copy = "; ".join(
        f"{name.replace('session', 'other')}={value}" for name, value in jar(visitor).items()
    )
    other = make_site("cookie://", SECRET_KEY=KEY, SESSION_COOKIE_NAME="other")

    assert other.visitor().send(copy, lambda: dict(session)).value == {}


def test_it_varies_and_is_private(visitor):
    """An answer that carries a record is in no shared cache."""
    answer = visitor(lambda: session.update(a=1))

    assert answer.headers["Vary"] == "Cookie"
    assert "private" in answer.headers["Cache-Control"]
