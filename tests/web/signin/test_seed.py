"""Seed 000, "Session Plugin", method by method."""

from __future__ import annotations

from flask_sessionplus import session


def test_session_exist(visitor):
    """Session Exist: "keep track of logged-in users' details ... without re-authentication"."""
    assert visitor.value(lambda: session.exists) is False
    visitor(lambda: session.login(7, "ada", "editor"))

    assert visitor.value(lambda: (session.exists, session.is_authenticated)) == (True, True)


def test_set_and_get_parameters(visitor):
    """Set and Get parameters: "store a specific parameter by defining the parameter name"."""
    visitor(lambda: session.login(7, "ada", "editor", country="AT"))
    visitor(lambda: session.set("city", "Graz"))

    assert visitor.value(lambda: (session.get("country"), session.get("city"))) == ("AT", "Graz")


def test_get_username_and_userid(visitor):
    """Get UserName, Get UserId: "retrieve the logged-in user's username" and id."""
    visitor(lambda: session.login(7, "ada"))

    assert visitor.value(lambda: (session.username, session.user_id)) == ("ada", 7)


def test_name_and_role_are_memorised(visitor):
    """Note: "By default, the plugin memorizes the username and role ID parameters"."""
    visitor(lambda: session.login(7, "ada", "editor"))

    assert visitor.value(lambda: (session.username, session.role_id)) == ("ada", "editor")


def test_until_the_user_logs_out(visitor):
    """Data are kept "within your application until the user logs out"."""
    visitor(lambda: session.login(7, "ada", "editor", country="AT"))
    visitor(lambda: session.logout())

    assert visitor.value(lambda: (session.exists, session.username, session.all())) == (
        *(False, None, {}),
    )
