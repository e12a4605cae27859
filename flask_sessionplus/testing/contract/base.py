"""The hooks of a store's author, and what all claims use."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from ... import clock as time_source
from ...record import Changes, Record
from ...stores.base import Applied, Browsable, Outcome, OwnerIndex, Preparable, Purgeable, Store
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


#: What a store may be able to do beyond the four methods, and claims are about.
POWERS = (Browsable, OwnerIndex, Purgeable)

_Claims = TypeVar("_Claims", bound=Callable[..., Any])


def needs(what: str | type) -> Callable[[_Claims], _Claims]:
    """Leave a claim, or all of a class, out where *what* is not offered.

    :param what: ``"shared"``, ``"meets_once"``, the name of a method to override, or one of
        ``POWERS``.
    """

    def mark(claims: _Claims) -> _Claims:
        tests = [claims] if not isinstance(claims, type) else vars(claims).values()
        for test in tests:
            if _is_test(getattr(test, "__name__", "")):
                test.__dict__["needs"] = {what, *getattr(test, "needs", ())}
        return claims

    return mark


class Contract:
    """The hooks and helpers of :class:`~flask_sessionplus.testing.StoreContract`."""

    powers: ClassVar[Collection[type]] = ()
    shared: ClassVar[bool] = True
    meets_once: ClassVar[bool] = True
    scale: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith(__package__ or ""):
            return
        offered: set[str | type] = {*cls.powers}
        offered |= {name for name in ("shared", "meets_once") if getattr(cls, name)}
        offered |= {hook for hook in _HOOKS if getattr(cls, hook) is not getattr(Contract, hook)}
        for name in filter(_is_test, dir(cls)):
            # A base may have left it out, and the subclass have it again.
            claim = next(base.__dict__[name] for base in cls.__mro__ if base.__dict__.get(name))
            # None is no test: pytest neither runs it nor counts it as skipped.
            setattr(cls, name, claim if offered.issuperset(getattr(claim, "needs", ())) else None)

    def test_powers_are_declared(self, store: Store) -> None:
        """`powers` names what the store can do, so that no claim about it is left out."""
        able = set(filter(partial(isinstance, store), POWERS))

        assert set(self.powers) == able, "Set the attribute `powers`: see StoreContract."

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
        """Release what *store* holds, such as connections: by its own ``close``."""
        store.close()

    def damage(self, store: Store, sid: bytes) -> Callable[[], object]:
        """Spoil the stored record of *sid* behind the store's back. To be overridden.

        :return: a function that reads what is stored, raw, to compare it later.
        """
        raise NotImplementedError

    def count_beside(self, store: Store) -> int:
        """Count the values that lie beside any record, behind the store's back.

        To be overridden.
        """
        raise NotImplementedError


_HOOKS = ("damage", "count_beside")


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


def whole(store: Store, sid: bytes) -> dict[str, bytes]:
    """Return all values of the live record of *sid*, wherever they lie."""
    record = load(store, sid)
    fetched = store.fetch(sid, list(record.beside)) if record.beside else {}
    assert {name: len(data) for name, data in fetched.items()} == record.beside
    assert not fetched.keys() & record.values.keys()
    return record.values | fetched


def save(store: Store, sid: bytes, seen: Record, changes: Changes) -> Record:
    """Let *store* do *changes*, which must succeed; return the record as it says it is."""
    outcome, record = store.apply(sid, seen, changes)
    assert outcome is Outcome.SAVED
    assert record is not None
    return record


def key(number: object) -> str:
    """Return the name of one of many keys."""
    return f"key-{number}"


def _is_test(name: str) -> bool:
    return name.startswith("test_")


GONE = Applied(Outcome.GONE)
