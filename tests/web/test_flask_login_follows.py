"""Flask-Login follows where our session becomes another user's, or nobody's."""

from __future__ import annotations

import flask_login
import pytest
from flask_login import LoginManager, UserMixin, current_user

from flask_sessionplus import (
    StoreUnavailable,
    TooManySessions,
    fresh_required,
    login_required,
    session,
)
from flask_sessionplus.policies import set_policy
from flask_sessionplus.services import Policy
from flask_sessionplus.stores.memory import MemoryStore
from tests.web.signin.conftest import WatchedIndex
from tests.web.visiting import Visitor

# Flask-Login 0.6.3 asks for the time in a way that newer Pythons warn of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

FIREFOX = {"headers": {"User-Agent": "Firefox"}}
CURL = {"headers": {"User-Agent": "curl"}}


class User(UserMixin):
    def __init__(self, user_id):
        self.id = user_id


class Renamed(User):
    """Known to Flask-Login by an id that changes with the password."""

    def get_id(self):
        """Return the id that changes."""
        return f"alternative-{self.id}"


class Real(Renamed):
    """The same, and it says which id never changes."""

    @property
    def session_user_id(self):
        """Return the id that stays."""
        return self.id


@pytest.fixture
def store():
    """Return a store in memory, watched."""
    return WatchedIndex(MemoryStore())


@pytest.fixture
def make_app(make_site, store, clock):
    """Return a function that makes an app with Flask-Login."""

    def make(loader=User, **config):
        site = make_site(store, SECRET_KEY="for the cookie of Flask-Login", **config)
        LoginManager(site.app).user_loader(loader)
        return site

    return make


@pytest.fixture
def site(make_app):
    """Return an app with Flask-Login and its defaults."""
    return make_app()


@pytest.fixture
def visitor(site):
    """Return somebody with an empty browser."""
    return site.visitor()


def revoke(site, user_id):
    """End what a user has."""
    return site.app.extensions["sessionplus"].extension.revoke_user(user_id)


def login(user_id=42, **options):
    """Sign in as an app with Flask-Login does."""
    assert flask_login.login_user(User(user_id), **options)


def show():
    """Return who is signed in, for Flask-Login and for us."""
    return current_user.get_id(), session.user_id


@pytest.fixture
def restrict(site):
    """Return a function that lets the page have another policy."""
    page = site.app.view_functions["page"]
    yield lambda policy: set_policy(page, policy)
    if hasattr(page, "_sessionplus_policy"):
        del page._sessionplus_policy


@pytest.mark.parametrize("end", ["revoked", "lost"])
def test_logout_forgets_whoever_is_signed_in(site, visitor, end):
    """`session.logout` takes the remember cookie away also if our session was gone already."""
    visitor(lambda: login(remember=True))
    if end == "revoked":
        with site.app.app_context():
            assert revoke(site, 42) == 1
    else:
        visitor.client.delete_cookie("session")
    visitor.value(lambda: session.logout())

    assert visitor.client.get_cookie("remember_token") is None
    assert visitor.value(show) == (None, None)


@pytest.mark.parametrize("way", ["logout", "revoke", "another", "begun"])
def test_nobody_is_left_in_the_request(site, visitor, way):
    """Who signs out, is revoked or replaced is so for Flask-Login at once."""
    visitor(login)

    def page():
        before = current_user.get_id()
        if way == "logout":
            session.logout()
        elif way == "revoke":
            revoke(site, 42)
        elif way == "another":
            session.login(8)
        else:
            login(43)
            revoke(site, 43)
        return before, *show()

    assert visitor.value(page) == ("42", None, 8 if way == "another" else None)


def test_another_user_takes_the_remember_cookie_along(visitor):
    """`session.login` over another user leaves no cookie that would bring that one back."""
    visitor(lambda: login(remember=True))
    visitor(lambda: session.login(8))

    assert visitor.client.get_cookie("remember_token") is None
    assert visitor.value(show) == (None, 8)


def test_what_a_locked_user_left_does_not_cross(make_app):
    """A `_user_id` of somebody else, who could not be loaded, is gone when another signs in."""
    locked = {"42"}
    visitor = make_app(lambda key: None if key in locked else User(key)).visitor()
    visitor(lambda: login(remember=True))
    visitor.client.delete_cookie("session")
    assert visitor.value(show) == (None, None)
    assert visitor.value(lambda: session["_user_id"]) == "42"
    visitor(lambda: session.login(8))
    locked.clear()

    assert visitor.value(show) == (None, 8)


def test_a_user_who_was_not_let_in_is_nobody(make_app):
    """An app that goes on after TooManySessions has no `current_user`, in that request neither."""
    site = make_app(SESSION_MAX_PER_USER=1, SESSION_WHEN_FULL="refuse")
    site.visitor()(login)

    def page():
        with pytest.raises(TooManySessions):
            login()
        return show()

    assert site.visitor().value(page) == (None, None)


def test_a_limit_does_not_close_the_pages(make_app):
    """A remembered browser for which there is no room is a visitor, on each page."""
    site = make_app(SESSION_MAX_PER_USER=1, SESSION_WHEN_FULL="refuse")
    visitor, other = site.visitor(), site.visitor()
    visitor(lambda: login(remember=True))
    visitor.client.delete_cookie("session")
    other(lambda: session.update(a=1))

    for _ in range(2):
        assert visitor.value(show) == (None, None)
    assert visitor.value(lambda: session.has("_user_id")) is False


def test_a_remembered_user_in_a_view_that_reads(visitor, restrict, store):
    """In a read_only view a remembered user is there for Flask-Login, and nothing is written."""
    visitor(lambda: login(remember=True))
    visitor.client.delete_cookie("session")
    restrict(Policy.READ_ONLY)

    assert visitor.value(show) == ("42", None)
    assert (visitor.token, store.inner.count()) == (None, 1)


def test_a_store_that_is_away_is_no_error_for_the_remembered(make_app, store):
    """While the store does not answer, a remembered user is a visitor, as everybody is."""
    visitor = make_app(SESSION_ON_STORE_ERROR="anonymous").visitor()
    visitor(lambda: login(remember=True))
    store.faults["load"] = lambda: StoreUnavailable("away")

    assert visitor.value(show) == (None, None)


def test_another_browser_in_a_view_that_reads(visitor, restrict):
    """Where `basic` cannot note that nothing is fresh now, nobody is signed in."""
    visitor(login, **FIREFOX)
    restrict(Policy.READ_ONLY)

    assert visitor.value(lambda: current_user.get_id(), **CURL) is None
    assert visitor.value(lambda: current_user.get_id(), **FIREFOX) == "42"


def find_renamed(kind):
    """Return a user loader for alternative ids."""
    return lambda key: kind(int(key.rpartition("-")[2]))


def test_an_alternative_id_after_our_login(make_app, store):
    """The app's own sign-in says who it is, whatever id Flask-Login has: nothing is lost."""
    visitor = make_app(find_renamed(Renamed)).visitor()
    visitor(lambda: session.update(cart=["tea"]))
    visitor.value(lambda: (session.login(7, "Joe", "admin"), flask_login.login_user(Renamed(7))))

    found = visitor.value(lambda: (*show(), session.username, session.role_id, session["cart"]))
    assert found == ("alternative-7", 7, "Joe", "admin", ["tea"])
    assert len(store.inner.owned("7")) == 1


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_user_who_says_which_id_is_real(make_app, ours_first):
    """With `session_user_id` both calls are one sign-in, in whatever order."""
    visitor = make_app(find_renamed(Real)).visitor()
    calls = [
        lambda: session.login(7, "Joe"),
        lambda: flask_login.login_user(Real(7)),
    ]
    visitor(lambda: session.update(cart=["tea"]))
    visitor.value(lambda: [call() for call in (calls if ours_first else reversed(calls))])

    found = visitor.value(lambda: (*show(), session.username, session["cart"]))
    assert found == ("alternative-7", 7, "Joe", ["tea"])


def test_a_real_id_can_be_revoked(make_app):
    """With `session_user_id` a user is revoked by his id, those who are remembered too."""
    site = make_app(find_renamed(Real))
    visitor = site.visitor()
    visitor(lambda: flask_login.login_user(Real(7), remember=True))
    first = Visitor(site, visitor.token)
    visitor.client.delete_cookie("session")
    assert visitor.value(show) == ("alternative-7", 7)

    with site.app.app_context():
        assert revoke(site, 7) == 2
    assert first.value(show) == (None, None)


def test_another_user_is_another_one(make_app, store):
    """`login_user` with somebody else than the app has just said is somebody else's sign-in."""
    visitor = make_app().visitor()
    visitor.value(lambda: (session.login(7, "Joe", "admin"), login(8)))

    assert visitor.value(lambda: (*show(), session.role_id)) == ("8", "8", None)
    assert store.inner.owned("7") == []


@pytest.mark.parametrize("protection", ["basic", "strong"])
def test_a_session_of_ours_only(site, visitor, protection):
    """Whom only the app has signed in, Flask-Login's protection does not sign out."""
    site.app.login_manager.session_protection = protection
    visitor(lambda: session.login(8, cart=["tea"]))

    for _ in range(2):
        assert visitor.value(show) == (None, 8)
    assert visitor.value(lambda: session.is_fresh()) is True


def test_a_session_of_a_test(visitor):
    """Signing in and out in `session_transaction`, where there is no request, works as ever."""
    visitor(lambda: login(remember=True))
    with visitor.client.session_transaction() as kept:
        kept.login(8)

    assert visitor.value(show) == (None, 8)
    with visitor.client.session_transaction() as kept:
        kept.logout()
    assert visitor.value(lambda: session.user_id) is None


def test_our_decorators_know_the_remembered(site, visitor, store):
    """`login_required` lets a remembered user in, who is signed in from then on, but not fresh."""
    site.app.add_url_rule("/mine", "mine", login_required(lambda: f"{session.user_id!r}"))
    site.app.add_url_rule("/fresh", "fresh", fresh_required(lambda: "fresh"))
    visitor(lambda: login(remember=True))
    visitor.client.delete_cookie("session")

    assert visitor.client.get("/mine").text == "'42'"
    assert visitor.client.get("/fresh").status_code == 401
    visitor.client.delete_cookie("remember_token")
    assert visitor.client.get("/mine").status_code == 200


def test_who_comes_late_is_not_remembered(site, visitor, store):
    """With the old token of a session that goes on, nobody begins another one beside it."""
    site.app.add_url_rule("/mine", "mine", login_required(lambda: "mine"))
    visitor(lambda: login(remember=True))
    late = visitor.tab()
    late.client.set_cookie("remember_token", visitor.client.get_cookie("remember_token").value)
    visitor(lambda: session.confirm())

    answer = late.client.get("/mine")
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (401, [])
    assert len(store.inner.owned("42")) == 1
