"""The file store on bad days: a full disk, a folder that is gone."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from flask import Flask, session

from flask_sessionplus import SessionPlus
from flask_sessionplus.stores.file import FileStore
from tests.web.visiting import KNOWN, Site, record_of


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a file store."""
    return tmp_path / "sessions"


@pytest.fixture
def filed(folder, make_site):
    """Return somebody whose session is in a file."""
    visitor = make_site(FileStore(folder)).visitor()
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: session.get("name"))
    return visitor


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_full_disk(filed, folder, monkeypatch, code):
    """Where the disk takes no more it is a 503, the old record is whole, and no litter is left."""
    write, before = os.write, record_of(folder).read_bytes()

    def refuse(descriptor, data):
        if b"Eve" in bytes(data):
            raise OSError(code, os.strerror(code))
        return write(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        answer = filed(lambda: session.update(name="Eve"))

    assert answer.status == 503
    assert record_of(folder).read_bytes() == before
    assert filed.value(lambda: dict(session)) == KNOWN


def test_a_disk_that_takes_half(filed, folder, monkeypatch):
    """A write that is cut short is gone on with, and never stored as it is."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:10]))

    filed(lambda: session.update(name="Eve" * 100))

    assert filed.value(lambda: session["name"]) == "Eve" * 100


def test_a_folder_that_is_gone(filed, folder):
    """A folder that was removed is no 500: who comes is new, and is stored again."""
    shutil.rmtree(folder)

    assert filed.value(lambda: dict(session)) == {}
    assert filed(lambda: session.update(a=1)).status in (200, 503)


def test_a_folder_that_cannot_be_made(tmp_path, make_site):
    """Where no folder can be made it is a 503 that names the folder in the log."""
    (tmp_path / "file").write_text("not a folder")
    visitor = make_site(FileStore(tmp_path / "file" / "sessions")).visitor()

    assert visitor(lambda: session.update(a=1)).status == 503


def test_a_record_that_is_a_link(filed, folder, tmp_path):
    """A link in place of a record is not followed."""
    path = record_of(folder)
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)

    answer = filed(lambda: dict(session))

    assert answer.value in (None, {})
    assert answer.status in (200, 503)


def test_records_are_private(tmp_path):
    """Records and the folders above them are for their owner only."""
    store = FileStore(tmp_path / "sessions")
    app = Flask("site")
    SessionPlus(app, store=store)
    old = os.umask(0)
    try:
        Site(app).visitor()(lambda: session.update(a=1))
    finally:
        os.umask(old)

    for path in [tmp_path / "sessions", *Path(tmp_path / "sessions").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
