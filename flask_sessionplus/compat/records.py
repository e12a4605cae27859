"""Flask-Session's records: what its serializers have written, in all its versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgpack

from ..importingrecords import UnreadableSession
from .bounds import NotPlain, check_size
from .plainpickle import read_plain

# Of msgpack, a time is the only type of its own that its serializer writes.
_AS_DATETIME = 3

_MISFITS = (ValueError, TypeError, RecursionError, OverflowError)


def read_record(data: bytes) -> dict[str, Any]:
    """Return what is in a record: msgpack or JSON of 0.7 and later, or a pickle from before.

    No bytes are two of the three.

    :raises UnreadableSession: if it is none of them, or more than plain data.
    """
    for read in (_read_msgpack, _read_json):
        try:
            return check_values(read(data))
        except _MISFITS:
            continue
    return read_pickle(data)


def read_pickle(data: bytes) -> dict[str, Any]:
    """Return what is in a pickle of a session.

    :raises UnreadableSession: if it holds more than plain data.
    """
    try:
        return check_values(read_plain(data))
    except NotPlain as error:
        raise UnreadableSession(f"it cannot be read as plain data: {error}") from error


def check_values(values: Any) -> dict[str, Any]:
    """Return *values*, which are those of a session.

    :raises NotPlain: if they are not.
    """
    if type(values) is not dict or not all(type(key) is str for key in values):
        raise NotPlain("it holds no session")
    return values


def _read_msgpack(data: bytes) -> Any:
    return msgpack.unpackb(data, timestamp=_AS_DATETIME, strict_map_key=False)


def _read_json(data: bytes) -> Any:
    values = json.loads(data)
    check_size(values)
    return values


#: Reads the bytes of a record.
Read = Callable[[bytes], dict[str, Any]]
