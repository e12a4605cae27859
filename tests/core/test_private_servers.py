"""The servers that a run starts for itself where none runs."""

from __future__ import annotations

import pytest

from tests.support import private_servers, servers
from tests.support.probe import probe

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "kind", [servers.POSTGRESQL, servers.MARIADB, servers.REDIS], ids=lambda kind: kind.name
)
def test_a_private_server_answers_and_is_gone_afterwards(kind, tmp_path):
    """A server started for a run lets us in while the block runs, and no longer."""
    try:
        with servers.private(kind) as url:
            probe(url)
    except private_servers.NotInstalled as programs:
        pytest.skip(f"not installed: {programs}")

    with pytest.raises(OSError, match=r"."):
        probe(url)
