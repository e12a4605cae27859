"""Sessions of Flask-Session are carried over when their owner next comes."""

from __future__ import annotations

import threading

import pytest

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.tokens import digest
from tests.moving_in.apps import after, before

ADA = {"user": "7", "cart": ["tea"]}
NOBODY = {"user": None, "cart": None}


def signed_in(app):
    """Return a browser that has signed in, with something in its cart."""
    browser = app.test_client()
    browser.post("/sign-in")
    return browser


def moved(browser, app):
    """Return the same browser, visiting the app after the change."""
    new = app.test_client()
    new.set_cookie("session", token_of(browser))
    return new


def token_of(browser):
    """Return what is in the browser's cookie."""
    return browser.get_cookie("session").value


def store_of(app):
    """Return where our sessions are."""
    return app.extensions["sessionplus"].store


@pytest.mark.parametrize("signed", [False, True], ids=["plain", "signed"])
def test_nobody_is_signed_out(place, signed):
    """After the change of one import the visitor is signed in as before, cart and messages too."""
    browser = signed_in(before(place.config, SESSION_USE_SIGNER=signed))
    [key] = place.keys()
    new = moved(browser, after(place.config, SESSION_USE_SIGNER=signed))

    assert new.get("/").json == ADA
    new.post("/cart", data={"what": "milk"})
    assert new.get("/").json == {"user": "7", "cart": ["tea", "milk"]}
    with new.session_transaction() as session:
        assert session["_flashes"] == [("info", "Welcome")]
        assert session.permanent
        assert session.user_id == "7"
    assert {key}.isdisjoint(place.keys())


def test_it_is_found_by_its_owner(table):
    """Who Flask-Login says is signed in is the owner: the session is listed, and revoked."""
    browser = signed_in(before(table.config))
    app = after(table.config)
    new = moved(browser, app)
    new.get("/")
    extension = app.extensions["sessionplus"].extension

    with app.app_context():
        [info] = extension.sessions_of(7)
        assert info.kind == "browser"
        assert extension.revoke(info.handle)
    assert new.get("/").json == NOBODY


def test_it_never_comes_back(place):
    """Who has signed out stays so: with the old cookie, and if an old worker writes again."""
    old = before(place.config)
    browser = signed_in(old)
    cookie = token_of(browser)
    app = after(place.config)
    moved(browser, app).post("/sign-out")

    assert moved(browser, app).get("/").json == NOBODY
    _write_again(old, cookie)
    assert moved(browser, app).get("/").json == NOBODY
    assert moved(browser, after(place.config)).get("/").json == NOBODY


def _write_again(old, cookie):
    """Let a request that had begun before save the session as it was."""
    with old.test_request_context():
        interface = old.session_interface
        data = interface.session_class({"_user_id": "7"}, sid=cookie)
        interface._upsert_session(
            old.permanent_session_lifetime, data, interface._get_store_id(cookie)
        )


def test_after_the_tombstone_too(clock, table):
    """It stays so when nothing of the ended session is left but the note."""
    old = before(table.config)
    browser = signed_in(old)
    app = after(table.config)
    moved(browser, app).post("/sign-out")
    _write_again(old, token_of(browser))
    clock.advance(60)

    assert moved(browser, app).get("/").json == NOBODY


def test_parallel_first_requests(place):
    """All of many first requests see the session, and there is one record of it then."""
    browser = signed_in(before(place.config))
    app = after(place.config)
    answers = []
    start = threading.Barrier(8)

    def visit():
        new = moved(browser, app)
        start.wait()
        answers.append(new.get("/").json)

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [ADA] * 8


def test_an_unknown_id_is_not_adopted(place):
    """A token that is nobody's makes no session, and none with that token."""
    before(place.config)
    app = after(place.config)
    new = app.test_client()
    new.set_cookie("session", "x" * 43)

    assert new.get("/").json == NOBODY
    new.post("/cart", data={"what": "tea"})
    assert token_of(new) != "x" * 43


def test_the_places_of_both_do_not_meet(place):
    """Our records are none that Flask-Session would take for its own."""
    old = before(place.config)
    app = after(place.config)
    new = signed_in(app)

    assert moved(new, old).get("/").json == NOBODY
    assert new.get("/").json == ADA
    assert place.keys() == set()


@pytest.mark.parametrize("step", ["create", "note", "remove", "unmark"])
def test_a_crash_in_between(table, step, monkeypatch):
    """Whatever step fails: the session is there for the next request, and comes in once."""
    browser = signed_in(before(table.config))
    app = after(table.config)
    intake = app.extensions["sessionplus"].intake
    [importer] = intake.importers
    target, name = {
        "create": (store_of(app), "create"),
        "note": (intake._notes, "is_first"),
        "remove": (importer, "remove"),
        "unmark": (store_of(app), "apply"),
    }[step]

    def fail(*_):
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(target, name, fail)
        assert moved(browser, app).get("/").status_code == 503
    new = moved(browser, app)

    assert new.get("/").json == ADA
    assert table.keys() == set()
    new.post("/sign-out")
    assert moved(browser, app).get("/").json == NOBODY


def test_a_late_look_brings_nothing_back(clock, table, monkeypatch):
    """Who has read the old record before it was taken in, used and ended makes nothing of it."""
    browser = signed_in(before(table.config))
    app = after(table.config)
    [importer] = app.extensions["sessionplus"].intake.importers
    find, taken = importer.find, []

    def find_late(origin):
        found = find(origin)
        if not taken:
            taken.append(True)
            moved(browser, app).post("/sign-out")
            clock.advance(60)
        return found

    monkeypatch.setattr(importer, "find", find_late)

    assert moved(browser, app).get("/").json == NOBODY
    assert moved(browser, app).get("/").json == NOBODY


def test_even_if_nothing_was_noted_when_it_looked(clock, table, monkeypatch):
    """The note decides, not the look at it: the ghost is made, met by the note, and removed."""
    browser = signed_in(before(table.config))
    app = after(table.config)
    notes = app.extensions["sessionplus"].intake._notes
    [importer] = app.extensions["sessionplus"].intake.importers
    found = importer.find(token_of(browser))
    moved(browser, app).post("/sign-out")
    clock.advance(60)
    monkeypatch.setattr(importer, "find", lambda origin: found)
    monkeypatch.setattr(notes, "has", lambda name: False)

    assert moved(browser, app).get("/").json == NOBODY
    assert not store_of(app).delete(digest(token_of(browser)))


def test_a_replay_writes_nothing(clock, table, monkeypatch):
    """Who comes with the id of a session that has ended makes no record, not for a moment."""
    old = before(table.config)
    browser = signed_in(old)
    app = after(table.config)
    moved(browser, app).post("/sign-out")
    _write_again(old, token_of(browser))
    clock.advance(60)
    created = []
    monkeypatch.setattr(store_of(app), "create", lambda sid, record: created.append(sid))

    assert moved(browser, app).get("/").json == NOBODY
    assert created == []


@pytest.mark.parametrize("whose", ["the user's", "all"])
def test_revoked_before_it_came(table, whose):
    """Sessions that are revoked while they are still elsewhere do not come in any more."""
    browser = signed_in(before(table.config))
    app = after(table.config)
    extension = app.extensions["sessionplus"].extension
    with app.app_context():
        if whose == "all":
            extension.revoke_all()
        else:
            extension.revoke_user(7)

    assert moved(browser, app).get("/").json == NOBODY


def test_another_users_revocation(table):
    """Revoking one user's sessions leaves those of others, which are still elsewhere."""
    browser = signed_in(before(table.config))
    app = after(table.config)
    with app.app_context():
        app.extensions["sessionplus"].extension.revoke_user(8)

    assert moved(browser, app).get("/").json == ADA


def test_both_at_once(place):
    """In a rolling deploy nobody is lost for good: what the docs promise of both side by side."""
    old, app = before(place.config), after(place.config)
    browser = signed_in(old)
    new = moved(browser, app)
    assert new.get("/").json == ADA

    # At a worker of before he is a stranger now, and at ours himself again.
    again = moved(browser, old)
    assert again.get("/").json == NOBODY
    assert moved(again, app).get("/").json == ADA
    # What is begun there comes over as well.
    again.post("/cart", data={"what": "milk"})
    assert moved(again, app).get("/").json == {"user": None, "cart": ["milk"]}
    # Who signs out there before he has come, or here, is signed out on both.
    third = signed_in(old)
    third_token = moved(third, app)
    third.post("/sign-out")
    assert third_token.get("/").json == NOBODY
    # Who has come loses the cookie there, and no more: a copy of it is still good here.
    fourth = signed_in(old)
    copied = moved(fourth, app)
    assert copied.get("/").json == ADA
    fourth.post("/sign-out")
    assert copied.get("/").json == ADA
    new.post("/sign-out")
    assert moved(browser, app).get("/").json == moved(browser, old).get("/").json == NOBODY


def test_what_has_expired_stays_out(clock, table):
    """What had ended in the old place is not alive here."""
    browser = signed_in(before(table.config, PERMANENT_SESSION_LIFETIME=60))
    app = after(table.config, PERMANENT_SESSION_LIFETIME=60)
    clock.advance(61)

    assert moved(browser, app).get("/").json == NOBODY


def test_a_place_that_does_not_answer(table, monkeypatch):
    """If the old place fails nobody is shown as signed out: 503, and later all is well."""
    browser = signed_in(before(table.config))
    app = after(table.config)
    [importer] = app.extensions["sessionplus"].intake.importers

    def fail(key):
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(importer.place, "get", fail)
        assert moved(browser, app).get("/").status_code == 503
    assert moved(browser, app).get("/").json == ADA


def test_a_signed_id_alone_lets_nobody_in(table):
    """With signed cookies, who has read the ids in the old place cannot use them."""
    old = before(table.config, SESSION_USE_SIGNER=True)
    browser = signed_in(old)
    app = after(table.config, SESSION_USE_SIGNER=True)
    sid, signature = token_of(browser).split(".")
    thief = app.test_client()

    thief.set_cookie("session", sid)
    assert thief.get("/").json == NOBODY
    thief.set_cookie("session", f"{sid}.{signature[:-2]}AA")
    assert thief.get("/").json == NOBODY
    assert moved(browser, app).get("/").json == ADA
    assert thief.get("/").json == NOBODY


def test_a_secret_key_that_was_replaced(table):
    """A cookie that was signed with a former key counts, if that is among the fallbacks."""
    browser = signed_in(before(table.config, SESSION_USE_SIGNER=True, SECRET_KEY="k" * 40))
    more = {"SESSION_USE_SIGNER": True, "SECRET_KEY": "n" * 40}

    assert moved(browser, after(table.config, **more)).get("/").json == NOBODY
    app = after(table.config, SECRET_KEY_FALLBACKS=["k" * 40], **more)
    new = moved(browser, app)
    assert new.get("/").json == ADA
    assert "." not in token_of(new)
