"""A day in the life of an app with secrets, to see that nothing that watches it tells them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import flash, session

from flask_sessionplus import StoreUnavailable
from flask_sessionplus.stores.base import Browsable, Store
from flask_sessionplus.tokens import digest, handle
from tests.web.visiting import Site

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
KEY, VALUE, USER, FLASH = "secret-key", "secret-value", "secret-user", "secret-flash"


def live(site: Site) -> set[str]:
    """Do all that visitors do, and all that may go wrong; return what nobody may be told."""
    secrets = {KEY, VALUE, USER, FLASH, AGENT}
    visitor = site.visitor()

    def note() -> None:
        token = visitor.token
        if token is not None:
            sid = digest(token)
            secrets.update({token, sid.hex(), sid[:16].hex(), handle(sid), repr(sid)[2:12]})

    for do in (
        lambda: session.update({KEY: VALUE, "large": VALUE * 5_000}),
        lambda: session["large"],
        lambda: session.login(USER, username=USER),
        lambda: (session.flash(FLASH, FLASH), flash(FLASH)),
        lambda: session.scope(KEY).set(KEY, VALUE),
        lambda: session.regenerate(),
    ):
        visitor(do, headers={"User-Agent": AGENT})
        note()
    tab = visitor.tab()
    visitor(lambda: (session.update({KEY: 2}), tab(lambda: session.destroy())))
    site.visitor("not well-formed")(lambda: session.get(KEY))
    unknown = "u" * 43
    secrets.add(unknown)
    site.visitor(unknown)(lambda: session.get(KEY))
    visitor(lambda: session.login(USER))
    note()
    with site.app.app_context():
        site.app.extensions["sessionplus"].extension.revoke_user(USER)
    _fail(site, secrets)
    return secrets | _sids(site.app.extensions["sessionplus"].store)


def _fail(site: Site, secrets: set[str]) -> None:
    """Let the store fail with a message that names what it should not."""
    visitor = site.visitor()
    visitor(lambda: session.update({KEY: VALUE}))
    token = visitor.token
    assert token is not None
    path = f"/var/sessions/ab/cd/{digest(token).hex()}"
    secrets.update({token, digest(token).hex()})
    error = StoreUnavailable(f"No space left on device ({path}). Look at the disk.")
    with failing(site.app.extensions["sessionplus"].store, "load", error):
        visitor(lambda: session.update({KEY: VALUE}))
    with failing(site.app.extensions["sessionplus"].store, "apply", error):
        visitor(lambda: session.update({KEY: 1}))
    visitor(lambda: session.logout())


@contextmanager
def failing(store: Store, name: str, error: Exception) -> Iterator[None]:
    """Let a method of *store* raise *error*, as long as this lasts."""
    kind: Any = type(store)
    former = getattr(kind, name)

    def fail(self: Store, *_: Any) -> None:
        raise error

    fail.__name__ = name
    setattr(kind, name, fail)
    try:
        yield
    finally:
        setattr(kind, name, former)


def _sids(store: Store) -> set[str]:
    """Return what tells the sids that are in *store*."""
    assert isinstance(store, Browsable)
    return {text for sid in store.browse() for text in (sid.hex(), handle(sid))}


def assert_silent(text: str, secrets: set[str]) -> None:
    """None of the secrets is in *text*."""
    assert {secret for secret in secrets if secret in text} == set()
