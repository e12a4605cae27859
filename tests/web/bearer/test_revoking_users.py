"""All tokens of a user, or of everybody, revoked at once; what is issued then is good."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from flask import session

from flask_sessionplus import InvalidToken
from flask_sessionplus.proxies import global_session, session_claims
from tests.web.bearer.bearing import foreign


def use():
    """Use the token."""
    return session_claims["sub"]


@pytest.mark.parametrize("before", ["own", "pair", "foreign"])
def test_all_of_a_user(any_api, before):
    """All tokens of a user that were issued before are dead; what is issued then is good."""
    make = {
        "own": any_api.issue,
        "pair": lambda user: any_api.pair(user).access,
        "foreign": lambda user: foreign(sub=str(user)),
    }[before]
    old, others = make(42), make(43)
    with any_api.site.app.app_context():
        any_api.ext.revoke_user("42")

    # In the same millisecond: the clock stands still.
    assert any_api.client(old)(use).status == 401
    assert any_api.client(others)(use).status == 200
    assert any_api.client(any_api.issue(42))(use).status == 200
    assert any_api.client(any_api.pair(42).access)(use).status == 200


def test_again_and_again_in_the_same_moment(any_api):
    """However often that is done in one millisecond, each time what was issued before is dead."""
    for _ in range(3):
        old, pair = any_api.issue(), any_api.pair()
        assert any_api.tokens(lambda tokens: tokens.revoke_user(42)) == 2
        for token in (old, pair.access):
            assert any_api.client(token)(use).status == 401
        with pytest.raises(InvalidToken):
            any_api.tokens(lambda tokens, pair=pair: tokens.refresh(pair.refresh))


def test_a_foreign_token_of_later(api, clock):
    """Another issuer's token is good if it is from later than the revocation and the leeway.

    One that was there before may be dated ahead by as much as clocks may differ.
    """
    ahead = foreign(sub="42", iat=clock.now() / 1000 + 10)
    assert api.client(ahead)(use).status == 200
    api.tokens(lambda tokens: tokens.revoke_user(42))
    now = clock.now() / 1000

    assert api.client(ahead)(use).status == 401
    assert api.client(foreign(sub="42", iat=now))(use).status == 401
    clock.advance(10.001)
    assert api.client(ahead)(use).status == 401
    assert api.client(foreign(sub="42", iat=now + 10))(use).status == 401
    assert api.client(foreign(sub="42", iat=now + 10.001))(use).status == 200


def test_a_clock_that_went_back(api, clock):
    """What was revoked stays revoked if it is revoked once more by a clock that is behind."""
    api.tokens(lambda tokens: tokens.revoke_user(42))
    old = foreign(sub="42", iat=clock.now() / 1000)
    clock._milliseconds -= 5_000
    api.tokens(lambda tokens: tokens.revoke_user(42))

    assert api.client(old)(use).status == 401


@pytest.mark.parametrize("user", [uuid4(), 42, "ada@example.org", "a:b", "ÄÖ"])
def test_however_the_user_is_spelled(any_api, user):
    """Ids match in whatever way they are spelled (CVE-2026-82311)."""
    spelled = str(user).upper() if isinstance(user, UUID) else str(user)
    token = any_api.issue(user)
    with any_api.site.app.app_context():
        assert any_api.ext.revoke_user(spelled) == 1

    assert any_api.client(token)(use).status == 401


def test_the_users_data_go_too(any_api):
    """`revoke_user` ends the user's data; `tokens.revoke_user` leaves them, and browsers."""
    browser = any_api.site.visitor()
    browser(lambda: session.login(42))
    any_api.client()(lambda: global_session.update(a=1))
    any_api.tokens(lambda tokens: tokens.revoke_user(42))
    assert any_api.client().value(lambda: dict(global_session)) == {"a": 1}
    assert browser.value(lambda: session.user_id) == 42
    with any_api.site.app.app_context():
        any_api.ext.revoke_user(42)

    assert any_api.client().value(lambda: dict(global_session)) == {}
    assert browser.value(lambda: session.user_id) is None


def test_a_request_under_way(api, store):
    """A request that was let in writes nothing into the data that end meanwhile."""
    client = api.client()
    client(lambda: global_session.update(a=1))

    def revoke():
        with api.site.app.app_context():
            api.ext.revoke_user(42)

    def page():
        global_session["a"] = 2
        store.before["apply"] = revoke

    client(page)

    assert api.client().value(lambda: dict(global_session)) == {}


@pytest.mark.parametrize("kind", ["own", "pair", "foreign"])
def test_all_but_this_one(any_api, kind):
    """With `except_current` the token of the request stays good, and so do the user's data."""
    pair = any_api.pair()
    current = {"own": any_api.issue(), "pair": pair.access, "foreign": foreign(sub="42", jti="x")}
    others = [any_api.issue(), any_api.pair().access, foreign(sub="42", jti="y")]
    client = any_api.client(current[kind])
    client(lambda: global_session.update(a=1))
    client.value(lambda: any_api.ext.revoke_user(42, except_current=True))

    assert client.value(lambda: dict(global_session)) == {"a": 1}
    assert [any_api.client(other)(use).status for other in others] == [401] * 3
    if kind == "pair":
        renewed = any_api.tokens(lambda tokens: tokens.refresh(pair.refresh))
        assert any_api.client(renewed.access)(use).status == 200
    with any_api.site.app.app_context():
        any_api.ext.revoke_user(42)
    assert client(use).status == 401


def test_the_data_of_a_browsers_request_stay(make_api):
    """With `except_current` in a browser, its session and the user's data stay, no token does."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)
    browser, token = api.site.visitor(), api.issue()
    browser(lambda: session.login(42))
    browser(lambda: global_session.update(a=1))
    browser.value(lambda: api.ext.revoke_user(42, except_current=True))

    assert browser.value(lambda: (session.user_id, dict(global_session))) == (42, {"a": 1})
    assert api.client(token)(use).status == 401


def test_anothers_token_is_not_spared(api):
    """An admin's request with his own token spares nothing of the user whom it is about."""
    token = api.issue(42)
    admin = api.client(api.issue(1))
    admin.value(lambda: api.ext.revoke_user(42, except_current=True))

    assert api.client(token)(use).status == 401
    assert admin(use).status == 200


def test_another_of_the_same_name_is_not_spared(api):
    """The name of a token spares no token of another user that has the same name."""
    token = foreign(sub="42", jti="same")
    admin = api.client(foreign(sub="1", jti="same"))
    admin.value(lambda: api.ext.revoke_user(42, except_current=True))

    assert api.client(token)(use).status == 401


@pytest.mark.parametrize("kind", ["own", "pair", "foreign"])
def test_everybodys(any_api, kind):
    """`revoke_all` ends the tokens of all, those issued elsewhere too."""
    token = {"own": any_api.issue, "pair": lambda: any_api.pair().access, "foreign": foreign}[
        kind
    ]()
    any_api.tokens(lambda tokens: tokens.revoke("something"))
    with any_api.site.app.app_context():
        any_api.ext.revoke_all()

    assert any_api.client(token)(use).status == 401
    assert any_api.client(any_api.issue())(use).status == 200
