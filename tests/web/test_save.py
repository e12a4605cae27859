"""Saving early and often: streams, sockets, tests that prepare a session."""

from __future__ import annotations

import pytest
from flask import Response, request, session, stream_with_context

from flask_sessionplus import LateSession
from tests.web.visiting import KNOWN


def streamed(*parts):
    """Return an answer that is made part by part, after its headers."""

    def body():
        for part in parts:
            yield str(part())

    return Response(stream_with_context(body()))


def test_save_writes_at_once(known):
    """After `save` others see what was changed, though the request goes on."""
    other = known.tab()

    def page():
        session["name"] = "Eve"
        session.save()
        return other.value(lambda: session["name"])

    assert known.value(page) == "Eve"


def test_save_may_be_called_often(known, store):
    """Each `save` writes what has changed since the last one, and only that."""

    def page():
        for number in range(3):
            session["cart"].append(number)
            session.save()
            session.save()

    known(page)

    assert store.new_calls().count("apply") == 3
    assert known.value(lambda: session["cart"]) == ["tea", 0, 1, 2]


def test_save_of_a_new_session_sends_its_cookie(visitor, store):
    """A session that was stored early gets its cookie with the answer, and is stored once."""

    def page():
        session["a"] = 1
        session.save()
        session["b"] = 2

    visitor(page)

    assert store.new_calls() == ["create", "apply"]
    assert visitor.value(lambda: dict(session)) == {"a": 1, "b": 2}


def test_what_was_saved_early_stays_if_the_view_fails(known):
    """An error afterwards takes back nothing that was saved."""
    known.site.app.testing = False

    def page():
        session["name"] = "Eve"
        session.save()
        raise RuntimeError

    assert known(page).status == 500
    assert known.value(lambda: session["name"]) == "Eve"


def test_save_without_changes_writes_nothing(known, store):
    """`save` where nothing has changed is free."""
    known(lambda: (session.get("name"), session.save()))

    assert store.new_calls() == ["load"]


def test_a_stream_reads(known):
    """What is streamed can read the session, whether the view has looked at it or not."""
    assert known(lambda: streamed(lambda: session["name"])).text == "Ada"
    assert known(lambda: (session.get("a"), streamed(lambda: session["name"]))[1]).text == "Ada"


def test_a_stream_writes(known):
    """A stream that says `save` has its changes stored, after the headers too."""

    def page():
        session.get("name")
        return streamed(
            lambda: session["cart"].append("milk"),
            lambda: session.save(),
            lambda: session["cart"].append("bread"),
            lambda: session.save(),
        )

    known(page)

    assert known.value(lambda: session["cart"]) == ["tea", "milk", "bread"]


def test_a_stream_that_is_the_first_to_look_writes(known):
    """That holds if the view has never touched the session."""
    known(lambda: streamed(lambda: session.update(name="Eve"), lambda: session.save()))

    assert known.value(lambda: session["name"]) == "Eve"


@pytest.mark.parametrize(
    "looks_before",
    [True, False],
    ids=["the view has looked at it", "the stream is the first to look"],
)
@pytest.mark.parametrize(
    "put_in",
    [
        lambda: session.update(a=1),
        lambda: session.flash("note", 1),
        lambda: session.increment("n"),
    ],
    ids=["key", "message", "number"],
)
def test_a_new_session_is_too_late_in_a_stream(visitor, store, looks_before, put_in):
    """A session whose cookie can no longer be sent is an error, not a record nobody can reach."""

    def save():
        put_in()
        with pytest.raises(LateSession):
            session.save()

    def page():
        if looks_before:
            session.get("a")
        return streamed(save)

    visitor(page)

    assert "create" not in store.new_calls()


@pytest.mark.parametrize(
    "act",
    [
        lambda: session.regenerate(),
        lambda: (session.destroy(), session.update(a=1)),
    ],
    ids=["regenerate", "destroy"],
)
def test_a_new_token_is_too_late_in_a_stream(known, act):
    """A token that can no longer be sent is an error, and the old one stays good."""

    def save():
        act()
        with pytest.raises(LateSession):
            session.save()

    known(lambda: (session.get("name"), streamed(save))[1])

    assert known.value(lambda: session["name"]) == "Ada"


def test_a_session_can_end_in_a_stream(known):
    """To end a session is never too late: the record goes, and the cookie opens nothing."""
    known(
        lambda: (session.get("a"), streamed(lambda: session.destroy(), lambda: session.save()))[1]
    )

    assert known.value(lambda: session.exists) is False


def test_a_message_can_be_read_in_a_stream(known):
    """A page that is streamed shows its message, also if the view has used the session."""
    known(lambda: session.flash("note", "hi"))

    answer = known(lambda: (session.get("name"), streamed(lambda: session.get("note")))[1])

    assert answer.text == "hi"
    assert known.value(lambda: session.get("note")) is None


def test_a_message_can_be_read_again_after_a_save(visitor):
    """Within its request a message may be read again, also if it was the last content."""
    visitor(lambda: session.flash("note", "hi"))

    def page():
        first = session.get("note")
        session.save()
        return first, session.get("note")

    assert visitor.value(page) == ("hi", "hi")


def test_a_message_can_be_read_again_in_a_stream(visitor):
    """That holds for the body of a streamed page too."""
    visitor(lambda: session.flash("note", "hi"))

    def page():
        assert session.get("note") == "hi"
        return streamed(lambda: session.get("note"))

    assert visitor(page).text == "hi"


def test_a_socket_saves_with_answers_that_nobody_sees(known, store):
    """Flask-SocketIO saves one session many times, each time with a response of its own."""
    app = known.site.app
    with app.test_request_context("/", headers={"Cookie": f"session={known.token}"}):
        mine = session._get_current_object()
        for number in range(3):
            mine["cart"].append(number)
            app.session_interface.save_session(app, mine, Response())

    assert store.new_calls() == ["load", "apply", "apply", "apply"]
    assert known.value(lambda: session["cart"]) == ["tea", 0, 1, 2]


def test_a_socket_takes_a_copy(known):
    """Flask-SocketIO's own sessions begin as `dict(session)`, which is a plain dict."""
    assert known.value(lambda: dict(session)) == KNOWN
    assert known.value(lambda: type(dict(session))) is dict


def test_a_test_prepares_a_session(visitor):
    """`session_transaction` of Flask's test client makes a session and sets its cookie."""
    with visitor.client.session_transaction() as prepared:
        prepared["user"] = 7
        prepared.permanent = True

    assert visitor.value(lambda: (dict(session), session.permanent)) == ({"user": 7}, True)


def test_a_test_looks_into_a_session(known):
    """`session_transaction` shows what is stored, and changes it."""
    with known.client.session_transaction() as found:
        assert dict(found) == KNOWN
        found["cart"].append("milk")

    assert known.value(lambda: session["cart"]) == ["tea", "milk"]


def test_a_test_ends_a_session(known):
    """`session_transaction` can end a session too."""
    with known.client.session_transaction() as found:
        found.clear()

    assert known.token is None
    assert known.value(lambda: dict(session)) == {}


def test_a_test_that_keeps_the_context_sees_the_session(known):
    """Inside `with client:` the session of the last request can be looked at."""
    with known.client:
        known(lambda: session.update(name="Eve"))
        assert session["name"] == "Eve"
        assert request.path == "/"


def test_async_views_have_sessions(known):
    """A view that is a coroutine uses the session as any other."""
    app = known.site.app

    async def page():
        session["cart"].append("milk")
        return "page"

    app.view_functions["page"] = page
    known.client.get("/")
    app.view_functions["page"] = known_page

    with known.client.session_transaction() as found:
        assert found["cart"] == ["tea", "milk"]


def known_page():
    """Stand in for the view that was replaced."""
    return "page"
