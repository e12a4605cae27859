"""`flask session init` and `flask session purge`."""

from __future__ import annotations

import pytest
from flask import Flask, session
from sqlalchemy import inspect

from flask_sessionplus import SessionPlus
from flask_sessionplus.stores.base import Store
from flask_sessionplus.stores.sql import SQLStore
from tests.web.visiting import Site


@pytest.fixture
def plain_site(embedded, make_site):
    """Return an app on each store that needs no server, not watched."""
    return make_site(embedded, SESSION_IDLE_LIFETIME=60)


def run(site, *arguments):
    """Run `flask session ...`."""
    return site.app.test_cli_runner().invoke(args=["session", *arguments])


def visit(site, number):
    """Let some visitors have a session each, and return them."""
    visitors = [site.visitor() for _ in range(number)]
    for visitor in visitors:
        visitor(lambda: session.update(a=1))
    return visitors


def test_init(plain_site, kind):
    """`init` makes the table where one is needed, says so elsewhere, and may be repeated."""
    for _ in range(2):
        result = run(plain_site, "init")

        assert result.exit_code == 0, result.output
        assert result.output == (
            "The store is ready.\n" if kind == "sqlite" else "This store needs no preparation.\n"
        )
    assert len(visit(plain_site, 1)) == 1


def test_init_makes_the_table(tmp_path, make_site):
    """After `init` the table is there, before anybody has a session."""
    store = SQLStore(f"sqlite:///{tmp_path / 'sessions.sqlite'}")
    run(make_site(store), "init")

    assert inspect(store.engine).has_table("flask_sessions")
    store.close()


def test_purge_removes_what_has_expired(clock, plain_site):
    """`purge` removes expired sessions and says how many; those in use stay."""
    *_, alive = visit(plain_site, 6)
    clock.advance(30)
    alive(lambda: session.get("a"))
    clock.advance(30)

    result = run(plain_site, "purge")

    assert result.exit_code == 0, result.output
    assert "5 expired sessions removed." in result.output
    assert alive.value(lambda: session["a"]) == 1
    assert "0 expired sessions removed." in run(plain_site, "purge").output


def test_purge_with_nothing_to_do(plain_site):
    """An empty store is no error."""
    result = run(plain_site, "purge")

    assert result.exit_code == 0, result.output
    assert "0 expired sessions removed." in result.output


def test_purge_in_batches(clock, plain_site):
    """`--batch` removes all of them, however small the batches."""
    visit(plain_site, 7)
    clock.advance(60)

    assert "7 expired sessions removed." in run(plain_site, "purge", "--batch", "2").output
    assert "0 expired sessions removed." in run(plain_site, "purge").output


def test_purge_only_counts(clock, plain_site):
    """`--dry-run` counts and removes nothing."""
    visit(plain_site, 3)
    clock.advance(60)

    assert "3 expired sessions would be removed." in run(plain_site, "purge", "--dry-run").output
    assert "3 expired sessions removed." in run(plain_site, "purge").output


@pytest.mark.parametrize("batch", ["0", "-1", "x", "1000001"])
def test_purge_with_a_wrong_batch(plain_site, batch):
    """A batch that makes no sense is refused."""
    assert run(plain_site, "purge", f"--batch={batch}").exit_code == 2


def test_purge_while_in_use(clock, plain_site):
    """A session that is used in the last moment is not purged."""
    [visitor] = visit(plain_site, 1)
    visitor(lambda: session.get("a"))
    clock.advance(59)
    visitor(lambda: session.get("a"))
    clock.advance(1)
    run(plain_site, "purge")

    assert visitor.value(lambda: session["a"]) == 1


def test_tombstones_are_purged_too(clock, plain_site):
    """What is left of a rotated session goes as well, and the session stays."""
    [visitor] = visit(plain_site, 1)
    visitor(lambda: session.regenerate())
    clock.advance(45)
    visitor(lambda: session.renew())
    run(plain_site, "purge")

    assert "0 expired" in run(plain_site, "purge", "--dry-run").output
    assert visitor.value(lambda: session["a"]) == 1


class ForgetfulStore(Store):
    """A store that needs neither `init` nor `purge`."""

    def load(self, sid):
        """Know nothing."""

    def create(self, sid, record):
        """Know nothing."""

    def apply(self, sid, seen, changes):
        """Know nothing."""

    def delete(self, sid):
        """Know nothing."""


def test_a_store_that_needs_nothing(make_site):
    """Both commands say so where a store looks after itself."""
    site = make_site(ForgetfulStore())

    assert run(site, "init").output == "This store needs no preparation.\n"
    assert run(site, "purge").output == "This store forgets expired sessions by itself.\n"
    assert run(site, "purge", "--dry-run").exit_code == 0


@pytest.mark.parametrize("command", ["init", "purge"])
def test_a_store_that_does_not_answer(make_site, command):
    """A database that is not there is one line of error, not a traceback."""
    result = run(make_site("postgresql+psycopg://127.0.0.1:1/x"), command)

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [["init"], ["revoke", "A" * 22]])
def test_a_place_that_cannot_be_made(tmp_path, make_site, command):
    """Nor is a place that cannot be made."""
    (tmp_path / "file").write_text("not a folder")
    result = run(make_site(f"sqlite:///{tmp_path}/file/x.sqlite"), *command)

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")


@pytest.mark.e2e
def test_init_on_a_server(request, fresh_name, make_site):
    """On a server nothing works before `init`, and all does afterwards."""
    for url in ("postgresql_url", "mariadb_url"):
        site = make_site(request.getfixturevalue(url), SESSION_TABLE=fresh_name)
        store = site.app.extensions["sessionplus"].store
        visitor = site.visitor()
        try:
            assert visitor(lambda: session.update(a=1)).status == 503
            assert run(site, "init").output == "The store is ready.\n"
            assert run(site, "init").exit_code == 0
            visitor(lambda: session.update(a=1))

            assert visitor.value(lambda: session["a"]) == 1
            assert "0 expired" in run(site, "purge").output
        finally:
            store.table.drop(store.engine, checkfirst=True)
            store.close()


def test_each_app_has_the_commands():
    """The commands are there for every app, and for no app without our sessions."""
    one, two, bare = Flask("one"), Flask("two"), Flask("bare")
    extension = SessionPlus(store="memory://")
    extension.init_app(one)
    extension.init_app(two)

    assert "session" in one.cli.commands
    assert "session" in two.cli.commands
    assert "session" not in bare.cli.commands
    assert run(Site(two), "purge").exit_code == 0
