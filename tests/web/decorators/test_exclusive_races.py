"""`exclusive` on every kind of store: what is read and then written is not lost."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from flask import session

from flask_sessionplus.decorators import exclusive
from tests.web.visiting import KNOWN, together


@pytest.mark.parametrize("is_exclusive", [True, False])
def test_reading_and_writing(raced, is_exclusive):
    """Of 20 threads' ``session["n"] + 1`` none is lost; without the decorator some are."""
    gate = threading.Event()

    def slowly():
        before = session.get("n", 0)
        # Long enough for others to come in between, if they may.
        gate.wait(0.002)
        session["n"] = before + 1
        return "seen"

    view = exclusive(wait=60)(slowly) if is_exclusive else slowly
    raced.app.add_url_rule("/count", "count", view)
    visitor = raced.visitor()
    visitor(lambda: session.update(KNOWN))
    clients = [visitor.tab().client for _ in range(20)]
    answers = together(*[partial(client.get, "/count") for client in clients])

    assert {answer.status_code for answer in answers} == {200}
    assert (visitor.value(lambda: session["n"]) == 20) is is_exclusive
