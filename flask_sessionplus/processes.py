"""Memory is for one process: a server with several is told so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ConfigError
from .stores.base import Store


def refuse_alone(store: Store, environ: Mapping[str, Any]) -> None:
    """Refuse a store of this process only, if others serve the app as well.

    :param environ: the request's, of WSGI.
    :raises ConfigError: if there are several.
    """
    if not store.is_shared and environ.get("wsgi.multiprocess"):
        raise ConfigError(
            "SESSION_STORE is a memory store, but this server has several processes, each"
            " of which would have sessions of its own. Use 'sqlite:///...' or another one."
        )
