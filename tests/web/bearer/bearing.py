"""An app that takes bearer tokens, and those who come with one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_sessionplus import SessionPlus, token_rejected
from flask_sessionplus.tokenstore import Tokens
from tests.core.bearer.minting import AUDIENCE, ISSUER, SECRET, claims, header, mint
from tests.web.visiting import Answer, Site, Visitor

#: What an app needs to take tokens; it issues them as well.
CONFIG: Mapping[str, Any] = {
    "SESSION_JWT_KEY": SECRET,
    "SESSION_JWT_ALGORITHMS": ["HS256"],
    "SESSION_JWT_ISSUER": ISSUER,
    "SESSION_JWT_AUDIENCE": AUDIENCE,
}


class App:
    """An app, and what its extension does with tokens."""

    def __init__(self, site: Site) -> None:
        self.site = site

    @property
    def ext(self) -> SessionPlus:
        """The extension object."""
        found: SessionPlus = self.site.app.extensions["sessionplus"].extension
        return found

    def tokens(self, do: Callable[[Tokens], Any]) -> Any:
        """Return what *do* makes of `ext.tokens`, outside of a request."""
        with self.site.app.app_context():
            return do(self.ext.tokens)

    def issue(self, user_id: Any = 42, **options: Any) -> str:
        """Return a new access token."""
        return str(self.tokens(lambda tokens: tokens.issue(user_id, **options)))

    def pair(self, user_id: Any = 42, **options: Any) -> Any:
        """Return new access and refresh tokens."""
        return self.tokens(lambda tokens: tokens.issue_pair(user_id, **options))

    def client(self, token: str | None = None) -> Client:
        """Return a program that sends *token*; default: a new one of user 42."""
        return Client(self.site.visitor(), self.issue() if token is None else token)


class Client:
    """A program that sends its token with each request, and the cookies that it got."""

    def __init__(self, visitor: Visitor, token: str) -> None:
        self.visitor = visitor
        self.token = token

    def __call__(self, do: Callable[[], Any] = lambda: None, **options: Any) -> Answer:
        """Let the view call *do*."""
        return self.visitor(do, **{"headers": bearer(self.token), **options})

    def value(self, do: Callable[[], Any], **options: Any) -> Any:
        """Return what *do* returns in a request that goes well."""
        answer = self(do, **options)
        assert answer.status == 200, answer.text
        return answer.value


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries *token*."""
    return {"Authorization": f"Bearer {token}"}


def foreign(**changes: Any) -> str:
    """Return a token that the app has not issued itself, but its issuer has elsewhere."""
    return mint(header("HS256", kid=...), claims(**changes), algorithm="HS256")


class Reasons(list[str]):
    """Notes for what reasons tokens are rejected, for as long as a `with` block takes."""

    def __enter__(self) -> Reasons:
        token_rejected.connect(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        token_rejected.disconnect(self._note)

    def _note(self, sender: Any, reason: str) -> None:
        self.append(reason)
