"""Fixtures for pytest, found by their entry point; ``-p no:flask_sessionplus`` leaves them out.

They need a fixture ``app`` that returns the Flask app, as many test suites have one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

# This is loaded for the tests of all projects: it imports Flask, for it lies in our package, but
# nothing that only the fixtures need.
if TYPE_CHECKING:
    from flask import Flask

    from .client import SessionClient
    from .clock import FakeClock


@pytest.fixture
def frozen_clock() -> Iterator[FakeClock]:
    """Stop the time of all sessions: ``frozen_clock.tick(60)`` moves it by a minute."""
    from .clock import FakeClock

    with FakeClock() as clock:
        yield clock


@pytest.fixture
def session_client(request: pytest.FixtureRequest) -> SessionClient:
    """Return a test client of ``app`` whose session can be read and set: ``.session["key"]``."""
    from .client import make_client

    return make_client(_find_app(request))


@pytest.fixture
def signed_in(request: pytest.FixtureRequest) -> SignedIn:
    """Return a function that makes a client of ``app`` in which a user is signed in."""
    return SignedIn(_find_app(request))


class SignedIn:
    """Makes clients in which somebody is signed in, each with a browser of its own."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, user: Any, **options: Any) -> SessionClient:
        """Return a new client in which *user* is signed in.

        :param user: an id; or an object with ``session_user_id``, ``id`` or ``get_id()``.
        :param options: those of :meth:`.SessionClient.sign_in`, such as ``username``,
            ``role_id`` and ``fresh``.
        """
        from .client import make_client

        client = make_client(self._app)
        client.sign_in(user, **options)
        return client


def _find_app(request: pytest.FixtureRequest) -> Flask:
    try:
        app = request.getfixturevalue("app")
    except pytest.FixtureLookupError as error:
        if error.argname != "app":
            raise
        raise pytest.fail.Exception(
            f"{request.fixturename} needs a fixture `app` that returns your Flask app. Put one"
            " into conftest.py: see docs/testing.md of Flask-SessionPlus.",
            pytrace=False,
        ) from None
    from flask import Flask

    if not isinstance(app, Flask):
        pytest.fail(
            f"{request.fixturename} needs a Flask app: the fixture `app` has returned a"
            f" {type(app).__name__}.",
            pytrace=False,
        )
    return app
