"""The floors: plain views that do the least store work by hand, with the raw driver.

They take no care of anything: no types but msgpack's, no merging, no protection against a late
writer, no lifetimes but one. They show what the store itself costs inside a Flask request.
"""

from __future__ import annotations

import secrets
import time
from abc import abstractmethod
from itertools import count
from typing import Any

import msgspec
from flask import Flask, Response, request

from .. import payload
from ..payload import CSRF_TOKEN, SESSION_1K, everyday_session
from ..scenarios import LARGE_SCENARIOS, ORDINARY_SCENARIOS
from .base import Contestant

LIFETIME = 31 * 24 * 3600

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode


class Floor(Contestant):
    """The views; a store adds the four operations."""

    scenarios = (*ORDINARY_SCENARIOS, *LARGE_SCENARIOS)

    def open(self, place: str) -> Flask:
        self.connect(place)
        app = Flask("floor")
        self._add_views(app)
        self._add_large_views(app)
        return app

    @abstractmethod
    def connect(self, place: str) -> None:
        """Open the store."""

    @abstractmethod
    def load(self, sid: str) -> bytes | None:
        """The bytes of a session that lives."""

    @abstractmethod
    def insert(self, sid: str, data: bytes) -> None:
        """Keep a new session."""

    @abstractmethod
    def update(self, sid: str, data: bytes) -> None:
        """Write over a session."""

    @abstractmethod
    def move(self, old: str, new: str, data: bytes) -> None:
        """Write over a session and give it another id."""

    def _add_views(self, app: Flask) -> None:
        numbers = count()

        @app.get("/fill")
        def fill() -> Response:
            return self._begin(SESSION_1K)

        @app.get("/everyday")
        def everyday() -> Response:
            return self._begin(everyday_session(next(numbers)))

        @app.get("/untouched")
        def untouched() -> str:
            return "ok"

        @app.get("/read")
        def read() -> Response:
            _, data = self._session()
            return _answer(f"{data['user_id']} {data['csrf_token']} {len(data['cart'])}")

        @app.get("/write")
        def write() -> Response:
            sid, data = self._session()
            data["last_page"] = f"/item/{next(numbers):06d}"
            self.update(sid, _encode(data))
            return _answer("ok")

        @app.get("/first")
        def first() -> Response:
            return self._begin({"csrf_token": CSRF_TOKEN})

        @app.get("/sign-in")
        def sign_in() -> Response:
            old, data = self._session()
            data["user_id"] = SESSION_1K["user_id"]
            new = secrets.token_urlsafe(32)
            self.move(old, new, _encode(data))
            return _answer("ok", new)

    def _add_large_views(self, app: Flask) -> None:
        numbers = count()

        @app.get("/fill-large")
        def fill_large() -> Response:
            return self._begin(payload.SESSION_256K)

        @app.get("/read-one")
        def read_one() -> Response:
            return _answer(self._session()[1]["csrf_token"])

        @app.get("/read-large")
        def read_large() -> Response:
            return _answer(self._session()[1][payload.READ_PART])

        @app.get("/write-large")
        def write_large() -> Response:
            sid, data = self._session()
            data[payload.WRITTEN_PART] = payload.new_part(next(numbers))
            self.update(sid, _encode(data))
            return _answer("ok")

    def _session(self) -> tuple[str, dict[str, Any]]:
        sid = request.cookies["session"]
        stored = self.load(sid)
        if stored is None:
            raise LookupError("the session is gone")
        return sid, _decode(stored)

    def _begin(self, data: dict[str, Any]) -> Response:
        sid = secrets.token_urlsafe(32)
        self.insert(sid, _encode(data))
        return _answer("ok", sid)


def _answer(text: str, sid: str | None = None) -> Response:
    response = Response(text)
    response.vary.add("Cookie")
    if sid is not None:
        response.set_cookie("session", sid, httponly=True)
    return response


def expiry() -> int:
    """When a session that is written now ends."""
    return int(time.time()) + LIFETIME
