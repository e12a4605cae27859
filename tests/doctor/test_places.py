"""What the doctor finds where sessions are kept: files, databases, servers."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from flask_sessionplus.stores import diagnosing, mounts
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.testing import FakeClock
from tests.doctor.patients import found, healthy
from tests.stores.records import put

STORES = {"file": "file:///{}/sessions", "sqlite": "sqlite:///{}/sessions.sqlite3"}


@pytest.fixture(params=STORES)
def kind(request):
    """Name each store that keeps files."""
    return request.param


@pytest.fixture
def app(tmp_path, kind):
    """Return an app whose sessions are in files, used once."""
    app = healthy(tmp_path, SESSION_STORE=STORES[kind].format(tmp_path))
    put(store_of(app))
    yield app
    store_of(app).close()


def store_of(app):
    """Return the store of *app*."""
    return app.extensions["sessionplus"].store


def place(tmp_path, kind):
    """Return where the sessions are."""
    return tmp_path / ("sessions" if kind == "file" else "sessions.sqlite3")


def test_files_as_they_are_made(app):
    """With what the stores make themselves nothing is wrong."""
    assert found(app) == {}


def test_a_place_that_is_not_made_yet(tmp_path, kind):
    """Before the first use there is nothing to find, and looking makes nothing."""
    app = healthy(tmp_path, SESSION_STORE=STORES[kind].format(tmp_path / "folder"))

    assert found(app) == {}
    assert not (tmp_path / "folder").exists()


def test_others_may_read(tmp_path, app, kind):
    """Files that others on this machine may read are found."""
    place(tmp_path, kind).chmod(0o755 if kind == "file" else 0o644)

    assert found(app) == {"others-read": "warning"}


def test_others_may_write(tmp_path, app, kind):
    """Files that others may write to are an error."""
    place(tmp_path, kind).chmod(0o777)

    assert found(app)["others-write"] == "error"


def test_a_place_that_cannot_be_written_to(monkeypatch, app):
    """A place of another user is an error; root may write everywhere, so this is simulated."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    assert found(app) == {"unwritable": "error"}


def test_a_file_where_a_folder_is_needed(tmp_path, kind):
    """Below a file no place can be made, whoever asks; a file is no folder either."""
    (tmp_path / "file").write_bytes(b"")
    app = healthy(tmp_path, SESSION_STORE=STORES[kind].format(tmp_path / "file"))

    assert found(app) == {"unwritable": "error"}


def test_records_that_do_not_open(tmp_path, kind):
    """A wrong key is an error, one that was taken out too early a warning; with it all is well."""
    store = STORES[kind].format(tmp_path)
    keys = [os.urandom(32).hex() for _ in range(2)]
    old, new, both = (
        healthy(tmp_path, SESSION_STORE=store, SESSION_ENCRYPTION_KEYS=given)
        for given in (keys[0], keys[1], keys)
    )
    assert found(new) == {}
    put(store_of(old))
    assert found(new) == {"sealed-by-others": "error"}
    put(store_of(new))
    assert found(new) == {"sealed-by-others": "warning"}
    assert found(both) == {"keys-older": "note"}
    for app in (old, new, both):
        store_of(app).close()


def test_a_network_file_system(monkeypatch, app, kind):
    """Locks on a network file system are not to be relied on."""
    monkeypatch.setattr(mounts, "network_kind", lambda path: "nfs4")

    assert found(app) == {{"file": "files-network", "sqlite": "sqlite-network"}[kind]: "error"}


def test_a_full_disk(monkeypatch, app):
    """A disk with little room left is found."""
    little = SimpleNamespace(f_bavail=10, f_frsize=4096, f_files=1, f_favail=10**6)
    monkeypatch.setattr(os, "statvfs", lambda path: little)

    assert found(app) == {"disk-full": "warning"}


MOUNTS = r"""
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local ext4 rw 0 0
//server/share /mnt/with\040blank cifs rw 0 0
host:/x /srv fuse.sshfs rw 0 0
tmpfs /srv tmpfs rw 0 0
nonsense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/sessions", None),
        ("/home/ada/sessions", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/ada", None),
        ("/home/local/sessions", None),
        ("/mnt/with blank/x", "cifs"),
        ("/srv/x", None),
    ],
)
def test_the_kind_of_a_file_system(tmp_path, path, kind):
    """The deepest mount counts, and of two at one place the later one."""
    (tmp_path / "mounts").write_text(MOUNTS)

    assert mounts.network_kind(path, str(tmp_path / "mounts")) == kind
    assert mounts.network_kind(path, str(tmp_path / "none")) is None


def test_expired_sessions_that_nobody_purges(tmp_path, monkeypatch):
    """More expired sessions than live ones, and not a few, are found."""
    monkeypatch.setattr(diagnosing, "_MANY", 3)
    app = healthy(tmp_path)
    with FakeClock() as clock:
        for _ in range(4):
            put(store_of(app))
        assert found(app) == {}
        clock.advance(timedelta(days=1))

        assert found(app) == {"not-purged": "warning"}
        for _ in range(4):
            put(store_of(app))
        assert found(app) == {}
    store_of(app).close()


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("WEB_CONCURRENCY", "4", "memory-many-workers"),
        ("WEB_CONCURRENCY", "1", "memory"),
        ("WEB_CONCURRENCY", "many", "memory"),
        ("GUNICORN_CMD_ARGS", "--bind=:80 --workers=3", "memory-many-workers"),
        ("GUNICORN_CMD_ARGS", "-w 3", "memory-many-workers"),
        ("GUNICORN_CMD_ARGS", "-w1 --workers-x=7", "memory"),
        ("UWSGI_PROCESSES", "2", "memory-many-workers"),
    ],
)
def test_memory_and_many_workers(tmp_path, monkeypatch, variable, value, code):
    """A memory store is an error where several processes are asked for, else a note."""
    monkeypatch.setenv(variable, value)
    severity = "error" if code == "memory-many-workers" else "note"

    assert found(healthy(tmp_path, SESSION_STORE="memory://")) == {code: severity}
    layers = ["memory://", f"sqlite:///{tmp_path}/s.sqlite3"]
    assert found(healthy(tmp_path, SESSION_STORE=layers)) == {}


def test_parts_of_a_store_are_looked_at(tmp_path):
    """Stores that others are made of are asked: sealed, by field, moving."""
    (tmp_path / "s").mkdir(mode=0o755)
    place = f"file:///{tmp_path}/s"
    (tmp_path / "s").chmod(0o755)
    key = "k" * 5 + os.urandom(32).hex()

    for config in (
        {"SESSION_STORE": place, "SESSION_ENCRYPTION_KEYS": key},
        {"SESSION_FIELDS": {"a": place}},
        {"SESSION_STORE_FROM": place},
        {"SESSION_STORE": "cookie://", "SESSION_COOKIE_REVOCATIONS": place},
    ):
        assert found(healthy(tmp_path, **config)) == {"others-read": "warning"}


@pytest.fixture(params=["postgresql_url", "mariadb_url"])
def server(request, tmp_path, fresh_name):
    """Return an app with the strict profile on each database server, with its tables."""
    app = healthy(
        tmp_path, SESSION_STORE=request.getfixturevalue(request.param), SESSION_TABLE=fresh_name
    )
    store = store_of(app)
    store.prepare()
    yield app
    for table in (store.table, store.values):
        table.drop(store.engine, checkfirst=True)
    store.close()


def execute(app, statement):
    """Run a statement on the tables of *app*."""
    store = store_of(app)
    with store.engine.connect() as connection:
        connection.execute(text(statement.format(store.table.name)))


@pytest.mark.e2e
def test_a_server_with_our_tables(server):
    """With the tables that `init` makes nothing is wrong; without them it is said."""
    assert found(server) == {}
    store_of(server).values.drop(store_of(server).engine)
    assert found(server) == {"table-missing": "error"}


@pytest.mark.e2e
def test_an_older_table(server):
    """A table that lacks an index, or a column, is found."""
    is_mysql = store_of(server).engine.dialect.name in ("mysql", "mariadb")
    execute(server, "DROP INDEX {0}_expires_at" + (" ON {0}" if is_mysql else ""))
    assert found(server) == {"index-missing": "warning"}
    execute(server, "ALTER TABLE {0} DROP COLUMN beside")
    assert found(server) == {"table-old": "error"}


@pytest.mark.e2e
@pytest.mark.parametrize("server", ["mariadb_url"], indirect=True)
def test_a_table_without_transactions(server):
    """A table of MyISAM is an error."""
    execute(server, "ALTER TABLE {0} ENGINE = MyISAM")

    assert found(server) == {"table-engine": "error"}


@pytest.mark.e2e
def test_clocks_that_are_apart(server):
    """A server whose clock is seconds off is found, in both directions; one second is none."""
    for off, codes in (
        (-9, {"clocks-apart": "warning"}),
        (9, {"clocks-apart": "warning"}),
        (1, {}),
    ):
        with FakeClock(datetime.now(timezone.utc) + timedelta(seconds=off)):
            assert found(server) == codes


@pytest.mark.e2e
@pytest.mark.parametrize("server", ["postgresql_url"], indirect=True)
def test_a_server_that_takes_no_writes(server):
    """A database that takes no writes, as a replica does, is an error."""
    store = store_of(server)
    url = store.engine.url.update_query_dict({"options": "-cdefault_transaction_read_only=on"})
    other = SQLStore(url, store.table.name)

    assert [finding.code for finding in other.diagnose()] == ["database-read-only"]
    other.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://127.0.0.1:1/x",
        "mysql+pymysql://127.0.0.1:1/x",
        "redis://127.0.0.1:1",
        "memcached://127.0.0.1:1",
    ],
)
def test_a_server_that_does_not_answer(tmp_path, url):
    """A server that does not answer is an error, and the other checks are still done."""
    codes = found(healthy(tmp_path, SESSION_STORE=url, DEBUG=True))

    assert codes == {"store-unavailable": "error", "debug": "warning"}
