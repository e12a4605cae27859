"""One change of a session by fields: parts first, then the main record, which decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from .. import clock
from ..errors import StoreError
from ..record import Changes
from .fieldparts import Part
from .fieldplaces import FIELDS, IN_THE_MAKING, Fielded, Place, Places, new_stamp

# Parts live longer than the session, by this part of what it has left and a minute, so
# that they need not be extended each time that it is.
_SLACK = 8
_LEAST_SLACK = 60_000
_END_OF_TIME = 253_402_300_799_999


class Writing:
    """Puts values into parts, where nobody sees them until the main record names them.

    :param find_part: returns the part that a name belongs to; None: the main record.
    :param sid: whose values they are.
    :param home: where they go, which is another sid if the session moves.
    """

    def __init__(self, find_part: Callable[[str], Part | None], sid: bytes, home: bytes) -> None:
        self._find_part = find_part
        self._sid = sid
        self._home = home
        self._began = clock.now()
        self._places: dict[str, Place] = {}
        self._waiting: dict[Part, dict[str, bytes]] = {}
        self._put: dict[Part, set[str]] = {}

    def plan(self, current: Fielded, changes: Changes) -> tuple[Changes, dict[str, Place]]:
        """Return what to change in the main record, and the places of the other values then."""
        places = dict(current.places.by_name) if changes.restart_at is None else {}
        sets, updates, removals = {}, {}, set(changes.removals)
        for name in changes.removals:
            places.pop(name, None)
        for name, data in changes.updates.items():
            part = self._find_part(name)
            if name not in places:
                updates[name] = data
            elif part is not None and name not in changes.sets:
                places[name] = self.take(part, name, data)
        for name, data in changes.sets.items():
            part = self._find_part(name)
            if part is None:
                places.pop(name, None)
                sets[name] = data
            else:
                places[name] = self.take(part, name, data)
                # It may be there from before the part was.
                removals.add(name)
        return replace(changes, sets=sets, updates=updates, removals=removals), places

    def concerns(self, changes: Changes) -> bool:
        """Tell whether what the parts have now matters for *changes*."""
        names = set(changes.expects)
        if changes.restart_at is None:
            names.update(changes.removals, changes.updates, changes.sets)
        return any(self._find_part(name) is not None for name in names)

    def take(self, part: Part, name: str, data: bytes) -> Place:
        """Return the place of a new value, which is written with :meth:`put`."""
        if name not in self._places:
            place = Place(b"" if part.is_carried else new_stamp(), len(data))
            self._places[name] = place
            self._waiting.setdefault(part, {})[place.inner(name)] = data
        return self._places[name]

    def copy(self, places: dict[str, Place]) -> None:
        """Take those of *places* that are under the old sid to the new one."""
        for part, inners in self._by_part(places).items():
            inners -= self._put.get(part, set()) | self._waiting.get(part, {}).keys()
            if inners:
                self._waiting.setdefault(part, {}).update(part.read(self._sid, inners))

    def put(self, former: Places, places: dict[str, Place], expires_at: int) -> Places | None:
        """Write what waits, and let all parts with *places* live as long as the session.

        :return: *places*, and until when they live; None: the session has moved.
        """
        until = former.until if places else 0
        parts = self._by_part(places)
        if places and until < expires_at:
            left = max(expires_at - clock.now(), 0)
            until = max(expires_at, min(expires_at + left // _SLACK + _LEAST_SLACK, _END_OF_TIME))
            for part in parts:
                self._waiting.setdefault(part, {})
        while self._waiting:
            part, values = self._waiting.popitem()
            self._put.setdefault(part, set()).update(values)
            # Long enough to be extended, if it was a stale view that told until when.
            if not part.put(self._home, values, max(until, self._began + IN_THE_MAKING)):
                return None
        return Places(places, until)

    @property
    def is_late(self) -> bool:
        """Whether others may take what was put into the parts for litter soon."""
        return clock.now() - self._began > IN_THE_MAKING // 2

    def give_up(self) -> None:
        """Remove what was put into the parts."""
        for part, inners in self._put.items():
            if not part.is_carried:
                with _litter_may_stay():
                    part.remove(self._home, inners)

    def finish(self, former: dict[str, Place], places: dict[str, Place]) -> None:
        """Remove what nobody names any more, now that *places* is what the main record has."""
        now = self._by_part(places)
        for part, inners in self._by_part(former).items():
            with _litter_may_stay():
                if self._home != self._sid:
                    part.leave(self._sid, self._home)
                elif gone := inners - now.get(part, set()):
                    part.remove(self._sid, gone, keep=now.get(part, set()))

    def _by_part(self, places: dict[str, Place]) -> dict[Part, set[str]]:
        inners: dict[Part, set[str]] = {}
        for name, place in places.items():
            part = self._find_part(name)
            if part is not None:
                inners.setdefault(part, set()).add(place.inner(name))
        return inners


def swap(current: Fielded, changes: Changes, places: Places, is_bound: bool) -> Changes:
    """Return *changes* of the main record, with what it is to know of the other values.

    :param places: where these are afterwards.
    :param is_bound: the changes are right only if they are where *current* says.
    """
    former = current.places
    has_changed = places.by_name != former.by_name or places.until != former.until
    is_restart = changes.restart_at is not None
    sets, removals = changes.sets, set(changes.removals)
    expects = {n: data for n, data in changes.expects.items() if n not in former.by_name}
    # What a stale view does not know is left as it is.
    if places.by_name and (has_changed or is_restart):
        sets = {**sets, FIELDS: places.pack()}
    elif has_changed:
        removals.add(FIELDS)
    if is_bound or len(expects) < len(changes.expects) or (has_changed and not is_restart):
        expects[FIELDS] = current.main.values.get(FIELDS)
    return replace(changes, sets=sets, removals=removals, expects=expects)


@contextmanager
def _litter_may_stay() -> Iterator[None]:
    # Nobody sees it, and it goes with the next change or when its time is over.
    try:
        yield
    except StoreError:
        pass
