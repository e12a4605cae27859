"""Flask-SocketIO: events that read and save, and sockets that outlive a token."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Request, request
from werkzeug.utils import cached_property

from flask_sessionplus import LateSession
from flask_sessionplus.signals import session_lost
from flask_sessionplus.stores.memory import MemoryStore
from tests.extensions.chat import add_sockets

MINUTE = timedelta(minutes=1)


class Tab:
    """A page of a visitor: a client for requests, and a socket that was opened after the first."""

    def __init__(self, app, manage_session=False, **data):
        self.app, self.sockets = app, add_sockets(app, manage_session)
        self.client = app.test_client()
        if data:
            self.client.post("/set", data=data)
        self.connect()

    def connect(self):
        """Open the socket with the cookie of now."""
        self.socket = self.sockets.test_client(self.app, flask_test_client=self.client)
        assert self.socket.is_connected()

    def emit(self, event, *arguments):
        """Send an event; return what its handler does, an empty list for None."""
        return self.socket.emit(event, *arguments, callback=True)

    def get(self):
        """Return what a page finds in the session."""
        return self.client.get("/all").json

    def news(self):
        """Return the names of what the server has sent since this was asked last."""
        return [each["name"] for each in self.socket.get_received()]


@pytest.fixture
def tab(clock, make_app):
    """Return a page of somebody with a session, which events share."""
    return Tab(make_app(), a="1")


def test_events_share_the_session(tab):
    """With `manage_session=False` events read what requests have saved, and the other way round."""
    assert tab.emit("set", "b", [1]) == "kept"
    tab.client.post("/set", data={"c": "3"})

    assert tab.emit("all") == {"user": None, "a": "1", "b": [1], "c": "3"}
    assert tab.get() == {"user": None, "a": "1", "b": [1], "c": "3"}


def test_nested_changes_in_events(tab):
    """An event that changes a list inside the session saves it, though nothing was assigned."""
    tab.emit("set", "list", [])
    for number in range(3):
        tab.emit("push", "list", number)

    assert tab.get()["list"] == [0, 1, 2]


def test_events_that_only_read(tab, memory):
    """An event that reads writes nothing; one that does not look at the session costs nothing."""
    before = memory._records.copy()
    tab.emit("all")

    assert memory._records == before


def test_events_and_requests_at_once(make_app, pausing):
    """A request under way and an event lose nothing of each other."""
    tab = Tab(make_app(pausing), a="1")
    pausing.run(
        lambda: tab.client.post("/set", data={"b": "2"}),
        lambda: (tab.emit("set", "c", 3), tab.emit("count")),
    )

    assert tab.get() == {"user": None, "a": "1", "b": "2", "c": 3, "n": 1}


def test_events_with_a_session_of_their_own(make_app, clock):
    """With `manage_session=True` events have the copy of the beginning, and keep it apart."""
    tab = Tab(make_app(), manage_session=True, a="1")
    tab.emit("set", "b", 2)
    tab.client.post("/set", data={"c": "3"})

    assert tab.emit("all") == {"user": None, "a": "1", "b": 2}
    assert tab.get() == {"user": None, "a": "1", "c": "3"}
    tab.client.post("/sign-in")
    assert tab.emit("set", "d", 4) == "kept"
    assert tab.emit("all") == {"user": None, "a": "1", "b": 2, "d": 4}


@pytest.mark.parametrize("later", [timedelta(0), MINUTE], ids=["at once", "after a minute"])
def test_a_new_token_drops_no_socket(tab, memory, clock, later):
    """After a sign-in the socket is there, and knows nothing of the user until it reconnects."""
    tab.client.post("/sign-in")
    clock.advance(later)

    assert tab.socket.is_connected()
    assert tab.emit("all") == {"user": None}
    tab.connect()
    assert tab.emit("all") == {"user": 7, "a": "1"}
    assert tab.emit("set", "b", 2) == "kept"
    assert tab.get() == {"user": 7, "a": "1", "b": 2}


def test_who_writes_with_an_old_token(tab, memory, clock):
    """What an event of the old token writes is lost and told; nor does it leave records behind."""
    lost = []
    tab.client.post("/sign-in")
    with session_lost.connected_to(lambda app, session: lost.append(session), tab.app):
        tab.emit("set", "b", 2)
    assert len(lost) == 1

    clock.advance(MINUTE)
    with pytest.raises(LateSession, match="connect the socket after it"):
        tab.emit("set", "b", 2)
    assert tab.socket.is_connected()
    assert len(memory.owned("7")) == memory.count() == 1
    assert tab.get() == {"user": 7, "a": "1"}


def test_no_session_begins_in_an_event(make_app, memory):
    """A visitor without a session gets none by an event, whose cookie nobody would have."""
    tab = Tab(make_app())

    with pytest.raises(LateSession, match="neither begin a session"):
        tab.emit("set", "a", 1)
    assert tab.emit("all") == {"user": None}
    assert memory.count() == 0


@pytest.mark.parametrize("method", ["regenerate", "login"])
def test_no_new_token_in_an_event(tab, method):
    """Who signs in in an event hears of it, and the browser's session is as it was."""
    with pytest.raises(LateSession, match="give it a new token"):
        tab.emit("do", method)

    assert tab.get() == {"user": None, "a": "1"}


@pytest.mark.parametrize("method", ["logout", "clear", "destroy"])
def test_an_event_may_end_the_session(tab, memory, method):
    """What needs no cookie can be done: a session that an event ends is dead everywhere."""
    tab.client.post("/sign-in")
    tab.connect()
    tab.emit("do", method)

    assert memory.owned("7") == []
    assert tab.get() == tab.emit("all") == {"user": None}


def test_a_sign_out_is_known_to_the_socket(tab):
    """The next event after a sign-out finds nobody."""
    tab.client.post("/sign-in")
    tab.connect()
    tab.client.post("/sign-out")

    assert tab.emit("all") == {"user": None}


@pytest.mark.parametrize("end", ["sign out", "revoke", "regenerate"])
def test_rooms_end_with_the_session(tab, memory, end):
    """What is sent to a session's room reaches no socket of a session that has ended."""
    tab.client.post("/sign-in")
    tab.connect()
    with tab.client.session_transaction() as stored:
        rooms = [stored.identifier, "user 7"]
    for room in rooms:
        tab.sockets.emit("news", to=room)
    assert tab.news() == ["news", "news"]
    if end == "revoke":
        with tab.app.app_context():
            tab.app.extensions["sessionplus"].extension.revoke_user(7)
        rooms = rooms[1:]
    else:
        tab.client.post("/sign-out" if end == "sign out" else "/sign-in")
        rooms = rooms[:1]
    for room in rooms:
        tab.sockets.emit("news", to=room)

    assert tab.news() == []


def test_messages_wait_for_a_page(tab):
    """A flashed message is not used up by an event that saves something."""
    with tab.client.session_transaction() as stored:
        stored.flash("note", "hello")
    tab.emit("set", "b", 2)
    tab.emit("set", "b", 3)

    with tab.client.session_transaction() as stored:
        assert stored.get_flash("note") == "hello"


def test_flask_login_in_events(make_app):
    """`current_user` is the same in events, shared or managed."""
    import flask_login

    for manage_session in (False, True):
        app = make_app(MemoryStore())
        user = flask_login.UserMixin()
        user.id = "7"
        flask_login.LoginManager(app).user_loader(lambda _, user=user: user)
        app.post("/login")(lambda user=user: str(flask_login.login_user(user)))
        tab = Tab(app, manage_session)
        tab.sockets.on("who")(lambda: flask_login.current_user.get_id())
        tab.client.post("/login")
        tab.connect()

        assert tab.emit("who") == "7"
        tab.client.post("/sign-out")
        assert tab.emit("who") == ("7" if manage_session else [])


@pytest.mark.parametrize(("event", "is_alive"), [(("all",), False), (("do", "renew"), True)])
def test_events_and_the_idle_time(make_app, clock, event, is_alive):
    """An event that only reads lets the session end as if nobody was there; `renew` does not."""
    tab = Tab(make_app(PERMANENT_SESSION_LIFETIME=600), a="1")
    for _ in range(3):
        clock.advance(400)
        tab.emit(*event)

    assert ("a" in tab.get()) is is_alive


class Annotated(Request):
    """A class of requests that has names of its own, and one that Flask-SocketIO uses."""

    namespace = "shop"
    sid = None

    @cached_property
    def event(self):
        """Return what this request is about."""
        return "visit"


def test_requests_that_only_look_like_events(make_app):
    """An app whose class of requests has such attributes begins sessions in requests as ever."""
    app = make_app()
    app.request_class = Annotated
    add_sockets(app, manage_session=False)

    @app.before_request
    def look():
        request.namespace = request.event

    client = app.test_client()

    assert client.post("/set", data={"a": "1"}).status_code == 200
    assert client.get("/all").json["a"] == "1"
