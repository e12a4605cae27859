"""Values that are written at once, so that they are exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import clock, signals
from .errors import UndecodableValue
from .lifecycle import Lifecycle
from .names import FLASHES, key_of, shown
from .record import Changes, has_content
from .reporter import PATIENCE
from .saving import check_size
from .services import Cookie, State
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
        old = MISSING if stored is None else _decode(life, name, stored)
        value = function(old)
        encoded = codec.encode(value, shown(name))
        if stored is not None and codec.same(stored, encoded):
            return data[name]
        check_size(life, {name: encoded})
        changes = _now(life, {name: encoded}, expects={name: stored})
        outcome, record = life.apply_now(changes)
        if outcome is Outcome.SAVED:
            assert record is not None
            data.put_stored(name, value, encoded)
            if not has_content((record.values.keys() | record.beside.keys()) - {name}):
                # Another request may have emptied it, and taken the cookie away.
                life.cookie = Cookie.SET
            _tell(life)
            return value
        data.forget(name)
    raise life.give_up(shown(name))


def _decode(life: Lifecycle, name: str, stored: bytes) -> Any:
    try:
        return life.services.codec.decode(stored)
    except UndecodableValue:
        schema = life.services.schema
        if schema is None or key_of(name) not in schema:
            raise
        # As if it were not there: it is of a time before the parameter was as it is now.
        return MISSING


def take(life: Lifecycle, name: str) -> Any:
    """Remove *name* from what is stored and return its value, or MISSING.

    Of parallel requests only one gets it. A value that this request has changed already is its
    own affair, and removed at the end.

    :raises StoreConflict: if others were faster again and again.
    """
    life.refuse_if_read_only()
    data = life.data
    for _ in range(PATIENCE):
        if life.is_stored:
            data.renew(name)
        value = data.get(name, MISSING)
        if value is MISSING or _is_elsewhere(life, name):
            return MISSING
        if not life.is_stored or not data.is_clean(name):
            del data[name]
            return value
        stored = data.stored(name)
        if stored is None:
            # Somebody else was faster; what this request has read of it is nobody's now.
            del data[name]
            return MISSING
        outcome = life.apply_now(_now(life, removals=[name], expects={name: stored})).outcome
        if outcome is Outcome.GONE:
            return MISSING
        if outcome is Outcome.SAVED:
            if name in data:
                del data[name]
            _tell(life)
            return value
        data.forget(name)
    raise life.give_up(shown(name))


def take_view(life: Lifecycle, name: str, mark: str, read: Callable[[], Any]) -> Any:
    """Take out of a scope what it inherits: set *mark* at once, and return what it has seen.

    :param name: under which the scope may have a value of its own.
    :param mark: tells that the key was removed.
    :param read: returns the value.
    :raises StoreConflict: if others were faster again and again.
    """
    life.refuse_if_read_only()
    data, here = life.data, life.services.codec.encode(True)
    for _ in range(PATIENCE):
        value = read()
        if value is MISSING or data.stored(mark) is not None or _is_elsewhere(life, name):
            return MISSING
        if not life.is_stored or (name in data and not data.is_clean(name)):
            data.drop(name)
            data[mark] = True
            return value
        expects = {mark: None, name: data.stored(name)}
        changes = _now(life, {mark: here}, removals=[name], expects=expects)
        outcome = life.apply_now(changes).outcome
        if outcome is Outcome.GONE:
            return MISSING
        if outcome is Outcome.SAVED:
            if name in data:
                del data[name]
            data.put_stored(mark, True, here)
            _tell(life)
            return value
        data.forget(name)
        data.renew(name)
    raise life.give_up(shown(name))


def _now(life: Lifecycle, sets: dict[str, bytes] | None = None, **details: Any) -> Changes:
    assert life.record is not None
    now = clock.now()
    expires_at = life.lifetimes().expiry(life.record.created_at, now)
    return Changes(sets or {}, expires_at=expires_at, seen_at=now, **details)


def _tell(life: Lifecycle) -> None:
    life.was_modified = True
    # The expiry was written as well.
    life.is_stale = False
    life.send(signals.session_saved)


def _is_elsewhere(life: Lifecycle, name: str) -> bool:
    """Tell whether the session went on, or ended, elsewhere: then so did what it has stored."""
    return life.state is State.DETACHED and life.data.is_clean(name)
