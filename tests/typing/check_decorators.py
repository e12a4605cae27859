"""Decorators keep the types of what they decorate: read by mypy, never run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response
from flask.views import MethodView
from typing_extensions import assert_type

from flask_sessionplus.answers import safe_next
from flask_sessionplus.decorators import (
    Identity,
    current_identity,
    delete_data,
    exclusive,
    fresh_required,
    get_data,
    login_required,
    no_session,
    put_data,
    read_only,
    role_required,
    scoped,
)
from flask_sessionplus.proxies import scoped_session
from flask_sessionplus.scopes import Scope


@login_required
@role_required("admin", 3)
@fresh_required
@exclusive
@read_only
def page(number: int, name: str = "") -> str:
    """Answer."""
    assert_type(scoped_session, Scope)
    assert_type(safe_next(), str)
    assert_type(current_identity(), Identity | None)
    return f"{number}{name}"


@login_required(level="2fa")
@fresh_required(timedelta(minutes=5))
@exclusive(wait=5, lease=timedelta(seconds=30))
@scoped("shop", inherit=False)
@no_session()
@get_data("body", "order.id", session_type="global", scoped=True)
@put_data(session_type="session", scoped="shop")
@delete_data()
async def later(number: int) -> Response:
    """Answer later."""
    return Response(str(number))


@no_session
@login_required
@scoped("shop")
class Page(MethodView):
    """Answer in several ways."""

    @fresh_required(60)
    def get(self, number: int) -> str:
        """Answer."""
        return str(number)


def views() -> None:
    """Use what was decorated as if it was not."""
    one: Callable[[int, str], str] = page
    two: Callable[[int], Awaitable[Response]] = later
    assert_type(page(1, "a"), str)
    assert_type(Page().get(1), str)
    assert_type(scoped("shop")(Blueprint("shop", __name__)), Blueprint)
    assert_type(login_required(Blueprint("shop", __name__)), Blueprint)
    assert_type(exclusive(wait=1)(Page), type[Page])
    page("1")  # type: ignore[arg-type]
    print_nothing(one, two)


def mistakes() -> None:
    """What is no view, or no argument, is found by the type checker."""
    login_required("admin")  # type: ignore[call-overload]
    login_required(level=2)  # type: ignore[call-overload]
    fresh_required("60")  # type: ignore[call-overload]
    exclusive(5)  # type: ignore[call-overload]
    exclusive(wait="5")  # type: ignore[call-overload]
    scoped()  # type: ignore[call-arg]
    scoped("shop")("view")  # type: ignore[type-var]
    get_data(session_type="remote")  # type: ignore[arg-type]
    put_data(7)  # type: ignore[arg-type]


def print_nothing(*views: Any) -> None:
    """Take the views."""
