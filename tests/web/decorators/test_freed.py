"""Decorators keep nothing in memory: no request once it has ended, no app that is dropped."""

from __future__ import annotations

import gc
import weakref
from io import BytesIO

import pytest
from flask import Flask, Response, request, send_file, session, stream_with_context

from flask_sessionplus import SessionPlus
from flask_sessionplus.decorators import exclusive, get_data, login_required, scoped
from flask_sessionplus.proxies import scoped_session
from tests.web.visiting import KNOWN


def use_scope():
    """Read in the scope, and write."""
    scoped_session["cart"].append("milk")
    return "seen"


def parts():
    """Stream."""
    yield str(session.get("name"))


def stream():
    """Answer with a stream."""
    return Response(stream_with_context(parts()))


REQUESTS = {
    "scoped": (scoped("shop"), use_scope),
    "scoped twice": (lambda view: scoped("shop")(scoped("order")(view)), use_scope),
    "exclusive": (exclusive, lambda: "seen"),
    "exclusive stream": (exclusive, stream),
    "exclusive file": (exclusive, lambda: send_file(BytesIO(b"seen"), "text/plain")),
}


@pytest.mark.parametrize(("decorate", "do"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_freed(make_visitor, decorate, do):
    """What a request has used is freed as it ends, and does not wait for the garbage collector."""
    kept = []

    def view():
        kept.append(weakref.ref(request._get_current_object()))
        return do()

    visitor = make_visitor(decorate, view)
    visitor(lambda: session.update(KNOWN))
    assert visitor.client.get("/view").text
    gc.collect()
    gc.disable()
    try:
        assert visitor.client.get("/view").text
        assert kept[1]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("decorate", [get_data("name"), scoped("shop"), exclusive, login_required])
def test_an_app_is_freed(decorate):
    """An app from a factory, and its views, are freed when it is dropped."""

    def make():
        app = Flask("site")
        SessionPlus(app, store="memory://")
        # As views in a factory do, it knows the app.
        app.add_url_rule("/", "page", decorate(lambda name="": app.name))
        app.test_client().get("/")
        return weakref.ref(app)

    gone = make()
    gc.collect()

    assert gone() is None
