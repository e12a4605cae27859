"""All sessions of an app, seen from outside."""

from __future__ import annotations

import pytest
from flask import flash, session

from flask_sessionplus import SessionPlus, StoreError
from flask_sessionplus.clock import to_datetime
from flask_sessionplus.overview import NOT_READ, count_sessions, details_of, page_of_sessions
from flask_sessionplus.record import Changes
from flask_sessionplus.tokens import handle as handle_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
KEY = "k" * 32
TOKENS = {
    "SESSION_JWT_KEY": KEY,
    "SESSION_JWT_ALGORITHMS": ["HS256"],
    "SESSION_JWT_ISSUER": "https://here",
    "SESSION_JWT_AUDIENCE": "here",
}


@pytest.fixture
def site(make_site, embedded, clock):
    """Return an app on each store that needs no server, with clocks that stand."""
    return make_site(embedded, SECRET_KEY=KEY, SESSION_HISTORY=3)


@pytest.fixture
def ext(site):
    """Return the extension, with the app as the current one."""
    with site.app.app_context():
        yield site.app.extensions["sessionplus"].extension


def put(site, count, **values):
    """Let so many visitors have a session; return their handles."""

    def do():
        session.update(values or {"a": 1})
        return session.identifier

    return [site.visitor().value(do) for _ in range(count)]


def pages(app, limit):
    """Return all pages."""
    found, after = [], None
    while True:
        found.append(page_of_sessions(app, after, limit))
        after = found[-1].after
        if after is None:
            return found


def test_every_session_is_on_one_page(site):
    """Going from page to page shows each session once, with what is known of it."""
    handles = put(site, 25)
    found = pages(site.app, 10)
    shown = [info for page in found for info in page.sessions]

    assert sorted(info.handle for info in shown) == sorted(handles)
    assert [len(page.sessions) for page in found] == [10, 10, 5]
    assert {(info.kind, info.user, info.is_current) for info in shown} == {("browser", "", False)}


def test_the_current_one_is_marked(site):
    """In a request, the session it has come with is marked on the page."""
    put(site, 3)
    visitor = site.visitor()
    mine = visitor.value(lambda: session.update(a=1) or session.identifier)
    shown = visitor.value(lambda: page_of_sessions(site.app).sessions)

    assert [info.handle for info in shown if info.is_current] == [mine]


def test_what_is_no_session_is_not_listed(make_site, embedded, clock):
    """Notes on tokens, leases and statistics are neither on a page nor found by a handle."""
    site = make_site(embedded, SESSION_STATISTICS=True, **TOKENS)
    [handle] = put(site, 1)
    with site.app.app_context():
        ext = site.app.extensions["sessionplus"].extension
        ext.tokens.revoke("a token of 7")
        ext.tokens.issue_pair(7)
        ext.revoke_user(8)
        ext.statistics()
    store = site.app.extensions["sessionplus"].store
    hidden = set(store.browse())
    shown = [info for page in pages(site.app, 1) for info in page.sessions]

    assert len(hidden) > len(shown)
    assert {info.kind for info in shown} <= {"browser", "token"}
    assert handle in {info.handle for info in shown}
    assert sum(details_of(site.app, handle_of(sid)) is not None for sid in hidden) == len(shown)


def test_a_page_is_filled_by_further_reading(make_site, embedded, clock):
    """What is not listed does not leave gaps: a page has as many as were asked for."""
    site = make_site(embedded, **TOKENS)
    with site.app.app_context():
        for user in range(30):
            site.app.extensions["sessionplus"].extension.revoke_user(user)
    put(site, 30)
    found = pages(site.app, 5)

    assert [len(page.sessions) for page in found][:6] == [5] * 6
    assert sum(len(page.sessions) for page in found) == 30


@pytest.mark.parametrize("after", ["", "nonsense", "A" * 5000])
def test_a_cursor_of_somebody_else_is_refused(ext, after):
    """What comes from no page is a ValueError, for the caller to answer 404."""
    with pytest.raises(ValueError, match="cursor"):
        ext.browse(after)


def test_details_name_keys_types_and_sizes(site, ext):
    """Keys with their types and sizes, those of scopes too; nothing of ours, and no values."""

    def do():
        session.update(cart=["tea"], big="x" * 50_000)
        session.scope("checkout").set("step", 3)
        session.flash("saved", "a secret")
        flash("another")
        session.login("ada")
        return session.identifier

    handle = site.visitor().value(do, headers={"User-Agent": FIREFOX})
    found = ext.inspect(handle)
    keys = {entry.name: entry for entry in found.entries}

    assert list(keys) == ["big", "cart", "scope:checkout/step"]
    assert (keys["cart"].type, keys["cart"].size) == ("list", 5)
    assert keys["scope:checkout/step"].type == "int"
    assert keys["big"].size > 50_000
    assert keys["big"].type in ("str", NOT_READ)
    assert {entry.value for entry in found.entries} == {None}
    assert found.messages == 2
    assert 50_000 < found.size < 51_000
    assert (found.info.handle, found.info.user) == (handle, "ada")
    assert found.info.browser == "Firefox 128 on Linux"


def test_values_are_shown_if_asked_for(site, ext):
    """With *values*, large ones too; the repr of the details has none, for logs."""
    [handle] = put(site, 1, cart=["tea"], big="x" * 50_000)
    found = ext.inspect(handle, values=True)

    assert {entry.name: entry.value for entry in found.entries} == {
        "big": "x" * 50_000,
        "cart": ["tea"],
    }
    assert {entry.type for entry in found.entries} == {"str", "list"}
    assert "tea" not in repr(found)


def test_a_value_that_cannot_be_decoded_breaks_nothing(site, ext):
    """Bytes of a later version are shown as such, beside the others."""
    [handle] = put(site, 1, cart=["tea"], other=1)
    store, codec = site.app.extensions["sessionplus"].store, ext._codec
    [sid] = store.browse()
    record = store.load(sid)
    store.apply(sid, record, Changes({"other": b"\xc1\x02new", "cart": codec.encode([1])}))
    found = {entry.name: entry for entry in ext.inspect(handle, values=True).entries}

    assert (found["other"].type, found["other"].value) == ("undecodable", None)
    assert found["cart"].value == [1]


@pytest.mark.parametrize("handle", ["", "x", "A" * 22, "é" * 22, None])
def test_there_may_be_no_such_session(site, ext, handle):
    """A handle of nobody, or what is none, gives None."""
    put(site, 1)

    assert ext.inspect(handle) is None


def test_the_history_is_shown_with_the_newest_first(site, ext, clock):
    """With SESSION_HISTORY, what has happened and when."""
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    clock.advance(60)
    handle = visitor.value(lambda: session.login("ada") or session.identifier)
    found = ext.inspect(handle).history

    assert [event.what for event in found] == ["signed in", "created"]
    assert (found[0].at - found[1].at).total_seconds() == 60
    assert found[0].at == to_datetime(clock.now())


def test_sessions_are_counted_by_store(site):
    """By the name of the store that has them."""
    put(site, 4)
    [(name, count)] = count_sessions(site.app).items()

    assert count == 4
    assert name == type(site.app.extensions["sessionplus"].store).__name__


def test_each_store_of_several_is_counted(make_site, tmp_path, clock):
    """Behind a copy, a seal or a move, the stores that keep them are counted, not the copies."""
    site = make_site(
        ["memory://", f"sqlite:///{tmp_path}/new.db"],
        SESSION_STORE_FROM=f"plain+file://{tmp_path}/old",
        SESSION_ENCRYPTION_KEYS=KEY,
    )
    put(site, 3)

    assert count_sessions(site.app) == {"FileStore": 0, "SQLStore": 3}


def test_statistics_are_not_counted(make_site, embedded, clock):
    """Records that only we need are not taken for sessions."""
    site = make_site(embedded, SESSION_STATISTICS=True)
    put(site, 4)
    with site.app.app_context():
        site.app.extensions["sessionplus"].extension.statistics()

    assert sum(count_sessions(site.app).values()) == 4
    assert site.app.extensions["sessionplus"].store.count() == 5


def test_a_store_that_cannot_says_so(make_site):
    """Where all are in the browsers, or on memcached, the error names stores that can."""
    site = make_site("cookie://", SECRET_KEY=KEY, SESSION_COOKIE_REVOCATIONS=None)
    with pytest.raises(StoreError, match=r"cannot go through .* sqlite:///"):
        page_of_sessions(site.app)
    with pytest.raises(StoreError, match="whose sessions"):
        details_of(site.app, "A" * 22)

    assert count_sessions(site.app) == {}


def test_no_page_shows_a_secret(site, ext):
    """Neither a token nor a whole sid is in what tools are given."""
    visitor = site.visitor()
    handle = visitor.value(lambda: session.update(a=1) or session.identifier)
    put(site, 3)
    told = repr([page_of_sessions(site.app, None, 2), ext.inspect(handle, values=True)])
    store = site.app.extensions["sessionplus"].store

    assert visitor.token not in told
    assert not any(sid.hex() in told or sid[16:].hex() in told for sid in store.browse())


def test_one_extension_serves_several_apps(make_site, embedded, clock):
    """What is shown are the sessions of the current app."""
    first, second = make_site(embedded), make_site("memory://")
    put(first, 2)
    put(second, 3)
    with second.app.app_context():
        ext = second.app.extensions["sessionplus"].extension
        assert isinstance(ext, SessionPlus)
        assert len(ext.browse().sessions) == 3
    assert len(page_of_sessions(first.app).sessions) == 2
