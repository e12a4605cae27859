"""Where Flask-Session shares a Redis: what is somebody else's is neither taken nor removed."""

from __future__ import annotations

import json

import pytest
import redis

from tests.moving_in.apps import after, before
from tests.moving_in.test_carried_over import ADA, NOBODY, moved, signed_in
from tests.moving_in.test_command import migrate


@pytest.fixture
def client(redis_url):
    """Return a client of Redis."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def bare(client):
    """Return the settings of an app whose keys have nothing in front."""
    return {"SESSION_TYPE": "redis", "SESSION_REDIS": client, "SESSION_KEY_PREFIX": ""}


def test_without_a_prefix_nothing_is_listed(bare, client, fresh_name):
    """The results of another program may look like sessions: the command refuses, and says why."""
    foreign = f"celery-task-meta-{fresh_name}-and-more-of-it"
    client.set(foreign, json.dumps({"status": "SUCCESS"}))
    app = after(bare)
    try:
        output, code = migrate(app)
        assert code == 1
        assert "SESSION_KEY_PREFIX is empty" in output
        assert client.exists(foreign)
        # Nor does a visitor get it who names it.
        new = app.test_client()
        new.set_cookie("session", foreign)
        assert new.get("/").json == NOBODY
        assert client.exists(foreign)
    finally:
        client.delete(foreign)


@pytest.mark.parametrize("signed", [False, True], ids=["plain", "signed"])
def test_without_a_prefix_sessions_come(bare, client, signed):
    """What surely is a session comes in when its owner does."""
    browser = signed_in(before(bare, SESSION_USE_SIGNER=signed))
    token = browser.get_cookie("session").value.partition(".")[0]
    app = after({**bare, "SESSION_USE_SIGNER": signed})
    new = moved(browser, app)
    try:
        assert new.get("/").json == ADA
        assert not client.exists(token)
    finally:
        new.post("/sign-out")
        client.delete(token)


def test_a_key_of_another_kind(client, fresh_name):
    """A hash among the keys is left alone: by the command, which goes on, and by a visitor."""
    prefix = f"{fresh_name}:"
    config = {"SESSION_TYPE": "redis", "SESSION_REDIS": client, "SESSION_KEY_PREFIX": prefix}
    name = "h" * 43
    client.hset(prefix + name, "x", 1)
    browser = signed_in(before(config))
    app = after(config)
    try:
        visitor = app.test_client()
        visitor.set_cookie("session", name)
        assert visitor.get("/").json == NOBODY
        output, code = migrate(app)
        assert code == 0
        assert "1 session carried over" in output
        assert "1 session left in place" in output
        assert client.hget(prefix + name, "x") == b"1"
        assert moved(browser, app).get("/").json == ADA
    finally:
        for key in client.scan_iter(match=f"*{fresh_name}*"):
            client.delete(key)
