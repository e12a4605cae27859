"""One session over several stores, by the names of its fields.

The main store, ``*``, has the record: life, expiry, owner, and which values lie elsewhere.
A part, the store of other fields, gets a value under a name of its own each time it changes;
then the main record is swapped so that it names the new one, which all see at that moment or
nobody does; then the old one is removed. So parallel requests lose nothing, and a session
that is gone stays gone, as in its main store. A process that dies in between leaves values
that nobody sees; they are removed with a later change, or expire.

A part that forgets a value, such as Memcached, takes it out of the session: it is named, but
not fetched. In a cookie (``cookie://``) a value is not told from former ones: the last answer
wins. If a field is given to another store, its values are lost.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TypeVar

from ..errors import ConfigError, StoreConflict, StoreError, StoreUnavailable
from ..record import FIRST_VISIBLE, Changes, Record, expected_beside, is_expected
from .base import Applied, Browsable, Carried, Carrying, Miss, Outcome, OwnerIndex, Page, Store
from .fieldparts import Part
from .fieldplaces import FIELDS, Fielded, Place, Places, fielded, read_places, unfilled
from .fieldwriting import Writing, swap
from .patience import pause
from .powers import able

F = TypeVar("F", bound="FieldStore")

_TRIES = 200

# Somebody may change a value between the record and the value, but hardly so often.
_FETCHES = 5

_log = logging.getLogger("flask_sessionplus")


def by_field(stores: Mapping[str, Store]) -> FieldStore:
    """Return a store that keeps each field where *stores* say.

    It finds the sessions of an owner if the main store does, and can be gone through if that
    can; it is carried by the browser in part if one of the stores is.

    :param stores: stores by the names of fields, or by patterns as of :mod:`fnmatch`; ``*``
        is the main store. Names go before patterns, and these go in order.
    :raises ConfigError: if there is no main store, or more than one lies in a cookie.
    """
    if "*" not in stores:
        raise ConfigError(
            "SESSION_FIELDS says nothing of '*', the fields it does not name. Add it."
        )
    carrying = [name for name, store in stores.items() if isinstance(store, Carrying)]
    if len(carrying) > 1:
        raise ConfigError(
            f"SESSION_FIELDS puts {carrying} into cookies, but there is one cookie only. Use one"
            " pattern for them, such as 'ui_*'."
        )
    return _kind(_CarryingFields if carrying else FieldStore, stores["*"])(stores)


class FieldStore(Store):
    """Keeps each value in the store of its field. Use :func:`by_field` to make one."""

    def __init__(self, stores: Mapping[str, Store]) -> None:
        self._stores = dict(stores)
        self._main = stores["*"]
        self._by_name = {name: Part(name, store) for name, store in stores.items() if name != "*"}
        self._patterns = [name for name in self._by_name if any(mark in name for mark in "*?[")]
        self.parts = (*(part.store for part in self._by_name.values()), self._main)
        self.is_shared = all(store.is_shared for store in self.parts)

    def load(self, sid: bytes) -> Record | Miss:
        found = self._main.load(sid)
        return fielded(found) if isinstance(found, Record) else found

    def reload(self, sid: bytes) -> Record | Miss:
        found = self._main.reload(sid)
        return fielded(found) if isinstance(found, Record) else found

    def create(self, sid: bytes, record: Record) -> bool:
        writing = Writing(self._part, sid, sid)
        changes, places = writing.plan(unfilled(record), Changes(record.values))
        if not places:
            return self._main.create(sid, record)
        written = writing.put(Places({}), places, record.expires_at)
        if written is None:
            return False
        main = record.copy()
        main.values = {**changes.sets, FIELDS: written.pack()}
        if not self._main.create(sid, main):
            writing.give_up()
            return False
        return True

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        current = seen if isinstance(seen, Fielded) else None
        writing = Writing(self._part, sid, changes.move_to or sid)
        is_fresh = False
        for tries in range(_TRIES):
            if current is None:
                found = self._main.reload(sid)
                if not isinstance(found, Record):
                    writing.give_up()
                    return Applied(Outcome.GONE)
                current, is_fresh = fielded(found), True
            expected = self._is_expected(sid, current, changes)
            # What the caller saw may be old: only what was just read is a conflict.
            if not expected and is_fresh and expected is not None:
                writing.give_up()
                return Applied(Outcome.CONFLICT, current)
            if not expected:
                current = None
                continue
            applied, stored = self._try(sid, current, changes, writing)
            if applied is not None:
                return applied
            current, is_fresh = stored, stored is not None
            pause(tries)
        writing.give_up()
        raise StoreConflict(
            f"Others were faster {_TRIES} times in a row. Nothing was written: try again."
        )

    def delete(self, sid: bytes) -> bool:
        found: Record | Miss | None
        try:
            found = self._main.load(sid)
            names = read_places(found).by_name if isinstance(found, Record) else {}
        except StoreError:
            # If it cannot be read, it can be removed all the same.
            found, names = None, {}
        was_there = self._main.delete(sid)
        if isinstance(found, Record):
            parts = {part for name in names if (part := self._part(name)) is not None}
        else:
            parts = set() if found is Miss.UNKNOWN else set(self._by_name.values())
        self._delete_parts(sid, parts)
        return was_there

    def fetch(self, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        mine = [name for name in names if self._part(name) is None]
        others = [name for name in names if self._part(name) is not None]
        found = self._main.fetch(sid, mine) if mine else {}
        former = None
        for _ in range(_FETCHES if others else 0):
            main = self._main.load(sid) if former is None else self._main.reload(sid)
            if not isinstance(main, Record):
                return {}
            by_name = read_places(main).by_name
            places = {name: by_name[name] for name in others if name in by_name}
            values = self._read(sid, places)
            # A value that was there before its part was.
            left = [name for name in others if name not in places and name in main.beside]
            if left:
                values |= self._main.fetch(sid, left)
            if places == former or values.keys() >= places.keys():
                return found | values
            former = places
        return found

    def _try(
        self, sid: bytes, current: Fielded, changes: Changes, writing: Writing
    ) -> tuple[Applied | None, Fielded | None]:
        """Do *changes* if the session still is *current*; else return what it is, if known."""
        main, places = writing.plan(current, changes)
        if changes.move_to is not None:
            writing.copy(places)
        expires_at = changes.expires_at
        written = writing.put(
            current.places, places, current.expires_at if expires_at is None else expires_at
        )
        if written is None:
            writing.give_up()
            return self._refuse(sid, changes), None
        if writing.is_late:
            writing.give_up()
            raise StoreUnavailable(
                "The stores of a session's fields took too long, and nothing was written."
                " Look which of them is slow."
            )
        # A stale view may not know of values that have to move along.
        is_bound = changes.move_to is not None or writing.concerns(changes)
        wanted = swap(current, main, written, is_bound)
        outcome, record = self._main.apply(sid, current.main, wanted)
        stored = None if record is None else fielded(record)
        if outcome is Outcome.SAVED and stored is not None:
            writing.finish(current.places.by_name, stored.places.by_name)
            stored = self._extend(changes.move_to or sid, stored)
        elif outcome is Outcome.CONFLICT and stored is not None:
            if stored.main.values.get(FIELDS) != current.main.values.get(FIELDS):
                # Others have changed values elsewhere: that is no conflict by itself.
                return None, stored
            writing.give_up()
        else:
            writing.give_up()
        return Applied(outcome, stored), None

    def _refuse(self, sid: bytes, changes: Changes) -> Applied:
        """Return why a place in a part, from which a session has just moved, is not to be had."""
        main = self._main.reload(sid)
        if changes.move_to is None or not isinstance(main, Record):
            return Applied(Outcome.GONE)
        current = fielded(main)
        beside = self.fetch(sid, expected_beside(current, changes))
        if not is_expected(current, changes, beside):
            return Applied(Outcome.CONFLICT, current)
        return Applied(Outcome.TAKEN)

    def _extend(self, sid: bytes, stored: Fielded) -> Fielded:
        """Let the parts live as long as the session, if a stale view did not know of them."""
        if not stored.places.by_name or stored.expires_at <= stored.places.until:
            return stored
        extended = self.apply(sid, stored, Changes()).record
        return extended if isinstance(extended, Fielded) else stored

    def _is_expected(self, sid: bytes, current: Fielded, changes: Changes) -> bool | None:
        """Tell whether the other stores have what is expected; None: *current* is too old."""
        by_name = current.places.by_name
        places = {name: by_name[name] for name in changes.expects if name in by_name}
        if not places:
            return True
        found = self._read(sid, places)
        if found.keys() < places.keys():
            # Lost, or removed because there is a newer one.
            main = self._main.reload(sid)
            if not isinstance(main, Record):
                return None
            if main.values.get(FIELDS) != current.main.values.get(FIELDS):
                return None
        return all(found.get(name) == changes.expects[name] for name in places)

    def _read(self, sid: bytes, places: Mapping[str, Place]) -> dict[str, bytes]:
        names: dict[Part, dict[str, str]] = {}
        for name, place in places.items():
            part = self._part(name)
            if part is not None:
                names.setdefault(part, {})[place.inner(name)] = name
        found: dict[str, bytes] = {}
        for part, inners in names.items():
            values = part.read(sid, inners)
            found |= {inners[inner]: data for inner, data in values.items()}
        return found

    def _part(self, name: str) -> Part | None:
        if name < FIRST_VISIBLE:
            return None
        part = self._by_name.get(name)
        if part is None:
            for pattern in self._patterns:
                if fnmatchcase(name, pattern):
                    return self._by_name[pattern]
        return part

    def _delete_parts(self, sid: bytes, parts: Collection[Part]) -> None:
        for part in parts:
            try:
                part.delete(sid)
            except StoreError as error:
                # The session has ended: nobody sees what is left, and it expires.
                _log.warning("What %r had of a session is left there: %s", part.pattern, error)


class _FieldIndex(FieldStore, OwnerIndex):
    """The same over a main store that finds the sessions of an owner."""

    def owned(self, owner: str) -> list[tuple[bytes, Record]]:
        return [(sid, fielded(main)) for sid, main in self._index.owned(owner)]

    def delete_owned(self, owner: str, spare: Collection[bytes] = ()) -> int:
        found = [(sid, main) for sid, main in self._index.owned(owner) if sid not in spare]
        count = self._index.delete_owned(owner, spare)
        for sid, main in found:
            names = read_places(main).by_name
            self._delete_parts(sid, {part for n in names if (part := self._part(n)) is not None})
        return count

    def find(self, half: bytes) -> bytes | None:
        return self._index.find(half)

    @property
    def _index(self) -> OwnerIndex:
        assert isinstance(self._main, OwnerIndex)
        return self._main


class _FieldBrowsable(FieldStore, Browsable):
    """The same over a main store that can be gone through.

    If a pattern names the same place as ``*``, what it has there is met as well.
    """

    @property
    def browsed(self) -> tuple[Browsable, ...]:
        return self._all.browsed

    def browse(self) -> Iterator[bytes]:
        return self._all.browse()

    def page(self, after: str | None, limit: int) -> Page:
        page = self._all.page(after, limit)
        return page._replace(found=[(sid, fielded(main)) for sid, main in page.found])

    def count(self) -> int:
        return self._all.count()

    def delete_all(self) -> int:
        # Parts first: a session that begins when they are through keeps what it puts there.
        for part in self._by_name.values():
            try:
                part.delete_all()
            except StoreError as error:
                _log.warning("What %r had of all sessions is left there: %s", part.pattern, error)
        return self._all.delete_all()

    @property
    def _all(self) -> Browsable:
        assert isinstance(self._main, Browsable)
        return self._main


class _CarryingFields(FieldStore, Carrying):
    """The same with one store whose records travel with the request."""

    def receive(self, carried: str | None) -> Carried:
        stores = {
            name: store.receive(carried) if isinstance(store, Carrying) else store
            for name, store in self._stores.items()
        }
        return _kind(_CarriedFields, stores["*"])(stores)


class _CarriedFields(FieldStore, Carried):
    """All stores for one request."""

    def concerns(self, names: Collection[str]) -> bool:
        if isinstance(self._main, Carried):
            # Wherever a value lies, the main record says so.
            return bool(names)
        found = [self._part(name) for name in names]
        return any(part.is_carried for part in found if part is not None)

    def send(self) -> str | None:
        return next(part.send() for part in self.parts if isinstance(part, Carried))


def _kind(kind: type[F], main: Store) -> type[F]:
    return able(kind, {OwnerIndex: _FieldIndex, Browsable: _FieldBrowsable}, main)
