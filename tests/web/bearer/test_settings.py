"""Settings that cannot work are a ConfigError at start, which shows no key."""

from __future__ import annotations

import secrets

import pytest
from flask import Flask

from flask_sessionplus import ConfigError, SessionPlus
from tests.core.bearer import minting
from tests.web.bearer.bearing import CONFIG

KEY = secrets.token_hex()


def start(**config):
    """Return an app with these settings."""
    app = Flask("site")
    app.config.update(**config)
    SessionPlus(app)
    return app


@pytest.mark.parametrize(
    "store",
    [
        {"SESSION_STORE": "cookie://", "SECRET_KEY": KEY},
        {"SESSION_STORE": "memcached://127.0.0.1"},
        {"SESSION_FIELDS": {"a": "cookie://", "*": "file:x"}, "SECRET_KEY": KEY},
        {"SESSION_STORE": ["memory://", "memcached://127.0.0.1"]},
    ],
)
@pytest.mark.parametrize("key", ["SESSION_JWT_KEY", "SESSION_GLOBAL_BY_COOKIE"])
def test_a_store_that_does_not_know_owners(store, key, tmp_path):
    """A store that cannot keep what belongs to a user is refused, with those that can."""
    config = CONFIG if key == "SESSION_JWT_KEY" else {key: True}

    with pytest.raises(ConfigError, match=rf"{key}.*SESSION_STORE.*redis") as caught:
        start(**config, **store)
    assert KEY not in str(caught.value)


def test_without_either_any_store_will_do():
    """Who has neither tokens nor data of users may have any store."""
    start(SESSION_STORE="cookie://", SECRET_KEY=KEY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"SESSION_JWT_KEY": "short"},
        {"SESSION_JWT_ALGORITHMS": ["HS256", "ES256"]},
        {"SESSION_JWT_ALGORITHMS": ["none"]},
        {"SESSION_JWT_TYPES": []},
        {"SESSION_JWT_ISSUER": None},
        {"SESSION_JWT_AUDIENCE": None},
        {"SESSION_JWT_LEEWAY": 31},
        {"SESSION_JWT_KEY": {"kty": "oct", "k": ""}},
        {"SESSION_JWT_KEY": "http://issuer.example/keys", "SESSION_JWT_ALGORITHMS": ["ES256"]},
    ],
)
def test_wrong_settings(wrong):
    """Each is told by its name."""
    with pytest.raises(ConfigError, match="SESSION_JWT"):
        start(**{**CONFIG, "SESSION_STORE": "memory://", **wrong})


def test_no_key_no_tokens():
    """`ext.tokens` without a key says what is missing."""
    app = start(SESSION_STORE="memory://")

    with app.app_context(), pytest.raises(ConfigError, match="SESSION_JWT_KEY"):
        _ = app.extensions["sessionplus"].extension.tokens


def test_nothing_shows_the_key():
    """Neither what the app has of us nor any part of it shows the key."""
    app = start(**CONFIG, SESSION_STORE="memory://")
    ours = app.extensions["sessionplus"]
    shown = f"{ours!r}{ours.settings!r}{ours.settings.jwt!r}{ours.tokens!r}{vars(ours.tokens)!r}"

    assert repr(minting.SECRET)[2:20] not in shown
    assert "FgkJSU" not in shown


def test_one_extension_for_two_apps():
    """One extension object serves two apps, each with its own key."""
    ext, apps = SessionPlus(), [Flask("one"), Flask("two")]
    for app in apps:
        secret = {"SESSION_JWT_KEY": secrets.token_bytes(40), "SESSION_STORE": "memory://"}
        app.config.update({**CONFIG, **secret})
        ext.init_app(app)
    with apps[0].app_context():
        token = ext.tokens.issue(42)
        assert ext.tokens.check(token, {}).subject == "42"
    with apps[1].app_context(), pytest.raises(Exception, match="not valid"):
        ext.tokens.check(token, {})
