"""An app with sockets, as people write them: some views, some events, one room for a session."""

from __future__ import annotations

import os

from flask import Flask, request
from flask_socketio import SocketIO, join_room

from flask_sessionplus import SessionPlus, session
from flask_sessionplus.signals import session_destroyed, session_regenerated, sessions_revoked


def add_sockets(app: Flask, manage_session: bool = False) -> SocketIO:
    """Add views and events to *app*, which has its sessions."""
    # A poll that waits when its socket is closed ends with the next ping.
    options = {"ping_interval": 1, "ping_timeout": 20}
    sockets = SocketIO(app, async_mode="threading", manage_session=manage_session, **options)
    _add_views(app)
    _add_events(sockets)
    _keep_rooms(app, sockets)
    return sockets


def create_app() -> Flask:
    """Return the app for a server: its sessions are in the folder that the environment names."""
    app = Flask(__name__)
    SessionPlus(app, store=os.environ["CHAT_STORE"])
    add_sockets(app)
    return app


def _add_views(app: Flask) -> None:
    @app.post("/set")
    def set_keys() -> str:
        session.update(request.form.to_dict())
        return "kept"

    @app.get("/all")
    def show() -> dict[str, object]:
        return {"user": session.user_id, **session}

    @app.post("/sign-in")
    def sign_in() -> str:
        session.login(7, "Ada")
        return "in"

    @app.post("/sign-out")
    def sign_out() -> str:
        session.logout()
        return "out"


def _add_events(sockets: SocketIO) -> None:
    @sockets.on("set")
    def set_key(key: str, value: object) -> str:
        session[key] = value
        return "kept"

    @sockets.on("push")
    def push(key: str, value: object) -> None:
        session[key].append(value)

    @sockets.on("count")
    def count() -> int:
        return int(session.increment("n"))

    @sockets.on("all")
    def show() -> dict[str, object]:
        return {"user": getattr(session, "user_id", None), **session}

    @sockets.on("tell")
    def tell(room: str, text: str) -> str:
        sockets.emit("news", text, to=room)
        return "told"

    @sockets.on("room")
    def find_room() -> str:
        return session.identifier

    @sockets.on("do")
    def do(method: str) -> None:
        getattr(session, method)(*((8,) if method == "login" else ()))


def _keep_rooms(app: Flask, sockets: SocketIO) -> None:
    """Let a session's room, to which news are sent, end with the session."""

    @sockets.on("connect")
    def connect() -> None:
        if getattr(session, "exists", False):
            join_room(session.identifier)
            join_room(f"user {session.user_id}")

    def close(app: Flask, **details: object) -> None:
        sockets.close_room(details.get("handle") or details.get("old"))

    def close_user(app: Flask, owner: str, **details: object) -> None:
        sockets.close_room(f"user {owner}")

    session_regenerated.connect(close, app, weak=False)
    session_destroyed.connect(close, app, weak=False)
    sessions_revoked.connect(close_user, app, weak=False)
