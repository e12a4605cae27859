"""Values that are written at once, so that they are exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import clock, signals
from .lifecycle import Lifecycle
from .names import FLASHES, shown
from .record import Changes, has_content
from .reporter import PATIENCE
from .saving import check_size
from .services import Cookie
from .stores.base import Outcome

#: Stands for a value that is not there.
MISSING: Any = object()


def exchange(life: Lifecycle, name: str, function: Callable[[Any], Any]) -> Any:
    """Store what *function* makes of the value of *name*, and return it.

    A value this request has changed already is its own affair: it is only exchanged here,
    and written at the end.

    :param function: gets the value or MISSING. It is called again if others were
        faster, so it must only compute.
    :raises StoreConflict: if others were faster again and again.
    """
    life.refuse_if_read_only()
    codec, data = life.services.codec, life.data
    for _ in range(PATIENCE):
        if not life.is_stored or name == FLASHES or not data.is_clean(name):
            value = function(data.get(name, MISSING))
            data[name] = value
            return value
        stored = data.stored(name)
        old = MISSING if stored is None else codec.decode(stored)
        value = function(old)
        encoded = codec.encode(value, shown(name))
        if stored is not None and codec.same(stored, encoded):
            return data[name]
        assert life.record is not None
        check_size(life, {name: encoded})
        now = clock.now()
        changes = Changes(
            {name: encoded},
            expects={name: stored},
            expires_at=life.lifetimes().expiry(life.record.created_at, now),
            seen_at=now,
        )
        outcome, record = life.apply_now(changes)
        if outcome is Outcome.SAVED:
            assert record is not None
            data.put_stored(name, value, encoded)
            life.was_modified = True
            if not has_content((record.values.keys() | record.beside.keys()) - {name}):
                # Another request may have emptied it, and taken the cookie away.
                life.cookie = Cookie.SET
            life.send(signals.session_saved)
            return value
        data.forget(name)
    raise life.give_up(shown(name))


def take(life: Lifecycle, name: str) -> Any:
    """Remove *name* from what is stored and return its value, or MISSING.

    Of parallel requests only one gets it. A value that this request has changed already is its
    own affair, and removed at the end.

    :raises StoreConflict: if others were faster again and again.
    """
    life.refuse_if_read_only()
    data = life.data
    for _ in range(PATIENCE):
        value = data.get(name, MISSING)
        if value is MISSING or not life.is_stored or not data.is_clean(name):
            if value is not MISSING:
                del data[name]
            return value
        stored = data.stored(name)
        if stored is None:
            # Somebody else was faster; what this request has read of it is nobody's now.
            del data[name]
            return MISSING
        assert life.record is not None
        now = clock.now()
        changes = Changes(
            removals=[name],
            expects={name: stored},
            expires_at=life.lifetimes().expiry(life.record.created_at, now),
            seen_at=now,
        )
        outcome = life.apply_now(changes).outcome
        if outcome is Outcome.GONE:
            # It went along with a new token, or ended: whoever has it now, it is not us.
            return MISSING
        if outcome is Outcome.SAVED:
            if name in data:
                del data[name]
            life.was_modified = True
            life.send(signals.session_saved)
            return value
        data.forget(name)
    raise life.give_up(shown(name))
