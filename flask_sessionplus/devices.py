"""Browsers, in the few words that a list of devices shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_parse: Callable[[str], Any] | None
try:
    from ua_parser import parse as _parse
except ImportError:
    _parse = None

# It comes from the visitor, so it may be of any length.
_LENGTH = 40


def browser_name(agent: str) -> str:
    """Return a browser's name, such as ``"Firefox 128 on Linux"``.

    Without the package ua-parser (``Flask-SessionPlus[devices]``), and for what that does not
    know, it is the beginning of *agent*.

    :param agent: what the browser sent as User-Agent.
    """
    return _name(agent, with_version=True) or _short(agent)


def browser_kind(agent: str) -> str:
    """Return the same without the version, such as ``"Firefox on Linux"``; ``""`` if unknown."""
    return _name(agent, with_version=False)


def _name(agent: str, with_version: bool) -> str:
    found = _parse(agent) if _parse is not None else None
    browser = found.user_agent if found else None
    if found is None or browser is None:
        return ""
    words = [browser.family, browser.major if with_version else None]
    if found.os is not None:
        words += ["on", found.os.family]
    return _short(" ".join(word for word in words if word))


def _short(text: str) -> str:
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"
