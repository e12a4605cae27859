"""Signing out everywhere else while another request of this browser does something."""

from __future__ import annotations

import pytest

from flask_sessionplus import LateSession, StoreUnavailable, WriteRefused, session
from flask_sessionplus.policies import set_policy
from flask_sessionplus.services import Policy
from flask_sessionplus.tokens import digest
from tests.web.signin.conftest import extension
from tests.web.visiting import together

MEANWHILE = {
    "again": lambda ext: ext.revoke_user(42, except_current=True),
    "a password": lambda ext: session.confirm(),
    "a token": lambda ext: session.regenerate(),
    "a key": lambda ext: session.update(a=1),
    "a sign-out": lambda ext: session.logout(),
    "its own end": lambda ext: ext.revoke(session.identifier),
}

PRESSES = {
    "signed in": lambda: None,
    "with a change": lambda: session.update(note="x"),
    "signed in anew": lambda: session.login(42),
}

# What the first press asks of its store, in turn.
CALLS = ["load", "apply", "owned", "delete_owned", "load again"]


def sign_in(site):
    """Let somebody sign in."""
    visitor = site.visitor()
    visitor(lambda: session.login(42, cart=["tea"]))
    return visitor


def is_alive(visitor):
    """Tell whether somebody is signed in there."""
    return visitor.value(lambda: session.user_id) == 42


def tokens(store):
    """Return the sids of the user's sessions."""
    return {sid for sid, _ in store.inner.owned("42")}


def others_out(ext, prepare=lambda: None):
    """Return a view that signs the user out everywhere else."""
    return lambda: (prepare(), ext.revoke_user(42, except_current=True))


def at(store, call, act):
    """Let *act* be done before the *call* of a store by the request that comes next."""
    if call == "load again":
        store.before["delete_owned"] = lambda: at(store, "load", act)
    else:
        store.before[call] = lambda: together(act)


@pytest.mark.parametrize("prepare", PRESSES.values(), ids=PRESSES)
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_whatever_another_tab_does(any_site, any_store, meanwhile, prepare):
    """This browser stays signed in unless it signs out, and who is told that it is done, is."""
    ext, act = extension(any_site), MEANWHILE[meanwhile]
    for call in CALLS:
        browser, other = sign_in(any_site), sign_in(any_site)
        tab, copy = browser.tab(), browser.token
        at(any_store, call, lambda tab=tab: tab(lambda: act(ext)))
        press = browser(others_out(ext, prepare))
        assert any_store.before == {}, call

        if meanwhile not in ("a sign-out", "its own end"):
            assert is_alive(browser) or is_alive(tab), call
        if press.status == 200:
            assert not is_alive(other), call
            assert tokens(any_store) <= {digest(browser.token)}, call
            assert browser.token != copy or not is_alive(browser), call
        else:
            # Told, and no other was ended by it.
            assert press.status == 503, call
            assert meanwhile == "again" or is_alive(other), call
        with any_site.app.app_context():
            ext.revoke_user(42)


def test_a_thief_who_was_faster(site, ext, store):
    """Nobody is told that all others are out while a thief has moved the session on."""
    browser, other = sign_in(site), sign_in(site)
    thief = browser.tab()
    store.before["apply"] = lambda: together(lambda: thief(lambda: session.regenerate()))

    assert browser(others_out(ext)).status == 503
    assert (is_alive(browser), is_alive(thief), is_alive(other)) == (False, True, True)
    browser = sign_in(site)
    assert browser.value(others_out(ext))[1] == 2
    assert (is_alive(browser), is_alive(thief), is_alive(other)) == (True, False, False)


def test_a_thief_who_is_late(site, ext, store):
    """Once it has begun, who has the old token gets nothing with it."""
    browser = sign_in(site)
    thief = browser.tab()
    store.before["owned"] = lambda: together(lambda: thief(lambda: session.regenerate()))

    assert browser(others_out(ext)).status == 200
    assert (is_alive(browser), is_alive(thief)) == (True, False)


def test_who_comes_with_the_old_token(site, ext):
    """A request that comes late, knowing by itself whose sessions to end, ends none."""
    browser = sign_in(site)
    late = browser.tab()
    browser(lambda: session.regenerate())

    assert late(others_out(ext)).status == 503
    assert is_alive(browser)


def test_two_presses_of_who_begins_anew(site, ext, store):
    """A view that leaves and signs in again, pressed twice, leaves one of the two signed in."""
    for call in ("load", "delete", "create", "owned", "delete_owned"):
        browser = sign_in(site)
        tab = browser.tab()

        def anew():
            session.logout()
            session.login(42)
            ext.revoke_user(42, except_current=True)

        store.before[call] = lambda tab=tab, anew=anew: together(lambda: tab(anew))
        browser(anew)
        assert store.before == {}, call
        assert is_alive(browser) or is_alive(tab), call


def test_two_visitors_who_sign_in(site, ext, store):
    """A sign-in that ends the others, pressed twice by a known visitor, signs him in."""
    for call in ("load", "apply", "owned", "delete_owned"):
        browser = site.visitor()
        browser(lambda: session.update(cart=["tea"]))
        tab, view = browser.tab(), others_out(ext, lambda: session.login(42))
        store.before[call] = lambda tab=tab, view=view: together(lambda: tab(view))
        browser(view)

        assert store.before == {}, call
        assert is_alive(browser) or is_alive(tab), call


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_store_that_fails_halfway(any_site, any_store, is_gone):
    """The new token reaches the browser though the others could not be ended."""
    ext, browser, other = extension(any_site), sign_in(any_site), sign_in(any_site)
    old = browser.tab()
    any_store.faults["delete_owned"] = lambda: StoreUnavailable("away")

    def fail():
        if is_gone:
            any_store.faults["load"] = lambda: StoreUnavailable("away")

    any_store.before["delete_owned"] = fail
    press = browser(others_out(ext))
    any_store.faults.clear()

    assert (press.status, len(press.cookies)) == (503, 1)
    assert [is_alive(each) for each in (browser, old, other)] == [True, False, True]
    assert browser.value(others_out(ext))[1] == 1


def test_what_the_view_did_before_is_written(site, ext):
    """Nothing of what the request puts in is lost, neither before nor after."""
    browser = sign_in(site)
    browser(lambda: (others_out(ext, lambda: session.update(a=1))(), session.update(b=2)))

    assert browser.value(lambda: dict(session)) == {"cart": ["tea"], "a": 1, "b": 2}


def test_one_device_by_its_handle(any_site, any_store):
    """To end another device never ends this one, whatever another tab does meanwhile."""
    ext = extension(any_site)
    for call in ("load", "find", "delete"):
        browser, other = sign_in(any_site), sign_in(any_site)
        name, tab = other.value(lambda: session.identifier), browser.tab()
        at(any_store, call, lambda tab=tab: tab(others_out(ext)))
        browser(lambda name=name: (session.user_id, ext.revoke(name)))

        assert not is_alive(other), call
        assert is_alive(browser) or is_alive(tab), call


def test_where_nothing_is_written(site, ext, store):
    """In a `read_only` view it is refused, and nobody is signed out."""
    browser, other = sign_in(site), sign_in(site)
    page = site.app.view_functions["page"]
    set_policy(page, Policy.READ_ONLY)

    def view():
        with pytest.raises(WriteRefused):
            ext.revoke_user(42, except_current=True)

    try:
        assert browser(view).status == 200
    finally:
        del page._sessionplus_policy
    assert is_alive(browser)
    assert is_alive(other)


def test_when_the_cookie_is_too_late(site, ext):
    """In a stream the new token could not be sent: it is an error, and nobody is signed out."""
    browser, other = sign_in(site), sign_in(site)

    def page():
        from flask import Response, stream_with_context

        def stream():
            yield "begun "
            with pytest.raises(LateSession):
                ext.revoke_user(42, except_current=True)
            yield "refused"

        return Response(stream_with_context(stream()))

    assert browser(page).text == "begun refused"
    assert is_alive(browser)
    assert is_alive(other)
