"""Flask-WTF: its token against forged forms, in parallel tabs and over a sign-in."""

from __future__ import annotations

import re

import pytest
from flask import render_template_string, request
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import generate_csrf
from wtforms import StringField

from flask_sessionplus import session
from tests.extensions.conftest import known_of, tab_of
from tests.web.visiting import WatchedStore


class Note(FlaskForm):
    text = StringField()


@pytest.fixture
def make_site(make_app, pausing):
    """Return a function that makes an app with a form in each page."""

    def make(store=None, **config):
        app = make_app(store or pausing, **config)
        CSRFProtect(app)

        @app.route("/form", methods=["GET", "POST"])
        def page():
            form = Note()
            if form.validate_on_submit():
                session["notes"] = [*session.get("notes", ()), form.text.data]
                return "kept"
            return render_template_string("{{ form.hidden_tag() }}", form=form)

        @app.get("/arrive")
        @app.post("/sign-in")
        def sign_in():
            session.login(7)
            return generate_csrf()

        @app.get("/confirm")
        def confirm():
            generate_csrf()
            session.confirm()
            return generate_csrf()

        @app.post("/keep/<key>")
        def keep(key):
            session[key] = request.form["value"]
            return "kept"

        return app

    return make


@pytest.fixture
def app(make_site):
    """Return an app with a form in each page."""
    return make_site()


def open_form(client):
    """Open the page with the form; return the token in it."""
    answer = client.get("/form")
    assert answer.status_code == 200
    return re.search(r'value="([^"]+)"', answer.text)[1]


def submit(client, token, **fields):
    """Send the form; return the status."""
    return client.post("/form", data={"csrf_token": token, **fields}).status_code


def test_two_tabs_of_a_known_visitor(known, pausing):
    """Of two tabs that open their first form at the same moment, both can send it."""
    one, two = pausing.run(lambda: open_form(known), lambda: open_form(tab_of(known)))

    assert submit(known, one, text="a") == 200
    assert submit(known, two, text="b") == 200
    with known.session_transaction() as stored:
        assert (stored["name"], stored["notes"]) == ("Ada", ["a", "b"])


def test_one_more_round_trip_once(make_site, memory):
    """The first form of a known visitor is one write, as ever, and the next one is none."""
    store = WatchedStore(memory)
    known = known_of(make_site(store))
    store.new_calls()
    open_form(known)
    first = store.new_calls()
    open_form(known)

    assert (first, store.new_calls()) == (["load", "apply"], ["load"])


def test_the_token_survives(known):
    """The token of a form is good until the session ends, in whatever order forms come back."""
    tokens = [open_form(known) for _ in range(3)]

    assert [submit(known, token, text="a") for token in reversed(tokens)] == [200] * 3


def test_two_tabs_of_a_stranger(app, pausing):
    """Without a cookie two tabs are two visitors: the form of the answer that came last is good."""
    client = app.test_client()
    slow, fast = pausing.run(lambda: open_form(client), lambda: open_form(client))

    assert submit(client, fast, text="a") == 400
    assert submit(client, slow, text="a") == 200
    # Opened again, it is good.
    assert submit(client, open_form(client), text="b") == 200


def sign_in(client):
    """Sign in; return the token that is in the answer."""
    answer = client.post("/sign-in", data={"csrf_token": open_form(client)})
    assert answer.status_code == 200
    return answer.text


def test_forms_from_before_a_sign_in(known):
    """A form from before the sign-in is refused after it, and one of its own answer is good."""
    early = open_form(known)
    token = sign_in(known)

    assert submit(known, early, text="a") == 400
    assert submit(known, token, text="a") == 200


def test_forms_that_outlive_a_sign_in(make_site):
    """With `SESSION_DROP_ON_LOGIN = []` a form from before the sign-in is good after it."""
    known = known_of(make_site(SESSION_DROP_ON_LOGIN=[]))
    early = open_form(known)
    sign_in(known)

    assert submit(known, early, text="a") == 200


def test_a_form_in_the_answer_to_a_confirmation(known):
    """What was rendered before a new token in the same request, is not what is rendered after."""
    sign_in(known)
    token = known.get("/confirm").text

    assert submit(known, token, text="a") == 200


def test_two_tabs_after_a_sign_in(known, pausing):
    """Two tabs that open their first form of the signed-in user at once are both good too."""
    sign_in(known)
    with known.session_transaction() as stored:
        stored.pop("csrf_token", None)
    one, two = pausing.run(lambda: open_form(known), lambda: open_form(tab_of(known)))

    assert (submit(known, one), submit(known, two)) == (200, 200)


@pytest.mark.parametrize("key", ["csrf_token", "csrf", "_csrf_token", "own"])
def test_any_token(make_site, pausing, key):
    """It holds for the usual keys, and for the one that Flask-WTF is told to use."""
    app = make_site(WTF_CSRF_ENABLED=False, WTF_CSRF_FIELD_NAME="own")
    known = known_of(app)

    def keep(client, value):
        return client.post(f"/keep/{key}", data={"value": value})

    pausing.run(lambda: keep(known, "slow"), lambda: keep(tab_of(known), "fast"))
    with known.session_transaction() as stored:
        assert stored[key] == "fast"
    # What is there may be replaced, by the last one as ever.
    keep(known, "next")
    with known.session_transaction() as stored:
        assert stored[key] == "next"


def test_what_else_a_sign_in_drops(make_site, pausing):
    """A key of `SESSION_DROP_ON_LOGIN` is like any other: the last one who sets it wins."""
    known = known_of(make_site(WTF_CSRF_ENABLED=False, SESSION_DROP_ON_LOGIN=["cart"]))

    def keep(client, value):
        return client.post("/keep/cart", data={"value": value})

    pausing.run(lambda: keep(known, "slow"), lambda: keep(tab_of(known), "fast"))
    with known.session_transaction() as stored:
        assert stored["cart"] == "slow"


def test_a_token_and_something_else(make_site, memory):
    """The first form of a known visitor, and another key beside it, are two writes."""
    store = WatchedStore(memory)
    app = make_site(store)

    @app.get("/both")
    def both():
        session["seen"] = 1
        return generate_csrf()

    known = known_of(app)
    store.new_calls()
    known.get("/both")

    assert store.new_calls().count("apply") == 2


def test_a_token_that_is_planted_during_a_sign_in(known, pausing):
    """Who has the old token cannot give the user a token, nor see his, while he signs in."""
    thief = tab_of(known)
    # By a link of a mail, say, before any form.
    token, seen = pausing.run(lambda: known.get("/arrive").text, lambda: open_form(thief))

    assert submit(known, seen, text="a") == 400
    assert submit(known, token, text="a") == 200
