"""A request that finishes after its session has ended: nothing revives, the cookie stays alone."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from flask import flash, get_flashed_messages, session

from flask_sessionplus import session_lost
from tests.web.visiting import together

ENDS = {
    "destroy": lambda: session.destroy(),
    "clear": lambda: session.clear(),
    "next": lambda: (session.destroy(), session.update(next=1)),
    "regenerate": lambda: session.regenerate(),
}
WRITES = {
    "set": lambda: session.update(name="Eve"),
    "nested": lambda: session["cart"].append("milk"),
    "remove": lambda: session.pop("name"),
    "flash": lambda: session.flash("note", 1),
    "flask.flash": lambda: flash("hi"),
    "increment": lambda: session.increment("visits"),
    "append": lambda: session.append("log", 1),
    "setdefault": lambda: session.setdefault("log", []),
    "save": lambda: (session.update(name="Eve"), session.save(), session.update(more=1)),
    "renew": lambda: session.renew(),
    "permanent": lambda: setattr(session, "permanent", True),
    "regenerate": lambda: session.regenerate(),
    "same": lambda: session.update(name="Ada"),
}
each_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
each_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)


@each_write
@each_end
def test_a_slow_request_revives_nothing(known, end, write):
    """What a slow request writes after its session has ended is dropped, and so is its cookie."""
    quick, token = known.tab(), known.token

    def page():
        session.get("name")
        assert quick(end).status == 200
        write()

    answer = known(page)

    assert answer.status == 200
    assert answer.cookies == []
    assert known.site.visitor(token).value(lambda: (session.exists, dict(session))) == (False, {})


@each_write
@pytest.mark.parametrize(
    "end", [ENDS["destroy"], ENDS["regenerate"]], ids=["destroy", "regenerate"]
)
def test_not_even_between_look_and_write(known, store, end, write):
    """It makes no difference if the end comes between the last look and the write itself."""
    quick, token = known.tab(), known.token
    store.before["apply"] = lambda: quick(end)

    known(write)
    store.before.clear()
    quick(end)

    assert known.site.visitor(token).value(lambda: (session.exists, dict(session))) == (False, {})


@each_end
def test_a_slow_reader_gets_no_cookie(known, end):
    """A permanent session's refresh must not put a dead token back into the browser."""
    known(lambda: setattr(session, "permanent", True))
    quick = known.tab()

    def page():
        session.get("name")
        quick(end)

    assert known(page).cookies == []


@each_end
def test_a_slow_reader_of_messages_gets_no_cookie(known, end):
    """Nor must the answer that shows a message, though the message was taken in time."""
    known(lambda: (session.flash("note", "hi"), flash("hello")))
    quick = known.tab()

    def page():
        found = session.get("note"), get_flashed_messages()
        quick(end, method="HEAD")
        return found

    answer = known(page)

    assert answer.value == ("hi", ["hello"])
    assert answer.cookies == []


@each_end
def test_a_slow_counter_gets_no_cookie(known, end):
    """Nor the answer of a request that has counted before the session ended."""
    quick = known.tab()

    def page():
        session.increment("visits")
        quick(end)

    assert known(page).cookies == []


def test_the_session_that_goes_on_is_untouched(known):
    """What a slow request writes does not reach the session that goes on under a new token."""
    quick = known.tab()

    def page():
        session.get("name")
        quick(lambda: session.regenerate())
        session["name"] = "Eve"

    known(page)

    assert quick.value(lambda: session["name"]) == "Ada"


@each_end
def test_the_loss_is_told_once(known, end):
    """`session_lost` tells once that changes were dropped, however many there were."""
    quick, lost = known.tab(), []

    def page():
        session.get("name")
        quick(end)
        session.increment("visits")
        session["more"] = 1
        session.save()
        session["more"] = 2

    def note(sender, **details):
        lost.append((sender, details))

    with session_lost.connected_to(note):
        known(page)

    [(sender, details)] = lost
    assert sender is known.site.app
    assert set(details) == {"session"}


def test_no_loss_where_nothing_was_changed(known):
    """A slow reader loses nothing, so nothing is told."""
    quick, lost = known.tab(), []

    def page():
        session.get("name")
        quick(lambda: session.destroy())

    def note(sender, **details):
        lost.append(details)

    with session_lost.connected_to(note):
        known(page)

    assert lost == []


def test_the_slow_request_goes_on_with_what_it_knew(known):
    """For the rest of its request a session that has ended reads as before."""
    quick = known.tab()

    def page():
        session.get("name")
        quick(lambda: session.destroy())
        session["more"] = 1
        session.save()
        return session["name"], session["more"], session.exists

    assert known.value(page) == ("Ada", 1, False)


def test_two_browsers_in_threads(raced, raced_store):
    """On every store: a request that waits while another thread signs out does not revive it."""
    known = raced.visitor()
    known(lambda: session.update(user=1))
    slow, quick = known.tab(), known.tab()
    has_loaded, has_ended = threading.Event(), threading.Event()

    def write():
        session.get("user")
        has_loaded.set()
        assert has_ended.wait(30)
        session["cart"] = ["tea"]

    def sign_out():
        assert has_loaded.wait(30)
        answer = quick(lambda: session.destroy())
        has_ended.set()
        return answer

    late, _ = together(lambda: slow(write), sign_out)

    assert late.status == 200
    assert late.cookies == []
    assert known.value(lambda: session.exists) is False


@pytest.mark.slow
def test_writers_against_a_sign_out(raced):
    """On every store: of many writers and one sign-out at once none brings the session back."""
    for _ in range(10):
        known = raced.visitor()
        known(lambda: session.update(user=1))
        writers = [known.tab() for _ in range(4)]
        tasks = [partial(writer, lambda: session.update(a=1)) for writer in writers]

        together(*tasks, partial(known.tab(), lambda: session.destroy()))

        assert known.value(lambda: session.exists) is False
