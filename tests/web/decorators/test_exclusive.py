"""`exclusive`: one request of a session at a time, and the lease always comes back."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

import pytest
from flask import Blueprint, Response, abort, request, send_file, session, stream_with_context

from flask_sessionplus.decorators import exclusive, no_session, role_required
from flask_sessionplus.decorators.leases import Lease
from flask_sessionplus.errors import ConfigError, SessionBusy, SessionTooLarge, StoreUnavailable
from flask_sessionplus.stores.base import Miss
from tests.web.visiting import KNOWN, together

ONCE = {"wait": 0, "lease": 30}


def count():
    """Read, and write what was read plus one: what loses updates."""
    session["n"] = session.get("n", 0) + 1
    return str(session["n"])


def sneak(visitor):
    """Let another tab of the same visitor come in between, and return how that went."""
    # In a thread: an async view has a running loop, which the other must not find.
    return together(lambda: visitor.tab().client.get("/view?inner=1").status_code)[0]


@pytest.fixture
def nested(put_up):
    """Return somebody whose view, in which the same view is asked for, is exclusive."""
    box = []

    def view():
        if "inner" not in request.args:
            box.append(sneak(visitor))
        return "seen"

    visitor = put_up(exclusive(**ONCE), view)
    visitor(lambda: session.update(KNOWN))
    return visitor, box


def test_only_one_at_a_time(nested):
    """While one request has its turn another one of the same session is a 503, and then not."""
    visitor, box = nested

    assert visitor.client.get("/view").status_code == 200
    assert box == [503]
    assert sneak(visitor) == 200


def test_another_session_is_not_kept_waiting(make_visitor):
    """Other visitors, and visitors without a session, have their own turn."""
    box = []

    def view():
        if "inner" not in request.args:
            box.append([sneak(other), sneak(visitor.site.visitor())])
        return "seen"

    visitor = make_visitor(exclusive(**ONCE), view)
    other = visitor.site.visitor()
    for each in (visitor, other):
        each(lambda: session.update(KNOWN))
    visitor.client.get("/view")

    assert box == [[200, 200]]


def test_strangers_make_no_records(put_up, watched):
    """Who has no session, or a made-up cookie, needs no lease and writes nothing."""
    visitor = put_up(exclusive, store=watched)
    stranger = visitor.site.visitor("a" * 43)

    assert visitor.client.get("/view").status_code == 200
    assert stranger.client.get("/view").status_code == 200
    assert watched.new_calls() == ["load"]


def test_busy_is_told(make_visitor):
    """The 503 says when to come again, and to the log what to do."""
    errors = []

    def prepare(app):
        app.register_error_handler(SessionBusy, lambda error: errors.append(error) or error)

    visitor = make_visitor(exclusive(**ONCE), lambda: str(sneak(visitor)), prepare=prepare)
    visitor(lambda: session.update(KNOWN))

    assert visitor.client.get("/view?inner=0").text == "503"
    assert errors[0].retry_after == 1
    assert "let exclusive() wait longer" in str(errors[0])


def fail():
    """Raise what the app does not expect."""
    raise LookupError


def not_found():
    """Answer that there is nothing."""
    abort(404)


def parts():
    """Yield, and write."""
    session["n"] = 1
    session.save()
    yield "a"
    yield "b"


ENDS = {
    "a page": lambda: "seen",
    "an error": fail,
    "not found": not_found,
    "a file": lambda: send_file(BytesIO(b"seen"), "text/plain"),
    "a file that says no": lambda: (send_file(BytesIO(b"none"), "text/plain"), 404),
    "a stream": lambda: Response(stream_with_context(parts())),
    "signed out": lambda: session.logout() or "bye",
    "cleared": lambda: session.clear() or "bye",
    "a new token": lambda: session.regenerate() or "seen",
    "not saved": lambda: session.update(large="x" * 2_000_000) or "seen",
}


@pytest.mark.parametrize("propagates", [True, False])
@pytest.mark.parametrize("do", ENDS.values(), ids=ENDS)
def test_the_lease_comes_back(put_up, watched, do, propagates):
    """However the request ends, its lease is given back once."""
    visitor = put_up(exclusive(**ONCE), do, store=watched, SESSION_MAX_BYTES=1_000_000)
    visitor.site.app.config["PROPAGATE_EXCEPTIONS"] = propagates
    visitor(lambda: session.update(KNOWN))

    with suppress(LookupError, SessionTooLarge):
        # As a server does it, the answer is read to its end.
        assert visitor.client.get("/view").text or not propagates

    assert list_leases(watched) == [False]


def test_an_error_page_that_nobody_reads(make_visitor, watched):
    """An error page is no stream: its lease comes back, whether a test's client reads it or not."""
    visitor = make_visitor(exclusive(**ONCE), not_found, store=watched)
    visitor(lambda: session.update(KNOWN))
    visitor.client.get("/view")

    assert list_leases(watched) == [False]


def list_leases(watched):
    """Return of each lease in the store whether it is still held."""
    records = watched.inner._records
    leases = {sid for sid, record in records.items() if "\x00mark" in record.values}
    return [not isinstance(watched.inner.load(sid), Miss) for sid in leases]


def test_a_stream_keeps_it_to_the_end(put_up, watched):
    """While an answer is streamed the turn goes on; when the visitor goes away it ends."""
    visitor = put_up(
        exclusive(**ONCE), lambda: Response(stream_with_context(parts())), store=watched
    )
    visitor(lambda: session.update(KNOWN))

    answer = visitor.client.get("/view", buffered=False)
    assert next(answer.response) == b"a"
    assert list_leases(watched) == [True]
    answer.close()
    assert list_leases(watched) == [False]


def test_it_is_saved_before_the_next_turn(make_visitor, watched):
    """The lease is given back when the session is stored, not before."""
    visitor = make_visitor(exclusive, count, store=watched)
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: session.get("name"))
    watched.new_calls()

    visitor.client.get("/view")
    # Found, leased, read again; saved, given back.
    assert watched.new_calls() == ["load", "create", "load", "apply", "apply"]


def test_a_worker_that_died(clock, make_visitor, watched):
    """A lease that nobody gives back ends by itself."""
    visitor = make_visitor(exclusive(wait=0, lease=30), store=watched)
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: Lease(session._open(), 30_000).take(0))

    assert visitor.client.get("/view").status_code == 503
    clock.advance(29)
    assert visitor.client.get("/view").status_code == 503
    clock.advance(2)
    assert visitor.client.get("/view").status_code == 200


def test_somebody_elses_lease_is_left_alone(clock, make_visitor, watched):
    """Who outlives the own lease does not give back that of the next one."""
    box = []

    def view():
        if "inner" not in request.args:
            clock.advance(31)
            other = Lease(session._open(), 30_000)
            other.take(0)
            box.append(other)
        return "seen"

    visitor = make_visitor(exclusive(**ONCE), view, store=watched)
    visitor(lambda: session.update(KNOWN))

    assert visitor.client.get("/view").status_code == 200
    assert list_leases(watched) == [True]
    assert sneak(visitor) == 503
    with visitor.site.app.test_request_context():
        box[0].give_back()
    assert sneak(visitor) == 200


def test_the_session_is_read_anew(make_visitor, watched):
    """What an extension has read before the turn came is read again; what it wrote is kept."""

    def prepare(app):
        @app.before_request
        def early():
            if request.path != "/view":
                return
            session.get("cart")
            session.get("visits")
            session["seen"] = True
            watched.before["create"] = lambda: tab(lambda: other_request())

    def other_request():
        session["cart"].append("milk")
        session["visits"] += 1
        session["new"] = 1
        del session["name"]

    def view():
        session["cart"].append("rum")
        session["visits"] += 1
        return dict(session)

    visitor = make_visitor(exclusive, view, store=watched, prepare=prepare)
    visitor(lambda: session.update(KNOWN))
    tab = visitor.tab()

    expected = {"cart": ["tea", "milk", "rum"], "visits": 5, "new": 1, "seen": True}
    assert visitor.client.get("/view").json == expected
    assert visitor.value(lambda: dict(session)) == expected


ENDED = {
    "cleared": lambda: session.clear(),
    "signed out": lambda: session.logout(),
    "a new token": lambda: session.regenerate(),
    "another role": lambda: setattr(session, "role_id", "guest"),
}


@pytest.mark.parametrize("end", ENDED.values(), ids=ENDED)
def test_a_session_that_ends_while_one_waits(make_visitor, watched, end):
    """Whom a guard has let in, and who is nobody when the turn comes, does not get in: 503."""
    calls = []
    admins = role_required("admin")
    visitor = make_visitor(lambda view: admins(exclusive(view)), calls.append, store=watched)
    visitor(lambda: session.login(7, role_id="admin"))
    tab = visitor.tab()
    watched.before["create"] = lambda: tab(end)

    answer = visitor.client.get("/view")
    assert (answer.status_code, calls, answer.headers.getlist("Set-Cookie")) == (503, [], [])
    assert list_leases(watched) == [False]
    # The next try meets the guard.
    assert visitor.client.get("/view").status_code == 401


def test_two_of_them(put_up):
    """A request has one turn, whatever number of decorators asks for it."""
    visitor = put_up(lambda target: exclusive(**ONCE)(exclusive(**ONCE)(target)))
    visitor(lambda: session.update(KNOWN))

    assert visitor.client.get("/view").status_code == 200


def test_a_view_within_an_exclusive_blueprint(make_visitor):
    """So it is of a blueprint and a view in it."""
    blueprint = exclusive(**ONCE)(Blueprint("shop", __name__))
    blueprint.add_url_rule("/page", "shown", exclusive(**ONCE)(lambda: "seen"))
    visitor = make_visitor(lambda view: view, prepare=lambda app: app.register_blueprint(blueprint))
    visitor(lambda: session.update(KNOWN))

    assert visitor.client.get("/page").status_code == 200


def test_without_a_session(put_up, watched):
    """Together with `no_session` it does nothing."""
    visitor = put_up(lambda target: exclusive(no_session(target)), store=watched)
    visitor(lambda: session.update(KNOWN))
    watched.new_calls()

    assert visitor.client.get("/view").status_code == 200
    assert watched.new_calls() == []


def test_cookies_have_no_place_for_leases(make_visitor):
    """With a cookie store the app is told, not left to believe that it is exclusive."""
    key = {"SESSION_ENCRYPTION_KEYS": ["ab" * 32]}
    visitor = make_visitor(exclusive, store="cookie://", **key)
    visitor(lambda: session.update(KNOWN))

    with pytest.raises(ConfigError, match="needs sessions that are on the server"):
        visitor.client.get("/view")


def test_a_store_that_fails_to_take_it_back(make_visitor, watched):
    """If the lease cannot be given back the answer is good all the same, and it ends by itself."""
    visitor = make_visitor(exclusive(**ONCE), lambda: str(session.get("name")), store=watched)
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: session.get("name"))
    watched.faults["apply"] = lambda: StoreUnavailable("The store is down.")

    assert visitor.client.get("/view").text == "Ada"


def test_the_store_must_answer(make_visitor, watched):
    """If the lease cannot be asked for, the view does not run: 503."""
    calls = []
    visitor = make_visitor(exclusive, lambda: calls.append(1) or "seen", store=watched)
    visitor(lambda: session.update(KNOWN))
    watched.faults["create"] = lambda: StoreUnavailable("The store is down.")

    assert visitor.client.get("/view").status_code == 503
    assert calls == []


@pytest.mark.parametrize("arguments", [{"wait": -1}, {"wait": "5"}, {"lease": 0}, {"lease": None}])
def test_times_that_are_none(arguments):
    """A wrong time is told when the view is decorated."""
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        exclusive(**arguments)
