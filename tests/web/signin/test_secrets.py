"""What nobody must see: tokens nowhere, ids in no repr; and what a list of sessions shows."""

from __future__ import annotations

import logging
from dataclasses import FrozenInstanceError, replace
from datetime import datetime, timedelta, timezone

import pytest

from flask_sessionplus import StoreUnavailable, session
from flask_sessionplus.tokens import digest

USER = "ada-whose-id-is-secret"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
HERE = {"headers": {"User-Agent": AGENT}, "environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}


def test_no_repr_shows_the_user(visitor, ext):
    """Neither the session nor a list of sessions shows the id in its repr."""

    def page():
        session.login(USER, "Ada")
        return repr(session), str(session)

    texts = [*visitor.value(page), *visitor.value(lambda: (repr(session), session.get("x")))]
    texts.append(visitor.value(lambda: repr(ext.sessions_of(USER)), **HERE))

    assert not any(USER in str(text) or "192.0.2.7" in str(text) for text in texts)


def test_no_log_shows_a_token(site, store, ext, caplog):
    """What is logged while people sign in, and the store fails, holds no token and no id."""
    caplog.set_level(logging.DEBUG)
    site.app.testing = False
    tokens = []
    for fault in (None, "apply", "owned", "delete_owned", "delete", "find"):
        visitor = site.visitor()
        visitor(lambda: session.login(USER, "Ada"))
        tokens.append(visitor.token)
        if fault is not None:
            store.faults[fault] = lambda: StoreUnavailable("The store is away. Look at it.")
        visitor(lambda: session.elevate())
        tokens.append(visitor.token)
        visitor(lambda: ext.sessions_of(USER))
        visitor(lambda: ext.revoke(session.identifier))
        visitor(lambda: ext.revoke_user(USER))
        visitor(lambda: session.logout())
        store.faults.clear()
    secrets = [*filter(None, tokens), *(digest(token).hex() for token in tokens if token)]

    assert caplog.text != ""
    assert not any(secret in caplog.text for secret in secrets)
    assert USER not in caplog.text


def test_what_the_list_shows(visitor, ext, clock, store):
    """A list of sessions has all that a page of devices needs, and no secret."""
    at = datetime.fromtimestamp(clock.now() / 1000, timezone.utc)
    visitor(lambda: session.update(a=1))
    clock.advance(60)
    visitor(lambda: session.login(42, remember=True), **HERE)
    clock.advance(120)
    visitor(lambda: session.get("a"))
    name = visitor.value(lambda: session.identifier)
    [found] = visitor.value(lambda: ext.sessions_of("42"))

    assert found.handle == name
    assert (found.kind, found.user, found.is_current) == ("browser", "42", True)
    assert found.created_at == at
    assert found.signed_in_at == at + timedelta(minutes=1)
    assert found.last_seen_at == at + timedelta(minutes=3)
    assert found.expires_at == at + timedelta(days=31, minutes=3)
    assert (found.address, found.user_agent) == ("192.0.2.7", AGENT)
    assert found.browser == "Firefox 128 on Linux"
    assert visitor.token not in str(vars(found))
    assert digest(visitor.token).hex() not in str(vars(found))


def test_which_one_is_current(site, ext, clock):
    """Of several sessions the one of the request is marked, outside of requests none is."""
    visitors = [site.visitor() for _ in range(3)]
    for visitor in visitors:
        clock.advance(1)
        visitor(lambda: session.login(42))
    listed = visitors[1].value(lambda: ext.sessions_of(42))

    assert [each.is_current for each in listed] == [False, True, False]
    assert listed[1].handle == visitors[1].value(lambda: session.identifier)
    with site.app.app_context():
        assert not any(each.is_current for each in ext.sessions_of(42))


def test_an_entry_cannot_be_changed(visitor, ext):
    """What the list shows is frozen."""
    visitor(lambda: session.login(42))
    [found] = visitor.value(lambda: ext.sessions_of(42))
    with pytest.raises(FrozenInstanceError):
        found.user = "eve"

    assert replace(found, user="eve").user == "eve"


def test_the_address_is_that_of_the_sign_in(visitor, ext):
    """Address and browser are those that have signed in, not those that came later."""
    visitor(lambda: session.login(42), **HERE)
    visitor(lambda: session.update(a=1), environ_overrides={"REMOTE_ADDR": "198.51.100.9"})
    [found] = visitor.value(lambda: ext.sessions_of(42))

    assert found.address == "192.0.2.7"


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("\x1b[31mred\x07", "?[31mred?"),
        ("a\u202eb", "a?b"),
        ("x" * 5000, "x" * 512),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("", ""),
    ],
)
def test_a_strange_browser(visitor, ext, agent, shown):
    """What a client calls itself is cut, and controls nobody's terminal."""
    latin = agent.encode("utf-8", "replace").decode("latin-1") if "\u202e" in agent else agent
    visitor(lambda: session.login(42), environ_overrides={"HTTP_USER_AGENT": latin})
    [found] = visitor.value(lambda: ext.sessions_of(42))

    assert found.user_agent.isprintable()
    assert len(found.user_agent) <= 512
    assert len(found.browser) <= 100
    if "\u202e" not in agent:
        assert found.user_agent == shown
