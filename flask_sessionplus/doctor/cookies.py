"""Whether browsers keep the session's cookie, and keep it to themselves."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from ..config import PREFIXES, check_cookie
from ..errors import ConfigError
from ..findings import Finding

# What extensions that sign in by another site call themselves in `app.extensions`.
_OAUTH = frozenset(
    {"authlib.integrations.flask_client", "oauthlib.client", "oidc", "flask-pyoidc", "saml"}
    | {"identity.flask", "auth0", "keycloak"}
)
_OAUTH_BLUEPRINTS = ("flask_dance", "flask_pyoidc", "flask_saml")

# Who protects forms against requests from other sites.
_CSRF = frozenset({"csrf", "seasurf", "talisman_csrf"})


def is_refused(app: Flask) -> Iterator[Finding]:
    """Find what `init_app` would refuse, and somebody has set since."""
    try:
        check_cookie(app.config)
    except ConfigError as error:
        yield Finding(
            "error",
            "cookie-refused",
            str(error),
            "Browsers do not keep such a cookie, so nobody stays signed in.",
            "Find out what has changed it after init_app(), and set what is named there.",
        )


def is_not_secure(app: Flask) -> Iterator[Finding]:
    """Find a cookie that goes over http too."""
    config = app.config
    if config["SESSION_COOKIE_SECURE"] or _is_partitioned(app) or _samesite(app) == "none":
        return
    is_https = config["PREFERRED_URL_SCHEME"] == "https"
    yield Finding(
        "error" if is_https else "warning",
        "cookie-not-secure",
        "SESSION_COOKIE_SECURE is False" + (", and the app is on https." if is_https else "."),
        "Browsers send such a cookie over http as well, where others can read it; an answer"
        " to https sets it with Secure, but only if the app knows that it was https.",
        "Set SESSION_COOKIE_SECURE = True, or SESSION_PROFILE = 'strict'.",
    )


def is_readable_by_scripts(app: Flask) -> Iterator[Finding]:
    """Find a cookie without HttpOnly."""
    if not app.config["SESSION_COOKIE_HTTPONLY"]:
        yield Finding(
            "error",
            "cookie-not-httponly",
            "SESSION_COOKIE_HTTPONLY is False.",
            "A script that somebody gets into a page can read the token, and use it elsewhere.",
            "Leave SESSION_COOKIE_HTTPONLY out; what a script has to know, put into the page.",
        )


def has_no_samesite(app: Flask) -> Iterator[Finding]:
    """Find a cookie for which each browser has its own rule."""
    if not _samesite(app):
        yield Finding(
            "warning",
            "cookie-samesite-missing",
            "SESSION_COOKIE_SAMESITE is not set.",
            "Some browsers send the cookie with forms of other sites (CSRF); others do not, but"
            " for two minutes after it was set.",
            "Set SESSION_COOKIE_SAMESITE = 'Lax'.",
        )


def is_sent_across_sites(app: Flask) -> Iterator[Finding]:
    """Find a cookie that comes along with requests that other sites make."""
    if _samesite(app) != "none":
        return
    if not app.config["SESSION_COOKIE_SECURE"]:
        yield Finding(
            "error",
            "cookie-samesite-none-insecure",
            "SESSION_COOKIE_SAMESITE is 'None', and SESSION_COOKIE_SECURE is not set.",
            "Browsers refuse such a cookie.",
            "Set SESSION_COOKIE_SECURE = True; or SESSION_COOKIE_SAMESITE = 'Lax', if the app is"
            " not shown inside of pages of others.",
        )
    is_protected = bool(_CSRF & app.extensions.keys())
    yield Finding(
        "note" if is_protected else "warning",
        "cookie-samesite-none",
        "SESSION_COOKIE_SAMESITE is 'None'.",
        "The cookie comes along with requests that other sites make (CSRF)."
        + (" Something seems to protect the forms." if is_protected else ""),
        "Set it to 'Lax', unless the app is shown inside of pages of others; then protect all"
        " forms, such as with Flask-WTF, and set SESSION_COOKIE_PARTITIONED = True.",
    )


def is_partitioned_and_insecure(app: Flask) -> Iterator[Finding]:
    """Find a partitioned cookie that browsers refuse."""
    if _is_partitioned(app) and not app.config["SESSION_COOKIE_SECURE"]:
        yield Finding(
            "error",
            "cookie-partitioned-insecure",
            "SESSION_COOKIE_PARTITIONED is True, and SESSION_COOKIE_SECURE is not set.",
            "Browsers refuse such a cookie.",
            "Set SESSION_COOKIE_SECURE = True.",
        )


def is_too_strict(app: Flask) -> Iterator[Finding]:
    """Find a cookie that does not come along when another site sends a user back."""
    if _samesite(app) != "strict":
        return
    name = _signs_in_elsewhere(app)
    if name is not None:
        yield Finding(
            "error",
            "cookie-strict-oauth",
            f"SESSION_COOKIE_SAMESITE is 'Strict', and users sign in by another site ({name}).",
            "When that site sends them back the cookie does not come along: the state is missing"
            " ('mismatching_state'), and nobody can sign in.",
            "Set SESSION_COOKIE_SAMESITE = 'Lax'.",
        )
        return
    yield Finding(
        "note",
        "cookie-strict",
        "SESSION_COOKIE_SAMESITE is 'Strict'.",
        "Who follows a link from a mail or another site seems to be signed out on the first page.",
        "Set it to 'Lax', if that is not wanted.",
    )


def is_wide(app: Flask) -> Iterator[Finding]:
    """Find a cookie that all subdomains get."""
    domain = str(app.config["SESSION_COOKIE_DOMAIN"] or "").strip(".")
    if not domain:
        return
    if "." not in domain and domain != "localhost":
        yield Finding(
            "error",
            "cookie-domain-refused",
            f"SESSION_COOKIE_DOMAIN is {domain!a}, a name without a dot.",
            "Browsers refuse a cookie for a whole top level domain.",
            "Leave SESSION_COOKIE_DOMAIN out.",
        )
        return
    yield Finding(
        "warning",
        "cookie-domain-wide",
        f"SESSION_COOKIE_DOMAIN is {domain!a}.",
        "All its subdomains get the cookie and can set one for this app: one of them that is"
        " taken over is enough.",
        "Leave SESSION_COOKIE_DOMAIN out, and name the cookie '__Host-...'.",
    )


def has_no_prefix(app: Flask) -> Iterator[Finding]:
    """Find a secure cookie that others could set."""
    config = app.config
    is_possible = config["SESSION_COOKIE_SECURE"] and not config["SESSION_COOKIE_DOMAIN"]
    path = config["SESSION_COOKIE_PATH"] or config["APPLICATION_ROOT"]
    name = config["SESSION_COOKIE_NAME"]
    if is_possible and path == "/" and not name.startswith(PREFIXES):
        yield Finding(
            "note",
            "cookie-no-prefix",
            f"The cookie is called {name!a}, without '__Host-'.",
            "A subdomain, or somebody in the network, can set a cookie of that name (ASVS 3.3.3).",
            f"Set SESSION_COOKIE_NAME = '__Host-{name}': everybody signs in anew once.",
        )


def _samesite(app: Flask) -> str:
    return str(app.config["SESSION_COOKIE_SAMESITE"] or "").lower()


def _is_partitioned(app: Flask) -> bool:
    return bool(app.config.get("SESSION_COOKIE_PARTITIONED"))


def _signs_in_elsewhere(app: Flask) -> str | None:
    """Return the name of an extension by which users sign in at another site."""
    found = sorted(_OAUTH & app.extensions.keys())
    if found:
        return found[0].partition(".")[0]
    modules = (type(each).__module__.partition(".")[0] for each in app.blueprints.values())
    return next((module for module in modules if module in _OAUTH_BLUEPRINTS), None)


CHECKS = (
    is_refused,
    is_not_secure,
    is_readable_by_scripts,
    has_no_samesite,
    is_sent_across_sites,
    is_partitioned_and_insecure,
    is_too_strict,
    is_wide,
    has_no_prefix,
)
