"""Between a record and a sealed one.

A sealed record has one hidden value, in which all names and all values of ordinary size are
sealed together, and the large values, each sealed on its own in a place whose name tells
nothing. Times and owner stay readable, for a store expires records and finds an owner's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from ..errors import DamagedRecord
from ..record import Record, pack_values, spread, unpack_values

if TYPE_CHECKING:
    from ..sealing import Sealer

#: Begins as our own names do, so that every store keeps it in the record, however large.
SEALED = "\x00sealed"

# A store may know no more than the first half of a sid.
_SID_SIZE = 16


@dataclass(slots=True, eq=False)
class Unsealed(Record):
    """A record together with the sealed one, so that that can be swapped.

    Copies are plain records: what is changed in them is not what was sealed.

    :param inner: the sealed one.
    :param apart: the names of the values that were sealed on their own.
    :param opened_by: who has opened it.
    """

    inner: Record = field(init=False, repr=False)
    apart: Set[str] = field(init=False, repr=False)
    opened_by: RecordSealer = field(init=False, repr=False)

    def __eq__(self, other: object) -> bool:
        return _fields(self) == _fields(other) if isinstance(other, Record) else NotImplemented


class Written(NamedTuple):
    """A record that has been sealed.

    :param stored: what went into the hidden value.
    :param large: the values that did not.
    :param values: what is to be set in the sealed record.
    """

    stored: Record
    large: dict[str, bytes]
    values: dict[str, bytes]


class RecordSealer:
    """Seals records. All is bound to the sid, the hidden value to owner and birth as well.

    :param sealer: does the work.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, sid: bytes, record: Record) -> Written:
        """Seal *record* for *sid*; what lies beside it has been sealed before."""
        stored, large = spread(record)
        values = {SEALED: self._sealer.seal(pack_values(stored), _of_record(sid, stored))}
        for name, data in large.items():
            place = self._sealer.names(_of_name(sid, name))[0]
            values[place] = self._sealer.seal(data, _of_value(sid, place))
        return Written(stored, large, values)

    def unseal(self, sid: bytes, inner: Record) -> Unsealed:
        """Return the record that was sealed for *sid*.

        :raises DamagedRecord: if it does not open, whatever is wrong with it.
        """
        data = inner.values.get(SEALED)
        plain = None if data is None else self._sealer.open(data, _of_record(sid, inner))
        if plain is None:
            raise _damaged()
        return self._combine(sid, inner, *unpack_values(plain), {})

    def settle(self, sid: bytes, inner: Record, written: Written) -> Unsealed:
        """Return what :meth:`unseal` would, now that *written* has become *inner*."""
        stored = written.stored
        return self._combine(sid, inner, stored.values, stored.beside, written.large)

    def touch(self, sid: bytes, inner: Record, known: Unsealed) -> Unsealed:
        """Return what :meth:`unseal` would, when most often only times have changed."""
        if known.inner.values[SEALED] != inner.values.get(SEALED):
            return self.unseal(sid, inner)
        return self._unsealed(inner, known.values.copy(), known.beside.copy(), known.apart)

    def places(self, sid: bytes, names: Iterable[str]) -> dict[str, str]:
        """Return where the large values *names* may be, with their names: one place by each key.

        They can be told without the record, so that a value is fetched in one trip.
        """
        # By the newest last: what it has sealed is the right one.
        places = self._sealer.names
        return {place: name for name in names for place in reversed(places(_of_name(sid, name)))}

    def open_values(
        self, sid: bytes, places: Mapping[str, str], found: Mapping[str, bytes]
    ) -> dict[str, bytes]:
        """Return those of the large values with *places* that were *found*.

        :raises DamagedRecord: if one does not open.
        """
        values: dict[str, bytes] = {}
        for place, name in places.items():
            if place in found:
                plain = self._sealer.open(found[place], _of_value(sid, place))
                if plain is None:
                    raise _damaged()
                values[name] = plain
        return values

    def has_opened(self, record: Unsealed) -> bool:
        """Tell whether *record* came from here as it is; a copy did not."""
        return getattr(record, "opened_by", None) is self

    def is_current(self, record: Unsealed) -> bool:
        """Tell whether the newest key has sealed it."""
        return self._sealer.is_current(record.inner.values[SEALED])

    def _combine(
        self,
        sid: bytes,
        inner: Record,
        values: Mapping[str, bytes],
        beside: Mapping[str, int],
        large: Mapping[str, bytes],
    ) -> Unsealed:
        # What nobody has sealed does not belong there.
        if len(inner.values) + len(inner.beside) != len(beside) + 1:
            raise _damaged()
        inline: dict[str, bytes] = {}
        if len(inner.values) > 1:
            # The store of the sealed record has kept some of the large values in it.
            places = self.places(sid, beside)
            known = {place for place, name in places.items() if name in large}
            inline = {places[place]: large[places[place]] for place in known & inner.values.keys()}
            places = {place: name for place, name in places.items() if place not in known}
            inline |= self.open_values(sid, places, inner.values)
            if len(inline) + 1 != len(inner.values):
                raise _damaged()
        outside = {name: size for name, size in beside.items() if name not in inline}
        return self._unsealed(inner, {**values, **inline}, outside, beside.keys())

    def _unsealed(
        self, inner: Record, values: dict[str, bytes], beside: dict[str, int], apart: Set[str]
    ) -> Unsealed:
        times = inner.created_at, inner.seen_at, inner.expires_at
        record = Unsealed(*times, values, inner.revision, inner.owner, beside=beside)
        record.inner, record.apart, record.opened_by = inner, apart, self
        return record


def plain_copy(record: Record, values: Mapping[str, bytes]) -> Record:
    """Return *record* with *values*, and with nothing beside it."""
    return replace(record, values=dict(values), beside={})


def _fields(record: Record) -> tuple[object, ...]:
    r = record
    times = r.created_at, r.seen_at, r.expires_at
    return *times, r.values, r.revision, r.owner, r.moved_to, r.beside


def _of_record(sid: bytes, record: Record) -> tuple[bytes | str, ...]:
    return "record", sid[:_SID_SIZE], record.owner, str(record.created_at)


def _of_name(sid: bytes, name: str) -> tuple[bytes | str, ...]:
    return sid[:_SID_SIZE], name


def _of_value(sid: bytes, place: str) -> tuple[bytes | str, ...]:
    return "value", sid[:_SID_SIZE], place


def missing_value() -> DamagedRecord:
    """Return what to raise if a large value is named, and is not there."""
    return DamagedRecord(
        "A large value of a stored record has vanished. Restore it, or let the record expire."
    )


def _damaged() -> DamagedRecord:
    return DamagedRecord(
        "A stored record does not open with SESSION_ENCRYPTION_KEYS: another key has sealed it,"
        " or none, or it was changed. Put the key back, or let the record expire."
    )
