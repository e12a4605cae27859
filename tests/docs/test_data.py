"""session, flash, parameters, scopes: their blocks do what is said there."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask import session

from flask_sessionplus import ParameterError, SessionPlus
from tests.web.typing_in import Desk, runs
from tests.web.visiting import Visitor


@runs("session 1")
def test_session(desk: Desk, visitor: Visitor) -> None:
    """session: what is put in, changed inside and counted is there in the next request."""
    visitor.value(lambda: desk.type("session 1") and None)

    assert visitor.value(lambda: dict(session)) == {"cart": {"mug": 2}, "visits": 1}


@runs("session 2", "session 4")
def test_session_changes(desk: Desk, visitor: Visitor) -> None:
    """session: nested changes are saved, and `atomic` returns what it stored."""
    visitor(lambda: session.update(cart={}, basket={"pears": 1}))
    visitor.value(lambda: desk.type("session 2", session=session))

    assert visitor.value(lambda: session["cart"]) == {"apples": 3, "pears": ["ripe"]}
    assert visitor.value(lambda: desk.type("session 4"))["stock"] == {"pears": 1, "apples": 3}


@runs("session 3")
def test_session_types(desk: Desk) -> None:
    """session: a registered type comes back."""

    class Money(SimpleNamespace):
        def __init__(self, amount: Decimal, currency: str) -> None:
            super().__init__(amount=amount, currency=currency)

    desk.type("session 3", Money=Money, SessionPlus=SessionPlus)["ext"].init_app(desk.app)
    visitor = desk.visitor()
    visitor(lambda: session.update(price=Money(Decimal("12.30"), "EUR")))

    assert visitor.value(lambda: session["price"]) == Money(Decimal("12.30"), "EUR")


@runs("flash 1")
def test_flash(desk: Desk, visitor: Visitor) -> None:
    """flash: a message and a form can be set and read."""
    form = {"name": "Ada"}
    request = SimpleNamespace(form=form)

    visitor.value(lambda: desk.type("flash 1", session=session, request=request))


@runs("parameters 1", "parameters 2")
def test_parameters(desk: Desk) -> None:
    """parameters: a date is made of a text, a default is given, and a choice is kept to."""
    desk.type("parameters 1", request=SimpleNamespace(form={"birthday": "1969-07-20"}))
    visitor = desk.visitor()

    def set_all() -> tuple[Any, Any]:
        with pytest.raises(ParameterError, match="theme"):
            desk.type("parameters 2")
        return session["birthday"], session.get("theme")

    assert visitor.value(set_all) == (date(1969, 7, 20), "light")


@runs("scopes 1", "scopes 2", "scopes 3")
def test_scopes(desk: Desk, visitor: Visitor) -> None:
    """scopes: what is done in a scope is the session's only when it is committed."""
    visitor(lambda: session.update(cart=["mug"], voucher="X"))
    visitor.value(lambda: desk.type("scopes 1"))

    assert visitor.value(lambda: dict(session)) == {"cart": ["mug"], "voucher": "X"}
    visitor.value(lambda: (desk.type("scopes 1"), desk.type("scopes 2"), desk.type("scopes 3")))
    found = visitor.value(lambda: dict(session))
    assert found["step"] == 2
    assert "gift" in found["cart"]
    assert "voucher" not in found
