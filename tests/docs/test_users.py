"""signing-in, tokens, global, decorators: their blocks do what is said there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import session
from flask_login import LoginManager, current_user, login_user

from flask_sessionplus import SessionPlus, login_required
from tests.web.typing_in import ADA, PROGRAM, Desk, make_key, runs
from tests.web.visiting import Site, Visitor


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
