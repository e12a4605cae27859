"""What the doctor finds in the settings of an app, and what not."""

from __future__ import annotations

import base64
import dataclasses
import secrets
from datetime import timedelta

import pytest
from flask import current_app
from flask.sessions import SecureCookieSessionInterface
from flask_dance.contrib.github import make_github_blueprint
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_sessionplus.doctor import CHECKS, examine
from flask_sessionplus.doctor.known import is_known
from flask_sessionplus.findings import SEVERITIES
from tests.doctor.patients import found, healthy, loose

STRONG = secrets.token_hex()


def test_a_healthy_app(tmp_path):
    """In an app with the strict profile nothing is found; nor in one that sets all that itself."""
    assert found(healthy(tmp_path)) == {}
    assert found(loose(tmp_path)) == {}


@pytest.mark.parametrize(
    ("code", "severity", "config"),
    [
        (
            "cookie-not-secure",
            "warning",
            {"SESSION_COOKIE_SECURE": False, "SESSION_COOKIE_NAME": "session"},
        ),
        (
            "cookie-not-secure",
            "error",
            {
                "SESSION_COOKIE_SECURE": False,
                "SESSION_COOKIE_NAME": "session",
                "PREFERRED_URL_SCHEME": "https",
            },
        ),
        ("cookie-not-httponly", "error", {"SESSION_COOKIE_HTTPONLY": False}),
        ("cookie-samesite-missing", "warning", {"SESSION_COOKIE_SAMESITE": None}),
        ("cookie-samesite-none", "warning", {"SESSION_COOKIE_SAMESITE": "None"}),
        ("cookie-strict", "note", {"SESSION_COOKIE_SAMESITE": "Strict"}),
        (
            "cookie-domain-wide",
            "warning",
            {"SESSION_COOKIE_DOMAIN": "shop.example", "SESSION_COOKIE_NAME": "session"},
        ),
        (
            "cookie-domain-refused",
            "error",
            {"SESSION_COOKIE_DOMAIN": "example", "SESSION_COOKIE_NAME": "session"},
        ),
        ("cookie-no-prefix", "note", {"SESSION_COOKIE_NAME": "session"}),
        ("lifetime-unlimited", "note", {"SESSION_ABSOLUTE_LIFETIME": None}),
        (
            "lifetime-unlimited",
            "warning",
            {"SESSION_ABSOLUTE_LIFETIME": None, "PERMANENT_SESSION_LIFETIME": timedelta(days=90)},
        ),
        ("secret-known", "error", {"SECRET_KEY": "patient"}),
        ("secret-short", "warning", {"SECRET_KEY": "Tr0ub4dor&3"}),
        ("secret-short", "warning", {"SECRET_KEY": "ab" * 40}),
        ("secret-short", "warning", {"SECRET_KEY": "0123456789" * 4}),
        ("secret-short", "warning", {"SECRET_KEY": "abcdefghijklmnopqrstuvwxyz"}),
        ("secret-known", "error", {"SECRET_KEY_FALLBACKS": ["dev"]}),
        ("secret-known", "error", {"SESSION_ENCRYPTION_KEYS": "changeme" * 5}),
        ("secret-shared", "warning", {"SECRET_KEY": STRONG, "SESSION_ENCRYPTION_KEYS": STRONG}),
        ("keys-older", "note", {"SESSION_ENCRYPTION_KEYS": [STRONG, secrets.token_hex()]}),
        ("debug", "warning", {"DEBUG": True}),
        ("testing", "warning", {"TESTING": True}),
        ("memory", "note", {"SESSION_STORE": "memory://"}),
        (
            "cookie-not-revocable",
            "warning",
            {"SESSION_STORE": "cookie://", "SESSION_COOKIE_REVOCATIONS": None},
        ),
    ],
)
def test_a_setting(tmp_path, code, severity, config):
    """Each of these settings is found, as that and nothing else; without it nothing is."""
    assert found(loose(tmp_path, **config)) == {code: severity}


@pytest.mark.parametrize(
    "set_since", [{"SESSION_COOKIE_SECURE": False}, {"APPLICATION_ROOT": "/a"}]
)
def test_what_was_set_after_init_app(tmp_path, set_since):
    """A cookie that browsers refuse is found, though somebody has set it after `init_app`."""
    app = healthy(tmp_path)
    app.config.update(set_since)

    assert found(app)["cookie-refused"] == "error"


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"SESSION_COOKIE_SAMESITE": "None"}, "cookie-samesite-none-insecure"),
        ({"SESSION_COOKIE_PARTITIONED": True}, "cookie-partitioned-insecure"),
    ],
)
def test_what_browsers_refuse_without_secure(tmp_path, config, code):
    """A cookie for other sites, or one of its own in each of them, has to be secure."""
    insecure = {"SESSION_COOKIE_SECURE": False, "SESSION_COOKIE_NAME": "session"}

    assert found(loose(tmp_path, **config, **insecure))[code] == "error"
    assert code not in found(loose(tmp_path, **config))


def test_protection_against_forged_requests_is_noticed(tmp_path):
    """SameSite=None is a note only, if something protects the forms."""
    app = loose(tmp_path, SESSION_COOKIE_SAMESITE="None")
    app.extensions["csrf"] = object()

    assert found(app) == {"cookie-samesite-none": "note"}


def test_a_strict_cookie_and_sign_in_by_another_site(tmp_path):
    """SameSite=Strict is an error where users are sent back from another site: it ends there."""
    for add in (
        lambda app: app.extensions.update({"authlib.integrations.flask_client": object()}),
        lambda app: app.register_blueprint(make_github_blueprint("a", "b")),
    ):
        strict = loose(tmp_path, SESSION_COOKIE_SAMESITE="Strict")
        add(strict)
        lax = loose(tmp_path)
        add(lax)

        assert found(strict) == {"cookie-strict-oauth": "error"}
        assert found(lax) == {}


KNOWN = [
    *("dev", "SECRET", "change me!", "you-will-never-guess", "super secret key", "0", "aaaa"),
    *("192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", "secret" * 8),
    *(b'_5#y2L"F4Q8z\n\xec]/', '_5#y2L"F4Q8z\n\xec]/', '_5#y2L"F4Q8z\\n\\xec]/'),
    *("A0Zr98j/3yX R~XHH!jmN]LWX/,?RT", "\2\1thisismyscretkey\1\2\\e\\y\\y\\h"),
    *("patient", "Patient", "dev-secret-key-change-in-production", "super-secret-key-change-me"),
    *("your_super_secret_key_here", "please-change-me-in-production", "my_super_secret_key_123"),
    *("fallback-secret-key-for-development", "sup3r-s3cr3t-k3y"),
]


@pytest.mark.parametrize("secret", KNOWN)
def test_secrets_that_everybody_knows(tmp_path, secret):
    """Words, tutorials' keys, the app's own name: all are found, and none is shown."""
    app = loose(tmp_path, SECRET_KEY=secret)
    with app.app_context():
        (finding,) = examine(app)

    assert (finding.code, finding.severity) == ("secret-known", "error")
    assert len(secret) < 10 or str(secret) not in str(dataclasses.astuple(finding))


@pytest.mark.parametrize(
    "make",
    [
        *(secrets.token_hex, secrets.token_urlsafe, secrets.token_bytes),
        *(lambda: secrets.token_hex(16), lambda: secrets.token_bytes(16)),
    ],
)
def test_good_secrets(tmp_path, make):
    """What Python's own functions make is good enough, each time."""
    for _ in range(10):
        assert found(loose(tmp_path, SECRET_KEY=make())) == {}


def test_no_false_alarm(tmp_path):
    """Of 10,000 keys that Python makes none is taken for a weak one; nor is a passphrase."""
    for _ in range(2_000):
        for size in (16, 24, 32):
            for text in (secrets.token_hex(size), secrets.token_urlsafe(size)):
                assert not is_known(text.encode())
    for text in ("correct horse battery staple", "9081726354" * 3):
        assert not is_known(text.encode())


def test_a_weak_key_of_tokens(tmp_path):
    """The secret of HS256 tokens is looked at; a pair of keys is no secret of that kind."""
    settings = {
        "SESSION_JWT_ISSUER": "https://a.example",
        "SESSION_JWT_AUDIENCE": "b",
        "SESSION_JWT_ALGORITHMS": ["HS256"],
    }
    weak = loose(tmp_path, SESSION_JWT_KEY="secret-" * 6, **settings)
    strong = base64.urlsafe_b64encode(secrets.token_bytes(48)).decode()

    assert found(weak) == {"secret-known": "error"}
    assert found(loose(tmp_path, SESSION_JWT_KEY=strong, **settings)) == {}


def test_an_interface_of_somebody_else(tmp_path):
    """It is found that another extension keeps the sessions now."""
    app = loose(tmp_path)
    app.session_interface = SecureCookieSessionInterface()

    assert found(app) == {"interface-replaced": "error"}


@pytest.mark.parametrize("variable", ["DYNO", "KUBERNETES_SERVICE_HOST", "FORWARDED_ALLOW_IPS"])
def test_a_proxy_that_nobody_reads(tmp_path, monkeypatch, variable):
    """Where there is a sign of a proxy, ProxyFix is missed, however deep it lies."""
    monkeypatch.setenv(variable, "x")
    app = loose(tmp_path)

    assert found(app) == {"proxy-not-fixed": "warning"}
    app.wsgi_app = Wrapper(app.wsgi_app)
    assert found(app) == {"proxy-not-fixed": "warning"}
    for wrap in WRAPPINGS:
        fixed = loose(tmp_path)
        fixed.wsgi_app = wrap(ProxyFix(fixed.wsgi_app))
        assert found(fixed) == {}


def test_what_gunicorn_does_by_itself(tmp_path, monkeypatch):
    """With FORWARDED_ALLOW_IPS gunicorn knows the scheme: only the address is left to be fixed."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    app = loose(tmp_path)
    with app.app_context():
        (finding,) = examine(app)

    assert "address" in finding.why
    assert "http" not in finding.why
    assert "x_for=1, x_proto=0" in finding.remedy


class Wrapper:
    """Some middleware, such as one that counts."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        """Pass it on."""
        return self.app(environ, start_response)


class Slotted:
    """Some middleware with a name of its own for what is inside."""

    __slots__ = ("what_is_inside",)

    def __init__(self, app):
        self.what_is_inside = app

    def __call__(self, environ, start_response):
        """Pass it on."""
        return self.what_is_inside(environ, start_response)


def closure(inner):
    """Wrap *inner* as OpenTelemetry's instrumentation does."""
    unused = current_app

    def wrapped(environ, start_response):
        assert unused is not None
        return inner(environ, start_response)

    return wrapped


WRAPPINGS = (
    Wrapper,
    Slotted,
    closure,
    lambda app: closure(Wrapper(app)),
    lambda app: Wrapper(app).__call__,
)


def test_a_missing_package(tmp_path, monkeypatch):
    """It is noted if browsers cannot be named."""
    monkeypatch.setattr(
        "flask_sessionplus.doctor.surroundings.importlib.util.find_spec", lambda name: None
    )

    assert found(loose(tmp_path)) == {"ua-parser-missing": "note"}


def test_the_worst_comes_first(tmp_path):
    """Errors come before warnings, and these before notes; each says why, and what to do."""
    app = loose(
        tmp_path,
        SESSION_COOKIE_NAME="session",
        SESSION_COOKIE_HTTPONLY=False,
        SESSION_COOKIE_SAMESITE=None,
    )
    with app.app_context():
        findings = examine(app)

    order = [SEVERITIES.index(finding.severity) for finding in findings]
    assert order == [0, 1, 2]
    for finding in findings:
        assert finding.found.endswith((".", "]"))
        assert finding.why.endswith(".")
        assert finding.remedy
    assert len(CHECKS) >= 15
