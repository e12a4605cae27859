"""What the dashboard shows, and what its buttons do."""

from __future__ import annotations

import logging
import re
from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest

from flask_sessionplus import clock, sessions_revoked, values_shown
from flask_sessionplus.pages.dashboard import listing
from flask_sessionplus.testing import FakeClock
from tests.pages.dashboards import PREFIX, admin, create_app, handles, send, sign_in, told

ON = {"SESSION_STATISTICS": True}


@pytest.fixture
def app():
    """A site whose admins may see values."""
    return create_app(values=True)


@pytest.fixture
def ada(app):
    """The browser of an admin."""
    return admin(app)


def listed(page):
    """Return the handles of the sessions in a list, in its order."""
    return re.findall(r'<th scope="row"[^>]*><a href="[^"]*/session/([\w-]{22})">', page)


def text(page):
    """Return a page's text without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_list_is_walked_page_by_page(app, ada, monkeypatch):
    """From page to page each session is met once; the last page says that it is the last."""
    monkeypatch.setattr(listing, "LIMIT", 4)
    for number in range(9):
        sign_in(app, f"user-{number}")
    found, address, pages = [], f"{PREFIX}/list", 0
    while address:
        page = ada.get(address).text
        found += listed(page)
        pages += 1
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1] if following else ""

    assert (len(found), len(set(found)), pages) == (10, 10, 3)
    assert "This is the last page." in page
    assert "First page" in page


def test_a_row_tells_what_is_known(app, ada):
    """User, browser and address of a session are in its row; one's own has no button."""
    sign_in(app, "bob")
    page = ada.get(f"{PREFIX}/list").text
    own, bobs = handles(app, "ada")[0], handles(app, "bob")[0]

    assert "bob" in text(page)
    assert "Firefox 140 on Linux" in text(page)
    assert "203.0.113.24" in text(page)
    assert f'action="{PREFIX}/session/{bobs}/end"' in page
    assert f'action="{PREFIX}/session/{own}/end"' not in page
    assert text(page).count("your own") == 1


def test_a_page_that_never_was(ada):
    """An address that comes from no page leads to the first one."""
    assert told(ada, ada.get(f"{PREFIX}/list?after=%21")).startswith("There is no such page.")


def test_searching_a_user(app, ada):
    """The sessions of a user are found, in any spelling of the id, the one used last first."""
    with FakeClock() as now:
        for _ in range(3):
            sign_in(app, "42")
            now.advance(5)
        for query in ("q=42", "q=+42+", "user=42"):
            page = ada.get(f"{PREFIX}/list?{query}").text
            assert listed(page) == handles(app, "42")
            assert "3 found, the one used last first." in text(page)


def test_searching_a_handle(app, ada):
    """A handle leads to its session; one that is none is looked up as a user."""
    sign_in(app, "bob")
    [handle] = handles(app, "bob")

    assert ada.get(f"{PREFIX}/list?q={handle}").location == f"{PREFIX}/session/{handle}"
    for nobody in ("A" * 22, "x" * 300, "nobody"):
        answer = ada.get(f"{PREFIX}/list", query_string={"q": nobody})
        assert (answer.status_code, "There is no session" in answer.text) == (200, True)


def test_of_very_many_sessions_some_are_shown(app, ada, monkeypatch):
    """A user with very many sessions does not make a page without end."""
    monkeypatch.setattr(listing, "MOST", 2)
    for _ in range(3):
        sign_in(app, "bob")
    page = ada.get(f"{PREFIX}/list?q=bob").text

    assert len(listed(page)) == 2
    assert "3 found, the one used last first. The first 2 are shown." in text(page)


def test_one_session(app, ada):
    """Keys, types, sizes and history of a session are shown, and none of its values."""
    sign_in(app, "bob")
    [handle] = handles(app, "bob")
    page = ada.get(f"{PREFIX}/session/{handle}").text

    for part in ("cart dict", "theme str", "created", "signed in", "Messages waiting 0"):
        assert part in text(page)
    assert "&#39;dark&#39;" not in page
    assert "tea" not in text(page)


def test_values_are_shown_when_asked_for(app, ada, caplog):
    """Values come at the press of a button; that is logged, and told by a signal."""
    sign_in(app, "bob")
    [handle] = handles(app, "bob")
    told_of = []

    def note(sender, **details):
        told_of.append((sender, details))

    with values_shown.connected_to(note), caplog.at_level(logging.WARNING, "flask_sessionplus"):
        page = send(ada, f"/session/{handle}/values").text

    assert "&#39;tea&#39;: 2" in page
    assert "&#39;dark&#39;" in page
    assert told_of == [(app, {"handle": handle})]
    assert caplog.messages == [f"The values of the session {handle} were shown to 203.0.113.24."]


def test_looking_changes_nothing(app, ada):
    """To look at a session in every way neither loads nor touches it: last seen stays."""
    with FakeClock() as now:
        sign_in(app, "bob")
        [handle] = handles(app, "bob")
        store = app.extensions["sessionplus"].store
        sid = store.find(urlsafe_b64decode(f"{handle}=="))
        before = store.load(sid)
        now.advance(600)
        for path in ("", "/list", "/list?q=bob", f"/session/{handle}"):
            assert ada.get(PREFIX + path).status_code == 200
        send(ada, f"/session/{handle}/values")

        assert store.load(sid) == before


def test_a_session_that_is_gone(app, ada):
    """The address of a session that has ended leads to the list, which says so."""
    sign_in(app, "bob")
    [handle] = handles(app, "bob")
    send(ada, f"/session/{handle}/end")

    for ask in (
        lambda: ada.get(f"{PREFIX}/session/{handle}"),
        lambda: send(ada, f"/session/{handle}/values"),
        lambda: send(ada, f"/session/{handle}/end"),
        lambda: ada.get(f"{PREFIX}/session/none"),
    ):
        assert told(ada, ask()) == "There is no such session any more."


def test_ending_one(app, ada):
    """The button ends that session alone, and leads back to where it was."""
    with FakeClock() as now:
        browser = sign_in(app, "bob")
        now.advance(1)
        sign_in(app, "bob")
    last, first = handles(app, "bob")
    seen = []

    def note(sender, **details):
        seen.append(details)

    with sessions_revoked.connected_to(note):
        answer = send(ada, f"/session/{first}/end", user="bob")

    assert answer.location == f"{PREFIX}/list?user=bob"
    assert told(ada, answer) == f"The session {first} has ended."
    assert handles(app, "bob") == [last]
    assert seen == [{"owner": "bob", "count": 1}]
    assert browser.get(PREFIX).status_code == 401


def test_nobody_ends_his_own(app, ada):
    """One's own session is not ended by a slip: signing out is for that."""
    [own] = handles(app, "ada")

    answer = send(ada, f"/session/{own}/end")
    assert told(ada, answer) == "This is your own session: sign out instead."
    assert handles(app, "ada") == [own]


def test_ending_all_of_a_user(app, ada):
    """It is asked how many they are first; then all of that user have ended, and no others."""
    for name in ("bob", "bob", "carol"):
        sign_in(app, name)
    page = ada.get(f"{PREFIX}/end-user?user=bob").text
    assert "Sessions, tokens and data of the user: 2." in text(page)

    answer = send(ada, "/end-user", user="bob")
    assert told(ada, answer) == "Ended for the user bob: 2."
    assert (handles(app, "bob"), len(handles(app, "carol"))) == ([], 1)


def test_ending_all_of_oneself(app, ada):
    """Who ends all of his own keeps the session he asks with, under a new token."""
    admin(app)
    before = handles(app, "ada")
    assert "This is you." in ada.get(f"{PREFIX}/end-user?user=ada").text

    answer = send(ada, "/end-user", user="ada")
    assert told(ada, answer) == "Ended for the user ada: 1."
    assert len(handles(app, "ada")) == 1
    assert handles(app, "ada")[0] not in before


@pytest.mark.parametrize("user", ["", "x" * 256])
def test_a_user_that_cannot_be(ada, user):
    """An id that no user can have ends nothing, and is no error of the server."""
    answer = ada.get(f"{PREFIX}/end-user", query_string={"user": user})
    assert told(ada, answer) == "No user is called so."
    assert told(ada, send(ada, "/end-user", user=user)) == "No user is called so."


@pytest.mark.parametrize("typed", ["", "end", "yes", "end  all"])
def test_all_are_not_ended_by_a_slip(app, ada, typed):
    """Without the words nothing has ended, and the page says so beside the field."""
    sign_in(app, "bob")
    answer = send(ada, "/end-all", phrase=typed)

    assert "That is something else. Nothing was ended." in answer.text
    assert 'aria-invalid="true" aria-describedby="spd-wrong"' in answer.text
    assert len(handles(app, "bob")) == 1


def test_ending_all(app, ada):
    """With the words all have ended, that of who asks too, and no message makes a new one."""
    bob = sign_in(app, "bob")
    answer = send(ada, "/end-all", phrase=" End all  SESSIONS ")

    assert answer.status_code == 200
    assert "About 2 sessions were ended, yours as well." in text(answer.text)
    assert (handles(app, "bob"), handles(app, "ada")) == ([], [])
    assert [bob.get(PREFIX).status_code, ada.get(PREFIX).status_code] == [401, 401]
    assert app.extensions["sessionplus"].store.count() == 0


def test_without_statistics(app, ada):
    """Without SESSION_STATISTICS the page says how to have them, and counts what is alive."""
    page = ada.get(PREFIX).text

    assert "SESSION_STATISTICS = True" in page
    assert "Alive now 1 in MemoryStore" in text(page)
    assert "<svg" not in page


@pytest.mark.parametrize(("span", "slots"), [("24h", 24), ("7d", 28), ("30d", 30), ("99y", 24)])
def test_statistics(span, slots):
    """What has happened is in the figures, in a chart, and in a table with a row for each slot."""
    with FakeClock(clock.to_datetime(clock.now())) as now:
        app = create_app(ON)
        ada = admin(app)
        for _ in range(3):
            sign_in(app, "bob")
        send(ada, f"/session/{handles(app, 'bob')[0]}/end")
        now.advance(timedelta(seconds=20))
        page = ada.get(f"{PREFIX}?span={span}").text

    assert re.search(r"Created 4 in \d+ \w+ Ended 1 ", text(page))
    assert "Firefox on Linux 4 100 %" in text(page)
    assert page.count('<th scope="row">') == slots + 1
    assert 'role="img" aria-labelledby="spd-sessions-chart-title' in page
    assert "Nothing was lost, and no call of the store has failed." in page


def test_damaged_sessions_can_be_ended(tmp_path):
    """What cannot be read is no error of the server: it can still be ended."""
    app = create_app({"SESSION_STORE": f"sqlite:///{tmp_path}/s.sqlite"})
    ada = admin(app)
    sign_in(app, "bob")
    [handle] = handles(app, "bob")
    store = app.extensions["sessionplus"].store
    table = store.table
    with store.engine.connect() as connection:
        connection.execute(table.update().where(table.c.owner == b"bob").values(data=b"\x01x"))
    answer = ada.get(f"{PREFIX}/session/{handle}")

    assert (answer.status_code, "This session cannot be read." in answer.text) == (200, True)
    assert told(ada, send(ada, f"/session/{handle}/end")) == f"The session {handle} has ended."
    store.close()
