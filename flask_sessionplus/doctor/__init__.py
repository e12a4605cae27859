"""The doctor: looks an app over, and tells what is wrong with its sessions, why, and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Flask

from ..findings import SEVERITIES, Finding
from . import cookies, lifetimes, proxies, store, surroundings, weakness, web

#: Looks at an app, and returns what it has found.
Check = Callable[[Flask], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    *surroundings.CHECKS,
    *cookies.CHECKS,
    *lifetimes.CHECKS,
    *weakness.CHECKS,
    *proxies.CHECKS,
    *store.CHECKS,
)


def examine(app: Flask, url: str | None = None) -> list[Finding]:
    """Return all that is wrong with the sessions of *app*, the worst first.

    To be called in the app's context. Nothing is changed; the store is asked, and *url*.

    :param url: an address of the app as visitors use it: what it answers is looked at, too.
    """
    found = [finding for check in CHECKS for finding in check(app)]
    if url is not None:
        found += web.examine(app, url)
    # Two stores may be in one place.
    return sorted(dict.fromkeys(found), key=lambda finding: SEVERITIES.index(finding.severity))
