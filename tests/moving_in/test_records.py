"""All that Flask-Session has ever written is read, or left where it is."""

from __future__ import annotations

import json
import logging
import pickle
import struct
import sys
from datetime import datetime, timezone
from decimal import Decimal
from hashlib import md5
from types import ModuleType, SimpleNamespace

import msgspec
import pytest
from flask import session
from pymemcache.client.base import Client
from sqlalchemy import text

from flask_sessionplus.compat.records import read_record
from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.importingrecords import UnreadableSession
from tests.moving_in.apps import after, before
from tests.support.missing import missing
from tests.support.private_memcached import memcached
from tests.support.private_servers import NotInstalled

DATA = {"_permanent": True, "user": "ada", "cart": [1, 2.5, None, {"a": "ä"}]}


@pytest.mark.parametrize(
    "write",
    [
        msgspec.msgpack.encode,
        msgspec.json.encode,
        pickle.dumps,
        lambda data: pickle.dumps(data, 2),
        lambda data: json.dumps(data, indent=1).encode(),
    ],
    ids=["msgpack", "json", "pickle", "pickle 2", "indented"],
)
def test_every_format(write):
    """Whatever a version of Flask-Session has written comes back as it would have."""
    assert read_record(write(DATA)) == DATA


def test_types_are_those_that_flask_session_gives():
    """A time with a zone and bytes come back from msgpack as what they were."""
    moment = datetime(2020, 1, 2, 3, 4, 5, 678900, tzinfo=timezone.utc)
    data = {"at": moment, "raw": b"\x00"}

    assert read_record(msgspec.msgpack.encode(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"{}x",
        b"[1]",
        msgspec.msgpack.encode(7),
        msgspec.msgpack.encode({1: 2}),
        pickle.dumps({"at": datetime(2020, 1, 1)}),
        pickle.dumps([]),
        b"[" * 100_000,
    ],
)
def test_what_is_no_session(data):
    """What is none of the formats, or holds more than plain data, is refused."""
    with pytest.raises(UnreadableSession):
        read_record(data)


def put(config, data):
    """Write a record into the table of Flask-Session, and return its id."""
    sid = "o" * 43
    app = before(config)
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
    with engine.begin() as link:
        link.execute(
            text(f"INSERT INTO {config['SESSION_SQLALCHEMY_TABLE']} VALUES (1, :k, :d, :e)"),
            {"k": f"session:{sid}", "d": data, "e": "2999-01-01 00:00:00.000000"},
        )
    return sid


def visit(app, sid):
    """Return what somebody with this cookie has in the session."""
    app.add_url_rule("/all", "all", lambda: repr(dict(session)))
    client = app.test_client()
    client.set_cookie("session", sid)
    return client.get("/all").text


def test_a_pickle_from_before(table):
    """A pickle in the table, as older versions have written it, is carried over."""
    sid = put(table.config, pickle.dumps({"user": "ada", "tags": {1, 2}}))

    assert visit(after(table.config), sid) == "{'user': 'ada', 'tags': {1, 2}}"


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps({"at": datetime(2020, 1, 1)}),
        msgspec.msgpack.encode({"\x03user": "admin"}),
        msgspec.msgpack.encode({"_flashes": "x"}),
        b"\xc1",
    ],
    ids=["datetime", "a name of ours", "no messages", "damaged"],
)
def test_what_cannot_be_read_is_left_alone(table, data, caplog):
    """The visitor begins anew, the record stays, and it is told once, without what is in it."""
    sid = put(table.config, data)
    app = after(table.config)
    caplog.set_level(logging.WARNING, "flask_sessionplus")
    app.add_url_rule("/all", "all", lambda: repr(dict(session)))
    client = app.test_client()
    client.set_cookie("session", sid)

    for _ in range(3):
        assert client.get("/all").text == "{}"
    assert table.keys() == {f"session:{sid}"}
    [told] = caplog.messages
    assert "left alone" in told
    assert sid not in told
    assert "admin" not in told


def test_too_large(table):
    """What is larger than sessions may be here is left where it is."""
    sid = put(table.config, msgspec.msgpack.encode({"a": "x" * 2_000}))

    assert visit(after(table.config, SESSION_MAX_BYTES=1_000), sid) == "{}"
    assert table.keys() == {f"session:{sid}"}


def test_files_of_an_older_cachelib(files, tmp_path):
    """Files whose names are MD5 digests, as cachelib made them until 0.13, are found."""
    sid = "f" * 43
    folder = tmp_path / "flask_session"
    folder.mkdir()
    name = md5(f"session:{sid}".encode(), usedforsecurity=False).hexdigest()
    (folder / name).write_bytes(struct.pack("I", 0) + pickle.dumps({"user": "ada"}, 5))
    app = after(files.config)

    assert visit(app, sid) == "{'user': 'ada'}"
    assert not (folder / name).exists()


@pytest.mark.parametrize("content", [b"", b"abc", struct.pack("I", 0), struct.pack("I", 0) + b"x"])
def test_torn_files(files, tmp_path, content):
    """A file that is cut off is left alone."""
    folder = tmp_path / "flask_session"
    folder.mkdir()
    name = md5(b"session:" + b"f" * 43, usedforsecurity=False).hexdigest()
    (folder / name).write_bytes(content)

    assert visit(after(files.config), "f" * 43) == "{}"
    assert (folder / name).read_bytes() == content


def test_a_file_that_may_not_be_read(files, tmp_path):
    """A file that cannot be read is a fault: nobody is shown as signed out because of it."""
    folder = tmp_path / "flask_session"
    (folder / md5(b"session:" + b"f" * 43, usedforsecurity=False).hexdigest()).mkdir(parents=True)
    app = after(files.config)
    client = app.test_client()
    client.set_cookie("session", "f" * 43)

    assert client.get("/").status_code == 503


@pytest.fixture
def memcached_client(tmp_path):
    """Return pymemcache's simple client for a server of our own."""
    try:
        with memcached(tmp_path) as url:
            host, _, port = url.rpartition("//")[2].partition(":")
            client = Client((host, int(port)))
            yield client
            client.close()
    except NotInstalled as program:
        missing(f"Memcached: not installed: {program}")


@pytest.mark.e2e
def test_memcached(memcached_client):
    """Items in memcached are carried over, and new sessions lie on the same server."""
    config = {"SESSION_TYPE": "memcached", "SESSION_MEMCACHED": memcached_client}
    browser = before(config).test_client()
    browser.post("/sign-in")
    new = after(config).test_client()
    new.set_cookie("session", browser.get_cookie("session").value)

    assert new.get("/").json == {"user": "7", "cart": ["tea"]}
    assert browser.get("/").json == {"user": None, "cart": None}


class Binary:
    """What boto3 makes of bytes."""

    def __init__(self, value):
        self.value = value

    def __bytes__(self):
        return self.value


class Table:
    """Stands for boto3's table: in pages of one item."""

    def __init__(self, items):
        self.items = items

    def get_item(self, Key):  # noqa: D102, N803
        found = self.items.get(Key["id"])
        return {} if found is None else {"Item": found}

    def delete_item(self, Key):  # noqa: D102, N803
        self.items.pop(Key["id"], None)

    def scan(self, ProjectionExpression, ExclusiveStartKey=-1):  # noqa: D102, N803
        at = ExclusiveStartKey + 1
        page = {"Items": [{"id": sorted(self.items)[at]}]}
        return page if at + 1 == len(self.items) else {**page, "LastEvaluatedKey": at}


@pytest.fixture
def boto(monkeypatch):
    """Return the exceptions of boto3, or what stands for them."""
    module = ModuleType("botocore.exceptions")
    module.BotoCoreError = type("BotoCoreError", (Exception,), {})
    module.ClientError = type("ClientError", (Exception,), {})
    monkeypatch.setitem(sys.modules, "botocore", ModuleType("botocore"))
    monkeypatch.setitem(sys.modules, "botocore.exceptions", module)
    monkeypatch.delitem(sys.modules, "flask_sessionplus.compat.dynamodb", raising=False)
    return module


def test_dynamodb(boto, tmp_path):
    """Items in DynamoDB are carried over, and its faults are faults of a store."""
    sid = "d" * 43
    # As Flask-Session computes it: a time in UTC, taken for local time.
    expiration = Decimal(int(datetime.fromisoformat("2999-01-01").timestamp()))
    items = {
        f"session:{key}": {
            "id": f"session:{key}",
            "val": Binary(msgspec.msgpack.encode({"user": "ada"})),
            "expiration": expiration,
        }
        for key in (sid, "e" * 43)
    }
    table = Table(items)
    app = after(
        {
            "SESSION_TYPE": "dynamodb",
            "SESSION_DYNAMODB": SimpleNamespace(Table=lambda name: table),
            "SESSION_STORE": f"sqlite:///{tmp_path / 'ours.sqlite'}",
        }
    )
    [importer] = app.extensions["sessionplus"].intake.importers

    assert set(importer.origins()) == {sid, "e" * 43}
    assert visit(app, sid) == "{'user': 'ada'}"
    assert items.keys() == {"session:" + "e" * 43}
    assert importer.find("e" * 43).expires_at == 32_472_144_000_000

    def fail(**_):
        raise boto.ClientError("throttled")

    table.get_item = fail
    with pytest.raises(StoreUnavailable, match="DynamoDB"):
        importer.find("e" * 43)
