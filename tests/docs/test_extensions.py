"""extensions: its recipes do what is said there, with the real packages."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import session

from flask_sessionplus import SessionPlus
from tests.web.typing_in import Desk, runs


@runs("extensions 1")
def test_tables_in_migrations(desk: Desk) -> None:
    """Flask-Migrate: the tables are in the app's metadata, from where Alembic makes them."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    metadata = sqlalchemy.MetaData()
    desk.type("extensions 1", db=SimpleNamespace(metadata=metadata))

    assert set(metadata.tables) == {"flask_sessions", "flask_sessions_values"}


@runs("extensions 2")
def test_tables_left_alone(desk: Desk) -> None:
    """Flask-Migrate: Alembic does not look at our tables, and at all others as ever."""
    include_name = desk.type("extensions 2", db=SimpleNamespace(metadata=None))["include_name"]
    names = ["flask_sessions", "flask_sessions_values", "note", None]

    assert [include_name(name, "table", {}) for name in names[:3]] == [False, False, True]
    assert include_name(None, "schema", {}) is True
    migrate = desk.app.extensions["migrate"]
    assert migrate.configure_args["include_name"] is include_name


@runs("extensions 3")
def test_sockets(desk: Desk) -> None:
    """Flask-SocketIO: strangers are refused, messages come, and rooms end with the session."""
    pytest.importorskip("flask_socketio")
    app = desk.app
    SessionPlus(app)
    sockets = desk.type("extensions 3")["sockets"]
    app.add_url_rule("/in", "in", lambda: str(session.login(7)))
    app.add_url_rule("/out", "out", lambda: str(session.logout()))
    client = app.test_client()
    assert sockets.test_client(app, flask_test_client=client).is_connected() is False

    client.get("/in")
    with client.session_transaction() as stored:
        room = stored.identifier
    socket = sockets.test_client(app, flask_test_client=client)
    assert socket.emit("message", "hello", callback=True) == []
    sockets.emit("message", "all", to="user 7")
    assert [each["args"] for each in socket.get_received()] == ["hello", "all"]

    client.get("/in")
    sockets.emit("message", "to nobody", to=room)
    assert socket.emit("message", "again", callback=True) == "connect again"
    assert socket.get_received() == []
    with app.app_context():
        app.extensions["sessionplus"].extension.revoke_user(7)
    sockets.emit("message", "to nobody", to="user 7")
    assert socket.get_received() == []
    assert socket.is_connected()


@runs("extensions 4")
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_flask_security(desk: Desk) -> None:
    """Flask-Security: a user who is being registered has his id already."""
    flask_security = pytest.importorskip("flask_security")
    from flask_security.models import fsqla_v3
    from flask_sqlalchemy import SQLAlchemy

    app = desk.app
    app.config.update(
        SQLALCHEMY_DATABASE_URI="sqlite://",
        SECURITY_PASSWORD_SALT="salt",
        SECURITY_PASSWORD_HASH="plaintext",
        SECRET_KEY="for what it signs",
    )
    db = SQLAlchemy(app)
    fsqla_v3.FsModels.set_db_info(db)
    role = type("Role", (db.Model, fsqla_v3.FsRoleMixin), {})
    SessionPlus(app)
    user_class = desk.type("extensions 4", db=db)["User"]
    store = flask_security.SQLAlchemyUserDatastore(db, user_class, role)
    flask_security.Security(app, store)

    def register() -> list[object]:
        db.create_all()
        user = store.create_user(email="ada@example.com", password="correct horse")
        flask_security.login_user(user)
        return [user.id, session.user_id]

    app.add_url_rule("/register-now", "now", register)
    assert app.test_client().get("/register-now").json == [1, 1]
    with app.app_context():
        db.engine.dispose()


@runs("extensions 5")
def test_debugtoolbar(desk: Desk) -> None:
    """Flask-DebugToolbar: with these panels it shows neither the token nor the settings."""
    pytest.importorskip("flask_debugtoolbar")
    for panel in ("sqlalchemy", "template"):
        # They add views when they are imported, which is too late once an app has the toolbar.
        pytest.importorskip(f"flask_debugtoolbar.panels.{panel}")
    app = desk.app
    app.debug = True
    app.config["SECRET_KEY"] = "for what it signs"
    SessionPlus(app)
    desk.type("extensions 5")
    app.add_url_rule("/", "page", lambda: f"<body>{session.increment('n')}</body>")
    client = app.test_client()
    client.get("/")
    answer = client.get("/").text
    cookie = client.get_cookie("session")

    assert "flDebug" in answer
    assert cookie is not None
    assert cookie.value not in answer
    assert "for what it signs" not in answer


@runs("extensions 6")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_principal(desk: Desk) -> None:
    """Flask-Principal: who is signed in is the identity, and who only reads writes nothing."""
    pytest.importorskip("flask_principal")
    from flask import g

    app = desk.app
    SessionPlus(app)
    desk.type("extensions 6", session=session)
    app.add_url_rule("/in", "in", lambda: str(session.login(7)))
    app.add_url_rule("/who", "who", lambda: [g.identity.id, session.modified])
    client = app.test_client()

    assert client.get("/who").json == [None, False]
    client.get("/in")
    assert client.get("/who").json == [7, False]
