"""Users whose ids look like another's, or do not fit into a form or an address."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from flask import request
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus import session
from flask_sessionplus.pages.dashboard.spelling import read_user, spell
from tests.pages.dashboards import HOSTILE, PREFIX, admin, create_app, handles, sign_in, told

ODD = [" bob", "bob\u00a0", "  ", "a\nb", "a\r\nb", "a\x00b", "a\tb", "100%", "%62ob", "eve\ud800"]


@pytest.fixture
def app():
    """A site on which everybody may call himself as he likes."""
    app = create_app()

    def arrive():
        session.login(request.json["name"])
        session[request.json["name"]] = 1
        return ""

    app.add_url_rule("/arrive", view_func=arrive, methods=["POST"])
    return app


def arrive(app, name):
    """Sign in by JSON, which can say more than a form."""
    assert app.test_client().post("/arrive", json={"name": name}).status_code == 200


def links(page, part):
    """Return the addresses on a page that contain *part*."""
    return [unescape(found) for found in re.findall(r'href="([^"]+)"', page) if part in found]


def form_of(page, part):
    """Return what the form with *part* in its address sends, through a browser's hands."""
    form = re.search(rf'<form[^>]*action="[^"]*{part}.*?</form>', page, re.DOTALL)[0]
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
    sent = urlencode({name: as_browser(unescape(value)) for name, value in found})
    return {"data": sent, "content_type": "application/x-www-form-urlencoded"}


def as_browser(value):
    """Return what a browser makes of the value of a field (HTML, 4.10.21.4)."""
    return re.sub("\r\n?|\n", "\r\n", value.replace("\x00", "\ufffd"))


@pytest.mark.parametrize("name", [*ODD, *HOSTILE], ids=range(len(ODD) + len(HOSTILE)))
def test_whoever_is_clicked_is_ended(app, name):
    """From the list to the last button all is about that user, and no one else has ended."""
    sign_in(app, "bob")
    ada = admin(app)
    bobs = handles(app, "bob") + handles(app, "ada")
    arrive(app, name)
    [own] = handles(app, name)
    mine = links(ada.get(f"{PREFIX}/session/{own}").text, "/list?user=")
    page = ada.get(mine[0]).text
    assert mine[0] in links(ada.get(f"{PREFIX}/list").text, "/list?user=")
    assert re.findall(r"/session/([\w-]{22})\"", page) == [own]

    [way] = links(page, "/end-user")
    asked = ada.get(way).text
    assert links(asked, "/list?user=") == mine
    answer = ada.post(f"{PREFIX}/end-user", **form_of(asked, "/end-user"))
    assert told(ada, answer).endswith(": 1.")
    assert answer.location == mine[0]
    assert handles(app, name) == []
    assert handles(app, "bob") + handles(app, "ada") == bobs


@pytest.mark.parametrize("name", ODD, ids=range(len(ODD)))
def test_to_end_one_leads_back_to_the_user(app, name):
    """The list that comes back is that of the same user."""
    ada = admin(app)
    arrive(app, name)
    [own] = handles(app, name)
    [mine] = links(ada.get(f"{PREFIX}/session/{own}").text, "/list?user=")

    answer = ada.post(f"{PREFIX}/session/{own}/end", **form_of(ada.get(mine).text, f"{own}/end"))
    assert (answer.location, handles(app, name)) == (mine, [])


def test_a_user_who_is_called_like_a_handle(app):
    """His link leads to him; what is typed leads to the session."""
    sign_in(app, "bob")
    ada = admin(app)
    [handle] = handles(app, "bob")
    arrive(app, handle)
    page = ada.get(f"{PREFIX}/list", query_string={"user": handle})

    assert page.status_code == 200
    assert handles(app, handle)[0] in page.text
    assert ada.get(f"{PREFIX}/list?q={handle}").location == f"{PREFIX}/session/{handle}"


def test_half_a_character_is_shown(app):
    """A lone surrogate in a user's id or a key is written as Python writes it."""
    ada = admin(app)
    arrive(app, "eve\ud800")
    [own] = handles(app, "eve\ud800")

    for path in ("/list", f"/session/{own}"):
        answer = ada.get(PREFIX + path)
        assert (answer.status_code, "eve\\ud800" in answer.text) == (200, True)


def test_what_is_typed_is_taken_as_it_is_first(app):
    """Spaces around it are left out only if nobody is called so with them."""
    ada = admin(app)
    sign_in(app, "bob")
    assert handles(app, "bob")[0] in ada.get(f"{PREFIX}/list?q=+bob").text
    arrive(app, " bob")
    page = ada.get(f"{PREFIX}/list?q=+bob").text

    assert handles(app, " bob")[0] in page
    assert handles(app, "bob")[0] not in page


@pytest.mark.parametrize("spelled", ["", "%FF", "x" * 256])
def test_who_cannot_be(app, spelled):
    """An address that names nobody is no error of the server."""
    ada = admin(app)

    for path in ("/list", "/end-user"):
        answer = ada.get(PREFIX + path, query_string={"user": spelled})
        assert told(ada, answer) == "No user is called so."


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=255))
def test_every_spelling_comes_back(user):
    """Whatever an id is, its spelling fits into an address, and says the same."""
    spelled = spell(user)

    assert read_user(spelled) == read_user(spell(read_user(spelled)))
    assert read_user(spelled) in (user, user.lower())
    assert spelled.encode("utf-8").isascii() or any(ord(char) > 0x9F for char in user)
    assert as_browser(spelled) == spelled


@pytest.mark.parametrize("user", ["ada", "42", "ada@example.org", "Zoë Müller", "a+b/c?d=e&f#g"])
def test_an_ordinary_id_is_its_own_spelling(user):
    """Addresses that people write themselves, such as in a help desk's links, are good."""
    assert spell(user) == read_user(user) == user
