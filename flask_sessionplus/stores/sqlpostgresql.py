"""What PostgreSQL does in one statement, and thus in one trip and without a transaction.

The parts of such a statement see the same moment. That suffices: whoever writes values
beside a record swaps its row first, so what lies beside it is as old as the row, or the
row is not the one that was seen, and no part does anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    Executable,
    Select,
    Table,
    all_,
    any_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql

from .sqllink import Link
from .sqlqueries import Queries
from .sqlrows import columns, key_of, pack_value
from .sqlstatement import Statement
from .sqlvalues import BYTES

if TYPE_CHECKING:
    from .sqlswap import Swap


# What makes a tombstone of a row.
_TOMBSTONE: dict[str, Any] = {
    "owner": null(),
    "expires_at": bindparam("left_until"),
    "revision": literal_column("0"),
    "beside": null(),
    "data": bindparam("left"),
}


class _Shape(NamedTuple):
    """What a statement consists of."""

    names: tuple[str, ...]
    puts: bool
    drops: bool
    moves: bool
    carries: bool

    @property
    def is_small(self) -> bool:
        """Whether it concerns the table of sessions only."""
        return not (self.puts or self.drops or self.carries)


class CompoundQueries:
    """Swaps and new records whose rows are more than one."""

    def __init__(self, queries: Queries, values: Table) -> None:
        self._table, self._values = queries.table, values
        self._names = [column.name for column in queries.table.c]
        self._as_seen = queries.as_seen
        self._swaps: dict[_Shape, Statement] = {}
        self._create = Statement(self._creation())

    def create(
        self, link: Link, sid: bytes, row: Mapping[str, Any], puts: Mapping[str, bytes]
    ) -> None:
        """Insert *row*, which is that of *sid*, with values beside it."""
        self._create.first(link, {**_new(row), "place": sid, **_arrays(puts)})

    def swap(self, link: Link, swap: Swap, changed: Mapping[str, Any]) -> bool:
        """Do *swap*, writing *changed* into the row that is there."""
        target, new = swap.target, swap.new
        moves = target is not None
        # What was written anew must not stay under the old sid either.
        touched = [*swap.drops, *swap.puts] if moves and swap.old.beside else swap.drops
        carries = moves and len(new.beside) > len(swap.puts)
        names = () if moves else tuple(changed)
        shape = _Shape(names, bool(swap.puts), bool(touched), moves, carries)
        statement = self._swaps.get(shape)
        if statement is None:
            statement = self._swaps[shape] = Statement(self._swapping(shape))
        parameters = swap.seen()
        if target is None:
            parameters.update(changed)
        else:
            parameters.update(_new(columns(target, new)))
            parameters["left_until"] = changed["expires_at"]
            parameters["left"] = changed["data"]
        if swap.puts:
            parameters |= _arrays(swap.puts)
        if touched or carries:
            parameters["touched"] = [key_of(name) for name in touched]
        if shape.is_small:
            return bool(statement.count(link, parameters))
        parameters["place"] = target or swap.sid
        return bool(statement.first(link, parameters)[0])

    def _swapping(self, shape: _Shape) -> Executable:
        c = self._values.c
        fields = _TOMBSTONE if shape.moves else {name: bindparam(name) for name in shape.names}
        swapped = (
            update(self._table)
            .where(self._as_seen)
            .values(fields)
            .returning(self._table.c.sid)
            .cte("swapped")
        )
        row = select(*self._new_row()).select_from(swapped)
        placed = insert(self._table).from_select(self._names, row)
        if shape.is_small:
            return placed
        whole = select(func.count()).select_from(swapped)
        old = (c.sid == bindparam("key")) & exists(select(swapped.c.sid))
        touched = bindparam("touched", type_=BYTES)
        if shape.moves:
            whole = whole.add_cte(placed.cte("placed"))
        if shape.drops:
            dropped = delete(self._values).where(old, c.name == any_(touched))
            whole = whole.add_cte(dropped.cte("dropped"))
        if shape.carries:
            carried = update(self._values).where(old, c.name != all_(touched))
            whole = whole.add_cte(carried.values(sid=bindparam("place")).cte("carried"))
        if shape.puts:
            whole = whole.add_cte(self._putting(swapped))
        return whole

    def _creation(self) -> Select[Any]:
        row = insert(self._table).values({name: bindparam(f"new_{name}") for name in self._names})
        made = row.returning(self._table.c.sid).cte("made")
        return select(func.count()).select_from(made).add_cte(self._putting(made))

    def _new_row(self) -> list[Any]:
        return [bindparam(f"new_{c.name}", type_=c.type) for c in self._table.c]

    def _putting(self, made: Any) -> Any:
        arrays = func.unnest(bindparam("names", type_=BYTES), bindparam("datas", type_=BYTES))
        given = arrays.table_valued("name", "data").render_derived("given")
        place = bindparam("place", type_=self._values.c.sid.type)
        rows = select(place, given.c.name, given.c.data).select_from(made.join(given, true()))
        put = postgresql.insert(self._values).from_select(["sid", "name", "data"], rows)
        put = put.on_conflict_do_update(
            index_elements=["sid", "name"], set_={"data": put.excluded.data}
        )
        return put.cte("put")


def _new(row: Mapping[str, Any]) -> dict[str, Any]:
    # By names that no column has: SQLAlchemy would write those columns in each of the parts.
    return {f"new_{name}": value for name, value in row.items()}


def _arrays(values: Mapping[str, bytes]) -> dict[str, list[bytes]]:
    return {
        "names": [key_of(name) for name in values],
        "datas": [pack_value(data) for data in values.values()],
    }
