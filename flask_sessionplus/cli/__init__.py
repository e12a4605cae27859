"""``flask session ...``: what an operator does by hand."""

from __future__ import annotations

from .check import check
from .group import session_commands
from .init import init
from .keys import keys
from .list import list_
from .migrate import migrate
from .parameters import parameters
from .purge import purge
from .revoke import revoke
from .show import show
from .stats import stats

__all__ = ["session_commands"]

_COMMANDS = (check, init, keys, list_, migrate, parameters, purge, revoke, show, stats)

for _command in _COMMANDS:
    session_commands.add_command(_command)
