"""What a request costs: nothing if it leaves the session alone, one read, one write."""

from __future__ import annotations

from contextlib import closing, contextmanager

import pytest
from flask import flash, get_flashed_messages, render_template_string, session
from sqlalchemy import event

from flask_sessionplus.stores.sql import SQLStore


@contextmanager
def statements(store):
    """Collect the statements that an SQL store sends."""
    seen = []

    def note(connection, cursor, statement, *rest):
        seen.append(statement.split()[0])

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "do",
    [
        lambda: None,
        lambda: session._get_current_object(),
        lambda: bool(session.accessed),
        lambda: repr(session),
        lambda: render_template_string("a page without a session"),
    ],
)
def test_an_untouched_session_costs_nothing(known, store, do):
    """A request that looks at no session calls no store and sends no cookie."""
    answer = known(do)

    assert store.new_calls() == []
    assert answer.cookies == []


def test_an_untouched_session_leaves_the_headers_alone(known):
    """The answer to a request that looks at no session is as without us: caches may keep it."""
    answer = known(lambda: None)

    assert set(answer.headers.keys()) == {"Content-Type", "Content-Length"}


def test_a_page_without_a_session_is_no_access(known):
    """A template is given the session; that alone is no access to it."""
    assert "Vary" not in known(lambda: render_template_string("hello")).headers


def test_no_route_no_session(known, store):
    """Pages that do not exist cost no store call either."""
    answer = known.client.get("/nothing")

    assert answer.status_code == 404
    assert "Vary" not in answer.headers
    assert store.new_calls() == []


@pytest.mark.parametrize(
    "do",
    [
        lambda: session.get("name"),
        lambda: session.get("nothing"),
        lambda: (session["name"], session["cart"], len(session), dict(session)),
        lambda: session.all(),
        lambda: session.has("note"),
        lambda: get_flashed_messages(),
        lambda: session.identifier,
        lambda: session.permanent,
        lambda: session.setdefault("name", "Eve"),
        lambda: session.modified,
    ],
)
def test_reading_loads_once_and_writes_nothing(known, store, do):
    """However much is read, the store is asked once and nothing is written or sent."""
    answer = known(do)

    assert store.new_calls() == ["load"] or (do.__code__.co_names[-1:] == ("modified",))
    assert answer.cookies == []


@pytest.mark.parametrize(
    "do",
    [
        lambda: session.update(name="Eve", more=[1], other=2),
        lambda: session["cart"].append("milk"),
        lambda: session.pop("name"),
        lambda: session.flash("note", "hi"),
        lambda: flash("hi"),
        lambda: session.regenerate(),
        lambda: session.set_lifetime(600),
        lambda: setattr(session, "permanent", True),
        lambda: (session.increment("visits"), None)[1],
    ],
)
def test_writing_loads_once_and_writes_once(known, store, do):
    """However much is changed, the store is asked once and told once."""
    known(do)

    assert store.new_calls() == ["load", "apply"]


def test_the_end_of_a_session(known, store):
    """To destroy a session leaves a tombstone; to begin another one at once is a single step."""
    known(lambda: session.destroy())
    assert store.new_calls() == ["load", "delete", "create"]

    known(lambda: session.update(name="Ada"))
    assert store.new_calls() == ["create"]

    known(lambda: (session.destroy(), session.update(name="Bob")))
    assert store.new_calls() == ["load", "apply"]


def test_a_visitor_without_cookie_costs_no_read(visitor, store):
    """Without a cookie there is nothing to look for."""
    assert visitor.value(lambda: session.get("name")) is None
    assert store.new_calls() == []

    visitor(lambda: session.update(name="Ada"))
    assert store.new_calls() == ["create"]


def test_an_empty_session_that_was_read_leaves_nothing(visitor, store):
    """A thousand reads without cookie make no record and send no cookie."""
    answers = [visitor(lambda: session.get("name")) for _ in range(10)]

    assert store.new_calls() == []
    assert not any(answer.cookies for answer in answers)


@pytest.fixture
def sql(tmp_path):
    """Return an SQLite store."""
    with closing(SQLStore(f"sqlite:///{tmp_path / 'sessions.sqlite'}")) as store:
        yield store


@pytest.fixture
def sql_visitor(sql, make_site):
    """Return somebody whose session is in that store, and has come back once."""
    visitor = make_site(sql).visitor()
    visitor(lambda: session.update(name="Ada", cart=["tea"]))
    visitor(lambda: session.get("name"))
    return visitor


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        (lambda: None, []),
        (lambda: dict(session), ["SELECT"]),
        (lambda: session["cart"].append("milk"), ["SELECT", "UPDATE"]),
        (lambda: session.increment("visits"), ["SELECT", "UPDATE"]),
        (lambda: session.flash("note", 1), ["SELECT", "UPDATE"]),
        (lambda: session.destroy(), ["SELECT", "DELETE", "INSERT"]),
    ],
)
def test_statements(sql, sql_visitor, do, expected):
    """In SQL: none for an untouched request, one to read, one more to write."""
    with statements(sql) as seen:
        sql_visitor(do)

    assert seen == expected


def test_statements_of_a_first_visit(sql, sql_visitor):
    """A new session is one INSERT, and nobody looks for it before."""
    with statements(sql) as seen:
        sql_visitor.site.visitor()(lambda: session.update(name="Bob"))

    assert seen == ["INSERT"]
