"""The contract for the SQL store, and what holds on every database."""

from __future__ import annotations

from flask_sessionplus.testing import StoreContract


class SQLContract(StoreContract):
    """What SQLite, PostgreSQL and MariaDB have in common."""

    def close(self, store):
        """Give the connections back."""
        store.close()

    def damage(self, store, sid):
        """Turn one bit of the packed values."""
        table = store.table
        with store.engine.connect() as connection:
            data = bytearray(self._data(store, sid))
            data[len(data) // 2] ^= 4
            connection.execute(table.update().where(table.c.sid == sid).values(data=bytes(data)))
        return lambda: self._data(store, sid)

    def _data(self, store, sid):
        table = store.table
        with store.engine.connect() as connection:
            return connection.execute(table.select().where(table.c.sid == sid)).one().data
