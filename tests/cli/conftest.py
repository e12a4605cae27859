"""Apps whose sessions are looked after from the command line."""

from __future__ import annotations

from tests.web.conftest import clock, make_site

__all__ = ["clock", "make_site"]
