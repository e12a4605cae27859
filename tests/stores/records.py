"""Short words for the tests of single stores."""

from __future__ import annotations

from flask_sessionplus.testing.contract.base import (
    HOUR,
    load,
    new_record,
    new_sid,
    put,
    save,
    whole,
)

__all__ = ["HOUR", "load", "new_record", "new_sid", "put", "save", "whole"]
