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

from flask import Blueprint, current_app

from flask_sessionplus import session_claims

blueprint = Blueprint("orders", __name__)

SCHEMA = """
    CREATE TABLE IF NOT EXISTS orders (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        user TEXT NOT NULL,
        placed TEXT NOT NULL,
        address TEXT NOT NULL,
        lines TEXT NOT NULL,
        total TEXT NOT NULL
    )
"""


@dataclass(frozen=True)
class Order:
    """An order as its buyer sees it."""

    number: int
    placed: str
    lines: dict[str, int]
    total: Decimal


@blueprint.get("/orders")
def show() -> list[Order]:
    """The user's orders, newest first."""
    return of(session_claims.subject)


def place(user: str, address: dict[str, str], lines: dict[str, int], total: Decimal) -> Order:
    """Write an order down."""
    placed = datetime.now(timezone.utc).isoformat(timespec="seconds")
    row = (user, placed, json.dumps(address), json.dumps(lines), str(total))
    with _database() as database:
        done = database.execute(
            "INSERT INTO orders (user, placed, address, lines, total) VALUES (?, ?, ?, ?, ?)", row
        )
        assert done.lastrowid is not None
        return Order(done.lastrowid, placed, lines, total)


def of(user: str) -> list[Order]:
    """A user's orders, newest first."""
    with _database() as database:
        found = database.execute(
            "SELECT number, placed, lines, total FROM orders WHERE user = ? ORDER BY number DESC",
            (user,),
        )
        return [
            Order(number, placed, json.loads(lines), Decimal(total))
            for number, placed, lines, total in found
        ]


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    """A connection with one transaction, closed in the end."""
    path = Path(current_app.instance_path, "orders.sqlite")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(SCHEMA)
        yield database
