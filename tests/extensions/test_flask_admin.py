"""Flask-Admin: forms with the session's token, and messages that are translated late."""

from __future__ import annotations

import re

import pytest
from flask import session
from flask_admin import Admin
from flask_admin.babel import lazy_gettext
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import SecureForm
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from markupsafe import Markup

from tests.extensions.conftest import tab_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture
def app(make_app, pausing, tmp_path):
    """Return an app with an admin for notes."""
    app = make_app(pausing, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'app.sqlite'}")
    db = SQLAlchemy(app)

    class Note(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        text = db.Column(db.String)

    class Notes(ModelView):
        form_base_class = SecureForm

    Babel(app)
    admin = Admin(app)
    admin.add_view(Notes(Note, db))
    with app.app_context():
        db.create_all()

    @app.get("/flash")
    def flash():
        from flask import flash

        flash(lazy_gettext("Home"))
        flash(Markup("<b>%s</b>") % "a&b", "html")
        return "flashed"

    @app.get("/messages")
    def messages():
        from flask import get_flashed_messages

        return [[type(text).__name__, str(text)] for text in get_flashed_messages()]

    app.add_url_rule("/in", "in", lambda: str(session.login(7)))
    yield app
    with app.app_context():
        db.engine.dispose()


def open_form(client):
    """Open the page for a new note; return the token in its form."""
    answer = client.get("/admin/note/new/")
    assert answer.status_code == 200
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)[1]


def send(client, token, text="tea"):
    """Send the form; return whether the note was made, as it says in a message."""
    answer = client.post(
        "/admin/note/new/", data={"csrf_token": token, "text": text}, follow_redirects=True
    )
    assert answer.status_code == 200
    return "Record was successfully created." in answer.text


def test_a_note_is_made(known):
    """The token in the form is good, and the next page shows the message, once."""
    assert send(known, open_form(known)) is True
    assert "successfully created" not in known.get("/admin/note/").text
    assert send(known, "1" * 8) is False


def test_two_tabs(known, pausing):
    """Of two tabs that open their first form at the same moment, both can send it."""
    one, two = pausing.run(lambda: open_form(known), lambda: open_form(tab_of(known)))

    assert (send(known, one), send(known, two)) == (True, True)


def test_a_note_is_removed(known):
    """The form for removing, which is another one, has the same token."""
    token = open_form(known)
    assert send(known, token)
    page = known.get("/admin/note/").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    form = {"id": "1", "csrf_token": token, "url": "/admin/note/"}
    answer = known.post("/admin/note/delete/", data=form, follow_redirects=True)

    assert "Record was successfully deleted." in answer.text


def test_a_form_from_before_a_sign_in(known):
    """After a sign-in a form from before is refused, and a new one is good."""
    early = open_form(known)
    known.get("/in")

    assert send(known, early) is False
    assert send(known, open_form(known)) is True


def test_lazy_messages(known):
    """A lazy string is kept as its text, and Markup stays Markup."""
    known.get("/flash")

    assert known.get("/messages").json == [["str", "Home"], ["Markup", "<b>a&amp;b</b>"]]
