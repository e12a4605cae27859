"""What all our pages share: a guarded blueprint with its headers, forms and messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from ..claims import has_bearer
from ..problems import is_api
from ..proxies import session
from .csrf import FormRefused, protect
from .headers import add_headers
from .look import Look, Page

_HERE = Path(__file__).parent
_YEAR = 365 * 24 * 60 * 60

# In g: what is to be said to who has no session.
_TOLD = "_sessionplus_told"


class Pages(Blueprint):
    """A blueprint of pages that none but the right people see, and no other site can use.

    Its static files are for everybody, whatever guards the rest. All other answers, errors too,
    carry the headers of :mod:`.headers`.

    :param guard: called before each view; lets the request through by returning.
    :param url_prefix: where they are, if ``register_blueprint`` does not say.
    """

    def __init__(
        self, name: str, *, url_prefix: str, look: Look, guard: Callable[[], object]
    ) -> None:
        super().__init__(
            name,
            __package__ or __name__,
            root_path=str(_HERE),
            template_folder="templates",
            static_folder="static",
            url_prefix=url_prefix,
        )
        self.look = look
        self._guard = guard
        self.before_request(self._check)
        self.after_request(self._finish)
        self.register_error_handler(FormRefused, self._refuse)

    def render(self, template: str, **context: Any) -> str:
        """Return the page, which knows all that belongs to its look as ``sp``."""
        return self._render(template, session.get_flash(self._message_key), context)

    def render_alone(self, template: str, **context: Any) -> str:
        """Return a page that does not look at the visitor's session, which may be gone."""
        return self._render(template, None, context)

    def tell(self, text: str, kind: str = "success", **values: str | int) -> None:
        """Let the next page say something, in the language it is shown in.

        No session is begun for it: who has none gets an answer that says it, by :meth:`go`.

        :param text: in English, for :meth:`.Page.text`.
        :param kind: ``"success"`` or ``"error"``.
        :param values: what is put in.
        """
        # A program never looks at the page.
        if has_bearer(request):
            return
        told = {"text": text, "kind": kind, "values": values}
        if _has_session():
            session.flash(self._message_key, told)
        else:
            setattr(g, _TOLD, told)

    def go(self, view: str, **values: Any) -> AnyResponse:
        """Return the answer to a form that was acted on: the way to a page of ours."""
        address = url_for(f".{view}", **values)
        told = g.pop(_TOLD, None)
        if told is None:
            return redirect(address, 303)
        return make_response(self._render("sessionplus/told.html", told, {"address": address}))

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Let browsers keep a file whose address changes with it."""
        return _YEAR if "v" in request.args else super().get_send_file_max_age(filename)

    def _render(self, template: str, message: Any, context: dict[str, Any]) -> str:
        page = Page(self.look, self._find_asset, message)
        text = render_template(template, sp=page, **context)
        # Half a character, as JSON can bring it into a user's id, is shown as Python writes it.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")

    @property
    def _message_key(self) -> str:
        return f"sessionplus.pages.{self.name}"

    def _check(self) -> None:
        if not _is_static() and request.method != "OPTIONS":
            self._guard()
            protect()

    def _finish(self, response: Response) -> Response:
        if _is_static():
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response
        return add_headers(response, self.look.headers_policy)

    def _refuse(self, error: FormRefused) -> Any:
        if is_api(request.environ):
            return error
        return self.render("sessionplus/refused.html"), 403

    @staticmethod
    def _find_asset(filename: str) -> str:
        # The address changes with the content.
        return url_for(".static", filename=filename, v=_version(filename))


@lru_cache(maxsize=16)
def _version(filename: str) -> str:
    return sha256((_HERE / "static" / filename).read_bytes()).hexdigest()[:8]


def _has_session() -> bool:
    """Tell whether the visitor has a session that can keep something, or will have it anyway."""
    life = session._open()
    return not life.is_read_only and (life.is_stored or life.is_modified)


def _is_static() -> bool:
    return (request.endpoint or "").endswith(".static")
