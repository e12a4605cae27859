"""The names a view imports."""

from __future__ import annotations

from typing import cast

import flask

from .session import Session

#: ``flask.session`` itself, with its type.
session = cast(Session, flask.session)
