"""What is wrong with the stores that another one is made of."""

from __future__ import annotations

from ..findings import Finding
from .base import Browsable, Diagnosable, Purgeable, Store, having

# Fewer expired sessions do no harm.
_MANY = 10_000

# What does not matter for copies: they may be lost, and each process may have its own.
_ABOUT_LOSS = frozenset(
    {"memcached-forgets", "memory", "memory-many-workers", "redis-evicts", "redis-not-durable"}
)

FORGETS = Finding(
    "warning",
    "memcached-forgets",
    "The sessions are in memcached alone.",
    "When it is restarted, or its memory is used up, users are signed out without a word.",
    "Put it in front of a store that keeps them: SESSION_STORE = ['memcached://...',"
    " 'postgresql+psycopg://...'].",
)

UNREVOCABLE = Finding(
    "warning",
    "cookie-not-revocable",
    "The sessions are in the browser, and SESSION_COOKIE_REVOCATIONS is None.",
    "Whoever has copied a cookie can use it after the sign-out, until it expires.",
    "Leave SESSION_COOKIE_REVOCATIONS out, or name a store that all processes share.",
)


def diagnose_all(*stores: Store) -> list[Finding]:
    """Return what is wrong with *stores* and those that they are made of."""
    return [
        finding
        for store in stores
        for part in having(store, Diagnosable)
        for finding in part.diagnose()
    ]


def unpurged(store: Purgeable) -> list[Finding]:
    """Return a finding if *store*, whose place is there, has more expired sessions than others."""
    expired = store.count_expired()
    alive = store.count() if isinstance(store, Browsable) else 0
    if expired <= max(_MANY, alive):
        return []
    return [
        Finding(
            "warning",
            "not-purged",
            f"{expired:,} expired sessions wait to be removed, and {alive:,} are alive.",
            "They take room, and make the store slower the more they are.",
            "Run `flask session purge` each hour, by cron or a systemd timer.",
        )
    ]


def of_copies(findings: list[Finding]) -> list[Finding]:
    """Leave out what does not matter where only copies are."""
    return [finding for finding in findings if finding.code not in _ABOUT_LOSS]
