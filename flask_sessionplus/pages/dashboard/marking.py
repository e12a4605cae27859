"""Texts that are written down here, and shown in the visitor's language elsewhere."""

from __future__ import annotations


def _(text: str) -> str:
    """Mark *text* for who collects what is to be translated."""
    return text
