"""`logout`: record, cookie and the user's entry are gone, and the browser forgets the rest."""

from __future__ import annotations

import pytest
from flask import abort, redirect

from flask_sessionplus import StoreUnavailable, WriteRefused, session, signals
from flask_sessionplus.policies import set_policy
from flask_sessionplus.services import Policy
from flask_sessionplus.tokens import digest

CLEARED = '"cache", "storage"'


@pytest.fixture
def ada(visitor, store):
    """Return somebody who is signed in, and has a cart."""
    visitor(lambda: session.login("ada", "Ada", cart=["tea"]))
    store.new_calls()
    return visitor


def test_nothing_is_left(ada, store, ext):
    """After signing out there is no record, no cookie, and no session of the user."""
    sid = digest(ada.token)
    answer = ada(lambda: session.logout())

    assert store.inner.count() == 0
    assert store.inner.owned("ada") == []
    assert store.inner.find(sid[:16]) is None
    assert answer.cookie.is_deletion
    assert ada.token is None
    assert ada.value(lambda: (session.user_id, session.copy())) == (None, {})


def test_in_the_same_request_nobody_is_signed_in(ada):
    """Right after `logout` the session is a new, empty one."""

    def page():
        session.logout()
        return session.user_id, session.is_authenticated, session.copy(), session.exists

    assert ada.value(page) == (None, False, {}, False)


def test_a_message_says_good_bye(ada, store):
    """What is put in after `logout` belongs to a new session, of nobody."""
    old = ada.token

    def page():
        session.logout()
        session.flash("note", "Bye")
        return redirect("/")

    ada(page, method="POST")

    assert ada.token not in (None, old)
    assert ada.value(lambda: (session.get("note"), session.user_id)) == ("Bye", None)
    assert store.inner.owned("ada") == []


def test_the_browser_is_asked_to_forget(ada):
    """The answer to `logout` carries Clear-Site-Data; others do not."""
    assert "Clear-Site-Data" not in ada(lambda: session.get("cart")).headers
    answer = ada(lambda: session.logout())

    assert answer.headers["Clear-Site-Data"] == CLEARED
    assert "Clear-Site-Data" not in ada(lambda: session.get("cart")).headers


@pytest.mark.parametrize(
    ("given", "header"), [("*", '"*"'), (["cookies", "cache"], '"cookies", "cache"'), (None, None)]
)
def test_what_to_forget_is_a_setting(make_site, clock, given, header):
    """`SESSION_CLEAR_SITE_DATA` says what the browser is asked to forget."""
    visitor = make_site(SESSION_CLEAR_SITE_DATA=given).visitor()
    visitor(lambda: session.login(42))

    assert visitor(lambda: session.logout()).headers.get("Clear-Site-Data") == header


def test_a_session_that_was_gone_is_cleared_too(ada, store):
    """Who signs out of a session that has ended already has the browser cleared as well."""
    store.inner.delete(digest(ada.token))
    answer = ada(lambda: session.logout())

    assert answer.headers["Clear-Site-Data"] == CLEARED
    assert answer.cookie.is_deletion


def test_signing_in_again_clears_nothing(ada):
    """Who signs out and in again in one request keeps what the browser has."""
    answer = ada(lambda: (session.logout(), session.login("bob")))

    assert "Clear-Site-Data" not in answer.headers
    assert ada.value(lambda: session.user_id) == "bob"


def test_in_and_out_in_one_request(ada, store):
    """Who signs in and out in one request leaves nothing that is his in the store."""
    for leave in (lambda: session.logout(), lambda: session.clear()):
        ada(lambda leave=leave: (session.login("bob"), leave(), session.update(a=1)))

        assert ada.value(lambda: (session.user_id, session.copy())) == (None, {"a": 1})
        assert store.inner.owned("bob") == store.inner.owned("ada") == []


def test_an_error_page_signs_out_as_well(ada):
    """An error after `logout` does not undo it."""

    def page():
        session.logout()
        abort(404)

    answer = ada(page)

    assert (answer.status, answer.headers["Clear-Site-Data"]) == (404, CLEARED)
    assert ada.value(lambda: session.user_id) is None


def test_what_was_not_done_is_not_told(ada, store):
    """If the store fails to end the session, the answer is 503 and the browser keeps all."""
    store.faults["delete"] = lambda: StoreUnavailable("away")
    answer = ada(lambda: session.logout())

    assert answer.status == 503
    assert "Clear-Site-Data" not in answer.headers
    assert answer.cookies == []


def test_visitors_who_sign_out_leave_nothing_behind(site, store):
    """Signing out without having been signed in makes no record and sets no cookie."""
    for _ in range(200):
        answer = site.visitor()(lambda: session.logout(), method="POST")
        assert answer.cookies == []
        assert answer.headers["Clear-Site-Data"] == CLEARED

    assert store.new_calls() == []
    assert store.inner.count() == 0


def test_a_bad_cookie_is_taken_away(site, store):
    """A visitor who signs out with a cookie that opens nothing is rid of it, and that is all."""
    answer = site.visitor("x" * 43)(lambda: session.logout())

    assert answer.cookie.is_deletion
    assert store.inner.count() == 0


def test_a_late_sign_out_signs_out(ada, ext):
    """Who signs out with the token from before a rotation is signed out all the same."""
    late = ada.tab()
    ada(lambda: session.confirm())
    late(lambda: session.logout())

    assert ada.value(lambda: session.user_id) is None
    assert ada.value(lambda: ext.sessions_of("ada")) == []


def test_signals(ada, site):
    """Signing in and out are told with the id; signing out of nothing is not."""
    told = []

    def note(sender, session, user_id):
        assert sender is site.app
        told.append(user_id)

    with signals.user_signed_in.connected_to(note), signals.user_signed_out.connected_to(note):
        ada(lambda: session.login(42))
        ada(lambda: session.logout())
        ada(lambda: session.logout())

    assert told == [42, 42]


def test_three_tokens_against_forgery(ada):
    """A form's token is another one before signing in, after it, and after signing out."""
    made = iter(["one", "two", "three"])

    def form():
        return session.setdefault("csrf_token", next(made))

    ada(lambda: session.logout())
    found = [ada.value(form)]
    ada(lambda: session.login("ada"))
    found.append(ada.value(form))
    ada(lambda: session.logout())
    found.append(ada.value(form))

    assert found == ["one", "two", "three"]


@pytest.mark.parametrize("call", ["login", "logout"])
def test_a_view_without_a_session_refuses(site, call):
    """Where a view has no session, signing in or out is refused, and not quietly forgotten."""
    set_policy(site.app.view_functions["page"], Policy.NO_SESSION)
    try:
        with pytest.raises(WriteRefused, match="no_session"):
            site.visitor()(lambda: session.login(42) if call == "login" else session.logout())
    finally:
        del site.app.view_functions["page"]._sessionplus_policy


@pytest.mark.parametrize(
    "change",
    [
        lambda: session.login(42),
        lambda: session.logout(),
        lambda: session.confirm(),
        lambda: session.elevate(),
        lambda: setattr(session, "role_id", "admin"),
        lambda: setattr(session, "username", "Eve"),
        lambda: setattr(session, "user_id", "eve"),
        lambda: setattr(session, "user_id", None),
    ],
)
def test_a_view_that_only_reads_refuses(ada, change):
    """In a read_only view nobody signs in or out, and nothing about the user changes."""
    set_policy(ada.site.app.view_functions["page"], Policy.READ_ONLY)
    try:
        with pytest.raises(WriteRefused):
            ada(change)
    finally:
        del ada.site.app.view_functions["page"]._sessionplus_policy

    assert ada.value(lambda: (session.user_id, session.username)) == ("ada", "Ada")
