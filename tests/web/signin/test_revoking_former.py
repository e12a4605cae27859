"""A view that signs somebody in, and revokes who had the session before."""

from __future__ import annotations

import pytest

from flask_sessionplus import session, signals
from flask_sessionplus.record import Record
from flask_sessionplus.tokens import digest


def change(ext, store=None):
    """Return a view that puts bob in ada's place, and revokes her."""

    def page():
        session.login("bob", cart=["milk"])
        if store is not None:
            store.inner.delete_owned("ada", ())
        return ext.revoke_user("ada"), session.user_id

    return page


def test_the_new_sign_in_stays(visitor, ext, store):
    """Who has just signed in is not lost because the former user is revoked."""
    visitor(lambda: session.login("ada", cart=["tea"]))
    tab = visitor.tab()
    ended = []

    def note(sender, session, handle):
        ended.append(handle)

    with signals.session_destroyed.connected_to(note, visitor.site.app):
        assert visitor.value(change(ext)) == (1, "bob")
    assert len(ended) == 1
    assert visitor.value(lambda: (session.user_id, session.copy())) == ("bob", {"cart": ["milk"]})
    assert tab.value(lambda: session.user_id) is None
    assert store.inner.owned("ada") == []


def test_the_old_token_begins_nothing(visitor, ext, store):
    """The former token stays known as ended, so a late request gets no session with it."""
    visitor(lambda: session.login("ada"))
    old = visitor.token
    visitor.value(change(ext))

    assert not isinstance(store.inner.load(digest(old)), Record)
    assert store.inner.create(digest(old), store.inner.load(digest(visitor.token))) is False


def test_who_was_revoked_before_signs_nobody_in(visitor, ext, store):
    """If somebody else has ended the former session meanwhile, the sign-in in it is lost."""
    visitor(lambda: session.login("ada"))
    visitor.value(change(ext, store))

    assert visitor.value(lambda: session.user_id) is None
    assert store.inner.owned("bob") == []


def test_both_revoked(visitor, ext, store):
    """Who revokes the new user as well has nobody signed in."""
    visitor(lambda: session.login("ada"))
    visitor.value(lambda: (session.login("bob"), ext.revoke_user("ada"), ext.revoke_user("bob")))

    assert visitor.value(lambda: session.user_id) is None
    assert store.inner.owned("bob") == store.inner.owned("ada") == []


def test_signed_out_and_revoked(visitor, ext, store):
    """A view that signs out and revokes leaves nothing."""
    visitor(lambda: session.login("ada"))
    visitor.value(lambda: (session.logout(), ext.revoke_user("ada")))

    assert visitor.value(lambda: session.user_id) is None
    assert store.inner.owned("ada") == []


def by_handle(ext):
    """End what ada has, one by one."""
    return sum(ext.revoke(info.handle) for info in ext.sessions_of("ada"))


@pytest.mark.parametrize(
    "revoke", [by_handle, lambda ext: ext.revoke_user("ada", except_current=True)]
)
@pytest.mark.parametrize("user", ["bob", "ada"])
def test_the_others_only(visitor, ext, store, user, revoke):
    """The new sign-in stays also if the former session is ended by its handle, or as an other."""
    visitor(lambda: session.login("ada", cart=["tea"]))
    old = visitor.token

    def page():
        session.logout()
        session.login(user)
        return revoke(ext)

    assert visitor.value(page) == 1
    assert visitor.value(lambda: (session.user_id, session.copy())) == (user, {})
    assert not isinstance(store.inner.load(digest(old)), Record)
