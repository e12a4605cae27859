"""What is wrong with sealed records: whether they open with the keys that there are."""

from __future__ import annotations

from ..findings import Finding
from .base import Browsable

# Records that are tried. A key that is not there has sealed most of them, or many.
_ENOUGH = 100


def diagnose(store: Browsable) -> list[Finding]:
    """Return a finding if some records of *store*, which opens them, do not open.

    :raises StoreError: if the place does not answer.
    """
    page = store.page(None, _ENOUGH)
    if not page.sealed:
        return []
    tried = page.sealed + len(page.found)
    return [
        Finding(
            # All: it is the wrong key. Some: a key was taken out too early.
            "warning" if page.found else "error",
            "sealed-by-others",
            f"{page.sealed:,} of {tried:,} records that were tried do not open with"
            " SESSION_ENCRYPTION_KEYS.",
            "Whoever has one of these sessions seems to be signed out.",
            "Put the key that has sealed them behind the others. If it is lost, let them expire, or"
            " run `flask session revoke --all`. If they are older than any key, carry them to"
            " another place: SESSION_STORE_FROM = 'plain+...'.",
        )
    ]
