"""Watching what the SQL store sends, and stepping in between."""

from __future__ import annotations

from contextlib import contextmanager

from sqlalchemy import event


@contextmanager
def statements(store):
    """Collect the statements that *store* sends in the meantime."""
    sent = []

    def collect(connection, cursor, statement, parameters, context, executemany):
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", collect)
    try:
        yield sent
    finally:
        event.remove(store.engine, "before_cursor_execute", collect)


@contextmanager
def interrupted(store, before, *actions):
    """Call one of *actions* each time right before *store* sends a statement *before*."""
    left = list(actions)

    def interrupt(connection, cursor, statement, parameters, context, executemany):
        if left and statement.startswith(before):
            left.pop(0)()

    event.listen(store.engine, "before_cursor_execute", interrupt)
    try:
        yield
    finally:
        event.remove(store.engine, "before_cursor_execute", interrupt)
    assert left == [], f"there were not so many {before} statements"
