"""The customer's own examples, line by line, in the seeds' order: 000 to 004."""

from __future__ import annotations

import pytest
from flask import Flask, current_app, redirect, render_template_string, request
from flask import session as flask_session

from flask_sessionplus import (
    Parameter,
    ParameterError,
    SessionPlus,
    delete_data,
    fresh_required,
    get_data,
    global_session,
    local_session,
    login_required,
    put_data,
    role_required,
)
from flask_sessionplus import session as Session  # noqa: N812  (as the seed spells it)
from flask_sessionplus.stores.memory import MemoryStore
from tests.web.bearer.bearing import CONFIG, App


@pytest.fixture
def show(visitor):
    """Let somebody visit a controller."""
    return lambda do: visitor.value(do)


def test_plugin_signing_in(show):
    """Seed 000: username and role are memorised by the sign-in, with parameters beside them."""
    assert show(lambda: (Session.exists, Session.is_authenticated)) == (False, False)
    show(lambda: Session.login(7, "ada", "editor", theme="dark"))

    assert show(lambda: (Session.exists, Session.is_authenticated)) == (True, True)
    assert show(lambda: (Session.user_id, Session.username)) == (7, "ada")
    assert show(lambda: (Session.role_id, Session.get("theme"))) == ("editor", "dark")


def test_plugin_assigning(show):
    """Seed 000: name and role may be assigned, parameters set at any time and had by type."""
    show(lambda: Session.login(7))
    show(lambda: setattr(Session, "username", "ada"))
    show(lambda: setattr(Session, "role_id", 3))
    show(lambda: Session.set("count", "12"))

    assert show(lambda: (Session.username, Session.role_id)) == ("ada", 3)
    assert show(lambda: Session.get("count", type=int)) == 12
    assert show(lambda: Session.get("theme", "light")) == "light"


def test_plugin_logging_out(show):
    """Seed 000: the data last "until the user logs out"."""
    show(lambda: Session.login(7, "ada", "editor", theme="dark"))
    show(lambda: Session.logout())

    assert show(lambda: (Session.exists, Session.username, Session.all())) == (False, None, {})


def test_plugin_configuration(make_site):
    """Seed 000: Input Configuration says types and values, Output Configuration the scope."""
    parameters = {
        "theme": Parameter(str, choices=["light", "dark"]),
        "count": Parameter(int),
        "step": Parameter(int, scope="local"),
        "total": Parameter(int, scope="global"),
    }
    app = App(make_site(SESSION_PARAMETERS=parameters, **CONFIG))
    client = app.client()

    def use():
        Session.set("count", "12")
        local_session.set("step", "1")
        global_session.set("total", "99")
        with pytest.raises(ParameterError):
            Session.set("theme", "blue")
        with pytest.raises(ParameterError):
            Session.set("step", 2)
        return Session["count"], local_session["step"], global_session["total"]

    assert client.value(use) == (12, 1, 99)
    assert client.value(lambda: (Session["count"], "step" in local_session)) == (12, False)
    assert app.client().value(lambda: (Session.get("count"), global_session["total"])) == (None, 99)


def test_plugin_access(site):
    """Seed 000: "you can control your user's access to the app"."""
    guards = [login_required, role_required("admin"), fresh_required]
    for number, guard in enumerate(guards):
        site.app.add_url_rule(f"/{number}", f"{number}", guard(lambda: "in"))
    visitor = site.visitor()

    def statuses():
        return [visitor.client.get(f"/{number}").status_code for number in range(3)]

    assert statuses() == [401, 401, 401]
    visitor(lambda: Session.login(7, "ada", "editor"))
    assert statuses() == [200, 403, 200]
    visitor(lambda: (setattr(Session, "role_id", "admin"), Session.doubt()))
    assert statuses() == [200, 200, 401]


MESSAGE = {"body": {"a": 1}, "data": [2], "id": 3, "other": 4}


def answering(body=None, data=None, id=None, other=None):
    """Answer what has come."""
    return {"body": body, "data": data, "id": id, "other": other}


def test_digibee_defaults(show):
    """Seed 001: Local, "body, data, id", not scoped; only in "current execution"."""
    put, get = put_data()(lambda: MESSAGE), get_data()(answering)

    assert show(lambda: (put(), get())[1]) == {**MESSAGE, "other": None}
    assert show(get) == answering()


def test_digibee_operations(show):
    """Seed 001: Put, Get and Delete Data of the fields named, in the browser's session."""
    fields = {"session_type": "session"}
    put, get = put_data("data", "id", **fields), get_data("data", "id", "other", **fields)
    answer = show(lambda: put(lambda: MESSAGE)().get_data())

    assert show(lambda: get(answering)()) == {"body": None, "data": [2], "id": 3, "other": None}
    show(delete_data("data", **fields)(lambda: "gone"))
    assert show(lambda: Session.all()) == {"id": 3}
    # "The component doesn't change any information of the input message."
    assert answer == show(lambda: Flask.make_response(_app(), MESSAGE).get_data())


def test_digibee_global(make_site):
    """Seed 001: Global is the user's by the JWT of the login pipeline, and only with one."""
    app = App(make_site(**CONFIG))
    put = put_data("id", session_type="global")(lambda: MESSAGE)
    get = get_data("id", session_type="global")(lambda id=None: [id])
    app.client()(put)

    assert app.client().value(get) == [3]
    assert app.client(app.issue("somebody else")).value(get) == [None]
    assert app.site.visitor()(get).status == 401


def test_digibee_scoped(show):
    """Seed 001: Scoped: "the sub-processes see their own version of the session data"."""
    fields = {"session_type": "session"}
    show(put_data("id", "data", **fields)(lambda: MESSAGE))
    show(put_data("id", scoped="sub", **fields)(lambda: {"id": 99}))

    def get(**options):
        return show(get_data("id", "data", **fields, **options)(lambda id, data: [id, data]))

    assert get() == [3, [2]]
    assert get(scoped="sub") == [99, [2]]


def test_digibee_double_braces(visitor):
    """Seed 001: Fields take expressions, of the JSON that has come in too."""
    fields, number = {"session_type": "session"}, "order-{{ json.number }}"
    put = put_data(number, **fields)(lambda: {"order-5": "mug"})
    get = get_data(number, **fields)(lambda **found: found)

    visitor(put, method="POST", json={"number": 5})
    assert visitor.value(get, method="POST", json={"number": 5}) == {"order-5": "mug"}
    assert visitor.value(get, method="POST", json={"number": 6}) == {}


def _app():
    return current_app._get_current_object()


def test_masonite_setting_and_getting(show):
    """Seed 002: `set`, `get`, `has`, `all`."""
    show(lambda: Session.set("key", "value"))

    assert show(lambda: Session.get("key")) == "value"
    assert show(lambda: Session.has("key")) is True
    assert show(lambda: Session.all()) == {"key": "value"}


def test_masonite_printing(show):
    """Seed 002: `print(Session)` shows the session, not its secrets."""
    show(lambda: Session.set("key", "value"))

    assert show(lambda: f"{Session}").startswith("<Session")


def test_masonite_reset(show):
    """Seed 002: "You can reset the session data anytime you want"."""
    show(lambda: Session.set("key", "value"))
    show(lambda: Session.reset())

    assert show(lambda: Session.all()) == {}


def test_masonite_flash(visitor):
    """Seed 002: flash, redirect, and the template's alert shows once."""

    def store():
        Session.flash("success", "Your action is successful")
        return redirect("/")

    def page():
        # As in the seed, with its missing braces put in.
        return render_template_string(
            """{% if session().has('success') %}
    <div class="alert alert-success">
        {{ session().get('success') }}
    </div>
{% endif %}"""
        )

    visitor(store, method="POST")

    assert "Your action is successful" in visitor.value(page)
    assert "alert" not in visitor.value(page)


def test_spry_manager():
    """Seed 003: a manager, made with the settings of its table."""
    app = Flask("spry")
    tokens = iter(f"token-of-the-app-{number:08}" for number in range(99))
    SessionPlus(
        app,
        store=MemoryStore(),
        cookie_name="SPRY_SESSION_ID",
        domain="example.com",
        path="/app",
        secure=True,
        httponly=True,
        samesite="Lax",
        identifier_generator=lambda: next(tokens),
        lifetime=3600,
    )
    app.add_url_rule("/app/", "page", lambda: flask_session.update(a=1) or "page")

    header = app.test_client().get("/app/").headers["Set-Cookie"]

    assert header.split("; ") == [
        "SPRY_SESSION_ID=token-of-the-app-00000000",
        "Domain=example.com",
        "Secure",
        "HttpOnly",
        "Path=/app",
        "SameSite=Lax",
    ]


def test_spry_reading_and_writing(show):
    """Seed 003: `identifier`, `has`, `get`, `set`, `remove`; a key that is missing gives null."""
    assert show(lambda: Session.get("key")) is None
    show(lambda: Session.set("key", "value"))

    assert show(lambda: Session.has("key")) is True
    assert show(lambda: Session.get("key")) == "value"
    assert isinstance(show(lambda: Session.identifier), str)

    show(lambda: Session.remove("key"))
    assert show(lambda: Session.has("key")) is False


def test_spry_renew(visitor):
    """Seed 003: `renew` writes the session into the response's headers again."""
    visitor(lambda: Session.set("key", "value"))

    assert visitor(lambda: Session.renew()).cookie.value == visitor.token


def test_spry_destroy(visitor):
    """Seed 003: `destroy` destroys the session, and regenerates a new session."""
    visitor(lambda: Session.set("key", "value"))
    before = visitor.token, visitor.value(lambda: Session.identifier)

    def page():
        Session.destroy()
        return Session.all(), Session.identifier

    everything, name = visitor.value(page)

    assert everything == {}
    assert name != before[1]
    assert visitor.token is None


def test_lucid_login(visitor):
    """Seed 004: LoginAttempt sets "authenticated", User gets it, `Destroy` removes that key."""
    record = {"ID": 100}

    def login_attempt():
        ses = flask_session
        ses.set("authenticated", record["ID"])
        ses.regenerate()

    visitor(login_attempt, method="POST")
    assert visitor.value(lambda: Session.get("authenticated")) == 100

    visitor(lambda: Session.destroy("authenticated"))
    assert visitor.value(lambda: Session.get("authenticated")) is None


def test_lucid_flash(visitor):
    """Seed 004: SetFlash and GetFlash."""
    visitor(lambda: Session.flash("message", "Hello Jane!"))

    assert visitor.value(lambda: Session.get_flash("message")) == "Hello Jane!"
    assert visitor.value(lambda: Session.get_flash("message")) is None


def test_lucid_flash_map(visitor):
    """Seed 004: SetFlashMap and GetFlashMap."""
    messages = {"john": "Hello Jane!", "jane": "Hi John!"}
    visitor(lambda: Session.flash_map("messages", messages))

    assert visitor.value(lambda: Session.get_flash_map("messages")) == messages
    assert visitor.value(lambda: Session.get_flash_map("messages")) == {}


def test_the_proxy_is_flasks(visitor):
    """`from flask_sessionplus import session` and `from flask import session` are the same."""
    assert Session is flask_session
    visitor(lambda: flask_session.set("key", request.path))

    assert visitor.value(lambda: Session["key"]) == "/"
