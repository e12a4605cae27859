"""Which process this is, without asking the system each time."""

from __future__ import annotations

import os

#: Another number in each child of a fork. What must not be shared with the parent, such
#: as a connection, is made anew where the number is not the one it was made under.
generation = 0


def _begin_child() -> None:
    global generation
    generation += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_child)
