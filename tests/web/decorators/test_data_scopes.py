"""The data operations in a scope: a version of the data of one's own."""

from __future__ import annotations

import pytest
from flask import Blueprint, session

from flask_sessionplus.decorators import delete_data, get_data, put_data
from flask_sessionplus.proxies import local_session

TYPES = ["local", "session"]


def data(session_type):
    """Return the session of that type."""
    return local_session if session_type == "local" else session


@pytest.mark.parametrize("session_type", TYPES)
def test_a_scope_has_its_own_version(make_visitor, session_type):
    """Reads fall through until something is put or deleted; the rest sees nothing of that."""
    options = {"session_type": session_type, "scoped": "checkout"}
    get = get_data("body", "order.id", **options)(lambda **found: found)
    steps = [
        put_data("body", **options)(lambda: {"body": 2}),
        delete_data("order.id", **options)(lambda: "deleted"),
        delete_data("body", **options)(lambda: "deleted"),
    ]

    def page():
        data(session_type).update(body=1, order={"id": 7})
        found = [get()]
        for step in steps:
            step()
            found.append(get())
        return found, data(session_type).all()

    found, whole = make_visitor(lambda view: view).value(page)
    assert found == [
        {"body": 1, "order": {"id": 7}},
        {"body": 2, "order": {"id": 7}},
        {"body": 2},
        {},
    ]
    assert whole == {"body": 1, "order": {"id": 7}}


def test_the_scope_is_that_of_the_session(make_visitor):
    """A named scope is `session.scope(name)`."""
    decorate = put_data("body", session_type="session", scoped="checkout")
    visitor = make_visitor(decorate, lambda: {"body": 1})
    visitor.client.get("/view")

    assert visitor.value(lambda: session.scope("checkout").all()) == {"body": 1}
    assert visitor.value(lambda: session.all()) == {}


def test_a_scope_without_a_name(make_visitor):
    """`scoped=True` is a scope of the endpoint, or of the blueprint, nested views included."""
    put = put_data("body", session_type="session", scoped=True)
    shop, office = Blueprint("shop", __name__), Blueprint("office", __name__)
    for blueprint in (put(shop), put(office)):
        blueprint.add_url_rule(f"/{blueprint.name}", "put", lambda: {"body": 1})
    inner = Blueprint("inner", __name__)
    inner.add_url_rule("/inner", "put", lambda: {"body": 2})
    shop.register_blueprint(inner)

    def prepare(app):
        app.register_blueprint(shop)
        app.register_blueprint(office)

    visitor = make_visitor(put, lambda: {"body": 3}, prepare=prepare)
    for path in ("view", "shop", "inner"):
        visitor.client.get(f"/{path}")
    names = ("view", "shop", "office", "shop.inner")
    found = {name: visitor.value(lambda: session.scope(name).all()) for name in names}  # noqa: B023

    assert found == {"view": {"body": 3}, "shop": {"body": 2}, "office": {}, "shop.inner": {}}


def test_a_local_scope_ends_with_the_request(make_visitor):
    """Nothing local, scoped or not, is there in the next request."""
    get = get_data("body", scoped="x")(lambda body=None: body)
    put = put_data("body", scoped="x")(lambda: {"body": 1})
    visitor = make_visitor(lambda view: view)

    assert visitor.value(lambda: (put(), get())[1]) == 1
    assert visitor.value(get) is None


def test_a_local_scope_is_a_mapping(make_visitor):
    """What is inherited, own and removed is counted once, and own lists are own."""
    touch = delete_data("none", scoped="x")(lambda: "seen")

    def page():
        local_session.update(a=[1], b=2)
        touch()
        [scope] = vars(session._request)["_sessionplus_local_scopes"].values()
        scope["a"].append(2)
        scope["c"] = 3
        del scope["b"]
        return dict(scope), len(scope), "b" in scope, local_session.all()

    found = make_visitor(lambda view: view).value(page)
    assert found == ({"a": [1, 2], "c": 3}, 2, False, {"a": [1], "b": 2})
