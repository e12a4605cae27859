"""The servers that tests talk to: one that runs, else one of our own, else none.

`TEST_POSTGRESQL_URL`, `TEST_MARIADB_URL` and `TEST_REDIS_URL` name servers that must be there.
Without them the standard ports of this machine are tried, and then the installed programs.
An empty value (`TEST_REDIS_URL=`) asks for a server of our own, whatever runs.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import private_servers
from tests.support.missing import missing
from tests.support.probe import probe


@dataclass(frozen=True)
class Kind:
    """A kind of server: its name, where it usually is, and how to start one."""

    name: str
    variable: str
    usual_url: str
    start: Callable[[Path], AbstractContextManager[str]]


POSTGRESQL = Kind(
    "PostgreSQL",
    "TEST_POSTGRESQL_URL",
    "postgresql+psycopg://postgres@127.0.0.1:5432/test",
    private_servers.postgresql,
)
MARIADB = Kind(
    "MariaDB",
    "TEST_MARIADB_URL",
    "mysql+pymysql://root@127.0.0.1:3306/test",
    private_servers.mariadb,
)
REDIS = Kind("Redis", "TEST_REDIS_URL", "redis://127.0.0.1:6379/15", private_servers.redis)


@contextmanager
def server(kind: Kind) -> Iterator[str]:
    """Yield the URL of a server that answers; end the test if there is none."""
    named = os.environ.get(kind.variable)
    if named:
        # Somebody said that it is there: if it isn't, that is an error, not a reason to skip.
        probe(named)
        yield named
    elif named is None and _answers(kind.usual_url):
        yield kind.usual_url
    else:
        try:
            with private(kind) as url:
                yield url
        except private_servers.NotInstalled as programs:
            missing(f"{kind.name}: none runs ({kind.variable}), not installed: {programs}")


@contextmanager
def private(kind: Kind) -> Iterator[str]:
    """Yield the URL of a server started for us alone, in a folder that goes with it."""
    with (
        tempfile.TemporaryDirectory(prefix="sessionplus-", ignore_cleanup_errors=True) as folder,
        kind.start(Path(folder)) as url,
    ):
        yield url


def _answers(url: str) -> bool:
    try:
        probe(url)
    except OSError:
        return False
    return True
