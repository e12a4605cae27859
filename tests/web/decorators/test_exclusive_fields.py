"""`exclusive` with `SESSION_FIELDS`: what counts is where the session is, not a field."""

from __future__ import annotations

import pytest
from flask import session

from flask_sessionplus.decorators import exclusive
from flask_sessionplus.errors import ConfigError
from tests.web.visiting import together

KEYS = {"SESSION_ENCRYPTION_KEYS": ["ab" * 32]}


def test_a_field_in_the_cookie(make_visitor):
    """With one field in the cookie, and the rest on the server, it works, and all is kept."""
    box = []

    def view():
        if not box:
            box.append(None)
            inner = visitor.tab()
            box[:] = together(lambda: inner.client.get("/view").status_code)
        session["cart"].append("milk")
        session["csrf_token"] += "b"
        return "seen"

    fields = {"csrf_token": "cookie://", "*": "memory://"}
    visitor = make_visitor(exclusive(wait=0), view, store=None, SESSION_FIELDS=fields, **KEYS)
    visitor(lambda: session.update(csrf_token="a", cart=["tea"]))

    assert visitor.client.get("/view").status_code == 200
    assert box == [503]
    expected = {"csrf_token": "ab", "cart": ["tea", "milk"]}
    assert visitor.value(lambda: dict(session)) == expected
    assert visitor.client.get("/view").status_code == 200


def test_the_session_in_the_cookie(make_visitor):
    """With all fields in the cookie it is refused, as with such a store."""
    fields = {"*": "cookie://"}
    visitor = make_visitor(exclusive, store=None, SESSION_FIELDS=fields, **KEYS)
    visitor(lambda: session.update(cart=["tea"]))

    with pytest.raises(ConfigError, match="'\\*' of SESSION_FIELDS"):
        visitor.client.get("/view")
