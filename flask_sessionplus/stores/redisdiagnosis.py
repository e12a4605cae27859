"""What is wrong with a Redis or Valkey server that sessions are kept in."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from .. import clock
from ..errors import StoreUnavailable
from ..findings import Finding
from . import clocks
from .redislink import Link

# Of the memory that it may use.
_NEARLY_FULL = 0.9

# Of INFO.
_SECTIONS = ("memory", "persistence", "replication")

_UNTOLD = Finding(
    "note",
    "redis-untold",
    "The Redis server does not tell this user about itself.",
    "Whether it throws sessions away when its memory is used up, and what it has on disk, could"
    " not be found out.",
    "ACL SETUSER ... +info, or look at maxmemory-policy (noeviction) and appendonly yourself.",
)


def diagnose(link: Link) -> list[Finding]:
    """Return what is wrong with the server that *link* asks; of a cluster, with one of them.

    :raises StoreUnavailable: if it does not answer.
    """
    link.ask("PING")
    memory, durability, role = (_section(link, name) for name in _SECTIONS)
    return [
        *_clock(link),
        *(_memory(memory) if memory else [_UNTOLD]),
        *_durability(durability),
        *_role(role),
        *_parser(link),
    ]


def _clock(link: Link) -> list[Finding]:
    began = clock.now()
    try:
        answer = link.ask("TIME")
    except StoreUnavailable:
        # Not every user may ask that.
        return []
    # A cluster's client may ask all of its servers.
    answers = answer.values() if isinstance(answer, Mapping) else [answer]
    found = [
        finding
        for seconds, microseconds in answers
        for finding in clocks.compare(
            began, int(seconds) * 1_000 + int(microseconds) // 1_000, "The Redis server"
        )
    ]
    return found[:1]


def _memory(info: Mapping[str, str]) -> list[Finding]:
    most, policy = _number(info, "maxmemory"), info.get("maxmemory_policy", "")
    if not most or not policy:
        return []
    if policy != "noeviction":
        return [
            Finding(
                "warning",
                "redis-evicts",
                f"The Redis server may use {most:,} bytes, and then evicts ({policy}).",
                "Users are signed out without a word when its memory is used up, and what was"
                " noted of sessions that have ended may be forgotten.",
                "CONFIG SET maxmemory-policy noeviction, or a server of its own for the sessions.",
            )
        ]
    used = _number(info, "used_memory")
    if used > most * _NEARLY_FULL:
        return [
            Finding(
                "warning",
                "redis-nearly-full",
                f"The Redis server uses {used:,} of {most:,} bytes.",
                "When its memory is used up, no session can be saved: requests answer 503.",
                "Raise maxmemory, or find out what fills it: redis-cli --bigkeys.",
            )
        ]
    return []


def _durability(info: Mapping[str, str]) -> list[Finding]:
    if "aof_enabled" not in info or info["aof_enabled"] != "0":
        return []
    return [
        Finding(
            "note",
            "redis-not-durable",
            "The Redis server keeps no append-only file.",
            "If it crashes, the sessions of the last minutes, or all, are lost, and sessions that"
            " were ended since its last snapshot may be alive again.",
            "CONFIG SET appendonly yes, if that is not wanted.",
        )
    ]


def _role(info: Mapping[str, str]) -> list[Finding]:
    if info.get("role") != "slave":
        return []
    return [
        Finding(
            "error",
            "redis-replica",
            "The Redis server is a replica.",
            "Nothing can be saved there, and what was saved on the master comes late.",
            "Name the master, or let Sentinel name it: SESSION_STORE = 'redis+sentinel://...'.",
        )
    ]


def _parser(link: Link) -> list[Finding]:
    library = link.faults.lost.__module__.partition(".")[0]
    package = {"redis": "hiredis", "valkey": "libvalkey"}.get(library)
    if package is None or importlib.util.find_spec(package) is not None:
        return []
    return [
        Finding(
            "note",
            f"{package}-missing",
            f"The package {package} is not installed.",
            "Answers of the Redis server are then read by Python, which is slower.",
            f"pip install {package}",
        )
    ]


def _section(link: Link, name: str) -> dict[str, str]:
    """Return a section of INFO; empty if we may not ask."""
    try:
        found = link.ask("INFO", name)
    except StoreUnavailable:
        # Some providers forbid it. Whether the server answers at all was asked before.
        return {}
    return _parse(found)


def _parse(found: Any) -> dict[str, str]:
    if isinstance(found, Mapping):
        # A client has parsed it already; a cluster's may answer for each server.
        for value in found.values():
            if isinstance(value, Mapping) and "role" not in found:
                return _parse(value)
        return {str(name): str(value) for name, value in found.items()}
    text = found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value for name, colon, value in lines if colon}


def _number(info: Mapping[str, str], name: str) -> int:
    value = info.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else 0
