"""What a view says of the session, found when the session is used for the first time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .services import Policy

if TYPE_CHECKING:
    from flask import Flask, Request

_ATTRIBUTE = "_sessionplus_policy"


def set_policy(target: Any, policy: Policy) -> None:
    """Let a view function, a view class or a blueprint have *policy*."""
    setattr(target, _ATTRIBUTE, policy)


def find_policy(app: Flask, request: Request) -> Policy:
    """Return the policy of the view that answers *request*, else of its blueprints.

    The innermost that says something is right.
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
    yield view
    yield getattr(view, "view_class", None)
    for name in request.blueprints:
        yield app.blueprints.get(name)
