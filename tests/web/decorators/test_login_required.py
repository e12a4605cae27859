"""`login_required`, `role_required`, `fresh_required`: who gets in, whatever is decorated."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

import pytest
from flask import session

from flask_sessionplus.decorators import (
    current_identity,
    fresh_required,
    login_required,
    no_session,
    read_only,
    role_required,
)
from flask_sessionplus.errors import ConfigError, StoreUnavailable


class Role(str, Enum):
    """Roles of an app, as an enum that is a str."""

    ADMIN = "admin"


def status(visitor, **options):
    """Return the status of the view's answer."""
    return visitor.client.get("/view", **options).status_code


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_gets_in(put_up, method):
    """Without a sign-in the view is not called, over everything; with one it is."""
    calls = []
    visitor = put_up(login_required, lambda: calls.append(1) or "seen")

    assert visitor.client.open("/view", method=method).status_code == 401
    assert calls == []

    visitor(lambda: session.login(7))
    assert visitor.client.open("/view", method=method).status_code == 200
    assert calls == [1]


def test_who_signs_out_is_out(put_up):
    """After the sign-out the next request is refused."""
    visitor = put_up(login_required)
    visitor(lambda: session.login(7))
    visitor(lambda: session.logout())

    assert status(visitor) == 401


def test_data_are_no_sign_in(put_up):
    """A session that is full of what apps use to mean a sign-in is still nobody's."""
    visitor = put_up(login_required)
    visitor(lambda: session.update(user_id=7, _user_id="7", role_id="admin", level="2fa"))

    assert status(visitor) == 401


def test_a_level(put_up):
    """`login_required(level=)` asks for `session.elevate()`; another level is not enough."""
    visitor = put_up(login_required(level="2fa"))
    found = []
    for do in (
        lambda: session.login(7),
        lambda: session.elevate("sms"),
        lambda: session.elevate("2fa"),
        lambda: session.login(7),
    ):
        visitor(do)
        found.append(status(visitor))

    assert found == [401, 401, 200, 401]


@pytest.mark.parametrize(
    ("role", "needed", "expected"),
    [
        ("admin", ["admin"], 200),
        ("owner", ["admin", "owner"], 200),
        ("admin", [Role.ADMIN], 200),
        (["staff", "admin"], ["admin"], 200),
        ({"admin"}, ["admin"], 200),
        (3, [3], 200),
        ("guest", ["admin"], 403),
        ("adm", ["admin"], 403),
        ("admin2", ["admin"], 403),
        ("Admin", ["admin"], 403),
        (None, ["admin"], 403),
        (None, ["None"], 403),
        ([], ["admin"], 403),
        ("3", [3], 403),
        (1, [True], 403),
        (True, [1], 403),
        ("", ["admin"], 403),
        ({"admin": False}, ["admin"], 403),
        ({"admin": True}, ["admin"], 403),
        ({"name": "admin"}, [{"name": "admin"}], 200),
    ],
)
def test_roles(make_visitor, role, needed, expected):
    """One of the roles is enough; anything else that only looks like it is a 403."""
    visitor = make_visitor(role_required(*needed))
    visitor(lambda: session.login(7, role_id=role))

    assert status(visitor) == expected


def test_a_role_over_everything(put_up):
    """Nobody gets a 401, somebody with another role a 403, who has the role gets in."""
    visitor = put_up(role_required("admin"))
    found = [status(visitor)]
    for role in ("guest", "admin"):
        visitor(lambda role=role: session.login(7, role_id=role))
        found.append(status(visitor))

    assert found == [401, 403, 200]


@pytest.mark.parametrize("roles", [(), (lambda: "view",)])
def test_roles_must_be_named(roles):
    """`@role_required` without roles would let everybody or nobody in: it is a TypeError."""
    with pytest.raises(TypeError, match="needs the roles"):
        role_required(*roles)


def test_a_role_that_was_taken_away(put_up):
    """With `SESSION_ROLE_LOADER` a role that was taken away is so with the next request."""
    roles = {7: ["staff", "admin"]}
    visitor = put_up(role_required("admin"), SESSION_ROLE_LOADER=roles.get)
    visitor(lambda: session.login(7, role_id="admin"))

    assert status(visitor) == 200
    roles[7] = ["staff"]
    assert status(visitor) == 403
    del roles[7]
    assert status(visitor) == 403


def test_a_loader_that_fails(make_visitor):
    """If nobody knows the role, nobody gets in: the loader's error is the app's to handle."""

    def load(user_id):
        raise LookupError(user_id)

    visitor = make_visitor(role_required("admin"), SESSION_ROLE_LOADER=load)
    visitor(lambda: session.login(7, role_id="admin"))

    with pytest.raises(LookupError):
        visitor.client.get("/view")


def test_fresh(clock, put_up):
    """The password is good for so long, and again when it has been confirmed."""
    visitor = put_up(fresh_required(60))
    found = [status(visitor)]
    visitor(lambda: session.login(7))
    found.append(status(visitor))
    clock.advance(61)
    found.append(status(visitor))
    visitor(lambda: session.confirm())
    found.append(status(visitor))

    assert found == [401, 200, 401, 200]


@pytest.mark.parametrize("decorate", [fresh_required, fresh_required()])
def test_fresh_by_default(clock, make_visitor, decorate):
    """Without an argument, with or without brackets, `SESSION_FRESH_LIFETIME` holds."""
    visitor = make_visitor(decorate, SESSION_FRESH_LIFETIME=120)
    visitor(lambda: session.login(7))
    clock.advance(119)
    assert status(visitor) == 200
    clock.advance(2)
    assert status(visitor) == 401


@pytest.mark.parametrize("wrong", ["60", 0, -1, True])
def test_ages_that_are_none(wrong):
    """A wrong age is a ConfigError when the view is decorated, not when somebody comes."""
    with pytest.raises(ConfigError, match="max_age"):
        fresh_required(wrong)


ORDERS = [
    lambda view: login_required(role_required("admin")(fresh_required(60)(read_only(view)))),
    lambda view: read_only(fresh_required(60)(role_required("admin")(login_required(view)))),
]


@pytest.mark.parametrize("decorate", ORDERS)
def test_in_any_order(put_up, decorate):
    """All of them together, whichever is on top."""
    visitor = put_up(decorate)
    found = [status(visitor)]
    visitor(lambda: session.login(7))
    found.append(status(visitor))
    visitor(lambda: session.login(7, role_id="admin"))
    found.append(status(visitor))

    assert found == [401, 403, 200]


def test_without_a_session_nobody_is_signed_in(put_up):
    """A view with `no_session` knows no cookie: it is for bearers only."""
    visitor = put_up(lambda view: no_session(login_required(view)))
    visitor(lambda: session.login(7))

    assert status(visitor) == 401


@pytest.mark.parametrize("on_error", ["fail", "anonymous"])
@pytest.mark.parametrize("decorate", [login_required, role_required("admin"), fresh_required])
def test_a_store_that_does_not_answer(make_visitor, watched, decorate, on_error):
    """While nobody knows who it is, it is a 503, not the way to the sign-in."""
    config = {"SESSION_ON_STORE_ERROR": on_error, "SESSION_LOGIN_VIEW": "page"}
    visitor = make_visitor(decorate, store=watched, **config)
    visitor(lambda: session.login(7, role_id="admin"))
    watched.faults["load"] = lambda: StoreUnavailable("The store is down.")

    assert status(visitor) == 503


def test_the_identity(make_visitor):
    """`current_identity()` tells who it is, in one place for cookies and tokens."""
    visitor = make_visitor(lambda view: view)

    assert visitor.value(current_identity) is None
    visitor(lambda: session.login(7, role_id="admin"))
    found = visitor.value(lambda: (who := current_identity(), who.roles, who.is_fresh()))
    assert (found[0].user_id, found[0].level, found[0].is_bearer) == (7, None, False)
    assert found[1:] == (("admin",), True)
    assert "admin" not in repr(found[0])


@pytest.mark.parametrize("decorate", [login_required, role_required("admin"), fresh_required])
def test_the_sign_in_page_is_open(put_up, decorate):
    """The view that is `SESSION_LOGIN_VIEW` is let through, or a covered blueprint had none."""
    assert status(put_up(decorate, SESSION_LOGIN_VIEW="/view")) == 200


def test_the_sign_in_page_below_a_prefix(make_visitor):
    """Given as a path, it is the whole path, with the prefix the app is mounted below."""
    visitor = make_visitor(login_required, SESSION_LOGIN_VIEW="/mount/view")

    assert status(visitor, environ_overrides={"SCRIPT_NAME": "/mount"}) == 200
    assert status(visitor, environ_overrides={"SCRIPT_NAME": "/other"}) != 200


def test_the_confirming_page_is_open(clock, put_up):
    """`SESSION_CONFIRM_VIEW` needs no fresh password, but a sign-in."""
    visitor = put_up(fresh_required(60), SESSION_CONFIRM_VIEW="/view")
    found = [status(visitor)]
    visitor(lambda: session.login(7))
    clock.advance(61)
    found.append(status(visitor))

    assert found == [401, 200]


@pytest.mark.parametrize(("age", "expected"), [(59, True), (61, False)])
def test_freshness_is_in_seconds(clock, make_visitor, age, expected):
    """What asks for freshness by hand says it in seconds, as the decorators do."""
    visitor = make_visitor(lambda view: view)
    visitor(lambda: session.login(42))
    clock.advance(age)

    assert visitor.value(lambda: current_identity().is_fresh(60)) is expected
    assert visitor.value(lambda: current_identity().is_fresh(timedelta(minutes=1))) is expected


def test_a_list_of_roles_is_refused():
    """A list where the roles are to be given one by one would match nobody."""
    with pytest.raises(TypeError, match="needs the roles"):
        role_required(["admin", "owner"])


def test_an_app_without_our_sessions(app):
    """It is told what is missing."""
    with app.test_request_context(), pytest.raises(RuntimeError, match="Call SessionPlus"):
        current_identity()
