"""What the main record of a session by fields knows of the values in other stores."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import NamedTuple

from .. import clock
from ..record import BOOKKEEPING, Record, pack_values, unpack_values

#: The hidden value that tells where the others are.
FIELDS = f"{BOOKKEEPING}places of fields"

# Among the names in it, until when all parts live. Hidden names are never in a part.
_UNTIL = f"{BOOKKEEPING}until"

_TIME = 6
_STAMP = 12
_SIZE = 6

#: Milliseconds after which a value that no record names is not in the making any more.
IN_THE_MAKING = 60_000


class Place(NamedTuple):
    """Where a value is, in the part that its name belongs to.

    :param stamp: tells this value from former and coming ones of the name; ``b""`` in a
        browser's cookie, which holds one only.
    :param size: in bytes.
    """

    stamp: bytes
    size: int

    def inner(self, name: str) -> str:
        """Return under which name the part has the value of *name*."""
        return self.stamp.hex() + name


class Places(NamedTuple):
    """The values of one session that lie in parts.

    :param until: when the first part that has one of them expires.
    """

    by_name: dict[str, Place]
    until: int = 0

    def pack(self) -> bytes:
        """Return it as bytes, for :func:`read_places`."""
        values = {n: place.stamp + place.size.to_bytes(_SIZE, "big") for n, place in self.items()}
        values[_UNTIL] = self.until.to_bytes(_TIME + 2, "big")
        return pack_values(Record(0, 0, 0, values))

    def items(self) -> list[tuple[str, Place]]:
        """Return the names with their places."""
        return list(self.by_name.items())


@dataclass(slots=True, eq=False)
class Fielded(Record):
    """A record together with the main store's, so that that can be swapped.

    Copies are plain records: what is changed in them is not what is stored.

    :param main: the one of the main store.
    :param places: where the values are that lie in other stores.
    """

    main: Record = field(init=False, repr=False)
    places: Places = field(init=False, repr=False)

    def __eq__(self, other: object) -> bool:
        return self.copy() == other.copy() if isinstance(other, Record) else NotImplemented


def read_places(main: Record) -> Places:
    """Return what the main record knows of the other stores.

    :raises DamagedRecord: if that cannot be read.
    """
    data = main.values.get(FIELDS)
    if data is None:
        return Places({})
    values, _ = unpack_values(data)
    until = int.from_bytes(values.pop(_UNTIL, b""), "big")
    split = {name: (each[:-_SIZE], each[-_SIZE:]) for name, each in values.items()}
    places = {n: Place(stamp, int.from_bytes(size, "big")) for n, (stamp, size) in split.items()}
    return Places(places, until)


def fielded(main: Record) -> Fielded:
    """Return the whole session's record, of which *main* is the main store's."""
    places = read_places(main)
    values = main.values.copy()
    values.pop(FIELDS, None)
    sizes = {name: place.size for name, place in places.items()}
    record = Fielded(
        main.created_at,
        main.seen_at,
        main.expires_at,
        values,
        main.revision,
        main.owner,
        main.moved_to,
        main.beside | sizes,
    )
    record.main, record.places = main, places
    return record


def unfilled(record: Record) -> Fielded:
    """Return *record* as it is before it has any value."""
    empty = record.copy()
    empty.values = {}
    return fielded(empty)


def new_stamp() -> bytes:
    """Return a stamp that no other value of the name has."""
    return clock.now().to_bytes(_TIME, "big") + secrets.token_bytes(_STAMP - _TIME)


def is_litter(inner: str) -> bool:
    """Tell whether a part's value that no record names was given up by who wrote it."""
    try:
        stamp = bytes.fromhex(inner[: 2 * _STAMP])
    except ValueError:
        return False
    age = clock.now() - int.from_bytes(stamp[:_TIME], "big")
    return len(stamp) == _STAMP and age > IN_THE_MAKING
