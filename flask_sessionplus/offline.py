"""A session whose store does not answer: empty and read-only, see ``SESSION_ON_STORE_ERROR``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .codec import Codec
from .data import Data
from .errors import SessionReadOnly
from .record import BOOKKEEPING


class OfflineData(Data):
    """Holds nothing, and takes nothing.

    :param refuse: called for what would have to be stored; raises SessionReadOnly.
    """

    def __init__(self, codec: Codec, refuse: Callable[[], None]) -> None:
        super().__init__(codec, {})
        self._refuse = refuse

    def __setitem__(self, name: str, value: Any) -> None:
        self._refuse()

    def __delitem__(self, name: str) -> None:
        self._refuse()

    def set_hidden(self, name: str, data: bytes | None) -> None:
        """Refuse all but bookkeeping, which is ignored."""
        # Many apps say `session.permanent = True` with each request: it says nothing of a
        # session that is not there.
        if not name.startswith(BOOKKEEPING):
            self._refuse()


def refusal() -> SessionReadOnly:
    """Return what to raise for a change of such a session."""
    return SessionReadOnly(
        "The session store does not answer, so the session is empty and read-only, and nothing"
        " was saved. Look at the store; it is asked again with the next request."
    )
