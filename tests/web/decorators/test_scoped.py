"""`scoped`: in the view, `scoped_session` is a scope of the session."""

from __future__ import annotations

import pytest
from flask import Blueprint, Response, session, stream_with_context

from flask_sessionplus.decorators import read_only, scoped
from flask_sessionplus.proxies import scoped_session


def read():
    """Return what is in the scope and in the session."""
    return {"scope": scoped_session.all(), "session": session.all()}


def test_it_is_the_scope_of_that_name(put_up):
    """What the view puts in is in `session.scope(name)`, and not in the session."""

    def view():
        scoped_session["step"] = 2
        return read()

    visitor = put_up(scoped("checkout"), view)

    assert visitor.client.get("/view").json == {"scope": {"step": 2}, "session": {}}
    assert visitor.value(lambda: session.scope("checkout").all()) == {"step": 2}
    assert visitor.value(lambda: session.all()) == {}


def test_it_inherits(put_up):
    """Reads fall through to the session; what is written or removed stays in the scope."""

    def view():
        found = scoped_session["name"]
        scoped_session["cart"].append("milk")
        del scoped_session["name"]
        return {"name": found, **read()}

    visitor = put_up(scoped("checkout"), view)
    visitor(lambda: session.update(name="Ada", cart=["tea"]))

    assert visitor.client.get("/view").json == {
        "name": "Ada",
        "scope": {"cart": ["tea", "milk"]},
        "session": {"name": "Ada", "cart": ["tea"]},
    }
    assert visitor.value(lambda: session.all()) == {"name": "Ada", "cart": ["tea"]}


def test_it_need_not_inherit(put_up):
    """With `inherit=False` nothing falls through."""
    visitor = put_up(scoped("checkout", inherit=False), read)
    visitor(lambda: session.update(name="Ada"))

    assert visitor.client.get("/view").json == {"scope": {}, "session": {"name": "Ada"}}


def test_scopes_lie_in_each_other(put_up):
    """Of two decorators the lower one's scope lies in the upper one's, over everything."""

    def view():
        scoped_session["a"] = 1
        return scoped_session.name

    visitor = put_up(lambda target: scoped("outer")(scoped("inner")(target)), view)

    assert visitor.client.get("/view").text == "inner"
    assert visitor.value(lambda: session.scope("outer").scope("inner").all()) == {"a": 1}
    assert visitor.value(lambda: session.scope("outer").all()) == {}


def test_a_view_in_a_blueprint(make_visitor):
    """A blueprint's scope holds in its own functions too; a view's only in the view."""
    names = []
    blueprint = scoped("shop")(Blueprint("shop", __name__))
    blueprint.before_request(lambda: names.append(scoped_session.name))
    blueprint.after_request(lambda answer: names.append(scoped_session.name) or answer)
    view = scoped("cart")(lambda: names.append(scoped_session.name) or "seen")
    blueprint.add_url_rule("/cart", "cart", view)
    visitor = make_visitor(lambda view: view, prepare=lambda app: app.register_blueprint(blueprint))

    visitor.client.get("/cart")

    assert names == ["shop", "cart", "shop"]


def test_outside_there_is_none(make_visitor):
    """Where no scope was entered, `scoped_session` says what to do; also after a view's end."""
    inner = scoped("cart")(lambda: scoped_session.name)

    def page():
        found = inner()
        with pytest.raises(RuntimeError, match=r"Put @scoped\('name'\) over the view"):
            scoped_session["a"] = 1
        return found

    visitor = make_visitor(lambda view: view)
    assert visitor.value(page) == "cart"


def test_it_ends_with_an_error(make_visitor):
    """A view that raises leaves its scope."""

    def fail():
        raise LookupError

    def page():
        with pytest.raises(LookupError):
            scoped("cart")(fail)()
        with pytest.raises(RuntimeError):
            scoped_session.all()

    make_visitor(lambda view: view).value(page)


def parts():
    """Yield what the scope has, part by part."""
    yield scoped_session.name
    yield str(scoped_session.get("step"))


STREAMS = {
    "generator": lambda: stream_with_context(parts()),
    "response": lambda: Response(stream_with_context(parts())),
    "with status": lambda: (stream_with_context(parts()), 200),
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_a_stream_is_in_the_scope(put_up, stream):
    """What is streamed after the view has returned is generated in its scopes."""
    visitor = put_up(lambda target: scoped("outer")(scoped("inner")(target)), stream)
    visitor(lambda: session.scope("outer").scope("inner").set("step", 3))

    assert visitor.client.get("/view").text == "inner3"


def test_a_stream_that_is_given_up(make_visitor):
    """When the visitor goes away the generator is closed, in its scope."""
    closed = []

    def endless():
        try:
            while True:
                yield "part"
        finally:
            closed.append(scoped_session.name)

    visitor = make_visitor(scoped("cart"), lambda: Response(stream_with_context(endless())))
    answer = visitor.client.get("/view", buffered=False)
    next(answer.response)
    answer.close()

    assert closed == ["cart"]


def test_a_scope_that_is_not_used_costs_nothing(put_up):
    """Without a look at it nothing is loaded, and no header is sent."""
    answer = put_up(scoped("checkout")).client.get("/view")

    assert "Vary" not in answer.headers


def test_only_reading(put_up):
    """With `read_only` a scope is read-only as well."""

    def view():
        scoped_session["a"] = 1

    visitor = put_up(lambda target: scoped("checkout")(read_only(target)), view)
    visitor.site.app.config["PROPAGATE_EXCEPTIONS"] = False

    assert visitor.client.get("/view").status_code == 500
    assert visitor.value(lambda: session.scope("checkout").all()) == {}


@pytest.mark.parametrize(
    ("name", "error"), [("", ValueError), ("x" * 1025, ValueError), (None, TypeError)]
)
def test_names_that_are_none(name, error):
    """A wrong name is told when the view is decorated."""
    with pytest.raises(error, match="name"):
        scoped(name)
