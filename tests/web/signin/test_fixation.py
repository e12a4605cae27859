"""Each step up is another token, and one that is over opens nothing: on every store."""

from __future__ import annotations

import pytest

from flask_sessionplus import session
from tests.web.signin.conftest import extension

STEPS = [
    lambda: session.update(cart=["tea"]),
    lambda: session.login(42, "Ada", "reader"),
    lambda: session.elevate("second factor"),
    lambda: setattr(session, "role_id", "admin"),
]


def climb(visitor):
    """Go from anonymous over the password and the second factor to admin; return the tokens."""
    tokens = []
    for step in STEPS:
        visitor(step)
        tokens.append(visitor.token)
    return tokens


def accepted(site, tokens):
    """Return what the session of each of *tokens* has, of those that open anything."""

    def look():
        return session.user_id, session.role_id, session.level, session.copy(), session.exists

    found = [site.visitor(token).value(look) for token in tokens]
    return [each for each in found if each != (None, None, None, {}, False)]


def test_four_tokens_three_of_them_dead(any_site):
    """Anonymous, password, second factor, admin: four tokens, and only the last one opens."""
    visitor = any_site.visitor()
    tokens = climb(visitor)

    assert len(set(tokens)) == 4
    assert accepted(any_site, tokens[:3]) == []
    full = (42, "admin", "second factor", {"cart": ["tea"]}, True)
    assert accepted(any_site, tokens[3:]) == [full]


def test_a_planted_token_is_not_adopted(any_site):
    """A token that somebody has planted is never that of the one who signs in."""
    for number in range(20):
        planted = f"planted-by-somebody-else-{number:08}"
        visitor = any_site.visitor(planted)
        visitor(lambda: session.login(42))
        assert visitor.token != planted
        assert accepted(any_site, [planted]) == []


def fixation(site, rounds):
    """Climb again and again; return how many old tokens open anything."""
    return sum(len(accepted(site, climb(site.visitor())[:3])) for _ in range(rounds))


def test_fixation(any_site):
    """Of the tokens from before a step up, none opens anything."""
    assert fixation(any_site, 10) == 0


@pytest.mark.torture
def test_fixation_a_thousand_times(any_site):
    """Of 3,000 tokens from before a step up, none opens anything."""
    assert fixation(any_site, 1000) == 0


def sign_out(site, visitor, clock):
    """Let somebody sign out."""
    visitor(lambda: session.logout())


def expire(site, visitor, clock):
    """Let the time of all sessions run out."""
    clock.advance(31 * 24 * 3600 + 61)


def revoke_one(site, visitor, clock):
    """End one session by its handle."""
    name = visitor.value(lambda: session.identifier)
    assert site.visitor().value(lambda: extension(site).revoke(name))


def revoke_user(site, visitor, clock):
    """End all sessions of the user, whose id is spelled in another way."""
    assert site.visitor().value(lambda: extension(site).revoke_user("42")) >= 1


def revoke_all(site, visitor, clock):
    """End all sessions."""
    with site.app.app_context():
        assert extension(site).revoke_all() >= 1


ENDS = [sign_out, expire, revoke_one, revoke_user, revoke_all]


def replay(site, clock, end, rounds):
    """End a session in a way, again and again; return how often its token opens anything."""
    count = 0
    for _ in range(rounds):
        visitor = site.visitor()
        visitor(lambda: session.login(42, cart=["tea"]))
        assert accepted(site, [visitor.token]) != []
        token = visitor.token
        end(site, visitor, clock)
        count += len(accepted(site, [token]))
        # Whoever replays it and writes gets another session, which nobody is signed in to.
        thief = site.visitor(token)
        thief(lambda: session.update(a=1))
        count += len([each for each in accepted(site, [token]) if each[0] is not None])
        count += thief.token == token and end is not sign_out
    return count


@pytest.mark.parametrize("end", ENDS)
def test_replay(any_site, clock, end):
    """A token that was signed out, has expired or was revoked opens nothing any more."""
    assert replay(any_site, clock, end, 5) == 0


@pytest.mark.torture
@pytest.mark.parametrize("end", ENDS)
def test_replay_a_thousand_times(any_site, clock, end):
    """Of 1,000 tokens that are over, none opens anything."""
    assert replay(any_site, clock, end, 1000) == 0
