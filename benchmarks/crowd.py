"""A million sessions in no time: the row of one real session, under many other ids."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask
from sqlalchemy import select

from .client import Client
from .scenarios import EVERYDAY

_BATCH = 20_000
_HOUR = 3_600_000


def fill(app: Flask, count: int, *, cookies: int, expired_every: int = 0) -> list[str]:
    """Put ``count`` sessions into the SQL store of this application.

    The row that is copied is one that the application itself has written, for a session in its
    steady state. Returns the cookies of some live sessions, picked at random.

    :param expired_every: each so-many-th session has expired an hour ago
    """
    from flask_sessionplus.tokens import digest, new_token

    store = app.extensions["sessionplus"].store
    name, row = _template(app, store)
    live: list[str] = []
    with store.engine.connect() as connection:
        for start in range(0, count, _BATCH):
            batch = []
            for number in range(start, min(start + _BATCH, count)):
                token = new_token()
                copy = {**row, "sid": digest(token)}
                if expired_every and number % expired_every == 0:
                    copy["expires_at"] = row["seen_at"] - _HOUR
                else:
                    live.append(token)
                batch.append(copy)
            connection.exec_driver_sql("BEGIN")
            connection.execute(store.table.insert(), batch)
            connection.exec_driver_sql("COMMIT")
    picked = secrets.SystemRandom().sample(live, cookies)
    return [f"{name}={token}" for token in picked]


def _template(app: Flask, store: Any) -> tuple[str, dict[str, Any]]:
    """The name of the cookie, and the row of a session that was begun and has come back."""
    from flask_sessionplus.tokens import digest

    visitor = Client(app, EVERYDAY, None)
    visitor.get()
    cookie = visitor.cookie_set() or ""
    name, _, token = cookie.partition("=")
    reader = Client(app, "/read", cookie)
    reader.get()
    reader.get()
    with store.engine.connect() as connection:
        found = connection.execute(select(store.table).where(store.table.c.sid == digest(token)))
        return name, dict(found.mappings().one())
