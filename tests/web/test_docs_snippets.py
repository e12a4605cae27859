"""Each Python block of the documentation runs as it is written, and does what is said there.

What a page leaves to its reader, such as an app and a function that checks passwords, is given.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, session
from flask_login import LoginManager, current_user, login_user

from flask_sessionplus import ParameterError, SessionPlus, StoreUnavailable, login_required
from tests.support.processes import ROOT
from tests.support.snippets import snippets
from tests.web.typing_in import ADA, NOT_RUN, PROGRAM, RUN, Desk, make_key, runs
from tests.web.visiting import Site, Visitor


@pytest.fixture
def desk(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk with an empty app, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    app.config.update(TESTING=True, SESSION_STORE=f"file://{tmp_path}/sessions")
    return Desk(app)


@pytest.fixture
def visitor(desk: Desk) -> Visitor:
    """Return somebody who visits the app, which has its sessions."""
    SessionPlus(desk.app)
    return desk.visitor()


def test_every_block_is_run() -> None:
    """No block is left out silently."""
    assert sorted(snippets()) == sorted({*RUN, *NOT_RUN})


@runs("README 1")
def test_readme(desk: Desk) -> None:
    """README: what is put into the cart is there, nested changes too."""
    app = desk.type("README 1")["app"]
    client = app.test_client()

    assert client.post("/cart/mug").location == "/"
    assert client.post("/cart/tea").location == "/"
    with client.session_transaction() as found:
        assert (found["cart"], found["profile"]) == (["mug", "tea"], {"seen": {"mug", "tea"}})


@runs("index 1")
def test_index(desk: Desk) -> None:
    """index: visits are counted."""
    app = desk.type("index 1")["app"]
    app.instance_path = str(Path.cwd())
    client = app.test_client()
    client.get("/")

    assert client.get("/").text == "You were here 2 times."


@runs("session 1", "session 3")
def test_session_changes(desk: Desk, visitor: Visitor) -> None:
    """session: nested changes are saved, and `atomic` returns what it stored."""
    visitor(lambda: session.update(cart={}, basket={"pears": 1}))
    visitor.value(lambda: desk.type("session 1", session=session))

    assert visitor.value(lambda: session["cart"]) == {"apples": 3, "pears": ["ripe"]}
    assert visitor.value(lambda: desk.type("session 3"))["stock"] == {"pears": 1, "apples": 3}


@runs("session 2")
def test_session_types(desk: Desk) -> None:
    """session: a registered type comes back."""

    class Money(SimpleNamespace):
        def __init__(self, amount: Decimal, currency: str) -> None:
            super().__init__(amount=amount, currency=currency)

    desk.type("session 2", Money=Money, SessionPlus=SessionPlus)["ext"].init_app(desk.app)
    visitor = desk.visitor()
    visitor(lambda: session.update(price=Money(Decimal("12.30"), "EUR")))

    assert visitor.value(lambda: session["price"]) == Money(Decimal("12.30"), "EUR")


@runs("flash 1")
def test_flash(desk: Desk, visitor: Visitor) -> None:
    """flash: a message and a form can be set and read."""
    form = {"name": "Ada"}
    request = SimpleNamespace(form=form)

    visitor.value(lambda: desk.type("flash 1", session=session, request=request))


@runs("parameters 1", "parameters 2")
def test_parameters(desk: Desk) -> None:
    """parameters: a date is made of a text, a default is given, and a choice is kept to."""
    desk.type("parameters 1", request=SimpleNamespace(form={"birthday": "1969-07-20"}))
    visitor = desk.visitor()

    def set_all() -> tuple[Any, Any]:
        with pytest.raises(ParameterError, match="theme"):
            desk.type("parameters 2")
        return session["birthday"], session.get("theme")

    assert visitor.value(set_all) == (date(1969, 7, 20), "light")


@runs("scopes 1", "scopes 2", "scopes 3")
def test_scopes(desk: Desk, visitor: Visitor) -> None:
    """scopes: what is done in a scope is the session's only when it is committed."""
    visitor(lambda: session.update(cart=["mug"], voucher="X"))
    visitor.value(lambda: desk.type("scopes 1"))

    assert visitor.value(lambda: dict(session)) == {"cart": ["mug"], "voucher": "X"}
    visitor.value(lambda: (desk.type("scopes 1"), desk.type("scopes 2"), desk.type("scopes 3")))
    found = visitor.value(lambda: dict(session))
    assert found["step"] == 2
    assert "gift" in found["cart"]
    assert "voucher" not in found


@runs("signing-in 1", "signing-in 2", "signing-in 3")
def test_signing_in(desk: Desk) -> None:
    """signing-in: somebody signs in, sees his devices, ends one of them, and signs out."""
    desk.type("signing-in 1")
    desk.type("signing-in 3", user=ADA)
    here, there = desk.visitor(), Site.visitor(SimpleNamespace(app=desk.app))  # type: ignore[arg-type]
    for browser in (here, there):
        assert browser.client.post("/sign-in", data={"name": "a", "password": "b"}).location == "/"
    handle = there.value(lambda: session.identifier)

    assert here.client.post("/devices/other/sign-out", headers=PROGRAM).status_code == 404
    assert here.client.post(f"/devices/{handle}/sign-out").location == "/devices"
    assert there.value(lambda: session.is_authenticated) is False
    assert here.value(lambda: desk.type("signing-in 2") and session.is_authenticated) is False
    assert here.client.post("/sign-out").location == "/"


@runs("signing-in 4")
def test_alternative_ids(desk: Desk, visitor: Visitor) -> None:
    """signing-in: a user whom Flask-Login knows by another id is ours by the real one."""
    user = desk.type("signing-in 4")["User"]()
    user.id, user.alternative_id = 7, "changes"
    LoginManager(desk.app).user_loader(lambda _: user)
    visitor.value(lambda: login_user(user))

    found = visitor.value(lambda: (current_user.get_id(), session.user_id))
    assert found == ("changes", 7)


@runs("tokens 1", "tokens 2", "global 1")
def test_tokens_and_global(desk: Desk) -> None:
    """tokens, global: a client signs in, has a cart, refreshes, and signs itself out alone."""
    make_key()
    desk.type("tokens 1")
    desk.type("tokens 2", orders_of=lambda user_id: {"of": user_id})
    desk.type("global 1")
    client = desk.app.test_client()

    def sign_in() -> dict[str, Any]:
        answer = client.post("/sign-in", json={"name": "a", "password": "b"})
        assert answer.headers["Cache-Control"] == "no-store"
        return dict(answer.json or {})

    def bearer(pair: dict[str, Any]) -> dict[str, str]:
        return {"Authorization": f"Bearer {pair['access_token']}"}

    pair, other = sign_in(), sign_in()

    assert client.get("/account").status_code == 401
    assert client.get("/account", headers=bearer(pair)).text == "You are 7."
    assert client.get("/orders", headers=bearer(pair)).json == {"of": "7"}
    assert client.post("/cart/mug", headers=bearer(pair)).json == {"cart": ["mug"]}
    assert client.post("/cart/tea", headers=bearer(other)).json == {"cart": ["mug", "tea"]}
    turned = client.post("/refresh", json={"refresh_token": pair["refresh_token"]}).json
    assert client.post("/refresh", json={}).status_code == 401
    assert turned is not None
    assert client.post("/sign-out", headers=bearer(turned)).status_code == 204
    assert client.get("/account", headers=bearer(pair)).status_code == 401
    assert client.get("/account", headers=bearer(other)).status_code == 200


@runs("decorators 1")
def test_decorators(desk: Desk) -> None:
    """decorators: what is decorated refuses strangers; so the blueprint can be registered."""
    SessionPlus(desk.app)
    names = desk.type("decorators 1")
    desk.app.register_blueprint(names["shop"])
    desk.app.add_url_rule("/payroll", view_func=names["Payroll"].as_view("payroll"))
    client = desk.app.test_client()

    assert [client.get(page).status_code for page in ("/orders", "/payroll")] == [401, 401]


@runs("decorators 2", "decorators 3")
def test_decorators_answers(desk: Desk) -> None:
    """decorators: an error handler lets the redirect through, and the sign-in leads back."""
    desk.app.config["SESSION_LOGIN_VIEW"] = "sign_in"
    SessionPlus(desk.app)
    desk.type("decorators 2")
    desk.type("decorators 3")
    desk.app.add_url_rule("/home", "home", login_required(lambda: "home"), methods=["GET", "POST"])
    client = desk.app.test_client()

    assert client.get("/nowhere").json == {"error": "Not Found"}
    assert client.post("/home").status_code == 303
    sent = client.get("/home")
    assert (sent.status_code, sent.location) == (302, "/sign-in?next=%2Fhome")
    form = {"name": "a", "password": "b", "next": "/home?x=1"}
    assert client.post("/sign-in", data=form).location == "/home?x=1"


@runs("decorators 4")
def test_decorators_data(desk: Desk) -> None:
    """decorators: data come from the user's session, and go into a scope of the browser's."""
    make_key()
    names = desk.type("tokens 1", find=lambda number: [number])
    desk.type("decorators 4")
    visitor = desk.visitor()
    client = visitor.client
    with desk.app.app_context():
        header = {"Authorization": f"Bearer {names['ext'].tokens.issue(7)}"}

    def keep() -> None:
        names["global_session"].update({"order": {"id": 3, "of": "ada"}, "cart": ["mug"]})

    exec("from flask_sessionplus import global_session", names)
    visitor.value(keep, headers=header)

    assert client.get("/total").status_code == 401
    assert client.get("/total", headers=header).json == {"order": {"id": 3}, "cart": ["mug"]}
    assert client.post("/search/5").json == {"result-5": [5]}
    assert visitor.value(lambda: session.scope("search").get("result-5")) == [5]
    assert visitor.value(lambda: session.get("result-5")) is None


@runs("settings 1")
def test_settings_as_arguments(desk: Desk) -> None:
    """settings: the arguments are those there are."""
    desk.type("settings 1", SessionPlus=SessionPlus, my_generator=lambda: "a" * 43)

    assert desk.app.config["SESSION_COOKIE_NAME"] == "sid"


@runs("testing 1")
def test_testing(desk: Desk, visitor: Visitor) -> None:
    """testing: a test signs somebody in."""
    desk.type("testing 1", client=visitor.client)

    found = visitor.value(lambda: (session.user_id, session.role_id, session["theme"]))
    assert found == (7, "admin", "dark")


@runs("faults 1", "faults 2")
def test_faults(desk: Desk) -> None:
    """faults: a page for strangers, and one while the store does not answer."""
    SessionPlus(desk.app)
    desk.type("faults 1", session=session, render_template=lambda name, **_: name)
    desk.type("faults 2")

    @desk.app.get("/down")
    def down() -> None:
        raise StoreUnavailable()

    answer = desk.app.test_client().get("/down")
    assert desk.app.test_client().get("/").text == "index.html"
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (
        *(503, "sorry.html", "5"),
    )


@runs("encryption 1", "moving 1", "moving 2", "stores/cookie 1", "stores/fields 1")
@runs("stores/layered 1", "stores/redis 1")
@pytest.mark.parametrize(
    "name",
    [
        *("encryption 1", "moving 1", "moving 2", "stores/cookie 1", "stores/fields 1"),
        *("stores/layered 1", "stores/redis 1"),
    ],
)
def test_configuration(desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """encryption, moving, stores: an app with these settings can be set up."""
    desk.app.config["SESSION_STORE"] = None
    desk.app.config["SECRET_KEY"] = "s" * 64
    monkeypatch.setenv("SHOP_SESSION_KEYS", f"{'ab' * 32} {'cd' * 32}")
    exec("import os", desk.names)
    desk.type(name)
    desk.app.config["SECRET_KEY"] = "s" * 64
    if desk.app.config["SESSION_STORE"] is None and name == "encryption 1":
        desk.app.config["SESSION_STORE"] = "sqlite:///sessions.sqlite3"

    SessionPlus(desk.app)


@runs("stores/postgresql 1")
def test_tables(desk: Desk) -> None:
    """stores/postgresql: the tables are in the app's metadata."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    metadata = sqlalchemy.MetaData()
    desk.type("stores/postgresql 1", db=SimpleNamespace(metadata=metadata))

    assert "flask_sessions" in metadata.tables


@pytest.mark.slow
@runs("writing-a-store 1", "writing-a-store 2")
def test_writing_a_store(tmp_path: Path) -> None:
    """writing-a-store: the small store there keeps every promise."""
    found = snippets()
    (tmp_path / "tiny_store.py").write_text(found["writing-a-store 1"])
    (tmp_path / "test_tiny_store.py").write_text(found["writing-a-store 2"])
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "."]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout[-4_000:]
