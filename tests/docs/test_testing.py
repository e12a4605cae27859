"""testing: its blocks do what is said there; those that are tests pass."""

from __future__ import annotations

import pytest
from flask import session

from flask_sessionplus import SessionPlus
from tests.support.snippets import snippets
from tests.web.typing_in import Desk, runs
from tests.web.visiting import Visitor

pytest_plugins = ["pytester"]

# The reader's app, in which the page's tests are to pass.
SHOP = """
from flask import Flask
from flask_sessionplus import (
    SessionPlus, fresh_required, login_required, role_required, session
)


def create_app(**config):
    app = Flask(__name__)
    app.config.update(PERMANENT_SESSION_LIFETIME=1800, **config)
    SessionPlus(app)

    @app.post("/cart/<item>")
    def put(item):
        session["cart"] = [*session["cart"], item]
        return "kept"

    app.add_url_rule("/admin", "admin", role_required("admin")(lambda: "admin"))
    app.add_url_rule("/account", "account", login_required(lambda: "account"))
    password = fresh_required()(lambda: "changed")
    app.add_url_rule("/password", "password", password, methods=["POST"])
    return app
"""


@runs("testing 1")
def test_testing(desk: Desk, visitor: Visitor) -> None:
    """testing: a test signs somebody in."""
    desk.type("testing 1", client=visitor.client)

    found = visitor.value(lambda: (session.user_id, session.role_id, session["theme"]))
    assert found == (7, "admin", "dark")


@runs("testing 2", "testing 3", "testing 4", "testing 5", "testing 6")
@pytest.mark.parametrize(("name", "tests"), [("3", 1), ("4", 3), ("5", 1), ("6", 1)])
def test_with_pytest(pytester: pytest.Pytester, name: str, tests: int) -> None:
    """testing: the page's tests pass beside the page's conftest, with the plugin as installed."""
    found = snippets()
    pytester.makepyfile(shop=SHOP)
    pytester.makeconftest(found["testing 2"])
    pytester.makepyfile(test_page=found[f"testing {name}"])
    pytester.syspathinsert()

    pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=tests)


@runs("testing 7")
def test_without_pytest(desk: Desk) -> None:
    """testing: a client without a fixture signs in, and sets a key."""
    SessionPlus(desk.app)
    client = desk.type("testing 7")["client"]

    assert (client.session.username, client.session["theme"]) == ("Ada", "dark")
