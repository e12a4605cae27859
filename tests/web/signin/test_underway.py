"""A request that is under way while its session is ended from outside saves nothing any more."""

from __future__ import annotations

import threading

import pytest

from flask_sessionplus import session, signals
from flask_sessionplus.record import Record
from tests.web.signin.conftest import extension
from tests.web.visiting import together

ENDS = {
    "revoke": lambda ext, name: ext.revoke(name),
    "revoke_user": lambda ext, name: ext.revoke_user("42"),
    "revoke_all": lambda ext, name: ext.revoke_all(),
}

CHANGES = {
    "a key": lambda: session.update(a=1),
    "a number": lambda: session.increment("visits"),
    "a token": lambda: session.regenerate(),
    "a password": lambda: session.confirm(),
    "a level": lambda: session.elevate(),
    "a role": lambda: setattr(session, "role_id", "admin"),
    "the same user": lambda: session.login(42),
    "another user": lambda: session.login(7),
    "a lifetime": lambda: session.set_lifetime(3600),
    "the cookie": lambda: session.renew(),
}


@pytest.fixture(params=ENDS)
def end(request):
    """Return each way to end a session from outside."""
    return ENDS[request.param]


def raced(site, end, change, store, call):
    """Let a request *change* the session of 42, which ends before its *call* of the store."""
    visitor = site.visitor()
    visitor(lambda: session.login(42, cart=["tea"]))
    name = visitor.value(lambda: session.identifier)
    late = visitor.tab()

    def revoke():
        with site.app.app_context():
            assert end(extension(site), name)

    # In another thread, or it would be the session of this request that ends itself.
    store.before[call] = lambda: together(revoke)
    late(change)
    assert store.before == {}
    return [visitor, late]


def test_nothing_is_brought_back(any_site, any_store, end):
    """Whatever a request does whose session ends meanwhile, nobody is signed in after it."""
    for what, change in CHANGES.items():
        for visitor in raced(any_site, end, change, any_store, "apply"):
            assert visitor.value(lambda: session.user_id) is None, what
        assert any_store.inner.owned("42") == [], what
        assert any_store.inner.owned("7") == [], what


def test_ended_before_it_is_loaded(any_site, any_store, end):
    """The very next request after the end finds nothing."""
    visitors = raced(any_site, end, lambda: session.get("cart"), any_store, "load")

    assert [visitor.value(lambda: session.copy()) for visitor in visitors] == [{}, {}]


def test_the_loss_is_told(any_site, any_store, end):
    """That its changes were dropped is told with `session_lost`."""
    told = []

    def note(sender, session):
        told.append(session)

    with signals.session_lost.connected_to(note):
        raced(any_site, end, lambda: session.update(a=1), any_store, "apply")

    assert len(told) == 1


@pytest.mark.slow
def test_in_threads(any_site, any_store, end):
    """Requests that write as fast as they can, each in a thread, end for good."""
    visitor = any_site.visitor()
    visitor(lambda: session.login(42, visits=0))
    name = visitor.value(lambda: session.identifier)
    enough, started = threading.Event(), threading.Barrier(5, timeout=30)

    def count():
        return session.increment("visits") if session.is_authenticated else None

    def work(tab):
        started.wait()
        while not enough.is_set():
            if tab.value(count) is None:
                return

    tabs = [visitor.tab() for _ in range(4)]
    threads = [threading.Thread(target=work, args=(tab,)) for tab in tabs]
    for thread in threads:
        thread.start()
    started.wait()
    with any_site.app.app_context():
        assert end(extension(any_site), name)
    for thread in threads:
        thread.join(10)
    enough.set()

    assert not any(thread.is_alive() for thread in threads)
    assert any_store.inner.owned("42") == []


@pytest.mark.slow
@pytest.mark.parametrize("end", [ENDS["revoke_user"], ENDS["revoke_all"]])
def test_who_moves_all_the_time_is_ended_too(any_site, any_store, end):
    """A session that gets a new token again and again meanwhile does not slip through."""
    visitor = any_site.visitor()
    visitor(lambda: session.login(42))
    enough = threading.Event()

    def move():
        while not enough.is_set():
            if not visitor.value(lambda: session.is_authenticated and not session.confirm()):
                return

    thread = threading.Thread(target=move)
    thread.start()
    with any_site.app.app_context():
        end(extension(any_site), "")
    thread.join(10)
    enough.set()

    assert not thread.is_alive()
    assert visitor.value(lambda: session.user_id) is None
    assert any_store.inner.owned("42") == []


def test_switching_users_while_another_moves(any_site, any_store):
    """Who signs in over another user, while that one's token changes, leaves nothing of him."""
    visitor = any_site.visitor()
    visitor(lambda: session.login("bob", secret="b"))
    other = visitor.tab()
    any_store.before["apply"] = lambda: other(lambda: session.confirm())
    visitor(lambda: session.login("eve"))

    assert visitor.value(lambda: (session.user_id, session.copy())) == ("eve", {})
    assert other.value(lambda: session.user_id) is None
    assert any_store.inner.owned("bob") == []
    assert all(isinstance(record, Record) for _, record in any_store.inner.owned("eve"))
