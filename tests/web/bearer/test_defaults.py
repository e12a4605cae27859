"""What a token of ours says without being told, and how its bearer is met again."""

from __future__ import annotations

from flask import current_app

from flask_sessionplus import current_identity, session_claims


def test_the_password_was_given_now(api, clock):
    """`auth_time` is when the token was issued, and stays that in those which follow it."""
    pair = api.pair()
    began = api.client(pair.access).value(lambda: session_claims["auth_time"])
    clock.advance(600)
    later = api.tokens(lambda tokens: tokens.refresh(pair.refresh))

    assert api.client(pair.access).value(lambda: session_claims["iat"]) == began
    assert api.client(later.access).value(lambda: session_claims["auth_time"]) == began


def test_fresh_for_a_quarter_of_an_hour(api, clock):
    """`fresh_required` takes a token of ours until SESSION_FRESH_LIFETIME has passed."""
    client = api.client(api.issue(lifetime=3600))

    assert client.value(lambda: current_identity().is_fresh()) is True
    clock.advance(901)
    assert client.value(lambda: current_identity().is_fresh()) is False


def test_the_app_may_say_otherwise(api):
    """Who has given the password elsewhere, at another time, is believed."""
    token = api.issue(auth_time=1)

    assert api.client(token).value(lambda: session_claims["auth_time"]) == 1


def test_the_family_is_the_current_one(api):
    """A list of devices marks the one that asks, also if it comes with a bearer token."""
    one, other = api.client(), api.client()

    def current():
        ext = current_app.extensions["sessionplus"].extension
        return [each.handle for each in ext.sessions_of(42) if each.is_current]

    assert one.value(current) == [one.value(lambda: session_claims["sid"])]
    assert other.value(current) == [other.value(lambda: session_claims["sid"])]
