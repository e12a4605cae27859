"""From a configuration to checked settings, without an app around.

What is refused, and with which words, is tested through an app: tests/web/test_config_errors.py.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from flask import Flask

from flask_sessionplus.checks import to_milliseconds
from flask_sessionplus.config import DEFAULTS, STRICT, Settings, check_cookie
from flask_sessionplus.config_jwt import JwtSettings
from flask_sessionplus.config_signin import SignInSettings
from flask_sessionplus.errors import ConfigError
from flask_sessionplus.tokens import new_token

HOUR = 3_600_000

COOKIE = {
    "SESSION_COOKIE_NAME": "session",
    "SESSION_COOKIE_DOMAIN": None,
    "SESSION_COOKIE_PATH": None,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SECURE": False,
    "SESSION_COOKIE_SAMESITE": None,
    "APPLICATION_ROOT": "/",
}


def read(**given):
    """Return the settings of an app that is configured like this."""
    return Settings.read({**Flask.default_config, **given})


def test_the_defaults():
    """Without any setting, all is as Flask has it: nothing ends but by Flask's own lifetime."""
    assert read() == Settings(
        profile=None,
        store=None,
        table="flask_sessions",
        table_schema=None,
        bind_key=None,
        store_from=None,
        fields=None,
        layer_lifetime=None,
        on_store_error="fail",
        encryption_keys=(),
        cookie_revocations="sqlite:///session_revocations.sqlite3",
        cookie_max_bytes=7_000,
        key_prefix="sp:",
        idle_lifetime=None,
        absolute_lifetime=None,
        provisional_lifetime=HOUR,
        touch_interval=60_000,
        identifier_generator=new_token,
        max_bytes=16_000_000,
        no_store=False,
        parameters={},
        unknown_parameters="allow",
        permanent=False,
        import_cookie=False,
        statistics=False,
        history=0,
        signin=SignInSettings(
            drop_on_login=("csrf_token", "_csrf_token", "csrf"),
            max_per_user=None,
            when_full="evict_oldest",
            bind=(),
            login_view=None,
            confirm_view=None,
            clear_site_data=("cache", "storage"),
            role_loader=None,
            fresh_lifetime=HOUR // 4,
            global_by_cookie=False,
            global_lifetime=None,
        ),
        jwt=None,
    )


def test_tokens_last_as_long_as_is_usual():
    """With a key, and who signs for whom, the rest is what RFC 9068 and ASVS 9.2 suggest."""
    given = {"KEY": "k" * 32, "ISSUER": "https://login.example", "AUDIENCE": "shop"}
    settings = read(**{f"SESSION_JWT_{name}": value for name, value in given.items()}).jwt

    assert settings == JwtSettings(
        key="k" * 32,
        algorithms=(),
        issuer="https://login.example",
        audience="shop",
        types=("at+jwt",),
        lifetime=HOUR // 4,
        refresh_lifetime=30 * 24 * HOUR,
        max_age=HOUR,
        leeway=10_000,
        role_claim="role",
    )


@pytest.mark.parametrize("missing", ["ISSUER", "AUDIENCE"])
def test_a_key_alone_is_not_enough(missing):
    """Whoever checks tokens says who signs them and whom they are for (ASVS 9.2.3)."""
    given = {"KEY": "k" * 32, "ISSUER": "https://login.example", "AUDIENCE": "shop"}
    del given[missing]
    with pytest.raises(ConfigError, match=f"SESSION_JWT_{missing} is not"):
        read(**{f"SESSION_JWT_{name}": value for name, value in given.items()})


def test_the_strict_profile():
    """One word sets everything that OWASP and ASVS ask for."""
    settings = read(SESSION_PROFILE="strict")

    assert settings.idle_lifetime == HOUR / 2
    assert settings.absolute_lifetime == 8 * HOUR
    assert settings.provisional_lifetime <= settings.idle_lifetime
    assert settings.max_bytes == 65_536
    assert settings.no_store is True


@pytest.mark.parametrize("key", STRICT)
def test_each_part_of_a_profile_can_be_set_otherwise(key):
    """What is given wins over the profile, key by key."""
    given = {
        "SESSION_IDLE_LIFETIME": 60,
        "SESSION_ABSOLUTE_LIFETIME": 60,
        "SESSION_PROVISIONAL_LIFETIME": 60,
        "SESSION_MAX_BYTES": 60,
        "SESSION_NO_STORE": False,
        "SESSION_MAX_PER_USER": 7,
    }
    strict = read(SESSION_PROFILE="strict")
    changed = read(**{"SESSION_PROFILE": "strict", key: given[key]})
    name = key.removeprefix("SESSION_").lower()
    before, after = _flat(strict), _flat(changed)

    assert {each for each in before if before[each] != after[each]} == {name}


def _flat(settings):
    """Return all settings, those of signing in among them."""
    found = {**vars(settings), **vars(settings.signin)}
    del found["signin"]
    return found


def test_every_setting_has_a_default():
    """What is read is what is documented, and nothing else."""
    names = {key.removeprefix("SESSION_").lower() for key in DEFAULTS}
    tokens = {name for name in names if name.startswith("jwt_")}

    # The form tokens are no setting: one of them is Flask-WTF's.
    assert names - tokens == set(_flat(read())) - {"jwt", "form_tokens"}
    assert tokens == {f"jwt_{part.name}" for part in fields(JwtSettings)}


def test_settings_do_not_change():
    """Settings are read once; nobody can change them afterwards."""
    with pytest.raises(AttributeError):
        read().max_bytes = 5


def test_the_configuration_is_left_alone():
    """Reading changes nothing in the configuration, and takes keys of others as they are."""
    config = {
        **Flask.default_config,
        "SESSION_PROFILE": "strict",
        "SESSION_PROTECTION": "strong",
    }
    before = dict(config)
    Settings.read(config)

    assert config == before


@pytest.mark.parametrize(
    ("given", "milliseconds"),
    [
        *((1, 1000), (0.5, 500), (0.001, 1), (1.9999, 1999), (timedelta(hours=1), HOUR)),
        *((timedelta(milliseconds=1), 1), (36_525 * 24 * 3600, 36_525 * 24 * HOUR)),
    ],
)
def test_durations(given, milliseconds):
    """A duration is a timedelta or seconds, from a millisecond to a century."""
    assert to_milliseconds("KEY", given) == milliseconds


@pytest.mark.parametrize(
    "given",
    [
        *(0, -1, 0.0009, float("nan"), float("inf"), True, False, "60", None, [60], 1 + 2j),
        *(36_525 * 24 * 3600 + 1, timedelta(0), timedelta(days=-1), timedelta.max),
    ],
    ids=repr,
)
def test_wrong_durations(given):
    """Anything else is refused, naming what it was for."""
    with pytest.raises(ConfigError, match=r"^KEY is "):
        to_milliseconds("KEY", given)


def test_a_duration_may_be_allowed_to_be_nothing():
    """Where nothing makes sense, 0 is allowed."""
    assert to_milliseconds("KEY", 0, least=0) == 0
    assert to_milliseconds("KEY", timedelta(0), least=0) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"SESSION_COOKIE_NAME": "a-b_c.d!"},
        {"SESSION_COOKIE_SAMESITE": "strict"},
        {"SESSION_COOKIE_NAME": "__Secure-a", "SESSION_COOKIE_SECURE": True},
        {"SESSION_COOKIE_NAME": "__Host-a", "SESSION_COOKIE_SECURE": True},
        {"SESSION_COOKIE_DOMAIN": "example.org", "SESSION_COOKIE_PATH": "/app"},
    ],
)
def test_cookies_that_browsers_take(changed):
    """Cookie settings that make sense together are accepted."""
    check_cookie({**COOKIE, **changed})


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"SESSION_COOKIE_NAME": "__Secure-a"}, "SECURE"),
        ({"SESSION_COOKIE_NAME": "__Host-a"}, "SECURE"),
        ({"SESSION_COOKIE_NAME": "__Host-a", "SESSION_COOKIE_PATH": "/app"}, "PATH"),
        ({"SESSION_COOKIE_NAME": "__Host-a", "APPLICATION_ROOT": "/app"}, "PATH"),
        ({"SESSION_COOKIE_NAME": "__Host-a", "SESSION_COOKIE_DOMAIN": "a.org"}, "DOMAIN"),
    ],
)
def test_cookies_that_browsers_refuse(changed, key):
    """A name with a prefix asks for settings without which browsers drop the cookie."""
    secure = {} if key == "SECURE" else {"SESSION_COOKIE_SECURE": True}
    with pytest.raises(ConfigError, match=f"^SESSION_COOKIE_{key} is .*'__"):
        check_cookie({**COOKIE, **secure, **changed})
