"""pages: the page of devices is there, in the app's layout and language, and can be replaced."""

from __future__ import annotations

import re
from pathlib import Path

import flask_babel
import pytest
from jinja2 import DictLoader

from flask_sessionplus import SessionPlus, pages, session
from flask_sessionplus.pages import devices
from tests.support.processes import ROOT
from tests.web.typing_in import Desk, runs

PAGE = "/account/devices"
BASE = "<title>{% block title %}{% endblock %} at ours</title>{% block content %}{% endblock %}"

_blocks = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S).findall
TEMPLATES = [
    text for kind, text in _blocks((ROOT / "docs/pages.md").read_text()) if kind == "jinja"
]


@pytest.fixture
def shown(desk: Desk):
    """Return what a user sees who is signed in with two browsers."""
    app = desk.app
    SessionPlus(app)
    app.jinja_loader = DictLoader({"base.html": BASE})
    app.add_url_rule("/in", "in", lambda: str(session.login(7)))

    def show() -> str:
        clients = [app.test_client() for _ in range(2)]
        for client in clients:
            client.get("/in")
        return clients[0].get(PAGE).text

    return show


@runs("pages 1")
def test_mounting(desk: Desk, shown) -> None:
    """It is there with two lines, and the link leads to it."""
    desk.type("pages 1")
    with desk.app.test_request_context():
        assert PAGE in desk.app.jinja_env.from_string(TEMPLATES[0]).render()

    assert shown().count("<h3") == 2


@runs("pages 2")
def test_looks(desk: Desk, shown) -> None:
    """It stands in the app's layout, and asks Flask-Babel for its texts."""
    desk.app.config["BABEL_DEFAULT_LOCALE"] = "de"
    flask_babel.Babel(desk.app)
    desk.type("pages 2")

    text = shown()
    assert "<title>Your devices at ours" in text
    assert re.search(r'title="\d\d\.\d\d\.\d{4}, ', text)


@runs("pages 3")
@pytest.mark.parametrize(
    ("template", "block", "said"),
    [(1, "content", "signed in at 2 places"), (2, "main", '">Sign out</button>')],
)
def test_own_pages(desk: Desk, shown, template: int, block: str, said: str) -> None:
    """A block of it is replaced, or all of it."""
    base = BASE.replace("block content", f"block {block}")
    files = {"account/devices.html": TEMPLATES[template], "base.html": base}
    desk.app.jinja_loader = DictLoader(files)
    blueprint = desk.type("pages 3", devices=devices)["blueprint"]
    desk.app.register_blueprint(blueprint, url_prefix=PAGE)

    assert said in shown()


def test_where_texts_are() -> None:
    """The folder that the page names to `pybabel` has the texts."""
    assert Path(pages.__path__[0], "templates/sessionplus/devices/page.html").exists()
