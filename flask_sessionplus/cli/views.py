"""Sessions as rows of a table, and as JSON."""

from __future__ import annotations

import json
from typing import Any

from ..overview import SessionDetails
from ..owners import SessionInfo
from .output import absolute, counted, iso, printable, relative

#: The heads of :func:`row`.
HEADS = ("HANDLE", "KIND", "USER", "BROWSER", "ADDRESS", "LAST SEEN")

# A value is shown on one line.
_LONGEST = 200


def row(info: SessionInfo) -> tuple[str, ...]:
    """Return a session as a row."""
    texts = (info.user, info.browser, info.address)
    return (info.handle, info.kind, *(text or "-" for text in texts), relative(info.last_seen_at))


def as_dict(info: SessionInfo) -> dict[str, Any]:
    """Return a session as JSON has it. Times are ISO 8601, in UTC; what is not known is null."""
    return {
        "handle": info.handle,
        "kind": info.kind,
        "user": info.user or None,
        "created_at": iso(info.created_at),
        "last_seen_at": iso(info.last_seen_at),
        "expires_at": iso(info.expires_at),
        "signed_in_at": iso(info.signed_in_at),
        "address": info.address or None,
        "user_agent": info.user_agent or None,
        "browser": info.browser or None,
    }


def details_as_dict(details: SessionDetails, with_values: bool) -> dict[str, Any]:
    """Return all that is known of a session as JSON has it."""
    entries: list[dict[str, Any]] = []
    for entry in details.entries:
        found: dict[str, Any] = {"name": entry.name, "type": entry.type, "bytes": entry.size}
        if with_values:
            found["value"] = _as_json(entry.value)
        entries.append(found)
    return {
        **as_dict(details.info),
        "bytes": details.size,
        "messages": details.messages,
        "entries": entries,
        "history": [{"at": iso(event.at), "what": event.what} for event in details.history],
    }


def facts(details: SessionDetails) -> list[tuple[str, str]]:
    """Return what is known of a session, but for its values, as names and texts."""
    info = details.info
    found = [
        ("Handle", info.handle),
        ("Kind", info.kind),
        ("User", info.user or "-"),
        ("Signed in", _both(info.signed_in_at)),
        ("Browser", info.browser or "-"),
        ("User agent", info.user_agent or "-"),
        ("Address", info.address or "-"),
        ("Created", _both(info.created_at)),
        ("Last seen", _both(info.last_seen_at)),
        ("Expires", _both(info.expires_at)),
        ("Size", counted(details.size, "byte")),
        ("Messages", f"{details.messages} waiting"),
    ]
    found += [("History", f"{absolute(event.at)}  {event.what}") for event in details.history]
    return [(name, printable(text)) for name, text in found]


def shown(value: Any) -> str:
    """Return a value as a line of text, cut if it is long."""
    text = _text(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _as_json(value: Any) -> Any:
    """Return *value* if JSON has it, else what Python shows of it."""
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=repr))
    except (TypeError, ValueError, RecursionError):
        return _text(value)


def _text(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:
        # Python refuses to write it in decimals, for that takes too long (CVE-2020-10735).
        return f"<{type(value).__name__} with a number of too many digits>"


def _both(moment: Any) -> str:
    return "-" if moment is None else f"{absolute(moment)} ({relative(moment)})"
