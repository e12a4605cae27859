"""`no_session`: no load, no save, no cookie, no Vary, whatever extensions do."""

from __future__ import annotations

import flask_login
import pytest
from flask import (
    Blueprint,
    abort,
    flash,
    get_flashed_messages,
    render_template_string,
    session,
    stream_with_context,
)
from flask.views import MethodView

from flask_sessionplus.decorators import exclusive, no_session, read_only, scoped
from flask_sessionplus.proxies import scoped_session
from tests.web.visiting import KNOWN


def use_much():
    """Do with the session what extensions do."""
    session["seen"] = True
    session.permanent = True
    session.modified = True
    flash("Welcome")
    session.increment("visits")
    session.setdefault("csrf_token", "x")
    session.pop("name", None)
    session.flash("note", "hi")


def fail():
    """Raise what the app does not expect."""
    raise LookupError


def none_found():
    """Answer that there is nothing."""
    abort(404)


DOINGS = {
    "nothing": lambda: "seen",
    "much": lambda: use_much() or "seen",
    "messages": lambda: str(get_flashed_messages()),
    "a template": lambda: render_template_string("{{ session.get('name') }}{{ session }}"),
    "clear": lambda: session.clear() or "seen",
    "regenerate": lambda: session.regenerate() or "seen",
    "save": lambda: session.update(a=1) or session.save() or "seen",
    "a stream": lambda: stream_with_context(str(session.update(a=1)) for _ in range(2)),
    "an error": fail,
    "not found": none_found,
}


@pytest.mark.parametrize("do", DOINGS.values(), ids=DOINGS)
def test_there_is_none(put_up, watched, do):
    """Nothing is loaded, saved or sent, whatever the view does and the app does around it."""

    def prepare(app):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.before_request(lambda: use_much() if "skip" not in session else None)
        app.after_request(lambda answer: session.update(b=2) or answer)
        app.teardown_request(lambda error: session.get("name"))

    visitor = put_up(no_session, do, store=watched, prepare=prepare)
    visitor(lambda: session.update(KNOWN))
    token = visitor.token
    watched.new_calls()

    answer = visitor.client.get("/view")

    assert answer.status_code in (200, 404, 500)
    assert watched.new_calls() == []
    assert answer.headers.getlist("Set-Cookie") == []
    assert "Vary" not in answer.headers
    assert "Cache-Control" not in answer.headers
    assert visitor.token == token


def test_what_it_sees_is_empty(put_up):
    """The view sees nobody's session, and within the request what it has put in itself."""

    def view():
        before = dict(session)
        session["a"] = 1
        return [before, dict(session), session.exists, session.is_authenticated]

    visitor = put_up(no_session, view)
    visitor(lambda: session.login(7, name="Ada"))

    assert visitor.client.get("/view").json == [{}, {"a": 1}, False, False]
    assert visitor.value(lambda: dict(session)) == {"name": "Ada"}


def test_only_looked_at(put_up):
    """That somebody has only looked whether there is a session sends no Vary either."""

    def prepare(app):
        @app.before_request
        def look():
            session._get_current_object()

    visitor = put_up(no_session, lambda: repr(session), prepare=prepare)

    assert "Vary" not in visitor.client.get("/view").headers


def test_other_views_have_theirs(put_up, watched):
    """The same app's other views, and pages that are not found, have their session."""

    def prepare(app):
        app.register_error_handler(404, lambda error: (str(session.get("name")), 404))

    visitor = put_up(no_session, store=watched, prepare=prepare)
    visitor(lambda: session.update(KNOWN))

    assert visitor.value(lambda: session["name"]) == "Ada"
    assert visitor.client.get("/none").text == "Ada"
    assert visitor.client.get("/none").headers["Vary"] == "Cookie"


def test_with_flask_login(put_up, watched):
    """Flask-Login, which looks at the session in every request, gets an empty one."""

    def prepare(app):
        manager = flask_login.LoginManager(app)
        manager.user_loader(lambda user_id: flask_login.UserMixin())
        app.secret_key = "k"

    def view():
        return str(flask_login.current_user.is_authenticated)

    visitor = put_up(no_session, view, store=watched, prepare=prepare)
    visitor(lambda: session.update(_user_id="7", _fresh=True))
    watched.new_calls()

    answer = visitor.client.get("/view")
    assert answer.text == "False"
    assert watched.new_calls() == []
    assert "Vary" not in answer.headers


ORDERS = [
    lambda target: no_session(read_only(scoped("x")(exclusive(target)))),
    lambda target: exclusive(scoped("x")(read_only(no_session(target)))),
]


@pytest.mark.parametrize("decorate", ORDERS)
def test_it_is_the_strictest(put_up, watched, decorate):
    """Together with others it holds, in whatever order."""
    visitor = put_up(decorate, lambda: scoped_session.update(a=1) or "seen", store=watched)
    visitor(lambda: session.update(KNOWN))
    watched.new_calls()

    assert visitor.client.get("/view").text == "seen"
    assert watched.new_calls() == []


def test_the_innermost_says_it(make_visitor):
    """A view, or a method, may want more or less than its blueprint and its class."""
    blueprint = no_session(Blueprint("shop", __name__))
    blueprint.add_url_rule("/inner", "inner", read_only(lambda: str(session.get("name"))))
    blueprint.add_url_rule("/outer", "outer", lambda: str(session.get("name")))

    @read_only
    class Page(MethodView):
        def get(self):
            return str(session.get("name"))

        @no_session
        def post(self):
            return str(session.get("name"))

    def prepare(app):
        app.register_blueprint(blueprint)
        app.add_url_rule("/page", view_func=Page.as_view("of-class"))

    visitor = make_visitor(lambda view: view, prepare=prepare)
    visitor(lambda: session.update(KNOWN))
    client = visitor.client

    assert [client.get("/inner").text, client.get("/outer").text] == ["Ada", "None"]
    assert [client.get("/page").text, client.post("/page").text] == ["Ada", "None"]


def test_a_subclass_says_its_own(make_visitor):
    """A subclass may want more than its parent; one that says nothing is as the parent."""

    @no_session
    class Page(MethodView):
        def get(self):
            return str(session.get("name"))

    @read_only
    class Reader(Page):
        pass

    class Other(Page):
        pass

    def prepare(app):
        for cls in (Page, Reader, Other):
            app.add_url_rule(f"/{cls.__name__}", view_func=cls.as_view(cls.__name__))

    visitor = make_visitor(lambda view: view, prepare=prepare)
    visitor(lambda: session.update(KNOWN))

    found = {name: visitor.client.get(f"/{name}").text for name in ("Page", "Reader", "Other")}
    assert found == {"Page": "None", "Reader": "Ada", "Other": "None"}


def test_the_function_itself_stays_as_it_was(make_visitor):
    """The same function may be another route's view, with a session."""

    def view():
        return str(session.get("name"))

    def prepare(app):
        app.add_url_rule("/with", "with", view)

    visitor = make_visitor(no_session, prepare=prepare)
    no_session(view)
    visitor(lambda: session.update(KNOWN))

    assert visitor.client.get("/with").text == "Ada"
