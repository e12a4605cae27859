"""The settings of Flask-Session, which say nothing to us: they are refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ConfigError

_STORE = "SESSION_STORE names the place"

#: What each setting of Flask-Session 0.8, or of what comes after it, is called here. Three
#: have the same name, and are settings of ours: SESSION_PERMANENT, SESSION_KEY_PREFIX and those of
#: Flask itself.
FORMER_KEYS: dict[str, str] = {
    "SESSION_TYPE": f"{_STORE}: a URL such as 'redis://127.0.0.1:6379/0', or a client",
    "SESSION_REDIS": "SESSION_STORE takes the client",
    "SESSION_MEMCACHED": "SESSION_STORE takes the client",
    "SESSION_SQLALCHEMY": "SESSION_STORE takes db",
    "SESSION_SQLALCHEMY_TABLE": "SESSION_TABLE names the table, another one than before",
    "SESSION_SQLALCHEMY_SCHEMA": "SESSION_TABLE_SCHEMA",
    "SESSION_SQLALCHEMY_BIND_KEY": "SESSION_BIND_KEY",
    "SESSION_SQLALCHEMY_SEQUENCE": "the table needs no sequence",
    "SESSION_CACHELIB": f"{_STORE}: 'file:///folder', or the cache's own client",
    "SESSION_FILE_DIR": "SESSION_STORE = 'file:///folder', another one than before",
    "SESSION_FILE_THRESHOLD": "no live session is removed to make room",
    "SESSION_FILE_MODE": "files are readable for the app's user only",
    "SESSION_MONGODB": f"{_STORE}; there is none for MongoDB",
    "SESSION_MONGODB_DB": f"{_STORE}; there is none for MongoDB",
    "SESSION_MONGODB_COLLECT": f"{_STORE}; there is none for MongoDB",
    "SESSION_DYNAMODB": f"{_STORE}; there is none for DynamoDB",
    "SESSION_DYNAMODB_TABLE": f"{_STORE}; there is none for DynamoDB",
    "SESSION_DYNAMODB_TABLE_NAME": f"{_STORE}; there is none for DynamoDB",
    "SESSION_DYNAMODB_TABLE_EXISTS": f"{_STORE}; there is none for DynamoDB",
    "SESSION_POSTGRESQL": "SESSION_STORE = 'postgresql+psycopg://...'",
    "SESSION_POSTGRESQL_TABLE": "SESSION_TABLE names the table, another one than before",
    "SESSION_POSTGRESQL_SCHEMA": "SESSION_TABLE_SCHEMA",
    "SESSION_USE_SIGNER": "tokens have 256 random bits and need no signature",
    "SESSION_ID_LENGTH": "SESSION_IDENTIFIER_GENERATOR, if 256 bits are not what you need",
    "SESSION_SERIALIZATION_FORMAT": "there is one format, which keeps the types",
    "SESSION_CLEANUP_N_REQUESTS": "`flask session purge`, from time to time",
}


def refuse_former_keys(config: Mapping[str, Any]) -> None:
    """Refuse settings of Flask-Session: with them sessions would lie elsewhere than one thinks.

    :raises ConfigError: naming one, and what to do.
    """
    for key, remedy in FORMER_KEYS.items():
        if config.get(key) is not None:
            raise ConfigError(
                f"{key} is a setting of Flask-Session. To keep its sessions and settings, use"
                " `from flask_sessionplus.compat import Session`. Else leave it out; here it is:"
                f" {remedy}."
            )
