"""Flask-Login: its sign-ins are ours, and all that it keeps stays where it keeps it."""

from __future__ import annotations

import flask_login
import pytest
from flask_login import FlaskLoginClient, LoginManager, UserMixin, current_user

from flask_sessionplus import session, signals
from flask_sessionplus.policies import set_policy
from flask_sessionplus.services import Policy
from flask_sessionplus.stores.memory import MemoryStore
from tests.web.visiting import Site, Visitor, WatchedStore

# Flask-Login 0.6.3 asks for the time in a way that newer Pythons warn of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

FIREFOX = {"headers": {"User-Agent": "Firefox"}}
CURL = {"headers": {"User-Agent": "curl"}}


class User(UserMixin):
    def __init__(self, user_id):
        self.id = user_id


@pytest.fixture
def memory():
    """Return a store in memory."""
    return MemoryStore()


@pytest.fixture
def make_app(make_site, memory):
    """Return a function that makes an app with Flask-Login."""

    def make(store=None, protection="basic", **config):
        config = {"SECRET_KEY": "for the cookie of Flask-Login", **config}
        site = make_site(store or memory, **config)
        manager = LoginManager(site.app)
        manager.session_protection = protection
        manager.user_loader(User)
        return site

    return make


@pytest.fixture
def site(clock, make_app):
    """Return an app with Flask-Login and its defaults, which `visitor` visits."""
    return make_app()


def login(user_id=42, **options):
    """Sign in as an app with Flask-Login does."""
    assert flask_login.login_user(User(user_id), **options)


def show():
    """Return who is signed in, for Flask-Login and for us."""
    return current_user.get_id(), session.user_id


def keys():
    """Return what Flask-Login has in the session."""
    return {key for key in session if key.startswith("_")}


def test_login_user_is_our_login(visitor, memory):
    """`login_user` gives the session a new token and an owner, and drops the forms' tokens."""
    visitor(lambda: session.update(cart=["tea"], csrf_token="old"))
    old = visitor.tab()
    visitor(login)

    assert visitor.value(show) == ("42", "42")
    assert visitor.value(lambda: (session["cart"], session.has("csrf_token"))) == (["tea"], False)
    assert visitor.token != old.token
    assert old.value(show) == (None, None)
    assert len(memory.owned("42")) == 1


def test_what_flask_login_keeps_stays(visitor):
    """What `login_user` has put into the session is there, under the names it knows."""
    visitor(login)

    assert visitor.value(keys) == {"_user_id", "_fresh", "_id"}
    assert visitor.value(lambda: (flask_login.login_fresh(), session.is_fresh())) == (True, True)


def test_it_is_one_step(clock, make_app, memory):
    """A sign-in by Flask-Login is one load and one step in the store, as ours is."""
    store = WatchedStore(memory)
    visitor = make_app(store).visitor()
    visitor(lambda: session.update(a=1))
    store.new_calls()
    visitor(login)

    assert store.new_calls() == ["load", "apply"]


def test_logout_user_is_our_logout(visitor, memory):
    """`logout_user` ends the record, takes the cookie, and has the browser cleared."""
    visitor(login)
    answer = visitor(lambda: flask_login.logout_user())

    assert answer.cookie.is_deletion
    assert "Clear-Site-Data" in answer.headers
    assert memory.count() == 0
    assert visitor.value(show) == (None, None)


def test_a_visitor_who_logs_out_keeps_what_he_has(visitor):
    """`logout_user` by somebody who is not signed in takes nothing away."""
    visitor(lambda: session.update(cart=["tea"]))
    answer = visitor(lambda: flask_login.logout_user())

    assert "Clear-Site-Data" not in answer.headers
    assert visitor.value(lambda: session["cart"]) == ["tea"]


def test_another_user_finds_nothing(visitor):
    """`login_user` over another user empties the session, but for what it has put in itself."""
    visitor(lambda: (login("bob", remember=True), session.update(secret="b")))
    visitor(lambda: login("eve"))

    assert visitor.value(show) == ("eve", "eve")
    assert visitor.value(lambda: session.has("secret")) is False
    assert visitor.value(keys) == {"_user_id", "_fresh", "_id"}


def test_the_same_user_keeps_name_and_role(visitor):
    """What we know of the user, and Flask-Login does not, outlives another `login_user`."""
    visitor(lambda: session.login(42, "Ada", "admin"))
    visitor(login)

    found = visitor.value(lambda: (session.user_id, session.username, session.role_id))
    assert found == (42, "Ada", "admin")


@pytest.mark.parametrize("ours_first", [True, False])
def test_both_in_one_request(visitor, memory, ours_first):
    """An app that calls `session.login` as well has one new token, and its own id and role."""
    told, moves = [], []
    calls = [lambda: session.login(42, "Ada", "admin"), login]

    def page():
        for call in calls if ours_first else reversed(calls):
            call()

    visitor(lambda: session.update(a=1))
    with (
        signals.user_signed_in.connected_to(lambda sender, **kept: told.append(kept)),
        signals.session_regenerated.connected_to(lambda *a, **k: moves.append(k)),
    ):
        visitor(page)

    assert (len(told), len(moves)) == (1, 1)
    assert visitor.value(lambda: (*show(), session.role_id)) == ("42", 42, "admin")
    assert visitor.value(keys) == {"_user_id", "_fresh", "_id"}
    assert len(memory.owned("42")) == 1


def test_both_where_it_is_written_at_once(clock, make_app):
    """Nor is there a second sign-in where the first one has been written already."""
    told = []
    visitor = make_app(SESSION_MAX_PER_USER=3, SESSION_WHEN_FULL="refuse").visitor()
    with signals.user_signed_in.connected_to(lambda sender, **kept: told.append(kept)):
        visitor(lambda: (session.login(42, "Ada"), login(fresh=False)))

    assert len(told) == 1
    assert visitor.value(lambda: (session.username, session.is_fresh())) == ("Ada", True)


def test_a_stale_login_is_not_fresh(visitor):
    """`login_user(fresh=False)` is no proof of a password, for us neither."""
    visitor(lambda: login(fresh=False))

    assert visitor.value(lambda: (flask_login.login_fresh(), session.is_fresh())) == (False, False)
    assert visitor.value(lambda: session.is_authenticated) is True


def test_confirm_login(visitor):
    """`confirm_login` is our `confirm`: fresh again, under a new token."""
    visitor(lambda: login(fresh=False))
    old = visitor.tab()
    visitor(lambda: flask_login.confirm_login())

    assert visitor.value(lambda: (flask_login.login_fresh(), session.is_fresh())) == (True, True)
    assert visitor.token != old.token
    assert old.value(show) == (None, None)


def test_the_remember_cookie(site, visitor, memory, clock):
    """With its remember cookie Flask-Login signs in again: a new session of the user, not fresh."""
    visitor(lambda: login(remember=True))
    assert visitor.client.get_cookie("remember_token") is not None
    assert visitor.value(lambda: session.permanent) is False
    first = visitor.token
    visitor.client.delete_cookie("session")

    assert visitor.value(show) == ("42", "42")
    assert visitor.token not in (None, first)
    assert visitor.value(lambda: (flask_login.login_fresh(), session.is_fresh())) == (False, False)
    assert len(memory.owned("42")) == 2


def test_the_remember_cookie_over_a_visitors_session(visitor):
    """Who is remembered in the middle of a visit gets a new token, and keeps what he has."""
    visitor(lambda: login(remember=True))
    visitor.client.delete_cookie("session")
    # Without a look at `current_user`.
    visitor(lambda: session.update(cart=["tea"]))
    anonymous = visitor.tab()

    assert visitor.value(show) == ("42", "42")
    assert visitor.value(lambda: session["cart"]) == ["tea"]
    assert visitor.token != anonymous.token
    assert anonymous.value(lambda: (session.user_id, session.copy())) == (None, {})


def test_a_view_without_a_session_goes_on(site, visitor, memory):
    """Where a view has no session, only Flask-Login knows a remembered user."""
    visitor(lambda: login(remember=True))
    visitor.client.delete_cookie("session")
    page = site.app.view_functions["page"]
    set_policy(page, Policy.NO_SESSION)
    try:
        answer = visitor(show)
    finally:
        del page._sessionplus_policy

    assert (answer.value, visitor.token) == (("42", None), None)
    assert memory.count() == 1


@pytest.mark.parametrize(
    "leave", [lambda: flask_login.logout_user(), lambda: session.logout()], ids=["theirs", "ours"]
)
def test_logout_takes_the_remember_cookie(visitor, memory, leave):
    """After signing out, by Flask-Login or by us, nobody is remembered."""
    visitor(lambda: login(remember=True))
    answer = visitor(leave)

    assert "Clear-Site-Data" in answer.headers
    assert visitor.client.get_cookie("remember_token") is None
    assert visitor.token is None
    assert visitor.value(show) == (None, None)
    assert memory.count() == 0


def test_logout_where_only_flask_login_knows(visitor):
    """Who was signed in by writing to the session is signed out with the remember cookie too."""
    visitor(lambda: login(remember=True))
    visitor.client.delete_cookie("session")
    with visitor.client.session_transaction() as kept:
        kept["_user_id"] = "42"
    assert visitor.value(show) == ("42", None)
    visitor(lambda: flask_login.logout_user())

    assert visitor.client.get_cookie("remember_token") is None
    assert visitor.value(show) == (None, None)


def test_strong_protection_stays_strong(clock, make_app, memory):
    """From another browser `strong` ends the session, ours with it, remembered or not."""
    for remember in (False, True):
        visitor = make_app(protection="strong").visitor()
        visitor(lambda remember=remember: login(remember=remember), **FIREFOX)
        assert visitor.value(show, **FIREFOX) == ("42", "42")
        thief = Visitor(visitor.site, visitor.token)
        assert thief.value(show, **CURL) == (None, None)

        assert thief.value(show, **FIREFOX) == (None, None)
        assert memory.owned("42") == []


def test_basic_protection_makes_stale(visitor):
    """From another browser `basic` leaves the session, but nothing in it is fresh, ours neither."""
    visitor(login, **FIREFOX)

    def look():
        current_user.get_id()
        return flask_login.login_fresh(), session.is_fresh(), session.user_id

    assert visitor.value(look, **FIREFOX) == (True, True, "42")
    assert visitor.value(look, **CURL) == (False, False, "42")
    assert visitor.value(look, **FIREFOX) == (False, False, "42")


def test_revoked_users_are_gone_for_flask_login(site, visitor):
    """Who is revoked is anonymous for Flask-Login with the next request."""
    visitor(login)
    with site.app.app_context():
        assert site.app.extensions["sessionplus"].extension.revoke_user(42) == 1

    assert visitor.value(show) == (None, None)


def test_a_limit_holds_for_flask_login(clock, make_app, memory):
    """Who is refused for having too many sessions is not signed in for Flask-Login either."""
    site = make_app(SESSION_MAX_PER_USER=1, SESSION_WHEN_FULL="refuse")
    first, second = site.visitor(), site.visitor()
    second(lambda: session.update(cart=["tea"]))
    first(login)

    assert second(lambda: login(remember=True)).status == 429
    assert second.client.get_cookie("remember_token") is None
    assert second.value(show) == (None, None)
    assert second.value(lambda: (session["cart"], session.has("_user_id"))) == (["tea"], False)
    assert first.value(show) == ("42", "42")


def test_its_test_client(site):
    """FlaskLoginClient signs in for Flask-Login, as its documentation says."""
    site.app.test_client_class = FlaskLoginClient
    client = site.app.test_client(user=User("ada"), fresh_login=True)
    visitor = site.visitor()
    visitor.client = client

    assert visitor.value(lambda: flask_login.login_fresh()) is True
    assert visitor.value(lambda: current_user.get_id()) == "ada"


def test_an_app_with_other_sessions_is_left_alone(app):
    """An app that has Flask's own sessions works with Flask-Login as it did."""
    app.secret_key = "x" * 32
    LoginManager(app).user_loader(User)
    visitor = Site(app).visitor()
    visitor(login)

    assert visitor.value(lambda: current_user.get_id()) == "42"
    visitor(lambda: flask_login.logout_user())
    assert visitor.value(lambda: current_user.get_id()) is None


def test_views_that_need_a_login(site):
    """`login_required` and `fresh_login_required` of Flask-Login go on as before."""
    for name in ("login_required", "fresh_login_required"):
        view = getattr(flask_login, name)(lambda: "in")
        site.app.add_url_rule(f"/{name}", name, view)
    visitor = site.visitor()
    assert visitor.client.get("/login_required").status_code == 401
    visitor(lambda: login(fresh=False))

    assert visitor.client.get("/login_required").text == "in"
    assert visitor.client.get("/fresh_login_required").status_code == 401
    visitor(lambda: flask_login.confirm_login())
    assert visitor.client.get("/fresh_login_required").text == "in"
