"""What all decorators have in common: they go over everything, and change nothing else of it."""

from __future__ import annotations

import inspect

import pytest
from flask import Blueprint, Flask, abort, session
from flask.views import MethodView, View

from flask_sessionplus.decorators import exclusive, get_data, login_required, read_only, scoped
from flask_sessionplus.decorators.wrapping import Decorator, Rule
from flask_sessionplus.errors import LoginRequired
from tests.web.decorators.targets import KINDS


class Noting(Rule):
    """Notes in a list what it is asked to do."""

    def __init__(self, notes, name=""):
        self.notes = notes
        self.name = name

    def before(self, call):
        """Note that the view is about to be called."""
        self.notes.append(f"before{self.name}")

    def after(self, answer):
        """Note that it has answered."""
        self.notes.append(f"after{self.name}")
        return answer


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_is_around_every_view(put_up, method):
    """Of everything that can be decorated the view runs once, between the two."""
    notes = []
    visitor = put_up(Decorator(Noting(notes)), lambda: notes.append("view") or "seen")

    answer = visitor.client.open("/view", method=method)

    assert (answer.status_code, answer.text) == (200, "seen")
    assert notes == ["before", "view", "after"]


def test_the_upper_one_comes_first(put_up):
    """Of two decorators the upper one is the outer one, over everything."""
    notes = []
    outer, inner = Decorator(Noting(notes, 1)), Decorator(Noting(notes, 2))
    visitor = put_up(lambda target: outer(inner(target)), lambda: notes.append("view") or "seen")

    visitor.client.get("/view")

    assert notes == ["before1", "before2", "view", "after2", "after1"]


def test_arguments_of_the_address_arrive(put_up):
    """What stands in the URL reaches the view."""
    visitor = put_up(login_required, lambda number: str(number), rule="/view/<int:number>")
    visitor(lambda: session.login(1))

    assert visitor.client.get("/view/7").text == "7"


def test_a_function_stays_what_it_was():
    """Name, docstring, signature and attributes are those of the view."""

    def view(number: int = 7) -> str:
        """Tell."""
        return str(number)

    view.mark = "mine"
    wrapped = login_required(scoped("shop")(view))

    assert (wrapped.__name__, wrapped.__doc__, wrapped.mark) == ("view", "Tell.", "mine")
    assert inspect.signature(wrapped) == inspect.signature(view)


def test_async_stays_async():
    """An async view stays one, under any number of decorators."""

    async def view():
        return "seen"

    assert inspect.iscoroutinefunction(exclusive(read_only(scoped("shop")(get_data()(view)))))


def test_classes_and_blueprints_are_the_same_objects():
    """They are covered where they are, and returned."""
    blueprint = Blueprint("shop", __name__)

    class Page(MethodView):
        pass

    assert login_required(blueprint) is blueprint
    assert login_required(Page) is Page


def test_a_parent_is_left_alone(make_visitor):
    """A decorator over a class covers neither its parent nor its siblings."""

    class Parent(MethodView):
        decorators = []  # noqa: RUF012

        def get(self):
            return "seen"

    class Sibling(Parent):
        pass

    @login_required
    class Child(Parent):
        pass

    def prepare(app):
        for cls in (Parent, Sibling, Child):
            app.add_url_rule(f"/{cls.__name__}", view_func=cls.as_view(cls.__name__))

    client = make_visitor(lambda view: view, prepare=prepare).client

    assert Parent.decorators == []
    assert [client.get(f"/{name}").status_code for name in ("Parent", "Sibling", "Child")] == [
        *(200, 200, 401)
    ]


def test_several_parents(make_visitor):
    """A class with two decorated parents has what both of them say, and its own."""
    notes = []

    @Decorator(Noting(notes, 1))
    class Left(View):
        pass

    @Decorator(Noting(notes, 2))
    class Right(View):
        pass

    @Decorator(Noting(notes, 3))
    class Both(Left, Right):
        def dispatch_request(self):
            return "seen"

    def prepare(app):
        app.add_url_rule("/both", view_func=Both.as_view("both"))

    make_visitor(lambda view: view, prepare=prepare).client.get("/both")

    assert sorted(notes) == ["after1", "after2", "after3", "before1", "before2", "before3"]


def test_an_own_as_view_is_kept(make_visitor):
    """A class that makes its view functions itself still does."""

    @login_required
    class Page(MethodView):
        @classmethod
        def as_view(cls, name, **kwargs):
            view = super().as_view(name, **kwargs)
            view.mark = "mine"
            return view

    assert Page.as_view("page").mark == "mine"
    assert Page.as_view("page").view_class is Page


def test_a_blueprints_error_handlers_work(make_visitor):
    """What a decorator raises, and what the view raises, goes to the blueprint's handlers."""
    blueprint = login_required(Blueprint("shop", __name__))
    blueprint.register_error_handler(LoginRequired, lambda error: ("sign in here", 200))
    blueprint.register_error_handler(404, lambda error: ("not in this shop", 404))
    blueprint.add_url_rule("/none", "none", lambda: abort(404))
    visitor = make_visitor(lambda view: view, prepare=lambda app: app.register_blueprint(blueprint))

    assert visitor.client.get("/none").text == "sign in here"
    visitor(lambda: session.login(1))
    assert visitor.client.get("/none").text == "not in this shop"


def test_it_comes_before_the_blueprints_own_functions(make_visitor):
    """What a decorator refuses is refused before the blueprint's `before_request` begins."""
    notes = []
    blueprint = Blueprint("shop", __name__)
    blueprint.before_request(lambda: notes.append("began"))
    login_required(blueprint).add_url_rule("/page", "page", lambda: "seen")
    visitor = make_visitor(lambda view: view, prepare=lambda app: app.register_blueprint(blueprint))

    assert visitor.client.get("/page").status_code == 401
    assert notes == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_preflight_is_answered(make_visitor, kind):
    """What Flask answers to OPTIONS itself needs no sign-in: browsers send no cookie with it."""
    visitor = make_visitor(login_required, kind=kind)
    adapter = visitor.site.app.url_map.bind("localhost")
    rule, _ = adapter.match("/view", return_rule=True)

    answer = visitor.client.options("/view")

    assert rule.provide_automatic_options
    assert answer.status_code == 200
    assert "GET" in answer.allow


def test_a_blueprint_that_was_registered_is_refused():
    """It would not be covered: Flask's own error says so."""
    app, blueprint = Flask("site"), Blueprint("shop", __name__)
    app.register_blueprint(blueprint)

    with pytest.raises(AssertionError, match="no longer be called on the blueprint 'shop'"):
        login_required(blueprint)


@pytest.mark.parametrize("wrong", [None, "admin", 7, dict, object()])
def test_other_things_are_refused(wrong):
    """What is no view, class of views or blueprint is a TypeError at once."""
    with pytest.raises(TypeError, match="view function, a View class or a Blueprint"):
        scoped("shop")(wrong)
