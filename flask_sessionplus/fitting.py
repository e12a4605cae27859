"""Whether what is saved fits its typed parameters, also if it was changed inside."""

from __future__ import annotations

from .lifecycle import Lifecycle
from .names import key_of
from .record import SCOPED


def check_parameters(life: Lifecycle) -> None:
    """Refuse to save what no longer fits: the next request would not find it.

    :raises ParameterError: if something that does not fit was put inside a value.
    """
    schema = life.services.schema
    if schema is None:
        return
    sets, _ = life.data.changes()
    for name in sets:
        if name >= SCOPED and (key := key_of(name)) in schema:
            schema.check(key, life.data[name])
