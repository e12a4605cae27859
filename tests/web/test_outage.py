"""A store that does not answer: 503, and never an answer 200 with the data not saved."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress

import pytest
from flask import Response, after_this_request, flash, make_response, redirect, session

from flask_sessionplus import DamagedRecord, StoreUnavailable
from flask_sessionplus.tokens import digest
from tests.web.visiting import KNOWN


def down():
    """Return what a store raises that cannot be reached."""
    return StoreUnavailable("The host db.internal does not answer.", retry_after=7)


def test_a_store_that_does_not_answer_is_a_503(known, store):
    """Where the session cannot be loaded the answer is 503, tells when to retry, and no secrets."""
    store.faults["load"] = down

    answer = known(lambda: session.get("name"))

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Vary"] == "Cookie"
    assert answer.cookies == []
    assert "db.internal" not in answer.text


def test_pages_without_a_session_go_on(known, store):
    """A store that is down takes nothing with it that does not need it."""
    store.faults["load"] = down

    assert known(lambda: None).status == 200


SWALLOWED = {
    "set": lambda: session.update(name="Eve"),
    "pop": lambda: session.pop("name"),
    "increment": lambda: session.increment("visits"),
    "flash": lambda: session.flash("note", "hi"),
    "destroy": lambda: session.destroy(),
    "clear": lambda: session.clear(),
    "regenerate": lambda: session.regenerate(),
    "reset": lambda: session.reset(),
    "renew": lambda: session.renew(),
    "permanent": lambda: setattr(session, "permanent", True),
    "early": lambda: (session.update(name="Eve"), session.save()),
}


@pytest.mark.parametrize("do", SWALLOWED.values(), ids=SWALLOWED)
def test_who_swallows_the_error_saves_nothing(known, store, do):
    """A view that catches the error and goes on does not look as if it had done anything."""
    store.faults["load"] = down

    def page():
        for _ in range(3):
            with suppress(StoreUnavailable, KeyError):
                do()
                return "done"
        return "not done"

    answer = known(page)

    assert answer.cookies == []
    assert answer.status == 503 or answer.value == "not done"
    store.faults.clear()
    assert known.value(lambda: session.all()) == KNOWN


def test_who_swallows_the_error_may_read(known, store):
    """A view that catches the error and only reads may show a page to a stranger."""
    store.faults["load"] = down

    def page():
        with suppress(StoreUnavailable):
            return session.get("name")
        return "stranger"

    answer = known(page)

    assert (answer.status, answer.value) == (200, "stranger")
    assert answer.cookies == []


def test_a_cookie_that_cannot_be_confirmed_is_not_sent(known, store):
    """Where only the look before the cookie's refresh fails nothing is lost: the page is shown."""
    known(lambda: setattr(session, "permanent", True))

    def page():
        store.faults["load"] = down if session["name"] else None

    answer = known(page)

    assert answer.status == 200
    assert answer.cookies == []


@pytest.mark.parametrize("method", ["apply", "create", "delete"])
def test_what_cannot_be_saved_is_a_503(known, store, method):
    """Where saving fails at the end the answer is 503, never a 200 with the data not saved."""
    visitor = known.site.visitor() if method == "create" else known
    do = {
        "apply": lambda: session.update(name="Eve"),
        "create": lambda: session.update(name="Eve"),
        "delete": lambda: session.destroy(),
    }[method]
    store.faults[method] = down

    answer = visitor(do)

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Vary"] == "Cookie"
    assert answer.cookies == []
    assert "page" not in answer.text
    store.faults.clear()
    assert known.value(lambda: dict(session)) == KNOWN


@pytest.mark.parametrize(
    "do",
    [
        lambda: session.increment("visits"),
        lambda: session.append("cart", 1),
        lambda: session.get("note"),
        lambda: (session.update(a=1), session.save()),
    ],
    ids=["increment", "append", "claim", "save"],
)
def test_what_cannot_be_written_at_once_is_a_503(known, store, do):
    """The same holds for what is written in the middle of a view."""
    known(lambda: (session.flash("note", "hi"), redirect("/"))[1])
    store.faults["apply"] = down

    assert known(do).status == 503
    store.faults.clear()
    assert known.value(lambda: session.get("note")) == "hi"
    assert known.value(lambda: dict(session)) == KNOWN


def test_nothing_of_the_good_answer_leaks(known, store):
    """The 503 has neither body nor headers of the answer that was not saved."""
    store.faults["apply"] = down

    def page():
        session["name"] = "Eve"
        response = make_response("the secret page", 302)
        response.headers.update(
            {
                "Location": "/welcome",
                "ETag": '"abc"',
                "Last-Modified": "Sat, 01 Jan 2000 00:00:00 GMT",
                "Content-Disposition": "attachment; filename=secret.pdf",
                "Content-Language": "de",
                "Cache-Control": "public, max-age=60",
                "Expires": "Fri, 31 Dec 2100 00:00:00 GMT",
                "Refresh": "0; url=/welcome",
                "Accept-Ranges": "bytes",
            }
        )
        response.set_cookie("other", "secret")
        return response

    answer = known(page)

    assert answer.status == 503
    assert "secret" not in answer.text
    allowed = {"Content-Type", "Content-Length", "Retry-After", "Vary"}
    assert set(answer.headers.keys()) <= allowed
    assert int(answer.headers["Content-Length"]) == len(answer.text)


@pytest.mark.parametrize(
    "name", ["location", "set-cookie", "etag", "content-disposition", "LOCATION"]
)
def test_header_names_have_no_case(known, store, name):
    """A header that belongs to the good answer is taken away however it is spelled."""
    store.faults["apply"] = down

    def page():
        session["name"] = "Eve"
        response = Response("page")
        response.headers.add(name, "/secret")
        return response

    assert "/secret" not in known(page).headers.values()


def test_what_the_app_sends_with_every_answer_stays(known, store):
    """Headers of an `after_request`, such as a Content-Security-Policy, are on the 503 too."""
    store.faults["apply"] = down
    headers = {
        "Content-Security-Policy": "default-src 'self'",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=63072000",
    }

    def page():
        @after_this_request
        def secure(response):
            response.headers.update(headers)
            return response

        session["name"] = "Eve"

    assert headers.items() <= dict(known(page).headers).items()


def test_the_stream_that_is_not_sent_is_closed(known, store):
    """A body that is replaced by the 503 is closed, so that its file is not left open."""
    store.faults["apply"] = down
    closed = []

    class Body:
        def __iter__(self):
            return iter([b"secret"])

        def close(self):
            closed.append(True)

    def page():
        session["name"] = "Eve"
        return Response(Body(), direct_passthrough=True)

    answer = known(page)
    answer.response.close()

    assert answer.status == 503
    assert "secret" not in answer.text
    assert closed == [True]


@pytest.fixture
def handled(store, make_site):
    """Return somebody at an app that answers a failing store itself."""
    site = make_site(store)

    @site.app.errorhandler(StoreUnavailable)
    def sorry(error):
        response = make_response(f"Sorry: {error.retry_after}", 503, {"X-Sorry": "yes"})
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    visitor = site.visitor()
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: session.get("name"))
    return visitor


@pytest.mark.parametrize("method", ["load", "apply"])
def test_the_apps_handler_answers(handled, store, method):
    """The app's own error handler for StoreUnavailable makes the answer, headers included."""
    store.faults[method] = down

    answer = handled(lambda: session.update(name="Eve"))

    assert (answer.status, answer.text) == (503, "Sorry: 7")
    assert answer.headers["X-Sorry"] == "yes"
    assert [cookie.partition(";")[0] for cookie in answer.cookies] == ["a=1", "b=2"]


@pytest.mark.parametrize("method", ["load", "apply"])
def test_the_apps_handler_may_use_the_session(store, make_site, method):
    """A handler whose page greets the visitor does not make it worse."""
    site = make_site(store)

    @site.app.errorhandler(503)
    def sorry(error):
        flash("try again")
        return f"Sorry, {session.get('name', 'stranger')}", 503

    visitor = site.visitor()
    visitor(lambda: session.update(KNOWN))
    store.faults[method] = down

    answer = visitor(lambda: session.update(name="Eve"))

    assert answer.status == 503
    assert answer.cookies == []


def test_the_next_request_goes_well(known, store):
    """Once the store answers again everything is as before."""
    store.faults["apply"] = down
    assert known(lambda: session.update(name="Eve")).status == 503
    store.faults.clear()

    assert known(lambda: session.update(name="Bob")).status == 200
    assert known.value(lambda: session["name"]) == "Bob"


def test_the_log_has_no_secrets(known, store, caplog):
    """What is logged about faults names neither token nor sid nor values."""
    caplog.set_level(logging.DEBUG)
    store.faults["apply"] = down
    name = secrets.token_hex()
    known(lambda: session.update(name=name))

    assert "db.internal" in caplog.text
    for secret in (known.token, digest(known.token).hex(), name):
        assert secret not in caplog.text


@pytest.mark.parametrize("method", ["load", "apply"])
def test_the_apps_handler_keeps_what_it_varies_with(store, make_site, method):
    """The handler's own Vary is kept, and the cookie is added to it."""
    site = make_site(store)

    @site.app.errorhandler(503)
    def sorry(error):
        return "Sorry", 503, {"Vary": "Accept-Language"}

    visitor = site.visitor()
    visitor(lambda: session.update(KNOWN))
    store.faults[method] = down

    answer = visitor(lambda: session.update(name="Eve"))

    found = ", ".join(answer.headers.getlist("Vary")).split(", ")
    assert sorted(found) == ["Accept-Language", "Cookie"]


def test_a_sign_in_over_a_damaged_record(known, store):
    """Whose record is damaged while he signs in has a new session, and no 500."""

    def view():
        session.get("name")
        store.faults["apply"] = lambda: DamagedRecord("A record is damaged. Remove it.")
        session.clear()
        session["user"] = "ada"

    assert known(view).status == 200
    store.faults.clear()
    assert known.value(lambda: dict(session)) == {"user": "ada"}


def test_what_is_changed_after_a_failure_is_saved(known, store, site):
    """A session that is saved many times, as in a socket, is saved again after a failure."""

    def view():
        flask_session, saved = session._get_current_object(), []
        for value in (1, 2, 3):
            session["value"] = value
            store.faults = {"apply": down} if value == 2 else {}
            answer = make_response("done")
            site.app.session_interface.save_session(site.app, flask_session, answer)
            saved.append(answer.status_code)
        return saved

    assert known.value(view) == [200, 503, 200]
    assert known.value(lambda: session["value"]) == 3


def test_a_page_that_only_reads_outlives_a_failed_touch(known, store, clock):
    """Where only the note that the session was used cannot be written, the page is good."""
    clock.advance(600)
    store.faults["apply"] = down
    answer = known(lambda: session["name"])

    assert (answer.status, answer.value) == (200, "Ada")
    store.faults.clear()
    known(lambda: session["name"])
    assert store.new_calls()[-1] == "apply"
