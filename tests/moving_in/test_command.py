"""`flask session migrate --from flask-session`: moves the rest, while the app serves."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from flask import Flask

from flask_sessionplus import SessionPlus
from tests.moving_in.apps import after, before
from tests.moving_in.test_carried_over import ADA, NOBODY, moved, signed_in


def migrate(app, *arguments):
    """Run the command; return its output and exit code."""
    arguments = arguments or ("--from", "flask-session")
    found = app.test_cli_runner().invoke(args=["session", "migrate", *arguments])
    return found.output, found.exit_code


@pytest.mark.parametrize("signed", [False, True], ids=["plain", "signed"])
def test_all_are_carried_over(place, signed):
    """All are carried over, and none is left; all are still signed in; again there are none."""
    more = {"SESSION_USE_SIGNER": signed}
    old = before(place.config, **more)
    browsers = [signed_in(old) for _ in range(3)]
    app = after(place.config, **more)
    if not place.can_list:
        output, code = migrate(app)
        assert code == 1
        assert "cannot be listed" in output
        assert moved(browsers[0], app).get("/").json == ADA
        return

    assert migrate(app) == ("3 sessions carried over.\n", 0)
    assert place.keys() == set()
    assert migrate(app) == ("0 sessions carried over.\n", 0)
    for browser in browsers:
        assert moved(browser, app).get("/").json == ADA


def test_the_times_are_kept(table):
    """A session that was carried over without its owner ends when it would have ended."""
    browser = signed_in(before(table.config))
    app = after(table.config)
    migrate(app)
    new = moved(browser, app)

    with new.session_transaction() as session:
        left = session.expires_at - datetime.now(timezone.utc)
        assert abs(left.total_seconds() - 31 * 24 * 3_600) < 60


def test_who_comes_meanwhile(table, monkeypatch):
    """Who comes, or signs out, between the listing and the moving is met exactly once."""
    old = before(table.config)
    comes, leaves, third = (signed_in(old) for _ in range(3))
    app = after(table.config)
    [importer] = app.extensions["sessionplus"].intake.importers
    origins = importer.origins

    def slowly():
        found = list(origins())
        moved(comes, app).post("/cart", data={"what": "milk"})
        moved(leaves, app).post("/sign-out")
        yield from found

    monkeypatch.setattr(importer, "origins", slowly)

    assert migrate(app) == ("1 session carried over.\n", 0)
    assert moved(comes, app).get("/").json == {"user": "7", "cart": ["tea", "milk"]}
    assert moved(leaves, app).get("/").json == NOBODY
    assert moved(third, app).get("/").json == ADA


def test_it_may_be_stopped(table, monkeypatch):
    """Stopped in the middle it has lost nothing, and the next run does the rest."""
    old = before(table.config)
    browsers = [signed_in(old) for _ in range(4)]
    app = after(table.config)
    [importer] = app.extensions["sessionplus"].intake.importers
    remove, calls = importer.remove, []

    def stop(origin):
        calls.append(origin)
        if len(calls) == 2:
            raise KeyboardInterrupt
        remove(origin)

    with monkeypatch.context() as patch:
        patch.setattr(importer, "remove", stop)
        assert migrate(app)[1] == 1
    output, code = migrate(app)

    assert code == 0
    assert "sessions carried over" in output
    assert table.keys() == set()
    for browser in browsers:
        assert moved(browser, app).get("/").json == ADA


def test_what_cannot_be_read_stays(table):
    """Records that cannot be read are counted, and left where they are."""
    old = before(table.config)
    signed_in(old)
    with old.app_context():
        db = old.extensions["sqlalchemy"]
        name = table.config["SESSION_SQLALCHEMY_TABLE"]
        with db.engine.begin() as link:
            link.exec_driver_sql(
                f"INSERT INTO {name} VALUES"
                f" (99, 'session:{'z' * 43}', x'c1', '2999-01-01 00:00:00')"
            )
    app = after(table.config)
    output, code = migrate(app)

    assert code == 0
    assert "1 session carried over" in output
    assert "1 session left in place, for they cannot be read" in output
    assert table.keys() == {"session:" + "z" * 43}


def test_wrong_usage(table, app_without):
    """Without something to come from, or with two of them, it says what to give."""
    app = after(table.config)

    for arguments in (
        (" ",),
        ("memory://",),
        ("--from", "x"),
        ("a", "b", "--from", "flask-session"),
    ):
        assert migrate(app, *arguments)[1] == 2
    output, code = migrate(app_without)
    assert code == 1
    assert "flask_sessionplus.compat" in output


@pytest.fixture
def app_without(tmp_path):
    """Return an app that has never had Flask-Session."""
    app = Flask("site", instance_path=str(tmp_path))
    SessionPlus(app)
    return app
