"""Addresses to send a visitor to."""

from __future__ import annotations

import re

# One slash and not two (that would be a host), and nothing browsers read as a slash or drop.
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def local_path(target: str, otherwise: str = "/") -> str:
    """The target if it lies within the shop; never another site."""
    return target if _LOCAL.fullmatch(target) else otherwise
