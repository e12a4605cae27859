"""Everything that a decorator can be put over, each with the same view behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask
from flask.views import MethodView, View

Decorate = Callable[[Any], Any]
Do = Callable[..., Any]

METHODS = ["GET", "POST"]


def _function(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    def view(**kwargs: Any) -> Any:
        return do(**kwargs)

    app.add_url_rule(rule, "view", decorate(view), methods=METHODS)


def _async(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    async def view(**kwargs: Any) -> Any:
        return do(**kwargs)

    app.add_url_rule(rule, "view", decorate(view), methods=METHODS)


def _view_class(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    class Page(View):
        methods = METHODS

        def dispatch_request(self, **kwargs: Any) -> Any:
            return do(**kwargs)

    app.add_url_rule(rule, view_func=decorate(Page).as_view("view"))


def _method_view(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    class Page(MethodView):
        def get(self, **kwargs: Any) -> Any:
            return do(**kwargs)

        async def post(self, **kwargs: Any) -> Any:
            return do(**kwargs)

    app.add_url_rule(rule, view_func=decorate(Page).as_view("view"))


def _one_for_all(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    class Page(MethodView):
        init_every_request = False

        def get(self, **kwargs: Any) -> Any:
            return do(**kwargs)

        post = get

    app.add_url_rule(rule, view_func=decorate(Page).as_view("view"))


def _subclass(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    class Page(MethodView):
        def get(self, **kwargs: Any) -> Any:
            return "not this one"

    class Special(decorate(Page)):  # type: ignore[misc]
        decorators = ()

        def get(self, **kwargs: Any) -> Any:
            return do(**kwargs)

        post = get

    app.add_url_rule(rule, view_func=Special.as_view("view"))


def _one_method(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    class Page(MethodView):
        @decorate
        def get(self, **kwargs: Any) -> Any:
            return do(**kwargs)

        @decorate
        async def post(self, **kwargs: Any) -> Any:
            return do(**kwargs)

    app.add_url_rule(rule, view_func=Page.as_view("view"))


def _blueprint(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    blueprint = decorate(Blueprint("shop", __name__))
    blueprint.add_url_rule(rule, "view", lambda **kwargs: do(**kwargs), methods=METHODS)
    app.register_blueprint(blueprint)


def _full_blueprint(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    blueprint = Blueprint("shop", __name__)
    blueprint.add_url_rule(rule, "view", lambda **kwargs: do(**kwargs), methods=METHODS)
    app.register_blueprint(decorate(blueprint), name="another")


def _nested_blueprint(app: Flask, decorate: Decorate, do: Do, rule: str) -> None:
    outer, inner = decorate(Blueprint("shop", __name__)), Blueprint("admin", __name__)

    @inner.route(rule, methods=METHODS)
    async def view(**kwargs: Any) -> Any:
        return do(**kwargs)

    outer.register_blueprint(inner)
    app.register_blueprint(outer)


KINDS: dict[str, Callable[[Flask, Decorate, Do, str], None]] = {
    "function": _function,
    "async": _async,
    "view class": _view_class,
    "method view": _method_view,
    "one for all requests": _one_for_all,
    "subclass": _subclass,
    "one method": _one_method,
    "blueprint": _blueprint,
    "full blueprint": _full_blueprint,
    "nested blueprint": _nested_blueprint,
}
