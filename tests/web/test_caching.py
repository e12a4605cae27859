"""No cache may hand one visitor's answer to another: Vary, Cache-Control."""

from __future__ import annotations

import inspect

import pytest
from flask import (
    Response,
    flash,
    get_flashed_messages,
    redirect,
    render_template_string,
    session,
    stream_template_string,
)
from flask.ctx import RequestContext

# From Flask 3.1.3 on the proxy itself counts as access, before that only what our class sees.
PROXY_COUNTS = "accessed" in inspect.getsource(RequestContext)

ACCESSES = {
    "get": lambda: session.get("name"),
    "[]": lambda: session["name"],
    "in": lambda: "name" in session,
    "not in": lambda: "nothing" not in session,
    "len": lambda: len(session),
    "iter": lambda: list(session),
    "bool": lambda: bool(session),
    "==": lambda: session == {},
    "!=": lambda: session != {"a": 1},
    "keys": lambda: list(session.keys()),
    "values": lambda: list(session.values()),
    "items": lambda: list(session.items()),
    "copy": lambda: session.copy(),
    "dict": lambda: dict(session),
    "|": lambda: session | {},
    "r|": lambda: {} | session._get_current_object(),
    "has": lambda: session.has("nothing"),
    "all": lambda: session.all(),
    "pop": lambda: session.pop("nothing", None),
    "setdefault": lambda: session.setdefault("name", "x"),
    "identifier": lambda: session.identifier,
    "exists": lambda: session.exists,
    "new": lambda: session.new,
    "permanent": lambda: session.permanent,
    "created_at": lambda: session.created_at,
    "expires_at": lambda: session.expires_at,
    "get_flash": lambda: session.get_flash("note"),
    "get_flash_map": lambda: session.get_flash_map("note"),
    "flashed messages": lambda: get_flashed_messages(),
    "flash": lambda: flash("hi"),
    "session.flash": lambda: session.flash("note", "hi"),
    "keep": lambda: session.keep(),
    "set": lambda: session.set("name", "Eve"),
    "destroy": lambda: session.destroy(),
    "clear": lambda: session.clear(),
    "regenerate": lambda: session.regenerate(),
    "renew": lambda: session.renew(),
    "save": lambda: session.save(),
    "template []": lambda: render_template_string("{{ session['name'] }}"),
    "template .": lambda: render_template_string("{{ session.name }}"),
    "template in": lambda: render_template_string("{% if 'x' in session %}{% endif %}"),
    "template has": lambda: render_template_string("{{ session().has('x') }}"),
    "template flashes": lambda: render_template_string("{{ get_flashed_messages() }}"),
}
if PROXY_COUNTS:
    ACCESSES["repr"] = lambda: repr(session)
    ACCESSES["str"] = lambda: str(session)

each_access = pytest.mark.parametrize("do", ACCESSES.values(), ids=ACCESSES)


@each_access
def test_any_access_varies_with_the_cookie(make_site, do):
    """Whatever is done with a session, the answer says that it depends on the cookie."""
    visitor = make_site().visitor()
    visitor(lambda: session.update(name="Ada"))

    answer = visitor(do)

    assert answer.status == 200
    assert answer.headers.getlist("Vary") == ["Cookie"]


@each_access
def test_an_access_without_a_cookie_varies_too(make_site, do):
    """That somebody had no cookie is also something that the answer depends on."""
    answer = make_site().visitor()(lambda: _ignore_key_error(do))

    assert answer.headers.getlist("Vary") == ["Cookie"]


def _ignore_key_error(do):
    try:
        do()
    except KeyError:
        pass


@pytest.mark.parametrize("status", [200, 201, 302, 304, 400, 404, 500])
def test_every_status_varies(known, status):
    """Redirects and errors depend on the cookie as pages do."""

    def page():
        session.get("name")
        return Response(status=status)

    assert known(page).headers["Vary"] == "Cookie"


def test_an_error_page_varies(known):
    """So does the answer to an exception, if a session was looked at before."""
    known.site.app.testing = False

    def page():
        return session["nothing"]

    answer = known(page)

    assert answer.status == 500
    assert answer.headers["Vary"] == "Cookie"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["Accept-Encoding"], {"accept-encoding", "cookie"}),
        (["Accept, Origin"], {"accept", "origin", "cookie"}),
        (["Accept", "Origin"], {"accept", "origin", "cookie"}),
        (["Cookie"], {"cookie"}),
        (["cookie"], {"cookie"}),
        (["Accept, Cookie"], {"accept", "cookie"}),
        (["*"], {"*", "cookie"}),
    ],
)
def test_what_an_answer_varies_with_already_stays(known, given, expected):
    """Our Cookie is added to the Vary headers of the app, never in their place, and only once."""

    def page():
        session.get("name")
        response = Response("page")
        for value in given:
            response.headers.add("Vary", value)
        return response

    found = ", ".join(known(page).headers.getlist("Vary")).lower().split(", ")

    assert set(found) == expected
    assert len(found) == len(expected)


SENDS = {
    "new": lambda: session.update(more=1),
    "changed": lambda: session.update(name="Eve"),
    "renewed": lambda: session.renew(),
    "regenerated": lambda: session.regenerate(),
    "ended": lambda: session.clear(),
}


@pytest.mark.parametrize("do", SENDS.values(), ids=SENDS)
@pytest.mark.parametrize(
    "given",
    [
        None,
        "public",
        "public, max-age=600",
        "s-maxage=600",
        "max-age=600",
        "public, s-maxage=600, stale-while-revalidate=60",
        'public, private="X-Foo", max-age=600',
        "no-cache",
        "immutable, public",
        "PUBLIC, MAX-AGE=600",
    ],
)
def test_an_answer_with_our_cookie_is_private(make_site, do, given):
    """No shared cache may keep an answer that sets or deletes our cookie, whatever the app says."""
    visitor = make_site().visitor()
    if do is not SENDS["new"]:
        visitor(lambda: session.update(name="Ada"))

    def page():
        do()
        response = Response("page")
        if given is not None:
            response.headers["Cache-Control"] = given
        return response

    answer = visitor(page)

    assert len(answer.cookies) == 1
    assert _is_private(answer)


def _is_private(answer):
    # By hand: werkzeug's idea of a `private` with and without names has changed.
    words = {word.strip().lower() for word in answer.headers["Cache-Control"].split(",")}
    return "private" in words and not any(word.startswith(("public", "s-maxage")) for word in words)


@pytest.mark.parametrize(
    "given", ["no-store", "private", "private, max-age=60", "no-store, public"]
)
def test_what_is_private_already_stays(make_site, given):
    """Where the app forbids sharing itself, its words stay."""

    def page():
        session["a"] = 1
        response = Response("page")
        response.headers["Cache-Control"] = given
        return response

    assert make_site().visitor()(page).headers["Cache-Control"] == given


def test_a_lifetime_in_the_browsers_cache_stays(make_site):
    """What the visitor's own browser may keep is the app's affair."""

    def page():
        session["a"] = 1
        response = Response("page")
        response.cache_control.max_age = 600
        response.cache_control.public = True
        return response

    answer = make_site().visitor()(page)

    assert answer.response.cache_control.max_age == 600
    assert _is_private(answer)


def test_a_reader_keeps_the_apps_words(known):
    """An answer without our cookie has the Cache-Control that the app gave it."""

    def page():
        session.get("name")
        response = Response("page")
        response.headers["Cache-Control"] = "public, max-age=60"
        return response

    answer = known(page)

    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["Vary"] == "Cookie"


def test_a_redirect_with_our_cookie_is_private(make_site):
    """A redirect after sign-in, which caches may keep too, is private."""

    def page():
        session["user"] = 1
        return redirect("/", 301)

    assert make_site().visitor()(page).headers["Cache-Control"] == "private"


def test_no_store_is_a_setting(make_site):
    """With SESSION_NO_STORE every answer that used the session is kept nowhere at all."""
    visitor = make_site(SESSION_NO_STORE=True).visitor()

    assert visitor(lambda: session.get("name")).headers["Cache-Control"] == "no-store"
    assert visitor(lambda: session.update(a=1)).headers["Cache-Control"] == "no-store"
    assert "Cache-Control" not in visitor(lambda: None).headers


def test_a_streamed_page_varies(known):
    """A template that is streamed may use the session if the view has looked at it."""

    def page():
        session.get("name")
        return Response(stream_template_string("{{ session['name'] }}"))

    answer = known(page)

    assert answer.text == "Ada"
    assert answer.headers["Vary"] == "Cookie"
