"""Moving in from Flask-Session: change one import, and the app runs on.

::

    from flask_sessionplus.compat import Session

All its settings are understood, or refused with what they are called here. Sessions that are
alive are carried over when their owners come: see "From Flask-Session" in the documentation.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from ..errors import ConfigError
from ..extension import SessionPlus
from ..importing import Importer
from ..session import Session as ServerSideSession
from .cleanup import clean_up
from .keys import translate

#: Flask-Session's name for what `flask.session` is: here ours, for annotations and isinstance().
__all__ = ["ServerSideSession", "Session"]


class Session(SessionPlus):
    """:class:`.SessionPlus` with the settings of Flask-Session 0.8.

    :param app: the app to begin with; or call :meth:`.SessionPlus.init_app`.
    :param options: those of :class:`.SessionPlus`, which win over settings.
    :raises ConfigError: if a setting is wrong, or there is nothing like it here.
    """

    def __init__(self, app: Flask | None = None, **options: Any) -> None:
        #: As Flask-Session has it.
        self.app = app
        super().__init__(app, **options)

    def init_app(self, app: Flask) -> None:
        """Put the sessions into *app*: see :meth:`.SessionPlus.init_app`.

        :raises ConfigError: also if a subclass has a ``_get_interface`` of its own.
        """
        if hasattr(self, "_get_interface"):
            raise ConfigError(
                f"{type(self).__name__}._get_interface() has no effect: Flask-Session's sessions"
                " are read, and new ones are ours. Remove it, and set SESSION_STORE to where new"
                " sessions are to be kept."
            )
        super().init_app(app)
        every = app.config.get("SESSION_CLEANUP_N_REQUESTS") or None
        clean_up(app, app.extensions["sessionplus"].store, every)

    def _read(self, app: Flask) -> tuple[dict[str, Any], list[Importer]]:
        found = translate(app, {**app.config, **self._given})
        return found.config, [] if found.sessions is None else [found.sessions]
