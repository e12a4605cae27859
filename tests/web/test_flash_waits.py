"""Which requests a message waits through until the page comes that shows it."""

from __future__ import annotations

import pytest
from flask import (
    Response,
    flash,
    get_flashed_messages,
    redirect,
    render_template_string,
    session,
)


@pytest.fixture
def flashed(known):
    """Return somebody for whom a message of each kind waits."""

    def say():
        session.flash("note", "hi")
        flash("hello")
        return redirect("/")

    known(say)
    return known


def read():
    """Read the messages of both kinds."""
    return session.get("note"), get_flashed_messages()


def look():
    """Use the session without reading a message."""
    session.get("name")
    session["seen"] = True


WAITS = {
    "untouched": (lambda: None, {}),
    "a template without a session": (lambda: render_template_string("hi"), {}),
    "HEAD": (look, {"method": "HEAD"}),
    "OPTIONS": (look, {"method": "OPTIONS"}),
    "304": (lambda: (look(), Response(status=304))[1], {}),
    "301": (lambda: (look(), redirect("/", 301))[1], {}),
    "302": (lambda: (look(), redirect("/"))[1], {}),
    "303": (lambda: (look(), redirect("/", 303))[1], {"method": "POST"}),
    "307": (lambda: (look(), redirect("/", 307))[1], {"method": "POST"}),
    "500": (lambda: (look(), Response(status=500))[1], {}),
    "503": (lambda: (look(), Response(status=503))[1], {}),
    "fetch": (look, {"headers": {"Sec-Fetch-Dest": "empty"}}),
    "fetch that posts": (look, {"method": "POST", "headers": {"Sec-Fetch-Dest": "empty"}}),
}
PEEKS = {
    "HEAD": (lambda: None, {"method": "HEAD"}),
    "OPTIONS": (lambda: None, {"method": "OPTIONS"}),
    "304": (lambda: Response(status=304), {}),
    "304 to HEAD": (lambda: Response(status=304), {"method": "HEAD"}),
    "500": (lambda: Response(status=500), {}),
}
PAGES = {
    "GET": {},
    "POST": {"method": "POST"},
    "document": {"headers": {"Sec-Fetch-Dest": "document"}},
    "iframe": {"headers": {"Sec-Fetch-Dest": "iframe"}},
}


def by_name(cases):
    """Parametrise over what is done, and how it is asked for."""
    return pytest.mark.parametrize(("do", "options"), cases.values(), ids=cases)


@by_name(WAITS)
def test_a_message_waits(flashed, do, options):
    """Requests that show no page, or do not look at the session, leave messages waiting."""
    for _ in range(3):
        flashed(do, **options)

    assert flashed.value(read) == ("hi", ["hello"])
    assert flashed.value(read) == (None, [])


@by_name(PEEKS)
def test_a_message_that_nobody_can_have_seen_waits(flashed, do, options):
    """HEAD, OPTIONS, 304 and 500 show what was read to nobody: the message waits on."""

    def page():
        found = read(), read()
        return do() or Response(repr(found))

    for _ in range(2):
        flashed(page, **options)

    assert flashed.value(read) == ("hi", ["hello"])
    assert flashed.value(read) == (None, [])


@by_name(PEEKS)
def test_such_a_request_sees_the_message(flashed, do, options):
    """Such a request sees the messages all the same: HEAD has the headers that GET would have."""
    seen = []

    def page():
        seen.append(read())
        return do() or Response()

    flashed(page, **options)

    assert seen == [("hi", ["hello"])]


@by_name(PEEKS)
def test_a_message_that_was_the_last_content_waits(visitor, do, options):
    """That holds if the session has nothing but the message: the cookie stays as well."""
    visitor(lambda: (session.flash("note", "hi"), flash("hello"), redirect("/"))[2])

    visitor(lambda: (read(), do() or Response())[1], **options)

    assert visitor.token is not None
    assert visitor.value(read) == ("hi", ["hello"])


@pytest.mark.parametrize("options", PAGES.values(), ids=PAGES)
def test_a_page_ends_the_waiting(known, options):
    """Any other request that used the session was the next request."""
    known(lambda: (session.flash("note", "hi"), redirect("/"))[1])
    known(lambda: session.get("name"), **options)

    assert known.value(lambda: session.get("note")) is None


@pytest.mark.parametrize("status", [200, 201, 204, 400, 403, 404, 422])
def test_an_error_that_is_shown_is_a_page(known, status):
    """So was one that was answered with an error of the client's."""
    known(lambda: (session.flash("note", "hi"), redirect("/"))[1])
    known(lambda: (session.get("name"), Response(status=status))[1])

    assert known.value(lambda: session.get("note")) is None


def test_flasks_messages_wait_until_they_are_read(known):
    """`flask.flash` is as in Flask: its messages wait until `get_flashed_messages` is called."""
    known(lambda: flash("hello"))
    for _ in range(3):
        known(look)

    assert known.value(lambda: get_flashed_messages()) == ["hello"]


@pytest.mark.parametrize(("status", "left"), [(302, (None, [])), (500, ("hi", ["hello"]))])
def test_what_was_read_and_not_shown(flashed, status, left):
    """A redirect that has read a message has had it; an answer that failed has shown nothing."""

    def page():
        assert read() == ("hi", ["hello"])
        return Response(status=status)

    flashed(page)

    assert flashed.value(read) == left


def test_a_fetch_that_reads_gets_the_message(flashed):
    """A background request that reads a message shows it: it is gone."""
    found = flashed.value(read, headers={"Sec-Fetch-Dest": "empty"})

    assert found == ("hi", ["hello"])
    assert flashed.value(read) == (None, [])


def test_a_fetch_takes_only_what_it_reads(known):
    """What a background request does not read still waits for the page."""

    def say():
        session.flash("a", 1)
        session.flash("b", 2)

    known(say)
    known(lambda: session.get("a"), headers={"Sec-Fetch-Dest": "empty"})

    assert known.value(lambda: (session.get("a"), session.get("b"))) == (None, 2)


def test_post_redirect_get(known):
    """The usual way: a form is posted, a redirect follows another, and the page shows it once."""
    known(lambda: (session.flash("note", "saved"), redirect("/a", 303))[1], method="POST")
    known(lambda: (session.get("name"), redirect("/b"))[1])
    known(lambda: None, headers={"Sec-Fetch-Dest": "image"})

    assert known.value(lambda: session.get("note")) == "saved"
    assert known.value(lambda: session.get("note")) is None


def test_a_view_that_fails_has_shown_nothing(flashed):
    """Where the view failed before it read anything, the message waits."""
    flashed.site.app.testing = False

    def page():
        session.get("name")
        raise RuntimeError

    assert flashed(page).status == 500
    assert flashed.value(read) == ("hi", ["hello"])


def test_a_request_that_waits_writes_nothing(flashed, store):
    """A message that goes on waiting costs no write."""
    store.new_calls()
    flashed(lambda: session.get("name"), headers={"Sec-Fetch-Dest": "empty"})
    flashed(lambda: session.get("name"), method="HEAD")
    flashed(lambda: (session.get("note"), None)[1], method="HEAD")

    assert store.new_calls() == ["load"] * 3


def test_a_throw_away_answer_is_no_page(flashed):
    """A socket that saves the session with a response nobody sees uses no message up."""
    app = flashed.site.app
    environ = {
        "Cookie": f"session={flashed.token}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-Fetch-Dest": "websocket",
    }
    with app.test_request_context("/", headers=environ):
        mine = session._get_current_object()
        mine["seen"] = True
        app.session_interface.save_session(app, mine, Response())

    assert flashed.value(read) == ("hi", ["hello"])
