"""Who a test signs in, in the words of the session and of Flask-Login."""

from __future__ import annotations

from typing import Any

from flask import Flask


def ids_of(user: Any, has_flask_login: bool) -> tuple[Any, str]:
    """Return the id that the session has of *user*, and the one that Flask-Login has.

    :param user: an id; or an object with ``session_user_id``, ``id`` or ``get_id()``.
    :param has_flask_login: whether the app's sign-ins are those of Flask-Login, which has ids as
        texts only.
    :raises TypeError: if *user* has no id.
    """
    real_id = getattr(user, "session_user_id", None)
    login_id = user.get_id() if callable(getattr(user, "get_id", None)) else None
    if login_id is not None and (has_flask_login or not hasattr(user, "id")):
        return (login_id if real_id is None else real_id), str(login_id)
    user_id = real_id if real_id is not None else getattr(user, "id", user)
    if user_id is None:
        raise TypeError(
            f"A user of type {type(user).__name__} has no id, or it is None. Give the id; or an"
            " object with `id` or `get_id()` that is in the database already."
        )
    return user_id, str(user_id)


def keys_of_flask_login(
    app: Flask, environ: dict[str, Any], login_id: str, fresh: bool
) -> dict[str, Any]:
    """Return what ``login_user`` would put into the session.

    :param environ: of a request like those that follow: from where they come is part of it.
    """
    manager: Any = app.login_manager  # type: ignore[attr-defined]
    with app.request_context(environ):
        # Without it, the first request would seem to come from another browser.
        place = manager._session_identifier_generator()
    return {"_user_id": login_id, "_fresh": fresh, "_id": place}
