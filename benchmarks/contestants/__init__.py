"""Everybody who takes part. To add a store, add its class here."""

from __future__ import annotations

from .base import Contestant, Running, Unavailable
from .django_app import DjangoCookie, DjangoRedis, DjangoSQLite
from .flask_session import (
    FlaskSessionFile,
    FlaskSessionPostgreSQL,
    FlaskSessionRedis,
    FlaskSessionSQLite,
)
from .floor_embedded import FloorFile, FloorMemory, FloorSQLite
from .floor_servers import FloorMariaDB, FloorPostgreSQL, FloorRedis
from .plain import Bare, SignedCookie
from .sessionplus import (
    OursFile,
    OursMariaDB,
    OursMemory,
    OursPostgreSQL,
    OursRedis,
    OursSQLite,
)

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
    FloorRedis,
    OursRedis,
    FlaskSessionRedis,
    DjangoRedis,
    FloorPostgreSQL,
    OursPostgreSQL,
    FlaskSessionPostgreSQL,
    FloorMariaDB,
    OursMariaDB,
)
