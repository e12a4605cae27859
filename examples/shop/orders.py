"""Orders, in a small SQLite file beside the sessions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

from flask import Flask, current_app

from .cart import Line, total
from .users import User

SCHEMA = """
    CREATE TABLE IF NOT EXISTS orders (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        user TEXT NOT NULL,
        form TEXT NOT NULL,
        placed TEXT NOT NULL,
        address TEXT NOT NULL,
        items TEXT NOT NULL,
        total TEXT NOT NULL,
        UNIQUE (user, form)
    )
"""


@dataclass(frozen=True)
class Order:
    """An order as its buyer sees it in the list."""

    number: int
    day: str
    total: Decimal


def init_app(app: Flask) -> None:
    """Name the file, unless a setting has named it."""
    app.config.setdefault("SHOP_ORDERS", str(Path(app.instance_path) / "orders.sqlite"))


def place(user: User, form: str, address: dict[str, str], lines: list[Line]) -> int:
    """Write an order down and return its number.

    :param form: the name of the form it came in. A double click sends the form twice; the second
        one finds its order placed, and is given the same number.
    """
    items = json.dumps([(line.product.sku, line.quantity, str(line.total)) for line in lines])
    placed = datetime.now(timezone.utc).isoformat(timespec="seconds")
    row = (user.id, form, placed, json.dumps(address), items, str(total(lines)))
    with _database() as database:
        database.execute(
            "INSERT INTO orders (user, form, placed, address, items, total)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            row,
        )
        found = database.execute(
            "SELECT number FROM orders WHERE user = ? AND form = ?", (user.id, form)
        )
        number: int = found.fetchone()[0]
        return number


def of(user: User) -> list[Order]:
    """A user's orders, newest first."""
    with _database() as database:
        found = database.execute(
            "SELECT number, date(placed), total FROM orders WHERE user = ? ORDER BY number DESC",
            (user.id,),
        )
        return [Order(number, day, Decimal(amount)) for number, day, amount in found]


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    """A connection with one transaction, closed in the end."""
    path = Path(current_app.config["SHOP_ORDERS"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(SCHEMA)
        yield database
