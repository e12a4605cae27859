"""What an answer says, and does not say, of the user's data and the token."""

from __future__ import annotations

from contextlib import suppress

import pytest
from flask import Response, make_response, session, stream_with_context

from flask_sessionplus import InvalidToken, WriteRefused
from flask_sessionplus.decorators import no_session, read_only
from flask_sessionplus.proxies import global_session, session_claims
from tests.web.bearer.bearing import bearer


def test_no_cookie_and_no_browsers_session(api, store):
    """Requests with a bearer token make neither a cookie nor a session of a browser (7.6.2)."""
    client = api.client()
    answers = [
        client(lambda: dict(global_session)),
        client(lambda: global_session.update(a=1)),
        client(lambda: global_session.increment("n")),
        client(lambda: global_session.clear()),
    ]

    assert [answer.cookies for answer in answers] == [[]] * 4
    assert client.visitor.token is None


@pytest.mark.parametrize(
    "do", [lambda: dict(global_session), lambda: session_claims["sub"], lambda: 1 / 0]
)
def test_vary_and_cache_control(api, do):
    """Who has looked at the token says so, and lets no shared cache keep the answer."""
    api.site.app.testing = False

    def page():
        session_claims["sub"]
        return do()

    headers = api.client()(page).headers

    assert "Authorization" in headers["Vary"]
    assert "Cookie" in headers["Vary"]
    assert headers["Cache-Control"] == "private"


def test_of_a_refused_one(api):
    """A 401 varies with the token, was not made for caches, and did not look at the cookie."""
    headers = api.client("bad")(lambda: session_claims["sub"]).headers

    assert headers["Vary"] == "Authorization"
    assert "no-store" in headers["Cache-Control"]


def test_who_was_nobody(make_api):
    """Where a cookie would do, and nobody is there, the answer varies with both."""

    def page():
        with suppress(InvalidToken):
            dict(global_session)

    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)
    headers = api.site.visitor()(page).headers

    assert {"Authorization", "Cookie"} == set(headers["Vary"].split(", "))
    assert headers["Cache-Control"] == "private"


def test_it_takes_back_public(api):
    """Even an app that says so does not make it public."""

    def page():
        response = make_response(str(dict(global_session)))
        response.headers["Cache-Control"] = "public, s-maxage=60"
        return response

    control = api.client()(page).headers["Cache-Control"]

    assert "private" in control
    assert "public" not in control


def test_no_store(make_api):
    """SESSION_NO_STORE is for the user's data as well."""
    api = make_api(SESSION_NO_STORE=True)

    assert api.client()(lambda: dict(global_session)).headers["Cache-Control"] == "no-store"


def test_who_does_not_ask_says_nothing(api):
    """A token that nobody looks at leaves no trace in the answer."""
    headers = api.client()().headers

    assert "Vary" not in headers
    assert "Cache-Control" not in headers


def _route(api, view):
    api.site.app.add_url_rule("/more", "more", view, methods=["GET", "POST"])
    return lambda: api.client().visitor.client.get("/more", headers=bearer(api.issue()))


def test_no_session_is_about_the_browsers(api):
    """In a view without a session the user's data are there, and the cookie is not looked at."""

    @no_session
    def view():
        session["a"] = 1
        return str(global_session.increment("n"))

    ask = _route(api, view)
    ask()
    answer = ask()

    assert (answer.status_code, answer.text) == (200, "2")
    assert answer.headers["Vary"] == "Authorization"


@pytest.mark.parametrize(
    "change",
    [
        lambda: global_session.update(a=2),
        lambda: global_session.increment("n"),
        lambda: global_session["cart"].append(2),
        lambda: global_session.clear(),
        lambda: global_session.remove("a"),
    ],
)
def test_read_only_is_about_both(api, change):
    """A view that changes nothing cannot change the user's data either."""

    @read_only
    def view():
        change()
        return "changed"

    ask = _route(api, view)
    api.client()(lambda: global_session.update(a=1, cart=[1]))

    with pytest.raises(WriteRefused):
        ask()
    assert api.client().value(lambda: dict(global_session)) == {"a": 1, "cart": [1]}


def test_read_only_begins_nothing(api, store):
    """A view that changes nothing makes no record either, though it tries to count."""

    @read_only
    def view():
        with pytest.raises(WriteRefused):
            global_session.increment("n")
        return "refused"

    ask = _route(api, view)
    token = bearer(api.issue())
    store.new_calls()

    assert api.site.app.test_client().get("/more", headers=token).text == "refused"
    assert "create" not in store.new_calls()
    assert ask().status_code == 200


def test_a_streamed_answer(api):
    """What a stream reads it finds; what it changes it has to save, for the answer is out."""

    def view():
        global_session["a"] = 1

        def parts():
            yield str(global_session["a"])
            global_session["a"] = 2
            global_session.save()
            yield str(global_session["a"])

        return Response(stream_with_context(parts()))

    assert _route(api, view)().text == "12"
    assert api.client().value(lambda: global_session["a"]) == 2


def test_an_error_page_keeps_what_was_changed(api):
    """As with the browser's session, a view that fails has changed what it has changed."""
    api.site.app.testing = False

    def page():
        global_session["a"] = 1
        raise RuntimeError

    assert api.client()(page).status == 500
    assert api.client().value(lambda: global_session["a"]) == 1
