"""Sessions that stay where they were begun: ``SESSION_BIND``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from .record import BOOKKEEPING, Record
from .services import Services

#: From where a session was begun, as digests.
BIND = f"{BOOKKEEPING}bind"

# Whoever has an IPv6 address has as many as fit in there, and changes them at will.
_NETWORK = 64

_LENGTH = 16

# As some proxies pass it on: each connection has another port.
_with_port = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d+|\[([^\]]+)\](?::\d+)?", re.ASCII).fullmatch

_REASONS = {"ip": "address", "user_agent": "browser"}


def bound(services: Services, request: Any, sets: dict[str, bytes]) -> dict[str, bytes]:
    """Return the values of a session that begins, and with them from where it may be used."""
    traits = services.settings.signin.bind
    if not traits:
        return sets
    return {**sets, BIND: services.codec.encode(_digests(traits, request))}


def comes_from_elsewhere(services: Services, request: Any, record: Record) -> str | None:
    """Return why *request* must not have the session: ``"address"`` or ``"browser"``; else None.

    What was begun before the setting was made belongs everywhere.
    """
    traits, data = services.settings.signin.bind, record.values.get(BIND)
    if not traits or data is None:
        return None
    known: Mapping[str, bytes] = services.codec.decode(data)
    for trait, found in _digests(traits, request).items():
        if known.get(trait, found) != found:
            return _REASONS[trait]
    return None


def _digests(traits: tuple[str, ...], request: Any) -> dict[str, bytes]:
    found = {"ip": network(request.remote_addr), "user_agent": request.user_agent.string}
    return {trait: _digest(trait, found[trait]) for trait in traits}


def _digest(trait: str, text: str) -> bytes:
    # Not for secrecy, an address is soon guessed: so that the record has one length.
    return sha256(f"{trait}:{text}".encode("utf-8", "surrogatepass")).digest()[:_LENGTH]


def network(address: str | None) -> str:
    """Return what stays the same of an *address*: no port, of IPv6 the first 64 bits."""
    found_port = _with_port(address or "")
    if found_port:
        address = found_port[1] or found_port[2]
    try:
        found = ip_address(address or "")
    except ValueError:
        # A Unix socket has none.
        return address or ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found), _NETWORK), strict=False))
    return str(found)
