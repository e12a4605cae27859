"""The blueprint: its addresses, and who may see what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, make_response
from werkzeug.wrappers import Response

from ...decorators.wrapping import Decorator
from ...errors import StoreError, StoreUnavailable
from ..base import Pages
from ..look import Look
from . import ending, listing, one, overview
from .admission import Guard, check_guard, check_values, checked_by, may_see_values
from .spelling import spell

_NAME = "dashboard"

_ADDRESSES: tuple[tuple[str, str, str, Callable[..., Any]], ...] = (
    ("", "index", "GET", overview.show),
    ("/list", "listing", "GET", listing.show),
    ("/session/<handle>", "one", "GET", one.show),
    ("/session/<handle>/values", "values", "POST", one.show_values),
    ("/session/<handle>/end", "end_one", "POST", ending.end_one),
    ("/end-user", "confirm_user", "GET", ending.confirm_user),
    ("/end-user", "end_user", "POST", ending.end_user),
    ("/end-all", "confirm_all", "GET", ending.confirm_all),
    ("/end-all", "end_all", "POST", ending.end_all),
)


def create_blueprint(
    *,
    guard: Guard | Decorator | None = None,
    values: bool | Guard = False,
    name: str = _NAME,
    look: Look | None = None,
) -> Dashboard:
    """Return the dashboard, to be registered with an app.

    :param guard: called without arguments before each view: returns True for who may see the
        dashboard, or False, which is answered with 403. It may also raise, ``abort()``, or
        return a response, such as a redirect. Or a decorator that keeps people out, such as
        ``role_required("admin")``.
    :param values: whether what is in a session may be shown, each time by the press of a
        button; or a function as *guard*, asked each time.
    :param name: of the blueprint, if one app has several.
    :param look: language and layout.
    :raises ConfigError: if there is no guard, or either cannot be asked.
    """
    check_guard(guard)
    check_values(values)
    return Dashboard(name, guard, values, look or Look())


class Dashboard(Pages):
    """The pages of the dashboard."""

    def __init__(self, name: str, guard: Any, values: bool | Guard, look: Look) -> None:
        super().__init__(name, url_prefix="/admin/sessions", look=look, guard=checked_by(guard))
        self._values = values
        for rule, endpoint, method, view in _ADDRESSES:
            self.add_url_rule(rule, view_func=self._view(endpoint, view), methods=[method])

    @property
    def app(self) -> Flask:
        """The app whose sessions are shown."""
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        return app

    @property
    def has_values(self) -> bool:
        """Whether who asks may see what is in a session."""
        return may_see_values(self._values)

    def render(self, template: str, **context: Any) -> str:
        """Return the page, which can spell users for links and forms."""
        return super().render(template, spell=spell, **context)

    def _view(self, name: str, show: Callable[..., Any]) -> Callable[..., Any]:
        def view(**arguments: Any) -> Any:
            # Not by an error handler: what the guard raises is not for the eyes of who is let in.
            try:
                return show(self, **arguments)
            except StoreError as error:
                return self._trouble(error)

        # Extensions such as Flask-WTF and Flask-DebugToolbar ask a view for its name.
        view.__name__ = name
        return view

    def _trouble(self, error: StoreError) -> Response:
        """Say what is wrong with the store, to somebody who may know."""
        is_away = isinstance(error, StoreUnavailable)
        page = self.render_alone("sessionplus/dashboard/trouble.html", error=error, is_away=is_away)
        response = make_response(page, 503 if is_away else 501)
        if isinstance(error, StoreUnavailable) and error.retry_after:
            response.headers["Retry-After"] = str(error.retry_after)
        return response
