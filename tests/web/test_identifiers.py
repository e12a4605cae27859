"""`SESSION_IDENTIFIER_GENERATOR`: the app's own tokens, and what becomes of bad ones."""

from __future__ import annotations

import itertools
import os
import secrets

import pytest
from flask import session

from flask_sessionplus import ConfigError, signals

FIRST, SECOND, THIRD = (letter * 32 for letter in "abc")


@pytest.fixture
def with_tokens(make_site, store):
    """Return a function that makes an app whose tokens are the ones given, in this order."""

    def make(*tokens, **config):
        following = itertools.chain(tokens, iter(lambda: secrets.token_urlsafe(32), None))
        return make_site(store, SESSION_IDENTIFIER_GENERATOR=lambda: next(following), **config)

    return make


def test_the_apps_tokens_are_used(with_tokens):
    """What the generator makes is what the cookie holds."""
    visitor = with_tokens(FIRST, SECOND).visitor()
    visitor(lambda: session.update(a=1))
    assert visitor.token == FIRST

    visitor(lambda: session.regenerate())
    assert visitor.token == SECOND
    assert visitor.value(lambda: dict(session)) == {"a": 1}


@pytest.mark.parametrize("token", ["a" * 22, "a" * 128, "A-_9" * 10])
def test_tokens_of_any_fair_length(with_tokens, token):
    """From 22 to 128 characters, letters, digits, - and _ will do."""
    visitor = with_tokens(token).visitor()
    visitor(lambda: session.update(a=1))

    assert visitor.value(lambda: dict(session)) == {"a": 1}


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a" * 21,
        "a" * 129,
        "a b" * 10,
        "a;b" * 10,
        "é" * 30,
        "a\n" + "b" * 30,
        "b" * 30 + "\n",
        None,
        12345678901234567890123,
        b"a" * 32,
        secrets.token_urlsafe,
    ],
    ids=lambda token: f"{token!r:.30}",
)
def test_bad_tokens_are_refused(with_tokens, store, token):
    """What is too short, or no token at all, is a ConfigError; no session is made with it."""
    visitor = with_tokens(token).visitor()

    with pytest.raises(ConfigError, match="SESSION_IDENTIFIER_GENERATOR"):
        visitor(lambda: session.update(a=1))

    assert store.new_calls() == []
    assert visitor.token is None


def test_a_generator_that_fails(make_site, store):
    """If no random numbers can be had the request fails: there is no second-best token."""

    def fail():
        raise OSError("no random numbers")

    visitor = make_site(store, SESSION_IDENTIFIER_GENERATOR=fail).visitor()

    with pytest.raises(OSError, match="random"):
        visitor(lambda: session.update(a=1))

    assert store.new_calls() == []


def test_our_own_generator_fails_with_the_system(make_site, store, monkeypatch):
    """Our own tokens come from the system's random numbers and nowhere else."""

    def fail(size):
        raise OSError("no random numbers")

    visitor = make_site(store).visitor()
    monkeypatch.setattr(os, "urandom", fail)
    monkeypatch.setattr(secrets, "token_bytes", fail)

    with pytest.raises(OSError, match="random"):
        visitor(lambda: session.update(a=1))


def test_a_token_in_use_is_not_given_twice(with_tokens):
    """A generator that repeats itself does not put two visitors into one session."""
    site = with_tokens(FIRST, FIRST, SECOND)
    one, two = site.visitor(), site.visitor()
    one(lambda: session.update(user=1))
    two(lambda: session.update(user=2))

    assert (one.token, two.token) == (FIRST, SECOND)
    assert one.value(lambda: session["user"]) == 1


def test_a_generator_that_only_repeats_itself(with_tokens):
    """One that goes on repeating itself is a ConfigError, and harms nobody."""
    site = with_tokens(*[FIRST] * 20)
    one, two = site.visitor(), site.visitor()
    one(lambda: session.update(user=1))

    with pytest.raises(ConfigError, match="in use"):
        two(lambda: session.update(user=2))
    with pytest.raises(ConfigError, match="in use"):
        one(lambda: session.regenerate())

    assert one.value(lambda: dict(session)) == {"user": 1}


def test_a_rotation_never_keeps_the_token(with_tokens):
    """`regenerate` with a token that is in use, be it its own, takes the next one."""
    site = with_tokens(FIRST, SECOND, FIRST, SECOND, THIRD)
    one, two = site.visitor(), site.visitor()
    one(lambda: session.update(user=1))
    two(lambda: session.update(user=2))

    one(lambda: session.regenerate())

    assert one.token == THIRD
    assert one.value(lambda: session["user"]) == 1
    assert two.value(lambda: session["user"]) == 2
    assert site.visitor(FIRST).value(lambda: dict(session)) == {}


def test_an_end_is_an_end_though_the_next_token_is_taken(with_tokens):
    """`destroy` with something new afterwards ends the old session, whatever tokens come."""
    site = with_tokens(FIRST, SECOND, FIRST, SECOND, THIRD)
    one, two = site.visitor(), site.visitor()
    one(lambda: session.update(user=1))
    two(lambda: session.update(user=2))

    one(lambda: (session.destroy(), session.update(theme="dark")))

    assert site.visitor(FIRST).value(lambda: dict(session)) == {}
    assert one.value(lambda: dict(session)) == {"theme": "dark"}
    assert two.value(lambda: session["user"]) == 2


def test_the_identifier_that_was_asked_for_holds(with_tokens):
    """Where a token was taken, what `session_created` tells is the name it has in the end."""
    site = with_tokens(FIRST, FIRST, SECOND)
    site.visitor()(lambda: session.update(user=1))
    names = []

    def note(sender, session):
        names.append(session.identifier)

    visitor = site.visitor()
    with signals.session_created.connected_to(note):
        visitor(lambda: session.update(user=2))

    assert names == [visitor.value(lambda: session.identifier)]
