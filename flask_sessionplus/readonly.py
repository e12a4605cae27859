"""Sessions that take nothing in: the store does not answer, or the view said ``read_only``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from .codec import Codec
from .data import Data
from .errors import SessionReadOnly, WriteRefused
from .large import Source
from .record import BOOKKEEPING

_NOTHING: dict[str, int] = {}


def _no_source() -> None:
    return None


class ReadOnlyData(Data):
    """Holds what is stored, and takes nothing.

    :param refuse: called for what would have to be stored; raises.
    """

    def __init__(
        self,
        codec: Codec,
        refuse: Callable[[], NoReturn],
        stored: dict[str, bytes],
        beside: dict[str, int] = _NOTHING,
        find_source: Callable[[], Source | None] = _no_source,
    ) -> None:
        super().__init__(codec, stored, beside, find_source)
        self._refuse = refuse

    def __setitem__(self, name: str, value: Any) -> None:
        self._refuse()

    def __delitem__(self, name: str) -> None:
        self._refuse()

    def drop(self, name: str) -> None:
        """Refuse it, be it there or not."""
        self._refuse()

    def set_hidden(self, name: str, data: bytes | None) -> None:
        """Refuse all but bookkeeping, which is ignored."""
        # Many apps say `session.permanent = True` with each request: it says nothing of a
        # session that is not there.
        if not name.startswith(BOOKKEEPING):
            self._refuse()


def refuse_offline(error: BaseException | None) -> NoReturn:
    """Refuse a change of a session whose store does not answer.

    :param error: what the store raised.
    """
    raise SessionReadOnly(
        "The session store does not answer, so the session is empty and read-only, and nothing"
        " was saved. Look at the store; it is asked again with the next request."
    ) from error


def refuse_write() -> NoReturn:
    """Refuse a change in a view that said it would make none."""
    raise WriteRefused(
        "This view is read_only, and something in it changes the session. Nothing was saved:"
        " take read_only off the view or the blueprint, or the change out of it."
    )
