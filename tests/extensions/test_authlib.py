"""Authlib: whoever is sent to a provider is known when he comes back."""

from __future__ import annotations

import pytest
from authlib.integrations.flask_client import OAuth

from flask_sessionplus import session
from tests.extensions.conftest import tab_of


@pytest.fixture
def app(make_app, pausing, oauth_provider):
    """Return an app with two ways to sign in at a provider."""
    app = make_app(pausing)
    oauth = OAuth(app)
    for name in ("red", "blue"):
        oauth.register(
            name,
            client_id="shop",
            client_secret="secret",
            authorize_url=f"{oauth_provider.url}/authorize",
            access_token_url=f"{oauth_provider.url}/token",
            client_kwargs={"code_challenge_method": "S256"},
        )

    @app.get("/start/<name>")
    def start(name):
        return oauth.create_client(name).authorize_redirect(f"http://localhost/back/{name}")

    @app.get("/back/<name>")
    def back(name):
        token = oauth.create_client(name).authorize_access_token()
        session[name] = token["access_token"]
        if name == "red":
            session.login(7)
        return "welcome"

    return app


def start(client, name):
    """Begin to sign in; return where the browser is sent."""
    answer = client.get(f"/start/{name}")
    assert answer.status_code == 302
    return answer.location


def come_back(client, oauth_provider, location):
    """Let the provider send the browser back; return what the app says."""
    return client.get(oauth_provider.send_back(location)).text


@pytest.mark.parametrize("other", ["blue", "red"])
def test_two_starts_at_once(known, pausing, oauth_provider, other):
    """Two tabs that start at the same moment come back both, at one provider too."""
    red, second = pausing.run(lambda: start(known, "red"), lambda: start(tab_of(known), other))

    assert come_back(known, oauth_provider, second) == "welcome"
    assert come_back(known, oauth_provider, red) == "welcome"


def test_coming_back_at_once(known, pausing, oauth_provider):
    """Two tabs that come back at the same moment are both welcome, and both tokens are kept."""
    places = [start(known, "blue"), start(known, "blue")]
    tab = tab_of(known)

    def go(client, place):
        return come_back(client, oauth_provider, place)

    assert pausing.run(lambda: go(known, places[0]), lambda: go(tab, places[1])) == (
        "welcome",
        "welcome",
    )
    with known.session_transaction() as stored:
        assert [key for key in stored if key.startswith("_state")] == []


def test_a_sign_in_between(known, oauth_provider):
    """Who has signed in meanwhile, under a new token, comes back from the other start as well."""
    red, blue = start(known, "red"), start(known, "blue")

    assert come_back(known, oauth_provider, red) == "welcome"
    assert come_back(known, oauth_provider, blue) == "welcome"
    with known.session_transaction() as stored:
        assert (stored.user_id, "red" in stored, "blue" in stored) == (7, True, True)


def test_a_stranger(app, oauth_provider):
    """A visitor without a session, who starts twice, comes back from both."""
    client = app.test_client()
    first, second = start(client, "blue"), start(client, "blue")

    assert come_back(client, oauth_provider, first) == "welcome"
    assert come_back(client, oauth_provider, second) == "welcome"


def test_two_strangers_in_one_browser(app, pausing, oauth_provider):
    """Two first requests without a cookie are two visitors: who came last is known."""
    client = app.test_client()
    slow, fast = pausing.run(lambda: start(client, "blue"), lambda: start(client, "blue"))

    assert come_back(client, oauth_provider, slow) == "welcome"
    with pytest.raises(Exception, match="mismatching_state"):
        come_back(client, oauth_provider, fast)


def test_it_forgets(known, oauth_provider):
    """What a start has left is gone when it came back, and a state cannot be used twice."""
    place = start(known, "blue")
    back = oauth_provider.send_back(place)
    assert known.get(back).text == "welcome"

    with known.session_transaction() as stored:
        assert [key for key in stored if key.startswith("_state")] == []
    with pytest.raises(Exception, match="mismatching_state"):
        known.get(back)
