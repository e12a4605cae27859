"""What the running app answers, as a visitor gets it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from flask import Flask

from ..findings import Finding

# In seconds.
_TIMEOUT = 10

_HOME = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Answer:
    """What has come back."""

    url: str
    status: int
    headers: Message

    def values(self, name: str) -> set[str]:
        """Return what a header lists, in small letters."""
        texts = self.headers.get_all(name) or []
        return {word.strip().lower() for text in texts for word in text.split(",")}

    @property
    def is_https(self) -> bool:
        """Whether it has come over https."""
        return urlsplit(self.url).scheme == "https"

    @property
    def is_at_home(self) -> bool:
        """Whether it has not left this machine: browsers trust that as they trust https."""
        return urlsplit(self.url).hostname in _HOME


class _NoRedirects(HTTPRedirectHandler):
    """Lets a redirect be looked at."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Go nowhere."""


def examine(app: Flask, url: str, context: ssl.SSLContext | None = None) -> Iterator[Finding]:
    """Ask *url* once, as somebody without a cookie, and look at the answer.

    :param context: what certificates are trusted by; default: the system's.
    """
    try:
        answer = _get(url, context)
    except (URLError, OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        yield Finding(
            "error",
            "url-unreachable",
            f"{_shown(url)!a} does not answer: {reason}.",
            "Nothing can be said of what visitors get.",
            "Give an address of the running app, with a certificate that browsers trust.",
        )
        return
    for check in (_status, _scheme, _redirect, _cookie, _caching, _hsts):
        yield from check(app, answer)


def _get(url: str, context: ssl.SSLContext | None) -> Answer:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is no address that begins with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("it must not have a user name or a password in it")
    opener = build_opener(HTTPSHandler(context=context), _NoRedirects())
    headers = {"User-Agent": "flask session check", "Accept": "text/html"}
    try:
        with opener.open(Request(url, headers=headers), timeout=_TIMEOUT) as response:
            return Answer(_shown(url), response.status, response.headers)
    except HTTPError as error:
        with error:
            return Answer(_shown(url), error.code, error.headers)


def _shown(url: str) -> str:
    """Return *url* without what may be secret in it."""
    return url.partition("?")[0].partition("#")[0] if "@" not in url else "The address"


def _status(app: Flask, answer: Answer) -> Iterator[Finding]:
    if answer.status >= 500:
        yield Finding(
            "error",
            "url-fails",
            f"{answer.url!a} answers {answer.status}.",
            "Visitors get an error page.",
            "Look into the app's log.",
        )


def _scheme(app: Flask, answer: Answer) -> Iterator[Finding]:
    is_redirect = 300 <= answer.status < 400
    if not answer.is_https and not answer.is_at_home and not is_redirect:
        yield Finding(
            "error",
            "url-not-https",
            f"{answer.url!a} is answered over http.",
            "Whoever is in between can read the session's token, and be that visitor.",
            "Serve https, and redirect http to it.",
        )


def _redirect(app: Flask, answer: Answer) -> Iterator[Finding]:
    target = urlsplit(answer.headers.get("Location") or "")
    if answer.is_https and target.scheme == "http":
        yield Finding(
            "error",
            "url-redirects-to-http",
            f"{answer.url!a} redirects to http://{target.netloc}.",
            "The app does not know that it is on https: its proxy says so, but nothing reads that.",
            "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)",
        )


def _cookie(app: Flask, answer: Answer) -> Iterator[Finding]:
    name = app.config["SESSION_COOKIE_NAME"]
    found = _attributes(answer, name)
    if found is None:
        yield Finding(
            "note",
            "url-no-cookie",
            f"{answer.url!a} sets no cookie {name!a}.",
            "Whether the cookie is as it should be cannot be seen there.",
            "Give the address of a page that begins a session, such as the sign-in.",
        )
        return
    if answer.is_https and "secure" not in found:
        yield Finding(
            "error",
            "url-cookie-not-secure",
            f"The cookie {name!a} comes over https, and has no Secure.",
            "The app does not know that it is on https, and browsers send the cookie over http.",
            "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1), and"
            " SESSION_COOKIE_SECURE = True.",
        )
    elif not answer.is_https and not answer.is_at_home and "secure" in found:
        yield Finding(
            "warning",
            "url-cookie-secure-on-http",
            f"The cookie {name!a} has Secure, and comes over http.",
            "Browsers refuse it: nobody stays signed in.",
            "Give an https address here, and to visitors.",
        )
    lost = [each for each in _wanted(app) if each not in found]
    if lost:
        yield Finding(
            "error",
            "url-cookie-changed",
            f"The cookie {name!a} arrives without {', '.join(lost)}.",
            "Something between the app and its visitors changes it.",
            "Look at the proxy's rules for Set-Cookie.",
        )


def _caching(app: Flask, answer: Answer) -> Iterator[Finding]:
    if _attributes(answer, app.config["SESSION_COOKIE_NAME"]) is None:
        return
    control = answer.values("Cache-Control")
    if "public" in control or not control & {"private", "no-store"}:
        yield Finding(
            "error",
            "url-cacheable",
            "An answer that sets the session's cookie may be kept by shared caches.",
            "One visitor may get the session of another.",
            "Look at what sets Cache-Control after the app: it sends private.",
        )
    if not answer.values("Vary") & {"cookie", "*"}:
        yield Finding(
            "warning",
            "url-no-vary",
            "An answer that depends on the session has no Vary: Cookie.",
            "A cache may give one visitor's page to another.",
            "Look at what takes it away after the app, such as the proxy.",
        )


def _hsts(app: Flask, answer: Answer) -> Iterator[Finding]:
    if answer.is_https and "Strict-Transport-Security" not in answer.headers:
        yield Finding(
            "note",
            "url-no-hsts",
            f"{answer.url!a} sends no Strict-Transport-Security.",
            "The first request of a visit may go over http, where others can answer it.",
            "Let the proxy, or Flask-Talisman, add it: max-age=31536000.",
        )


def _attributes(answer: Answer, name: str) -> Mapping[str, str] | None:
    """Return the attributes of the cookie *name* that was set, by their names in small letters."""
    for header in answer.headers.get_all("Set-Cookie") or []:
        first, *rest = header.split(";")
        if first.partition("=")[0].strip() == name:
            pairs = (each.partition("=") for each in rest)
            return {key.strip().lower(): value.strip() for key, _, value in pairs}
    return None


def _wanted(app: Flask) -> list[str]:
    config = app.config
    wanted = {
        "httponly": config["SESSION_COOKIE_HTTPONLY"],
        "samesite": config["SESSION_COOKIE_SAMESITE"],
        "partitioned": config.get("SESSION_COOKIE_PARTITIONED"),
    }
    return [name for name, is_set in wanted.items() if is_set]
