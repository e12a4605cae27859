"""`read_only`: the view reads the session, and whatever would change it is refused."""

from __future__ import annotations

import pytest
from flask import Blueprint, flash, get_flashed_messages, session

from flask_sessionplus.decorators import exclusive, login_required, read_only, scoped
from flask_sessionplus.errors import WriteRefused
from tests.web.visiting import KNOWN

READS = {
    "get": (lambda: session.get("name"), "Ada"),
    "item": (lambda: session["cart"], ["tea"]),
    "all": (lambda: session.all(), KNOWN),
    "in": (lambda: "name" in session, True),
    "scope": (lambda: session.scope("x").get("cart"), ["tea"]),
    "signed in": (lambda: session.is_authenticated, False),
    "exists": (lambda: session.exists, True),
    "name": (lambda: len(session.identifier), 22),
    "permanent": (lambda: setattr(session, "permanent", True) or session.permanent, False),
    "removes nothing": (lambda: session.get("none"), None),
}


@pytest.mark.parametrize(("read", "expected"), READS.values(), ids=READS)
def test_it_reads(make_visitor, watched, read, expected):
    """Everything can be read, and nothing is written."""
    visitor = make_visitor(read_only, lambda: {"found": read()}, store=watched)
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: session.get("name"))
    watched.new_calls()

    answer = visitor.client.get("/view")

    assert answer.json == {"found": expected}
    assert watched.new_calls() == ["load"]
    assert answer.headers["Vary"] == "Cookie"
    assert answer.headers.getlist("Set-Cookie") == []


WRITES = {
    "set": lambda: session.update(name="Eve"),
    "set again": lambda: session.update(name="Ada"),
    "delete": lambda: session.__delitem__("name"),
    "pop": lambda: session.pop("name"),
    "pop nothing": lambda: session.pop("none", None),
    "remove": lambda: session.remove("none"),
    "increment": lambda: session.increment("visits"),
    "setdefault": lambda: session.setdefault("none", 1),
    "clear": lambda: session.clear(),
    "reset": lambda: session.reset(),
    "regenerate": lambda: session.regenerate(),
    "flash": lambda: session.flash("note", "hi"),
    "flask's flash": lambda: flash("hi"),
    "sign in": lambda: session.login(7),
    "sign out": lambda: session.logout(),
    "lifetime": lambda: session.set_lifetime(60),
    "a scope": lambda: session.scope("x").set("a", 1),
    "a scope's removal": lambda: session.scope("x").remove("name"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_writes_are_refused(make_visitor, watched, write):
    """Whatever changes the session raises there, where the traceback shows it."""

    def view():
        with pytest.raises(WriteRefused, match="This view is read_only"):
            write()
        return "refused"

    visitor = make_visitor(read_only, view, store=watched)
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: session.get("name"))
    watched.new_calls()

    assert visitor.client.get("/view").text == "refused"
    assert watched.new_calls() == ["load"]
    assert visitor.value(lambda: dict(session)) == KNOWN


def test_over_everything(put_up):
    """Over everything that can be decorated a write is a 500, and nothing is saved."""
    visitor = put_up(read_only, lambda: session.update(name="Eve"))
    visitor.site.app.config["PROPAGATE_EXCEPTIONS"] = False
    visitor(lambda: session.update(KNOWN))

    assert visitor.client.get("/view").status_code == 500
    assert visitor.value(lambda: dict(session)) == KNOWN


INSIDE = {
    "a list": lambda: session["cart"].append("milk"),
    "a scope's own list": lambda: session.scope("x")["cart"].append("milk"),
}


@pytest.mark.parametrize("change", INSIDE.values(), ids=INSIDE)
def test_changes_inside_a_value(put_up, change):
    """What is changed inside a value is found when the answer goes out: a 500, nothing saved."""
    visitor = put_up(read_only, lambda: change() or "seen")
    app = visitor.site.app
    visitor(lambda: session.update(KNOWN))

    with pytest.raises(WriteRefused, match="take read_only off the view"):
        visitor.client.get("/view")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert visitor.client.get("/view").status_code == 500
    assert visitor.value(lambda: dict(session)) == KNOWN
    assert visitor.value(lambda: session.scope("x").all()) == KNOWN


def test_the_error_page_is_told_once(make_visitor, caplog):
    """The 500 for a change inside a value is logged once, and its page is sent as usual."""
    visitor = make_visitor(read_only, lambda: INSIDE["a list"]() or "seen")
    app = visitor.site.app
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.register_error_handler(500, lambda error: ("sorry", 500))
    visitor(lambda: session.update(KNOWN))

    assert visitor.client.get("/view").text == "sorry"
    assert len(caplog.records) == 1


def test_messages_are_shown_and_stay(put_up):
    """Messages can be read, and wait for the next page that may take them."""

    def view():
        return [session.get_flash("note"), session.get("note"), get_flashed_messages()]

    visitor = put_up(read_only, view)
    visitor(lambda: (session.flash("note", "hi"), session.flash("other", 1), flash("Welcome")))

    for _ in range(3):
        assert visitor.client.get("/view").json == ["hi", "hi", ["Welcome"]]
    assert visitor.value(view) == ["hi", "hi", ["Welcome"]]
    assert visitor.value(view) == [None, None, []]


def test_messages_nobody_reads_stay(put_up):
    """A page that only reads the session lets no message pass unseen."""
    visitor = put_up(read_only, lambda: str(len(session)))
    visitor(lambda: session.flash("note", "hi"))
    assert visitor.client.get("/view").status_code == 200

    assert visitor.value(lambda: session.get_flash("note")) == "hi"


def test_the_session_is_kept_alive(clock, put_up, watched):
    """That it was used is written, once a minute at most, so that it does not expire."""
    visitor = put_up(read_only, lambda: str(session.get("name")), store=watched)
    visitor(lambda: session.update(KNOWN) or session.set_lifetime(3600))
    for _ in range(5):
        clock.advance(1800)
        watched.new_calls()
        assert visitor.client.get("/view").text == "Ada"
        assert watched.new_calls() == ["load", "apply"]


def test_a_new_visitor(put_up):
    """Who has no session gets none, and no name for one."""
    visitor = put_up(read_only, lambda: [dict(session), session.identifier])

    answer = visitor.client.get("/view")
    assert answer.json == [{}, ""]
    assert answer.headers.getlist("Set-Cookie") == []


ORDERS = [
    lambda target: read_only(login_required(scoped("x")(exclusive(target)))),
    lambda target: exclusive(scoped("x")(login_required(read_only(target)))),
]


@pytest.mark.parametrize("decorate", ORDERS)
def test_in_any_order(put_up, decorate):
    """Together with others it holds, in whatever order."""
    visitor = put_up(decorate, lambda: session.update(a=1))
    visitor.site.app.config["PROPAGATE_EXCEPTIONS"] = False
    visitor(lambda: session.login(7))

    assert visitor.client.get("/view").status_code == 500
    assert visitor.value(lambda: dict(session)) == {}


def test_an_error_handler(make_visitor):
    """The app may handle it, for a blueprint too."""
    blueprint = read_only(Blueprint("shop", __name__))
    blueprint.register_error_handler(WriteRefused, lambda error: ("read only", 409))
    blueprint.add_url_rule("/page", "shown", lambda: session.update(a=1))
    visitor = make_visitor(lambda view: view, prepare=lambda app: app.register_blueprint(blueprint))

    assert visitor.client.get("/page").status_code == 409
