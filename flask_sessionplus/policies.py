"""What a view says of the session, found when the session is used for the first time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .services import Policy

if TYPE_CHECKING:
    from flask import Flask, Request

_ATTRIBUTE = "_sessionplus_policy"


# The stricter one holds if two were set, in whatever order.
_STRICTNESS = (Policy.READ_WRITE, Policy.READ_ONLY, Policy.NO_SESSION)


def set_policy(target: Any, policy: Policy) -> None:
    """Let a view function, a view class, a method of it or a blueprint have *policy*.

    A stricter one that it has already stays; not that of a parent class.
    """
    found: Policy = vars(target).get(_ATTRIBUTE, Policy.READ_WRITE)
    setattr(target, _ATTRIBUTE, max(found, policy, key=_STRICTNESS.index))


def find_policy(app: Flask, request: Request) -> Policy:
    """Return the policy of the view that answers *request*, else of its blueprints.

    The innermost that says something is right: the method of a class, the view function, its
    class, the blueprint, the one it is nested in.
    """
    for target in _targets(app, request):
        found: Policy | None = getattr(target, _ATTRIBUTE, None)
        if found is not None:
            return found
    return Policy.READ_WRITE


def _targets(app: Flask, request: Request) -> Iterator[Any]:
    endpoint = getattr(request, "endpoint", None)
    if endpoint is None:
        return
    view = app.view_functions.get(endpoint)
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        yield _method(view_class, request.method.lower())
    yield view
    yield view_class
    for name in request.blueprints:
        yield app.blueprints.get(name)


def _method(view_class: Any, name: str) -> Any:
    found = getattr(view_class, name, None)
    if found is None and name == "head":
        found = getattr(view_class, "get", None)
    return getattr(view_class, "dispatch_request", None) if found is None else found
