"""Everybody who takes part. To add a store, add its class here."""

from __future__ import annotations

from .base import Contestant, Running, Unavailable
from .django_app import DjangoCookie, DjangoSQLite
from .flask_session import FlaskSessionFile, FlaskSessionSQLite
from .floor_embedded import FloorFile, FloorMemory, FloorSQLite
from .floor_servers import FloorPostgreSQL
from .plain import Bare, SignedCookie
from .sessionplus import OursFile, OursMemory, OursPostgreSQL, OursSQLite

__all__ = ["ALL", "Contestant", "Running", "Unavailable"]

ALL: tuple[type[Contestant], ...] = (
    Bare,
    SignedCookie,
    FloorMemory,
    OursMemory,
    FloorFile,
    OursFile,
    FlaskSessionFile,
    FloorSQLite,
    OursSQLite,
    FlaskSessionSQLite,
    DjangoSQLite,
    DjangoCookie,
    FloorPostgreSQL,
    OursPostgreSQL,
)
