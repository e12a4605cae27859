"""What the doctor finds in the answers of a running app, through what lies in between."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager

import pytest
from flask import redirect, session, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import make_server, make_ssl_devcert

from flask_sessionplus.doctor import web
from tests.doctor.patients import found, loose

PLAIN = {"SESSION_COOKIE_SECURE": False, "SESSION_COOKIE_NAME": "session"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the paths of a certificate for localhost and its key."""
    return make_ssl_devcert(str(tmp_path_factory.mktemp("tls") / "cert"), host="localhost")


class Proxy:
    """Something in front of an app: it speaks https, and may change what comes back."""

    def __init__(self, app, change=None):
        self.app, self.change = app, change

    def __call__(self, environ, start_response):
        """Hand the request on as it comes over the inner network."""
        environ = {**environ, "wsgi.url_scheme": "http", "HTTP_X_FORWARDED_PROTO": "https"}
        if self.change is None:
            return self.app(environ, start_response)

        def start(status, headers, *rest):
            return start_response(status, self.change(headers), *rest)

        return self.app(environ, start)


@contextmanager
def serving(app, certificate=None):
    """Serve a WSGI app; yield its address."""
    server = make_server("127.0.0.1", 0, app, ssl_context=certificate)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://localhost:{server.port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture
def shop(tmp_path):
    """Return a function that makes an app with some pages."""

    def make(**config):
        app = loose(tmp_path, **config)
        app.add_url_rule("/", "index", lambda: session.update(a=1) or "page")
        app.add_url_rule("/static-page", "static_page", lambda: "page")
        app.add_url_rule("/old", "old", lambda: redirect(url_for("index", _external=True)))
        app.add_url_rule("/broken", "broken", lambda: ("no", 500))
        return app

    return make


@pytest.fixture
def trusted(monkeypatch, certificate):
    """Let the certificate be trusted."""
    context = ssl.create_default_context(cafile=certificate[0])
    examine = web.examine
    monkeypatch.setattr(web, "examine", lambda app, url: examine(app, url, context))


def behind(app, certificate, path="/", change=None):
    """Return what is found if *app* is asked for *path* through a proxy."""
    with serving(Proxy(app, change), certificate) as url:
        return found(app, url + path)


def hsts(headers):
    """Add what a good proxy adds."""
    return [*headers, ("Strict-Transport-Security", "max-age=31536000")]


def without(name):
    """Return what takes a header away."""
    return lambda headers: hsts([each for each in headers if each[0].lower() != name])


def test_a_good_answer(shop, certificate, trusted):
    """Behind a proxy that does as it should, nothing is found."""
    app = shop()
    app.wsgi_app = ProxyFix(app.wsgi_app)

    assert behind(app, certificate, change=hsts) == {}


def test_a_proxy_that_nobody_reads(shop, certificate, trusted):
    """A cookie that comes over https without Secure is found, and mended by ProxyFix."""
    app = shop(**PLAIN)
    assert behind(app, certificate, change=hsts) == {
        "cookie-not-secure": "warning",
        "url-cookie-not-secure": "error",
    }
    app.wsgi_app = ProxyFix(app.wsgi_app)
    assert behind(app, certificate, change=hsts) == {"cookie-not-secure": "warning"}


def test_a_redirect_to_http(shop, certificate, trusted):
    """An app that does not know it is on https sends visitors to http."""
    app = shop()

    assert behind(app, certificate, "/old", hsts) == {
        "url-redirects-to-http": "error",
        "url-no-cookie": "note",
    }


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda headers: headers, {"url-no-hsts": "note"}),
        (without("vary"), {"url-no-vary": "warning"}),
        (without("cache-control"), {"url-cacheable": "error"}),
        (
            lambda headers: [*without("cache-control")(headers), ("Cache-Control", "public")],
            {"url-cacheable": "error"},
        ),
        (
            lambda headers: hsts([(k, v.replace("; HttpOnly", "")) for k, v in headers]),
            {"url-cookie-changed": "error"},
        ),
        (
            lambda headers: hsts([(k, v.replace("; SameSite=Lax", "")) for k, v in headers]),
            {"url-cookie-changed": "error"},
        ),
        (without("set-cookie"), {"url-no-cookie": "note"}),
    ],
)
def test_what_lies_in_between(shop, certificate, trusted, change, codes):
    """What a proxy takes away, or adds, is found."""
    assert behind(shop(), certificate, change=change) == codes


def test_a_page_without_session(shop, certificate, trusted):
    """A page that sets no cookie says nothing of it, and that is said."""
    assert behind(shop(), certificate, "/static-page", hsts) == {"url-no-cookie": "note"}


def test_an_app_that_fails(shop, certificate, trusted):
    """An answer of 500 is found."""
    assert behind(shop(), certificate, "/broken", hsts)["url-fails"] == "error"


def test_a_certificate_that_nobody_trusts(shop, certificate):
    """A certificate that browsers do not trust is found; nothing else can be said then."""
    assert behind(shop(), certificate) == {"url-unreachable": "error"}


def test_plain_http(shop, monkeypatch):
    """On localhost http is for development; a secure cookie is refused elsewhere."""
    app = shop()
    with serving(app) as url:
        # Browsers take a secure cookie from there.
        assert found(app, url) == {}
        monkeypatch.setattr(web, "_HOME", ())
        codes = found(app, url)
    assert codes["url-cookie-secure-on-http"] == "warning"
    assert codes["url-not-https"] == "error"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "ftp://localhost/x", "file:///etc/passwd", "localhost", "http://", ""],
)
def test_an_address_that_is_none(shop, url):
    """What cannot be asked is a finding, not a traceback, and no file is read."""
    assert found(shop(), url) == {"url-unreachable": "error"}


@pytest.mark.parametrize(
    "url", ["http://ada:hunter2@127.0.0.1:1/", "http://127.0.0.1:1/?k=hunter2"]
)
def test_what_may_be_secret_in_an_address(shop, url):
    """A password in an address, or what is in its query, is not repeated."""
    (finding,) = web.examine(shop(), url)

    assert finding.code == "url-unreachable"
    assert "hunter2" not in finding.found
