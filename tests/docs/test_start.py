"""README, index, quickstart: who types it in has what is said there."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from tests.web.typing_in import Desk, runs


def _at(app: Flask) -> Flask:
    """Return an app that a block has made, with its instance folder here."""
    app.instance_path = str(Path.cwd() / "instance")
    return app


@runs("README 1")
def test_readme(desk: Desk) -> None:
    """README: what is put into the cart is there, nested changes too."""
    app = desk.type("README 1")["app"]
    client = app.test_client()

    assert client.post("/cart/mug").location == "/"
    assert client.post("/cart/tea").location == "/"
    with client.session_transaction() as found:
        assert (found["cart"], found["profile"]) == (["mug", "tea"], {"seen": {"mug", "tea"}})


@runs("index 1", "quickstart 1")
def test_visits(desk: Desk) -> None:
    """index, quickstart: visits are counted, with nothing set up."""
    for page in ("index 1", "quickstart 1"):
        client = _at(desk.type(page)["app"]).test_client()
        client.get("/")

        assert client.get("/").text == "You were here 2 times."


@runs("quickstart 2", "quickstart 3")
def test_quickstart(desk: Desk) -> None:
    """quickstart: a sign-in, a message, a cart, and the devices page, where nothing is changed."""
    app = _at(desk.type("quickstart 2")["app"])
    desk.type("quickstart 3")
    here, there = app.test_client(), app.test_client()

    def sign_in(client: FlaskClient, password: str) -> str | None:
        form = {"name": "Ada", "password": password}
        return client.post("/sign-in?next=/", data=form).location

    assert here.get("/").location == "/sign-in?next=%2F"
    assert sign_in(here, "sesame") == "/sign-in?next=/"
    assert "That was not it." in here.get("/sign-in").text
    assert "That was not it." not in here.get("/sign-in").text
    assert sign_in(here, "open sesame") == "/"
    assert here.post("/cart").location == "/"
    assert "Ada, you have 1 things." in here.get("/").text
    assert sign_in(there, "open sesame") == "/"
    assert here.get("/account/devices", follow_redirects=True).status_code == 200
    assert here.post("/sign-out").location == "/sign-in"
    assert here.get("/").status_code == 302
    assert there.get("/").status_code == 200
