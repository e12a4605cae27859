"""Who is revoked leaves nothing behind, at whatever moment that happens."""

from __future__ import annotations

import pytest
from flask import session

from flask_sessionplus import StoreUnavailable, session_lost
from flask_sessionplus.proxies import global_session, session_claims
from tests.web.bearer.bearing import foreign


def use():
    """Use the token."""
    return session_claims["sub"]


def fill():
    """Put something into the data."""
    global_session["a"] = 1


def count():
    """Write something at once."""
    global_session.increment("n")


def revoke(api, how="user"):
    """Revoke user 42, or everybody."""
    with api.site.app.app_context():
        return api.ext.revoke_user(42) if how == "user" else api.ext.revoke_all()


def revoke_elsewhere(api, how="user"):
    """Do that in another request."""
    api.site.visitor().value(lambda: revoke(api, how))


def data_of(api):
    """Return what is stored of user 42."""
    return api.client().value(lambda: dict(global_session))


@pytest.fixture
def lost():
    """Return a list that grows with each session_lost."""
    told = []

    def note(sender, **details):
        told.append(1)

    with session_lost.connected_to(note):
        yield told


@pytest.mark.parametrize("how", ["user", "all"])
@pytest.mark.parametrize("existed", [False, True])
@pytest.mark.parametrize("write", [fill, count])
def test_by_the_request_itself(any_api, how, existed, write):
    """What the request has put in, and not written yet, does not outlive its own revocation."""
    if existed:
        any_api.client()(lambda: global_session.update(b=1))

    def page():
        write()
        revoke(any_api, how)
        return dict(global_session) if how == "user" else {}

    assert any_api.client().value(page) == {}
    assert data_of(any_api) == {}


def test_by_a_browser_itself(make_api):
    """The same for who has come by cookie; what another user has is left alone."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)
    browser = api.site.visitor()
    browser(lambda: session.login(42))
    browser(lambda: (fill(), revoke(api)))
    admin = api.site.visitor()
    admin(lambda: session.login(1))
    admin(lambda: (fill(), revoke(api)))

    assert data_of(api) == {}
    assert admin.value(lambda: dict(global_session)) == {"a": 1}


@pytest.mark.parametrize("how", ["user", "all"])
@pytest.mark.parametrize("make", ["own", "foreign"])
@pytest.mark.parametrize("write", [fill, count])
def test_right_before_the_data_begin(any_api, any_store, lost, how, make, write):
    """A request that was let in begins no data of a user who is revoked meanwhile."""
    client = any_api.client(any_api.issue() if make == "own" else foreign(sub="42"))

    def page():
        use()
        any_store.before["create"] = lambda: revoke_elsewhere(any_api, how)
        write()

    client(page)

    assert [each for each in any_store.inner.owned("42") if each[1].has_content] == []
    assert len(lost) == 1


@pytest.mark.parametrize("write", [fill, count])
def test_right_before_a_browsers_data_begin(make_api, any_store, lost, write):
    """The same for who has come by cookie."""
    api = make_api(any_store, SESSION_GLOBAL_BY_COOKIE=True)
    browser = api.site.visitor()
    browser(lambda: session.login(42))

    def page():
        global_session.get("a")
        any_store.before["create"] = lambda: revoke_elsewhere(api)
        write()

    browser(page)

    assert any_store.inner.owned("42") == []
    assert len(lost) == 1


def fill_beside_a_tab(api, store, work):
    """Put data in; right before they begin, another tab of the browser does some work."""
    browser = api.site.visitor()
    browser(lambda: session.login(42))
    tab = api.site.visitor(browser.token)

    def page():
        global_session.get("a")
        store.before["create"] = lambda: tab(work)
        fill()

    browser(page)


def test_from_another_tab_of_the_browser(make_api, store, lost):
    """Who signs himself out everywhere leaves a tombstone, which is no session either."""
    api = make_api(store, SESSION_GLOBAL_BY_COOKIE=True)
    fill_beside_a_tab(api, store, lambda: revoke(api))

    assert store.inner.owned("42") == []
    assert len(lost) == 1


def test_a_new_token_is_no_revocation(make_api, store, lost):
    """If the browser's session gets another token meanwhile, the data are kept."""
    api = make_api(store, SESSION_GLOBAL_BY_COOKIE=True)
    fill_beside_a_tab(api, store, lambda: session.regenerate())

    assert data_of(api) == {"a": 1}
    assert lost == []


@pytest.mark.parametrize("leave", [lambda: None, lambda: session.logout()])
def test_who_signs_in_or_out(make_api, leave):
    """Who signs in by the very request, or out, keeps what he has put in before."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)
    api.site.visitor().value(lambda: (session.login(42), fill(), count(), leave())[0])

    assert data_of(api) == {"a": 1, "n": 1}


def test_joining_another_ones(api, store, lost):
    """Who is revoked does not write into the data that begin after that."""
    client = api.client()

    def meanwhile():
        revoke_elsewhere(api)
        api.client()(lambda: global_session.update(b=1))

    def page():
        use()
        global_session.get("a")
        store.before["create"] = meanwhile
        fill()

    client(page)

    assert data_of(api) == {"b": 1}
    assert len(lost) == 1


def test_a_store_that_cannot_tell(api, store):
    """If it cannot be looked up, it is a 503, and nothing was written."""
    client = api.client()

    def fail():
        store.faults = {"load": StoreUnavailable}

    def page():
        global_session.get("a")
        store.before["create"] = fail
        fill()

    answer = client(page)
    store.faults = {}

    assert answer.status == 503
    assert data_of(api) == {}


def _revoked(api):
    """Return tokens of elsewhere that were revoked: one by itself, one with its user."""
    tokens = [foreign(sub="7", jti="one"), foreign(sub="8", jti="two")]
    api.tokens(lambda tokens: (tokens.revoke("one"), tokens.revoke_user(8)))
    return tokens


def test_everybody_is_revoked(any_api):
    """What was revoked before everybody was, stays so, though the notes on it go."""
    tokens = _revoked(any_api)
    revoke(any_api, "all")

    assert [any_api.client(each)(use).status for each in tokens] == [401, 401]


def test_before_anything_is_removed(api, store):
    """Tokens of elsewhere are dead from the beginning, not when all is removed; nor if that fails.

    Who cannot note that removes nothing: he would take the notes that there are.
    """
    client, seen = api.client(foreign(sub="9", jti="three")), []
    store.before["delete_all"] = lambda: seen.append(client(use).status)
    revoke(api, "all")
    assert seen == [401]

    store.new_calls()
    store.faults = {"load": StoreUnavailable}
    with pytest.raises(StoreUnavailable):
        revoke(api, "all")
    assert "delete_all" not in store.new_calls()


@pytest.mark.parametrize("is_begun", [False, True])
def test_it_breaks_off(api, store, is_begun):
    """The same if the store fails in the middle of it."""
    tokens = _revoked(api)

    def fail():
        if is_begun:
            store.inner.delete_all()
        return StoreUnavailable()

    store.faults = {"delete_all": fail}
    with pytest.raises(StoreUnavailable):
        revoke(api, "all")
    store.faults = {}

    assert [api.client(each)(use).status for each in tokens] == [401, 401]
    assert api.client(foreign(sub="9", jti="three"))(use).status == 401
