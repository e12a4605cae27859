"""What a view does with the session: nothing at all, or only read it."""

from __future__ import annotations

from typing import Any, overload

from ..policies import set_policy
from ..services import Policy
from .wrapping import Decorator, Rule, T


class _Kept(Rule):
    """The work is done where the session is loaded: see ``policies``."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def mark(self, target: Any) -> None:
        set_policy(target, self._policy)


@overload
def no_session(target: T, /) -> T: ...
@overload
def no_session() -> Decorator: ...
def no_session(target: Any = None, /) -> Any:
    """Answer without a session: it is not loaded, not saved, no cookie and no ``Vary`` is sent.

    Whatever extensions and ``before_request`` functions do with it: they see an empty one,
    and what they put in is thrown away with the request. For what is fetched often, is the
    same for everybody, or lies in shared caches.
    """
    decorator = Decorator(_Kept(Policy.NO_SESSION))
    return decorator if target is None else decorator(target)


@overload
def read_only(target: T, /) -> T: ...
@overload
def read_only() -> Decorator: ...
def read_only(target: Any = None, /) -> Any:
    """Read the session, and change nothing in it.

    Messages are shown and stay for the next page. That the session was used is still written,
    so that it does not expire meanwhile.

    :raises WriteRefused: where something is set or removed; for what is changed inside a
        value, as the answer goes out: then it is a 500, and nothing was saved.
    """
    decorator = Decorator(_Kept(Policy.READ_ONLY))
    return decorator if target is None else decorator(target)
