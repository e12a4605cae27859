"""What has come as JSON."""

from __future__ import annotations

from typing import TypeVar

from flask import abort, request

T = TypeVar("T")


def member(name: str, type: type[T], default: T | None = None) -> T:
    """One member of the JSON object that was sent; 400 if it is missing or something else."""
    sent = request.get_json()
    found = sent.get(name, default) if isinstance(sent, dict) else None
    if not isinstance(found, type) or isinstance(found, bool):
        abort(400, f"The body has to be a JSON object with {name!r}: {type.__name__}.")
    return found
