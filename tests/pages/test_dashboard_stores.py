"""The dashboard on stores that fail, or cannot do what it asks for."""

from __future__ import annotations

import pytest
from flask import Flask

from flask_sessionplus import SessionPlus, StoreUnavailable
from flask_sessionplus.pages import dashboard
from flask_sessionplus.pages.dashboard import blueprint as blueprint_module
from flask_sessionplus.stores.memory import MemoryStore
from tests.pages.dashboards import PREFIX, admin, create_app, handles, send, sign_in, told
from tests.pages.test_dashboard_pages import text

KEY = "k" * 43 + "="


class Moody(MemoryStore):
    """A store that does not answer now and then."""

    is_away = False

    def _maybe(self):
        if self.is_away:
            raise StoreUnavailable("The server does not answer. Start it.", retry_after=7)

    def page(self, after, limit):
        """Do as the others, if in the mood."""
        self._maybe()
        return super().page(after, limit)

    def find(self, half):
        """Do as the others, if in the mood."""
        self._maybe()
        return super().find(half)

    def owned(self, owner):
        """Do as the others, if in the mood."""
        self._maybe()
        return super().owned(owner)

    def count(self):
        """Do as the others, if in the mood."""
        self._maybe()
        return super().count()


@pytest.fixture
def store():
    """A store that answers at first."""
    return Moody()


def open_app(store):
    """Return a site whose guard needs no session."""
    return create_app({"SESSION_STORE": store}, guard=lambda: True, values=True)


def test_a_store_that_does_not_answer(store):
    """The page says what is wrong and when to try again; it is a 503, and leads back."""
    app = open_app(store)
    browser = app.test_client()
    store.is_away = True

    for path in ("/list", "/list?q=bob", "/session/" + "A" * 22, "/end-user?user=bob"):
        answer = browser.get(PREFIX + path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
        assert "The session store does not answer" in text(answer.text)
        assert "The server does not answer. Start it." in text(answer.text)
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_way_back(store):
    """The button leads to the same page, search and all, wherever the app is mounted."""
    app = open_app(store)
    store.is_away = True
    for path in ("/list", "/list?q=%26bob"):
        page = app.test_client().get(PREFIX + path, base_url="http://localhost/app").text
        assert f'href="/app{PREFIX}{path}">Try again' in page


def test_the_overview_without_an_answer(store):
    """The overview is shown all the same, and says what it does not know."""
    app = open_app(store)
    store.is_away = True
    answer = app.test_client().get(PREFIX)

    assert answer.status_code == 200
    assert "Alive now unknown The server does not answer. Start it." in text(answer.text)


def test_who_is_kept_out_learns_nothing(store):
    """What is wrong with the store is for the eyes of who is let in alone."""

    def guard():
        raise StoreUnavailable("The server at 10.0.0.7 does not answer.")

    app = create_app({"SESSION_STORE": store}, guard=guard)
    answer = app.test_client().get(f"{PREFIX}/list")

    assert (answer.status_code, "10.0.0.7" in answer.text) == (503, False)


@pytest.mark.parametrize("path", ["/list", "/list?q=bob"])
def test_a_store_that_cannot_list(path):
    """Sessions in the browsers cannot be listed: the page says so, and what to do."""
    app = Flask(__name__)
    app.config.update(SESSION_STORE="cookie://", SECRET_KEY="s" * 40)
    SessionPlus(app)
    app.register_blueprint(dashboard.create_blueprint(guard=lambda: True), url_prefix=PREFIX)
    browser = app.test_client()
    answer = browser.get(PREFIX + path)

    assert answer.status_code == 200
    assert "Use a SESSION_STORE that" in text(answer.text)
    assert "This store cannot count its sessions." in text(browser.get(PREFIX).text)
    assert "Use a SESSION_STORE that" in text(browser.get(f"{PREFIX}/list?user=bob").text)
    for other in ("/session/" + "A" * 22, "/end-user?user=bob", "/end-all"):
        answer = browser.get(PREFIX + other)
        assert (answer.status_code, "cannot do this" in answer.text) == (501, True)


@pytest.mark.parametrize("kind", ["memory", "file", "sqlite", "sealed", "layers"])
def test_embedded_stores(kind, tmp_path):
    """List, search, one session, ending: all of it works on every kind of store."""
    url = f"sqlite:///{tmp_path}/s.sqlite"
    config = {
        "memory": {"SESSION_STORE": "memory://"},
        "file": {"SESSION_STORE": f"file://{tmp_path}/s"},
        "sqlite": {"SESSION_STORE": url},
        "sealed": {"SESSION_STORE": url, "SESSION_ENCRYPTION_KEYS": ["e" * 43]},
        "layers": {"SESSION_STORE": ["memory://", url]},
    }[kind]
    check(create_app(config, values=True))


@pytest.mark.e2e
@pytest.mark.parametrize("url", ["postgresql_url", "mariadb_url", "redis_url"])
def test_servers(url, request, fresh_name):
    """The same holds on servers."""
    config = {
        "SESSION_STORE": request.getfixturevalue(url),
        "SESSION_TABLE": fresh_name,
        "SESSION_KEY_PREFIX": f"{fresh_name}:",
    }
    app = create_app(config, values=True)
    store = app.extensions["sessionplus"].store
    if hasattr(store, "prepare"):
        store.prepare()
    try:
        check(app)
    finally:
        if hasattr(store, "table"):
            store.values.drop(store.engine)
            store.table.drop(store.engine)
        else:
            store.delete_all()
        store.close()


def check(app):
    """Do everything once."""
    for _ in range(2):
        sign_in(app, "bob")
    ada = admin(app)
    first, last = handles(app, "bob")
    page = ada.get(f"{PREFIX}/list").text
    assert all(handle in page for handle in (first, last, *handles(app, "ada")))
    assert ada.get(f"{PREFIX}/list?q={first}").location == f"{PREFIX}/session/{first}"
    assert "cart dict" in text(ada.get(f"{PREFIX}/session/{first}").text)
    assert "&#39;tea&#39;: 2" in send(ada, f"/session/{first}/values").text
    assert told(ada, send(ada, f"/session/{first}/end")).endswith("has ended.")
    assert handles(app, "bob") == [last]
    assert told(ada, send(ada, "/end-user", user="bob")) == "Ended for the user bob: 1."
    assert "Alive now" in text(ada.get(PREFIX).text)
    assert "sessions were ended" in send(ada, "/end-all", phrase="end all sessions").text
    assert handles(app, "ada") == []


def test_two_dashboards():
    """An app may have two, under names of their own, for different eyes."""
    app = create_app()
    other = dashboard.create_blueprint(guard=lambda: True, name="other")
    app.register_blueprint(other, url_prefix="/other")

    assert app.test_client().get("/other").status_code == 200
    assert app.test_client().get(PREFIX).status_code == 401
    assert blueprint_module.create_blueprint is dashboard.create_blueprint
