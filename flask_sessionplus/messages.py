"""Messages that are taken out of the store when they are read, so that only one gets them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from . import signals
from .lifecycle import Lifecycle
from .names import FLASHES
from .record import Changes
from .reporter import PATIENCE
from .services import State
from .stores.base import Outcome


def read_messages(life: Lifecycle, keys: Iterable[str]) -> dict[str, Any]:
    """Return the messages under *keys* that this request gets."""
    return life.flash.read(keys, partial(claim, life))


def take_flashes(life: Lifecycle) -> list[Any]:
    """Remove Flask's messages and return those that no other request has taken."""
    messages = list(life.data[FLASHES])
    stored = life.data.flashes()
    taken = claim(life, stored)
    for name, data in stored.items():
        message = life.services.codec.decode(data)
        if name not in taken and message in messages:
            messages.remove(message)
    if not life.is_peeking:
        life.data.forget_flashes()
    return messages


def claim(life: Lifecycle, names: Iterable[str]) -> dict[str, bytes]:
    """Take hidden values out of the store; return those that nobody else had taken."""
    names = list(names)
    if life.state is State.DETACHED and not life.is_peeking:
        # They went along with a new token, or ended: whoever has them now, it is not us.
        return {}
    if not life.is_stored or life.is_peeking:
        here = {name: life.data.get_hidden(name) for name in names}
        return {name: data for name, data in here.items() if data is not None}
    for _ in range(PATIENCE):
        stored = {name: life.data.stored(name) for name in names}
        wanted = {name: data for name, data in stored.items() if data is not None}
        if not wanted:
            return {}
        outcome = life.apply_now(Changes(removals=wanted, expects=dict(wanted))).outcome
        if outcome is Outcome.SAVED:
            life.claimed.update(wanted)
            life.was_modified = True
            life.send(signals.session_saved)
            return wanted
        if outcome is Outcome.GONE:
            return {}
    raise life.give_up("The messages")
