"""For people who test an app, or write a store of their own.

:class:`FakeClock` and :class:`SessionClient` need nothing else; :class:`StoreContract` needs
pytest and Hypothesis.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .client import ClientSession, SessionClient, make_client
from .clock import FakeClock

if TYPE_CHECKING:
    from .contract import StoreContract

__all__ = ["ClientSession", "FakeClock", "SessionClient", "StoreContract", "make_client"]


def __getattr__(name: str) -> Any:
    if name != "StoreContract":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Late, so that an app's tests can have the clock without Hypothesis. And pytest has
    # to hear of the modules first, or a failed claim would not show its values.
    claims = f"{__name__}.contract"
    if claims not in sys.modules:
        import pytest

        pytest.register_assert_rewrite(claims)
    from .contract import StoreContract

    globals()[name] = StoreContract
    return StoreContract
