"""For gunicorn: a contestant's application, at a place that was made beforehand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import ALL

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: The variables that say who, and where.
NAME, PLACE = "BENCH_CONTESTANT", "BENCH_PLACE"


def make() -> WSGIApplication:
    """Open the application."""
    (kind,) = (kind for kind in ALL if kind.name == os.environ[NAME])
    return kind().open(os.environ[PLACE])
