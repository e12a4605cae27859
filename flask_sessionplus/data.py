"""The values of one session during one request: decoded late, compared at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .codec import IMMUTABLE, Codec
from .large import Large, Source
from .names import FLASHES, FLASK_MESSAGE, HIDDEN, MESSAGE, message_name, shown
from .record import FIRST_VISIBLE, SCOPED, Record
from .values import PENDING, Values

_NOTHING: dict[str, int] = {}


def _no_source() -> None:
    return None


class Data(Values):
    """What a session holds now, and how that differs from what is stored.

    Names are as in the record. Visible ones are decoded when they are asked for, those of
    scopes too, but these are met by their names only; hidden ones, bookkeeping, messages
    and who is signed in, stay bytes.

    :param stored: the values of the record, names to bytes.
    :param beside: the sizes of those that lie beside it.
    :param find_source: returns where these are fetched.
    """

    def __init__(
        self,
        codec: Codec,
        stored: dict[str, bytes],
        beside: dict[str, int] = _NOTHING,
        find_source: Callable[[], Source | None] = _no_source,
    ) -> None:
        super().__init__(codec, stored)
        self._large = Large(beside, find_source)
        if beside:
            self._values.update(dict.fromkeys(beside, PENDING))
        self._removed: set[str] = set()
        self._flashes: dict[str, bytes] = {}
        #: Whether anything hidden came with the record.
        self.has_hidden = bool(stored) and min(stored) < FIRST_VISIBLE
        self.has_scopes = any(name[:1] == SCOPED for name in beside)
        #: Whether anything was set or removed, be it to what it was.
        self.was_assigned = False
        #: The names of messages that were there from the beginning.
        self.arrived: list[str] = []
        if self.has_hidden:
            self._hide()

    def __getitem__(self, name: str) -> Any:
        value = self._values[name]
        if value is PENDING:
            value = self._decode(name)
        return value

    def convert(self, name: str, value: Any) -> Any:
        """Take *value* for what *name* has, and return it as the object that the app has.

        If it was not changed before, it is still not.
        """
        was_clean = self.is_clean(name)
        self._values[name] = value = _put_into(self._values[name], value)
        if was_clean and type(value) not in IMMUTABLE:
            self._open[name] = self._encode(name)
        return value

    def renew(self, name: str) -> None:
        """Read *name* again, if this request has only read it and others have changed it."""
        old = None if name in self._lent else self._open.get(name)
        if old is not None and old != self.stored(name) and self.is_clean(name):
            del self._open[name]
            self._values[name] = PENDING

    def get(self, name: str, default: Any) -> Any:
        """Return the value of *name*, or *default*."""
        if name not in self._values:
            return default
        try:
            return self[name]
        except KeyError:
            return default

    def __setitem__(self, name: str, value: Any) -> None:
        if type(value) not in IMMUTABLE:
            # Now, where the app can see it, not when the answer goes out.
            self._codec.encode(value, shown(name))
        if name == FLASHES and self._values.get(name) is PENDING:
            self._decode(name)
        if name in self._lent:
            self._lent.discard(name)
            self._open[name] = self._known(name)
        self._open.setdefault(name, self._known(name))
        self._note_scope(name)
        self.was_assigned = True
        self._assigned.add(name)
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        if name == FLASHES and self._values.get(name) is PENDING:
            self._decode(name)
        del self._values[name]
        self._open.pop(name, None)
        self._lent.discard(name)
        self.was_assigned = True
        if name in self._stored or name in self._large:
            self._removed.add(name)

    def drop(self, name: str) -> None:
        """Remove *name*, also if it is not here: another request may be setting it."""
        self._values.pop(name, None)
        self._open.pop(name, None)
        self._lent.discard(name)
        self.was_assigned = True
        self._removed.add(name)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was set or removed, and what was handed out is as it was."""
        if self._removed or self._hidden or self.was_assigned:
            return False
        return all(old == self._encode(name) for name, old in self._open.items())

    def stored(self, name: str) -> bytes | None:
        """Return the stored bytes of *name*."""
        if name in self._large and name not in self._stored:
            self._large.fetch([name], self.rebase)
        return self._known(name)

    def fetch_all(self, prefix: str | None = None) -> None:
        """Fetch all values that nobody has asked for yet, at once.

        :param prefix: those of scopes that begin with it as well.
        """
        if self._large.sizes:
            names = [*self, *(() if prefix is None else self.scoped())]
            wanted = [
                name
                for name in names
                if self._values[name] is PENDING
                and (name[:1] != SCOPED or name.startswith(prefix or SCOPED))
            ]
            self._large.fetch(wanted, self.rebase)
            for name in wanted:
                if name not in self._large and name not in self._stored:
                    self._values.pop(name, None)

    def forget(self, name: str) -> None:
        """Fetch the stored bytes of *name* again when they are asked for."""
        self._large.forget(name)

    def is_clean(self, name: str) -> bool:
        """Tell whether *name* is as it is stored: not set, removed or changed inside."""
        if name in self._removed:
            return False
        if name not in self._open:
            return True
        old = self._open[name]
        return old is not None and old == self._encode(name)

    def put_stored(self, name: str, value: Any, data: bytes) -> None:
        """Take *value* as what is stored as *data*."""
        if name in self._large:
            self._large.put(name, data)
        self._note_scope(name)
        self._values[name] = value
        self._removed.discard(name)
        self._open.pop(name, None)
        self._lent.discard(name)
        if type(value) not in IMMUTABLE:
            self._open[name] = data

    def flashes(self) -> dict[str, bytes]:
        """Return the stored messages that Flask's list was made from, by their names."""
        if FLASHES in self._values:
            self[FLASHES]
        return dict(self._flashes)

    def forget_flashes(self) -> None:
        """Take Flask's list and the messages it was made from as gone."""
        self._values.pop(FLASHES, None)
        self._open.pop(FLASHES, None)
        self._flashes = {}

    def mutated(self, sets: dict[str, bytes]) -> dict[str, bytes]:
        """Return those of *sets*, as :meth:`changes` gave them, that were only changed inside."""
        inside = self._open.keys() - self._assigned
        return {name: data for name, data in sets.items() if name in inside}

    def changes(self) -> tuple[dict[str, bytes], set[str]]:
        """Return what has to be set and what to be removed.

        :raises UnsupportedType: if something that cannot be stored was put inside a value.
        """
        sets: dict[str, bytes] = {}
        if not (self._open or self._removed or self._hidden or self._flashes):
            return sets, set()
        for name, old in self._open.items():
            if name != FLASHES:
                new = self._encode(name)
                if old != new and (old is None or not self._codec.same(old, new)):
                    sets[name] = new
        removals = {
            name
            for name in self._removed
            if name not in self._values or (name in self._lent and name not in sets)
        }
        if self._flashes or FLASHES in self._open:
            self._compare_flashes(sets, removals)
        for name, data in self._hidden.items():
            if data is None:
                removals.add(name)
            else:
                sets[name] = data
        return sets, removals

    def settle(self, record: Record, sets: Mapping[str, bytes]) -> None:
        """Go on from *record*, what is in the store now, after *sets* were written."""
        for name in list(self._open):
            if name in sets:
                self._open[name] = sets[name]
                self._lent.discard(name)
        for name in record.beside.keys() & sets.keys():
            self._large.put(name, sets[name])
        self._assigned = set(self._lent)
        self._removed.clear()
        self._hidden.clear()
        if self._flashes or FLASHES in self._open:
            known = {n: data for n, data in sets.items() if n.startswith(FLASK_MESSAGE)}
            flashes = {**self._flashes, **known}
            self._flashes = {n: d for n, d in flashes.items() if n in record.values}
        self.rebase(record)

    def rebase(self, record: Record) -> None:
        """Take *record* as what is in the store now; keep what this request has changed."""
        former, sizes = self._stored, self._large.sizes
        self._stored = stored = record.values
        if record.beside or sizes:
            for name in self._large.replace(record.beside):
                self._meet(name)
        for name in (*former, *sizes):
            if name not in stored and name not in record.beside and name not in self._open:
                self._values.pop(name, None)
        for name, data in stored.items():
            # What nobody has changed is the very same object.
            if former.get(name) is not data and self._values.get(name) is not PENDING:
                self._meet(name)
        if self._values.get(FLASHES) is PENDING and not self.hidden(FLASK_MESSAGE):
            del self._values[FLASHES]

    def refresh(self, record: Record) -> None:
        """As :meth:`rebase`, but what was only read is read again too."""
        for name in [name for name in self._open if name != FLASHES and self.is_clean(name)]:
            del self._open[name]
            self._assigned.discard(name)
            if name in self._lent:
                self._lent.discard(name)
                del self._values[name]
            else:
                self._values[name] = PENDING
        self.rebase(record)

    def _meet(self, name: str) -> None:
        """Take in a value that others have set, unless this request has set its own."""
        if name[:1] not in HIDDEN:
            if name not in self._open and name not in self._removed:
                self._note_scope(name)
                self._values[name] = PENDING
        elif name[0] == FLASK_MESSAGE:
            self._values.setdefault(FLASHES, PENDING)

    def _hide(self) -> None:
        for name in self._stored:
            self._note_scope(name)
            if name[:1] in HIDDEN:
                del self._values[name]
                if name[0] == MESSAGE:
                    self.arrived.append(name)
                elif name[0] == FLASK_MESSAGE:
                    self._values[FLASHES] = PENDING

    def _decode(self, name: str) -> Any:
        if name == FLASHES:
            self._flashes = self.hidden(FLASK_MESSAGE)
            value: Any = [self._codec.decode(data) for data in self._flashes.values()]
            self._open[name] = None
        else:
            data = self.stored(name)
            if data is None:
                # It was removed, or lost, since the record was loaded.
                self._values.pop(name, None)
                raise KeyError(name)
            value = self._codec.decode(data)
            if type(value) not in IMMUTABLE:
                self._open[name] = data
        self._values[name] = value
        return value

    def _known(self, name: str) -> bytes | None:
        data = self._stored.get(name)
        return self._large.known(name) if data is None else data

    def _compare_flashes(self, sets: dict[str, bytes], removals: set[str]) -> None:
        """Find which of Flask's messages came and went: each has a name of its own."""
        stored = dict(self._flashes)
        for message in self._values.get(FLASHES, ()) if FLASHES in self._open else ():
            data = self._codec.encode(message, shown(FLASHES))
            name = next((name for name, old in stored.items() if old == data), None)
            if name is None:
                sets[message_name(FLASK_MESSAGE)] = data
            else:
                del stored[name]
        if FLASHES in self._open or FLASHES not in self._values:
            removals.update(stored)


def _put_into(former: Any, value: Any) -> Any:
    """Return *value*, as *former* if that can take it in: the app may hold that already."""
    if type(former) is not type(value):
        return value
    if isinstance(former, list):
        former[:] = value
    elif isinstance(former, (dict, set)):
        former.clear()
        former.update(value)
    else:
        return value
    return former
