"""`SESSION_ON_STORE_ERROR = "anonymous"`: without its store a session is empty and read-only."""

from __future__ import annotations

import pytest
from flask import flash, get_flashed_messages, render_template_string, session

from flask_sessionplus import SessionReadOnly, StoreError, StoreUnavailable, store_failed
from tests.web.visiting import KNOWN


def down():
    """Return what a store raises that cannot be reached."""
    return StoreUnavailable("The host db.internal does not answer.", retry_after=7)


@pytest.fixture
def site(store, make_site):
    """Return an app that goes on without its store."""
    return make_site(store, SESSION_ON_STORE_ERROR="anonymous")


@pytest.fixture
def cut_off(known, store):
    """Return somebody who is known, to an app whose store is down."""
    store.faults.update(dict.fromkeys(("load", "create", "apply", "delete"), down))
    return known


READS = {
    "get": (lambda: session.get("name"), None),
    "in": (lambda: "name" in session, False),
    "len": (lambda: len(session), 0),
    "bool": (lambda: bool(session), False),
    "all": (lambda: session.all(), {}),
    "copy": (lambda: session.copy(), {}),
    "get_flash": (lambda: session.get_flash("note"), None),
    "messages": (lambda: get_flashed_messages(), []),
    "exists": (lambda: session.exists, False),
    "available": (lambda: session.is_available, False),
    "permanent": (lambda: session.permanent, False),
    "identifier": (lambda: session.identifier, ""),
    "template": (lambda: render_template_string("{{ session.get('name') or 'nobody' }}"), "nobody"),
}


@pytest.mark.parametrize(("read", "expected"), READS.values(), ids=READS)
def test_it_is_empty(cut_off, read, expected):
    """Whoever reads finds nobody signed in; the page is served, and not kept by any cache."""
    answer = cut_off(read)

    assert (answer.status, answer.value) == (200, expected)
    assert answer.cookies == []
    assert answer.headers["Vary"] == "Cookie"
    assert answer.headers["Cache-Control"] == "no-store"


WRITES = {
    "set": lambda: session.update(name="Eve"),
    "pop": lambda: session.pop("name", None),
    "remove": lambda: session.remove("name"),
    "del": lambda: session.__delitem__("name"),
    "increment": lambda: session.increment("visits"),
    "append": lambda: session.append("cart", 1),
    "setdefault": lambda: session.setdefault("name", "Eve"),
    "flash": lambda: session.flash("note", "hi"),
    "flask.flash": lambda: flash("hi"),
    "destroy": lambda: session.destroy(),
    "clear": lambda: session.clear(),
    "reset": lambda: session.reset(),
    "regenerate": lambda: session.regenerate(),
    "set_lifetime": lambda: session.set_lifetime(60),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_it_is_read_only(cut_off, store, write):
    """Whatever would have to be stored is a 503, a sign-out too: nobody is told it went well."""
    answer = cut_off(write)

    assert answer.status == 503
    assert "Retry-After" in answer.headers
    assert answer.cookies == []
    store.faults.clear()
    assert cut_off.value(lambda: dict(session)) == KNOWN


def test_the_error_tells_its_cause(cut_off):
    """SessionReadOnly says what to do, and is chained to what the store said."""

    def view():
        with pytest.raises(SessionReadOnly, match="Look at the store") as caught:
            session["name"] = "Eve"
        return type(caught.value.__cause__)

    assert cut_off.value(view) is StoreUnavailable


def test_a_permanent_session_may_be_asked_for(cut_off):
    """`session.permanent = True` with each request, as many apps say, does no harm."""

    def view():
        session.permanent = True
        session.renew()
        session.save()
        return "name" in session

    assert cut_off.value(view) is False


def test_it_is_told(cut_off, site):
    """The signal store_failed is sent, so that somebody can be woken."""
    errors = []

    def note(sender, error, **_):
        errors.append(error)

    with store_failed.connected_to(note, site.app):
        cut_off(lambda: session.get("name"))

    assert [type(error) for error in errors] == [StoreUnavailable]


def test_the_session_is_back_with_the_store(cut_off, store):
    """The next request after the outage finds everything; the cookie was left alone."""
    cut_off(lambda: session.get("name"))
    store.faults.clear()

    assert cut_off.value(lambda: (session["name"], session.is_available)) == ("Ada", True)


def test_what_fails_later_is_a_503(known, store):
    """A store that is there for reading and not for writing refuses the write."""
    store.faults["apply"] = down

    assert known(lambda: session.update(name="Eve")).status == 503


def test_other_faults_are_not_hidden(known, store):
    """Only a store that does not answer makes a session anonymous."""
    store.faults["load"] = lambda: StoreError("Something is wrong. Look at it.")

    with pytest.raises(StoreError):
        known(lambda: session.get("name"))


def test_it_is_available_otherwise(visitor):
    """Without trouble the session says that it is available."""
    assert visitor.value(lambda: session.is_available)
