"""Flask-Dance: whoever is sent to a provider is known when he comes back."""

from __future__ import annotations

import pytest
from flask_dance.consumer import OAuth2ConsumerBlueprint

from flask_sessionplus import session
from tests.extensions.conftest import tab_of


@pytest.fixture
def app(make_app, pausing, oauth_provider):
    """Return an app with two ways to sign in at a provider."""
    app = make_app(pausing)
    for name in ("red", "blue"):
        blueprint = OAuth2ConsumerBlueprint(
            name,
            __name__,
            client_id="shop",
            client_secret="secret",
            authorization_url=f"{oauth_provider.url}/authorize",
            token_url=f"{oauth_provider.url}/token",
            use_pkce=True,
            code_challenge_method="S256",
            redirect_url="/welcome",
        )
        app.register_blueprint(blueprint)
    app.add_url_rule("/sign-in", "in", lambda: str(session.login(7)))
    return app


def start(client, name):
    """Begin to sign in; return where the browser is sent."""
    answer = client.get(f"/{name}")
    assert answer.status_code == 302
    return answer.location


def come_back(client, oauth_provider, location):
    """Let the provider send the browser back; return where the app sends it then."""
    return client.get(oauth_provider.send_back(location)).location


def test_two_starts_at_once(known, pausing, oauth_provider):
    """Two tabs that start at two providers at the same moment come back both, PKCE included."""
    red, blue = pausing.run(lambda: start(known, "red"), lambda: start(tab_of(known), "blue"))

    assert come_back(known, oauth_provider, blue) == "/welcome"
    assert come_back(known, oauth_provider, red) == "/welcome"
    with known.session_transaction() as stored:
        assert set(stored) == {"name", "red_oauth_token", "blue_oauth_token"}
        assert stored["red_oauth_token"]["access_token"].startswith("for ")


def test_coming_back_at_once(known, pausing, oauth_provider):
    """Two tabs that come back at the same moment keep both tokens."""
    red, blue = start(known, "red"), start(known, "blue")
    tab = tab_of(known)

    def go(client, place):
        return come_back(client, oauth_provider, place)

    assert pausing.run(lambda: go(known, red), lambda: go(tab, blue)) == ("/welcome", "/welcome")
    with known.session_transaction() as stored:
        assert set(stored) == {"name", "red_oauth_token", "blue_oauth_token"}


def test_a_sign_in_between(known, oauth_provider):
    """Who has signed in meanwhile, under a new token, comes back as well."""
    red = start(known, "red")
    known.get("/sign-in")

    assert come_back(known, oauth_provider, red) == "/welcome"


def test_one_provider_twice(known, oauth_provider):
    """It keeps one state for a provider: of two starts at the same one only the last comes back.

    That is its own doing, with any session: the first is sent to start again.
    """
    first, second = start(known, "red"), start(known, "red")

    assert come_back(known, oauth_provider, second) == "/welcome"
    assert come_back(known, oauth_provider, first) == "/red"
