"""Flask-SocketIO over real sockets: gunicorn, a client of its own, and cookies as in a browser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Queue

import pytest
import requests
import socketio

from tests.support.gunicorn import gunicorn

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


class Browser:
    """A browser: its requests and its sockets have the same cookies."""

    def __init__(self, url):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def post(self, path, **data):
        """Send a form."""
        assert self.http.post(f"{self.url}{path}", data=data, timeout=10).status_code == 200

    def get(self):
        """Return what a page finds in the session."""
        return self.http.get(f"{self.url}/all", timeout=10).json()

    @contextmanager
    def socket(self, transports):
        """Open a socket with the cookies of now."""
        client = socketio.Client(http_session=self.http, reconnection=False)
        client.connect(self.url, transports=transports, wait_timeout=10)
        try:
            yield client
        finally:
            client.disconnect()
            client.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serve the chat with one process, as Flask-SocketIO asks for, and its sessions in a file."""
    folder = tmp_path_factory.mktemp("chat")
    env = {"CHAT_STORE": f"sqlite:///{folder}/sessions.sqlite"}
    with gunicorn("tests.extensions.chat:create_app()", threads=30, env=env) as server:
        yield server


@pytest.fixture
def browser(server):
    """Return a browser in which there is a session."""
    browser = Browser(server.url)
    browser.post("/set", a="1")
    yield browser
    browser.http.close()


@pytest.mark.parametrize("transports", [["websocket"], ["polling"]], ids=["websocket", "polling"])
def test_a_socket_outlives_a_token(server, browser, transports):
    """A sign-in drops no socket; it knows the user when it has been opened again."""
    with browser.socket(transports) as socket:
        sid = socket.get_sid()
        assert socket.call("set", ("b", [2])) == "kept"
        socket.call("push", ("b", 3))
        assert browser.get() == {"user": None, "a": "1", "b": [2, 3]}
        browser.post("/sign-in")

        assert socket.call("all") == {"user": None}
        assert socket.connected
        assert socket.get_sid() == sid
    with browser.socket(transports) as socket:
        assert socket.call("all") == {"user": 7, "a": "1", "b": [2, 3]}
        assert socket.call("set", ("c", 4)) == "kept"

    assert browser.get() == {"user": 7, "a": "1", "b": [2, 3], "c": 4}
    assert "Traceback" not in server.output()


def test_many_events_at_once(browser):
    """Of events and requests that come at once, none undoes another."""
    with browser.socket(["websocket"]) as socket, ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: socket.call("count"), range(20)))
        jobs = [lambda: socket.call("set", ("x", 1)), lambda: browser.post("/set", y="2")]
        list(pool.map(lambda job: job(), jobs))

    assert sorted(numbers) == list(range(1, 21))
    assert browser.get() == {"user": None, "a": "1", "n": 20, "x": 1, "y": "2"}


def test_a_sign_out_empties_its_room(browser):
    """After a sign-out the socket is there, and what is sent to the session does not reach it."""
    browser.post("/sign-in")
    with browser.socket(["websocket"]) as socket:
        got = Queue()
        socket.on("news", got.put)
        room = socket.call("room")
        assert socket.call("tell", (room, "first")) == "told"
        assert got.get(timeout=10) == "first"
        browser.post("/sign-out")
        assert socket.call("tell", (room, "second")) == "told"

        assert socket.call("all") == {"user": None}
        assert got.empty()
