"""Refresh tokens: good for one use; a second use ends all that came of the sign-in."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import pytest

from flask_sessionplus import InvalidToken, token_reused
from flask_sessionplus.proxies import session_claims
from tests.web.bearer.bearing import Reasons, bearer
from tests.web.visiting import together


def use():
    """Use the token."""
    return dict(session_claims)


def refresh(api, token):
    """Return the next pair, or None if the token was refused."""
    try:
        return api.tokens(lambda tokens: tokens.refresh(token))
    except InvalidToken:
        return None


@pytest.fixture
def reused():
    """Return the owners of whom it is told that a token was used twice."""
    owners = []

    def note(sender, owner):
        owners.append(owner)

    with token_reused.connected_to(note):
        yield owners


def test_the_next_pair(any_api):
    """A refresh token gives another pair, of the same user, sign-in, role and claims."""
    first = any_api.pair(42, role_id="admin", email="a@b.c")
    second = refresh(any_api, first.refresh)
    third = refresh(any_api, second.refresh)
    claims = [any_api.client(pair.access).value(use) for pair in (first, second, third)]

    assert len({each.pop("jti") for each in claims}) == 3
    assert claims[0] == claims[1] == claims[2]
    assert (claims[0]["sub"], claims[0]["role"], claims[0]["email"]) == ("42", "admin", "a@b.c")


def test_a_second_use_ends_all(any_api, reused, clock):
    """Who comes with a used one has a copy: the whole family is dead, and it is told."""
    first = any_api.pair()
    second = refresh(any_api, first.refresh)
    clock.advance(10)

    assert refresh(any_api, first.refresh) is None
    assert reused == ["42"]
    assert refresh(any_api, second.refresh) is None
    for pair in (first, second):
        assert any_api.client(pair.access)(use).status == 401
    assert reused == ["42"]


def test_a_request_that_was_sent_twice(any_api, reused, clock):
    """Within ten seconds it is refused only."""
    first = any_api.pair()
    second = refresh(any_api, first.refresh)
    clock.advance(9.9)

    assert refresh(any_api, first.refresh) is None
    assert reused == []
    assert any_api.client(second.access)(use).status == 200
    assert refresh(any_api, second.refresh) is not None


def test_a_slow_tab(any_api, reused, clock):
    """One from before the last is refused only as well, within ten seconds of its own use."""
    first = any_api.pair()
    second = refresh(any_api, first.refresh)
    clock.advance(5)
    third = refresh(any_api, second.refresh)
    clock.advance(4.9)

    assert refresh(any_api, first.refresh) is None
    assert reused == []
    assert any_api.client(third.access)(use).status == 200
    clock.advance(0.1)
    assert refresh(any_api, first.refresh) is None
    assert reused == ["42"]
    assert any_api.client(third.access)(use).status == 401


def test_many_at_once_do_not_pile_up(api, store, reused):
    """Of many that were used in a moment the last ones are remembered, and no more."""
    tokens = [api.pair().refresh]
    for _ in range(40):
        tokens.append(refresh(api, tokens[-1]).refresh)
    [(_, record)] = store.inner.owned("42")

    assert sum(map(len, record.values.values())) < 2_000
    assert refresh(api, tokens[-2]) is None
    assert reused == []
    assert refresh(api, tokens[0]) is None
    assert reused == ["42"]


def test_why_it_was_refused_is_told(api, clock):
    """Late, used before, or none at all: the app is told in a word, for late may be a copy."""
    pair = api.pair()
    refresh(api, pair.refresh)
    with Reasons() as reasons:
        refresh(api, pair.refresh)
        clock.advance(10)
        refresh(api, pair.refresh)
        refresh(api, pair.refresh)

    assert reasons == ["late", "reused", "refresh"]


def test_other_sign_ins_stay(api, clock):
    """A copy ends the sign-in that it came of, and no other of the same user."""
    first, other = api.pair(), api.pair()
    refresh(api, first.refresh)
    clock.advance(60)
    refresh(api, first.refresh)

    assert refresh(api, other.refresh) is not None


def test_what_was_made_up_ends_nothing(any_api, reused):
    """Who knows the family's name, which is in each access token, cannot end it."""
    pair = any_api.pair()
    known = urlsafe_b64decode(pair.refresh + "==")
    for made_up in (known[:16] + bytes(48), known[:16] + known[48:] + known[16:48], bytes(64)):
        assert refresh(any_api, urlsafe_b64encode(made_up).rstrip(b"=").decode()) is None

    assert reused == []
    assert any_api.client(pair.access)(use).status == 200
    assert refresh(any_api, pair.refresh) is not None


@pytest.mark.parametrize(
    "spell",
    [
        lambda token: None,
        lambda token: "",
        lambda token: "x",
        lambda token: token + "=",
        lambda token: token + "A",
        lambda token: token[:-1],
        lambda token: f" {token}",
        lambda token: f"{token}\n",
        lambda token: token.replace("-", "+").replace("_", "/") + "==",
        lambda token: "A" * 10_000_000,
        lambda token: "Ä" * 86,
        lambda token: token[:-1] + chr(ord(token[-1]) + 1),
    ],
)
def test_other_spellings(api, spell, reused):
    """There is one spelling; all others are refused, and end nothing."""
    pair = api.pair()

    assert refresh(api, spell(pair.refresh)) is None
    assert reused == []
    assert refresh(api, pair.refresh) is not None


def test_neither_is_the_other(api):
    """An access token refreshes nothing, and a refresh token opens nothing."""
    pair = api.pair()

    assert refresh(api, pair.access) is None
    assert api.site.visitor()(use, headers=bearer(pair.refresh)).status == 401
    assert refresh(api, pair.refresh) is not None


def test_of_two_at_the_same_time_one_wins(any_api, any_store, reused):
    """Of two requests with the same refresh token exactly one gets the next pair."""
    pair = any_api.pair()
    won = []
    any_store.before["apply"] = lambda: won.append(refresh(any_api, pair.refresh))

    assert refresh(any_api, pair.refresh) is None
    assert won[0] is not None
    assert reused == []
    assert refresh(any_api, won[0].refresh) is not None


def test_threads_at_the_same_time(any_api, reused):
    """Of eight threads exactly one wins, each time."""
    pair = any_api.pair()
    for _ in range(5):
        tasks = [lambda pair=pair: refresh(any_api, pair.refresh)] * 8
        [pair] = [each for each in together(*tasks) if each is not None]

    assert reused == []
    assert any_api.client(pair.access)(use).status == 200


def test_revoked_while_it_is_refreshed(any_api, any_store):
    """A family that ends in between stays ended."""
    pair = any_api.pair()
    any_store.before["apply"] = lambda: any_api.tokens(lambda tokens: tokens.revoke_user(42))

    assert refresh(any_api, pair.refresh) is None
    with any_api.site.app.app_context():
        assert any_api.ext.sessions_of(42) == []


def test_how_long_it_is_good(make_api, clock):
    """It is good for its lifetime, which begins anew with each use."""
    api = make_api(SESSION_JWT_REFRESH_LIFETIME=timedelta(days=2))
    pair = api.pair()
    for _ in range(3):
        clock.advance(timedelta(days=1, hours=23))
        pair = refresh(api, pair.refresh)
    clock.advance(timedelta(days=2))

    assert refresh(api, pair.refresh) is None


def test_the_absolute_lifetime(make_api, clock):
    """SESSION_ABSOLUTE_LIFETIME ends a sign-in by token as well, its access tokens included."""
    api = make_api(SESSION_ABSOLUTE_LIFETIME=1000)
    pair = api.pair()
    clock.advance(600)
    pair = refresh(api, pair.refresh)
    assert pair.expires_in == 400
    clock.advance(300)
    pair = refresh(api, pair.refresh)
    clock.advance(100)

    assert refresh(api, pair.refresh) is None
    assert api.client(pair.access)(use).status == 401


@pytest.mark.parametrize(("days", "most"), [(30, 90), (120, 120)])
def test_the_longest(make_api, clock, days, most):
    """A sign-in ends after 90 days even if no setting says so, or after one lifetime."""
    api = make_api(SESSION_JWT_REFRESH_LIFETIME=timedelta(days=days))
    pair = api.pair()
    for _ in range(most // 10 - 1):
        clock.advance(timedelta(days=10))
        pair = refresh(api, pair.refresh) or pytest.fail("It ended early.")
    clock.advance(timedelta(days=10))

    assert refresh(api, pair.refresh) is None
    assert api.client(pair.access)(use).status == 401


def test_a_limit_that_was_made_shorter(make_api, store, clock):
    """A sign-in that is older than a new limit has ended: a 401, not a fault."""
    pair = make_api(store).pair()
    clock.advance(600)

    assert refresh(make_api(store, SESSION_ABSOLUTE_LIFETIME=600), pair.refresh) is None


def test_from_where(api):
    """The list of what a user has shows from where and with what each sign-in was."""
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    environ = {"REMOTE_ADDR": "203.0.113.7"}
    options = {"headers": {"User-Agent": agent}, "environ_overrides": environ}
    visitor = api.site.visitor()
    visitor.value(lambda: api.ext.tokens.issue_pair(42), **options)
    with api.site.app.app_context():
        [found] = api.ext.sessions_of(42)

    assert (found.kind, found.address, found.user_agent) == ("token", "203.0.113.7", agent)
    assert found.signed_in_at is not None


def test_what_a_client_says_of_itself(api):
    """A client's name for itself is cut, and has nothing in it that does things to a screen."""
    headers = {"User-Agent": "\x1b[31m" + "x" * 1_000}
    api.site.visitor().value(lambda: api.ext.tokens.issue_pair(42), headers=headers)
    with api.site.app.app_context():
        [found] = api.ext.sessions_of(42)

    assert len(found.user_agent) == 512
    assert found.user_agent.isprintable()


def test_what_costs_what(api, store):
    """To issue is one write; to refresh one load and one swap; to revoke the same."""
    store.new_calls()
    pair = api.pair()
    assert store.new_calls() == ["create"]
    pair = refresh(api, pair.refresh)
    assert store.new_calls() == ["load", "apply"]
    api.issue()
    assert store.new_calls() == ["create"]
    jti = api.client(pair.access).value(lambda: session_claims.jti)
    store.new_calls()
    api.tokens(lambda tokens: tokens.revoke(jti))
    assert store.new_calls() == ["load", "apply"]


def test_names_of_revoked_ones_do_not_pile_up(api, store, clock):
    """What is remembered in a family of tokens that were revoked goes when they are too old."""
    pair = api.pair()
    for _ in range(20):
        jti = api.client(pair.access).value(lambda: session_claims.jti)
        api.tokens(lambda tokens, jti=jti: tokens.revoke(jti))
        clock.advance(1000)
        pair = refresh(api, pair.refresh)
    [(_, record)] = store.inner.owned("42")

    assert sum("revoked" in name for name in record.values) <= 5
