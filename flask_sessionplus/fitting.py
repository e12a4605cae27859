"""Whether what is to be saved may be, also what was changed inside a value."""

from __future__ import annotations

from .lifecycle import Lifecycle
from .names import key_of
from .record import SCOPED


def check_changes(life: Lifecycle) -> None:
    """Refuse to save what must not be.

    :raises WriteRefused: if something was changed inside a value where the view only reads.
    :raises ParameterError: if something that does not fit was put inside a typed parameter:
        the next request would not find it.
    """
    schema = life.services.schema
    if schema is None and not life.is_read_only:
        return
    sets, removals = life.data.changes()
    if sets or removals:
        life.refuse_if_read_only()
    if schema is None:
        return
    for name in sets:
        if name >= SCOPED and (key := key_of(name)) in schema:
            schema.check(key, life.data[name])
