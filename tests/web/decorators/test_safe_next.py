"""`safe_next`: after the sign-in nobody is sent to another site (CWE-601)."""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

import pytest
from flask import Flask
from werkzeug.utils import redirect

from flask_sessionplus.answers import safe_next

HOSTILE = [
    *("http://evil.example", "https://evil.example/", "HTTP://evil.example", "ftp://evil.example"),
    *("//evil.example", "///evil.example", "////evil.example", "//evil.example/%2f.."),
    *("/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\\/evil.example"),
    *("/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example"),
    *(" //evil.example", "/ /evil.example", "\x00//evil.example", "/\x00/evil.example"),
    *("/\x7f/evil.example", "/\x0b/evil.example", "/\x85/evil.example", "/\u2028/evil.example"),
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x"),
    *("evil.example", "evil.example/", "@evil.example", "/@evil.example", "..//evil.example"),
    *("http:evil.example", "http:/evil.example", "http:\\evil.example", ":80/x", "//user@evil"),
    *("/%2Fevil.example", "/%2F%2Fevil.example", "/%5Cevil.example", "/%5cevil.example"),
    *("/%09/evil.example", "/%0d%0aSet-Cookie:a=b", "/%252Fevil.example", "/%255Cevil.example"),
    *("/.//evil.example", "/..//evil.example", "/a/..//evil.example", "/a//evil.example"),
    *(
        "/\uff0fevil.example",
        "/\uff3cevil.example",
        "//\u3002evil.example",
        "/%EF%BC%8Fevil.example",
    ),
    *("http://[::1", "//[", "?next=//evil.example", "#//evil.example", "", "/" * 2049),
]
FRIENDLY = [
    *("/", "/cart", "/cart/", "/cart?a=1&b=2", "/cart#top", "/caf%C3%A9", "/café", "/a%20b"),
    *("/go?to=https://example.com/a", "/go?to=//example.com", "/users/ada@example.com", "/100%25"),
    *("/~ada/.hidden", "/a:b", "/?", "/x;y=z", "/a?b=c%20d%2Fe"),
]


@pytest.fixture(scope="module")
def app():
    """Return an app; it needs no sessions for this."""
    return Flask("site")


@pytest.mark.parametrize("where", ["query", "form"])
@pytest.mark.parametrize("target", HOSTILE, ids=ascii)
def test_hostile(app, target, where):
    """What leads elsewhere, or could in some browser or behind some proxy, is not followed."""
    given = {"next": target}
    options = {"query_string": given} if where == "query" else {"data": given, "method": "POST"}

    with app.test_request_context("/sign-in", **options):
        assert safe_next("/home") == "/home"


@pytest.mark.parametrize("target", FRIENDLY, ids=ascii)
def test_friendly(app, target):
    """A path of this site is returned as it is, and leads there."""
    with app.test_request_context(f"/sign-in?next={quote(target)}"):
        assert safe_next("/home") == target
        location = redirect(safe_next()).location

    assert urlsplit(urljoin("http://localhost/sign-in", location)).netloc == "localhost"


def test_the_form_is_asked_first(app):
    """What the page's form says counts, as it was made when the page was shown."""
    with app.test_request_context("/sign-in?next=/a", data={"next": "/b"}, method="POST"):
        assert safe_next() == "/b"


def test_nothing_given(app):
    """Without `next` it is the default, or the first page."""
    with app.test_request_context("/sign-in"):
        assert (safe_next(), safe_next("/home")) == ("/", "/home")


@pytest.mark.parametrize(
    ("given", "leads_to"), [("", "/app/"), ("/app/cart", "/app/cart"), ("//evil.example", "/app/")]
)
def test_under_a_prefix(app, given, leads_to):
    """Where the app is served under a prefix, the default is the app's root, not the host's."""
    place = {"base_url": "http://localhost/app", "query_string": {"next": given}}
    with app.test_request_context("/sign-in", **place):
        assert safe_next() == leads_to
