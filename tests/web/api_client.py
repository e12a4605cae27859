"""The example API, and somebody's client, for the tests of the API."""

from __future__ import annotations

from examples.api.app import create_app

ADA = {"name": "ada", "password": "difference-engine"}
GRACE = {"name": "grace", "password": "first-real-bug"}
ADDRESS = {"name": "Ada Lovelace", "street": "12 St James's", "postcode": "SW1", "city": "London"}


def make_api(folder, **config):
    """An API with files of its own."""
    store = f"sqlite:///{folder / 'sessions.sqlite'}"
    return create_app({"TESTING": True, "INSTANCE": folder, "SESSION_STORE": store, **config})


class Client:
    """Keeps tokens and cookies, as a client of the API does."""

    def __init__(self, app, agent="a-client/1.0"):
        self._app = app
        self._client = app.test_client()
        self._client.environ_base["HTTP_USER_AGENT"] = agent
        self.access = self.refresh = None

    def copy(self):
        """Return another window of the same client: with the same tokens and cookies."""
        other = Client(self._app)
        other.access, other.refresh = self.access, self.refresh
        if self.cookie:
            other._client.set_cookie("checkout", self.cookie)
        return other

    def sign_in(self, user=ADA):
        """Sign in, and keep the tokens."""
        self.keep(self.ask("POST", "/sign-in", user))
        return self

    def turn(self):
        """Take the next pair for the refresh token."""
        self.keep(self.ask("POST", "/token/refresh", {"refresh_token": self.refresh}))

    def keep(self, answer):
        """Keep the tokens of an answer."""
        assert answer.status_code == 200, answer.text
        self.access, self.refresh = answer.json["access_token"], answer.json["refresh_token"]

    def ask(self, method, path, body=None, **headers):
        """Return the answer."""
        if self.access:
            headers.setdefault("Authorization", f"Bearer {self.access}")
        return self._client.open(path, method=method, json=body, headers=headers)

    def get(self, path):
        """Return the JSON that is there."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def post(self, path, body=None):
        """Send JSON, which is taken; return the answer's."""
        answer = self.ask("POST", path, body)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer.json

    def put(self, path, body):
        """Send JSON, which is taken; return the answer's."""
        answer = self.ask("PUT", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json

    @property
    def cookie(self):
        """The cookie of its checkout, if it has one."""
        found = self._client.get_cookie("checkout")
        return found and found.value
