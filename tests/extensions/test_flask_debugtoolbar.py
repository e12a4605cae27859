"""Flask-DebugToolbar: it shows the session, and leaves it as it is."""

from __future__ import annotations

import pytest
from flask_debugtoolbar import DebugToolbarExtension

from flask_sessionplus import session
from tests.extensions.conftest import known_of
from tests.web.visiting import WatchedStore

PAGE = "<html><body>page</body></html>"


@pytest.fixture
def store(memory):
    """Return the store in memory, watched."""
    return WatchedStore(memory)


@pytest.fixture
def make_site(make_app, store):
    """Return a function that makes an app with the toolbar."""

    def make(**config):
        app = make_app(store, **config)
        app.debug = True
        DebugToolbarExtension(app)
        app.add_url_rule("/", "page", lambda: PAGE)
        app.add_url_rule("/in", "in", lambda: session.login(7, "Ada", "chief") or PAGE)
        return app

    return make


@pytest.fixture
def app(make_site):
    """Return an app with the toolbar."""
    return make_site()


def test_it_shows_the_session(known):
    """The panel of the request's variables has the keys and values, those of this request too."""
    answer = known.get("/").text

    assert "flDebug" in answer
    assert "Ada" in answer


def test_it_changes_nothing(known, store, memory):
    """A page with the toolbar writes nothing and sends no cookie."""
    known.get("/")
    before = memory._records.copy()
    store.new_calls()
    answer = known.get("/")

    assert store.new_calls() == ["load"]
    assert memory._records == before
    assert answer.headers.getlist("Set-Cookie") == []


def test_it_makes_no_session(app, memory):
    """A visitor who is only shown the toolbar gets no session."""
    answer = app.test_client().get("/")

    assert memory.count() == 0
    assert answer.headers.getlist("Set-Cookie") == []


def test_it_shows_nothing_of_ours(known):
    """Of what the session knows beyond its keys, the panel shows nothing: no owner, no role."""
    known.get("/in")
    shown = known.get("/").text

    assert "\x00" not in shown
    assert "chief" not in shown


def test_the_cookie_is_shown_unless_the_panel_is_left_out(known, make_site, app):
    """The same panel shows the request's cookies, and the token with them: leave it out."""
    assert known.get_cookie("session").value in known.get("/").text

    panels = [name for name in app.config["DEBUG_TB_PANELS"] if "request_vars" not in name]
    careful = known_of(make_site(DEBUG_TB_PANELS=panels))
    answer = careful.get("/").text
    assert "flDebug" in answer
    assert careful.get_cookie("session").value not in answer
