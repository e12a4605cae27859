"""The hooks of a store's author, and what all claims use."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from ... import clock as time_source
from ...record import Changes, Record
from ...stores.base import Applied, Outcome, Preparable, Store
from ..clock import FakeClock

#: How long a record made here lives, in milliseconds.
HOUR = 3_600_000

#: Longer than any tombstone answers "moved", in seconds.
LONG_AFTER_A_MOVE = 120

#: For Hypothesis: one store serves all examples, each with a sid of its own, and all the
#: subclasses run the very same test.
property_settings = settings(
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
    ],
)


_Test = TypeVar("_Test", bound=Callable[..., None])


def needs(hook: str) -> Callable[[_Test], _Test]:
    """Leave a claim out where *hook*, ``"shared"`` or ``"damage"``, is not offered."""

    def mark(test: _Test) -> _Test:
        test.__dict__["needs"] = hook
        return test

    return mark


class Contract:
    """The hooks and helpers of :class:`~flask_sessionplus.testing.StoreContract`."""

    shared: ClassVar[bool] = True
    scale: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith(__package__ or ""):
            return
        # None is no test: pytest neither runs it nor counts it as skipped.
        offered = {"shared": cls.shared, "damage": cls.damage is not Contract.damage}
        for name in dir(cls):
            if not offered.get(getattr(getattr(cls, name), "needs", ""), True):
                setattr(cls, name, None)

    @pytest.fixture
    def opener(self) -> Callable[[], Store]:
        """Return a picklable function that opens a store on one and the same place."""
        raise NotImplementedError("A StoreContract needs a fixture `opener`: see its docstring.")

    @pytest.fixture
    def clock(self) -> Iterator[FakeClock]:
        """Stop the time."""
        with FakeClock() as clock:
            yield clock

    @pytest.fixture
    def open_again(self, opener: Callable[[], Store]) -> Iterator[Callable[[], Store]]:
        """Return a function that opens another store on the same place; all are closed."""
        opened: list[Store] = []

        def open_again() -> Store:
            opened.append(opener())
            return opened[-1]

        yield open_again
        for store in opened:
            self.close(store)

    @pytest.fixture
    def store(self, open_again: Callable[[], Store]) -> Store:
        """Return the store under test, ready and empty."""
        store = open_again()
        if isinstance(store, Preparable):
            store.prepare()
        return store

    def close(self, store: Store) -> None:
        """Release what *store* holds, such as connections. Does nothing unless overridden."""

    def damage(self, store: Store, sid: bytes) -> Callable[[], object]:
        """Spoil the stored record of *sid* behind the store's back. To be overridden.

        :return: a function that reads what is stored, raw, to compare it later.
        """
        raise NotImplementedError


def new_sid() -> bytes:
    """Return a sid that nobody has."""
    return secrets.token_bytes(32)


def new_record(values: Mapping[str, bytes] | None = None, **fields: Any) -> Record:
    """Return a record that is made now and lives for an hour, or as *fields* say."""
    now = time_source.now()
    times = {"created_at": now, "seen_at": now, "expires_at": now + HOUR}
    return Record(**{**times, "values": dict(values or {}), **fields})


def put(store: Store, values: Mapping[str, bytes] | None = None, **fields: Any) -> bytes:
    """Store a record with *values* and *fields*, and return its sid."""
    sid = new_sid()
    assert store.create(sid, new_record(values, **fields))
    return sid


def load(store: Store, sid: bytes) -> Record:
    """Return the live record of *sid*."""
    record = store.load(sid)
    assert isinstance(record, Record)
    return record


def save(store: Store, sid: bytes, seen: Record, changes: Changes) -> Record:
    """Let *store* do *changes*, which must succeed; return the record as it says it is."""
    outcome, record = store.apply(sid, seen, changes)
    assert outcome is Outcome.SAVED
    assert record is not None
    return record


def key(number: object) -> str:
    """Return the name of one of many keys."""
    return f"key-{number}"


GONE = Applied(Outcome.GONE)
