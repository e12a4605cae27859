"""What a session cannot keep is refused where the app can see it, and nothing is lost by it."""

from __future__ import annotations

import enum
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from flask import session
from werkzeug.exceptions import InternalServerError

from flask_sessionplus import UnsupportedType
from tests.web.visiting import KNOWN


class Colour(enum.Enum):
    """An enum of the app."""

    RED = "red"


@dataclass
class Money:
    """A class of the app."""

    amount: Decimal
    currency: str


MISFITS = [
    (object(), 'session["cart"]'),
    ([1, object()], 'session["cart"][1]'),
    ([1, 2, {"price": object()}], 'session["cart"][2]["price"]'),
    (({"a": [object()]},), 'session["cart"][0]["a"][0]'),
    ({"a": {(1, 2): object()}}, 'session["cart"]["a"][(1, 2)]'),
    ({object(): 1}, 'a key of session["cart"]'),
    ({1, Fraction(1, 2)}, 'a member of session["cart"]'),
    (Fraction(1, 2), 'session["cart"]'),
    ([Colour.RED], 'session["cart"][0]'),
    ([lambda: 1], 'session["cart"][0]'),
    ([Money(Decimal(1), "EUR")], 'session["cart"][0]'),
    (iter([]), 'session["cart"]'),
    ([1j], 'session["cart"][0]'),
]


@pytest.mark.parametrize(("value", "path"), MISFITS, ids=lambda value: f"{value!r:.30}")
def test_what_cannot_be_kept_is_refused_where_it_is_set(known, value, path):
    """The TypeError comes from the assignment and names the path; the session is as before."""

    def page():
        for act in (
            lambda: session.__setitem__("cart", value),
            lambda: session.set("cart", value),
            lambda: session.update(cart=value),
            lambda: session.atomic("cart", lambda cart: value),
        ):
            with pytest.raises(TypeError) as caught:
                act()
            assert isinstance(caught.value, UnsupportedType)
            assert path in str(caught.value).replace("'", '"')
        return dict(session)

    assert known.value(page) == KNOWN
    assert known.value(lambda: dict(session)) == KNOWN


@pytest.mark.parametrize("add", ["flash", "append", "setdefault"])
def test_every_way_in_refuses_what_cannot_be_kept(known, add):
    """Messages and lists are checked as well, when they are given."""

    def page():
        with pytest.raises(TypeError):
            getattr(session, add)("note", object())

    known.value(page)
    assert known.value(lambda: session.all()) == KNOWN


def test_a_value_around_itself_is_refused(known):
    """A list that holds itself is a TypeError, not an endless loop."""
    cart: list = ["tea"]
    cart.append(cart)

    def page():
        with pytest.raises(TypeError, match="around it"):
            session["cart"] = cart

    known.value(page)


@pytest.mark.slow
@pytest.mark.parametrize("wrap", ["[v]", "(v,)", "{'a': v}", "frozenset([v])", "[(v,)]"])
def test_a_deep_value_is_kept_or_refused(wrap):
    """However deep a value is nested, it is kept or a TypeError: never lost, and no crash."""
    script = DEEP.format(wrap=wrap)

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr[-500:]


# In a process of its own: if the stack overflows, there is no exception to catch.
DEEP = """
from flask import Flask, session
from flask_sessionplus import SessionPlus

app = Flask("site")
app.testing = True
SessionPlus(app, store="memory://")

@app.get("/put/<int:depth>")
def put(depth):
    v = "bottom"
    for _ in range(depth):
        v = {wrap}
    session["name"] = "Ada"
    try:
        session["deep"] = v
    except TypeError:
        return "refused"
    return "kept"

@app.get("/get")
def get():
    found, depth = session.get("deep", "bottom"), 0
    while found != "bottom":
        [found] = found.values() if isinstance(found, dict) else found
        depth += 1
    return [session["name"], depth]

for wanted in (30, 150, 220, 260, 500, 1000, 20_000):
    client = app.test_client()
    answer = client.get(f"/put/{{wanted}}").text
    print(wanted, answer, flush=True)
    name, depth = client.get("/get").json
    assert name == "Ada"
    assert answer == "refused" or depth >= wanted
"""


@pytest.mark.parametrize("has_handler", [False, True])
def test_what_cannot_be_kept_inside_a_value_fails_the_request(known, has_handler):
    """Put in behind our back it is a 500 at the end, the old record is as it was, and the
    error page, which has a session too, does not fail again.
    """
    known.site.app.testing = False
    errors = []

    def page():
        session["name"] = "Eve"
        session["cart"].append({"price": object()})

    def handler(error):
        errors.append(error.original_exception)
        return f"Sorry, {session['name']}", 500

    if has_handler:
        known.site.app.error_handler_spec[None][500] = {InternalServerError: handler}
    answer = known(page)

    assert answer.status == 500
    assert answer.cookies == []
    if has_handler:
        assert answer.text == "Sorry, Eve"
        [error] = errors
        assert "session['cart'][1]['price']" in str(error)
    assert known.value(lambda: dict(session)) == KNOWN
