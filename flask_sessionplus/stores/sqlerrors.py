"""What the errors of databases mean."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from ..errors import StoreUnavailable

# PostgreSQL: a deadlock, a conflict where the isolation is stricter than usual, and a
# prepared statement that somebody has thrown away or made obsolete.
_TAKEN_BACK = ("40P01", "40001", "26000", "0A000")

# MySQL and MariaDB: a deadlock, a row that has changed since a snapshot was taken, and
# a lock that was waited for in vain.
_TAKEN_BACK_MYSQL = (1213, 1020, 1205)


def was_taken_back(error: SQLAlchemyError) -> bool:
    """Tell whether the database chose us to give way, as in a deadlock, so nothing is written."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return False
    cause = error.orig
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state in _TAKEN_BACK or cause.args[:1] in [(code,) for code in _TAKEN_BACK_MYSQL]


def may_lack_table(error: SQLAlchemyError) -> bool:
    """Tell whether *error* may be that of a missing table."""
    # Each driver has a class of its own for it; the inspector has the last word.
    return (
        isinstance(error, DBAPIError)
        and not isinstance(error, IntegrityError)
        and not error.connection_invalidated
    )


def describe(error: SQLAlchemyError) -> StoreUnavailable:
    """Return *error* as ours, without the statement's values."""
    if isinstance(error, StatementError):
        # The chained error would put a session's values into the log.
        error.hide_parameters = True
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = str(cause).partition("\n")[0]
    return StoreUnavailable(
        f"The session database does not answer: {type(cause).__name__}: {text}."
        " Look at the database; sessions go on as soon as it is back."
    )
