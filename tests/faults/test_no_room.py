"""F-03: where nothing can be written every unsaved change is a 503, and what was there stays."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.faults.browsing import Browser
from tests.faults.places import Place, place
from tests.faults.serving import crew
from tests.support.fault_postgresql import postgresql
from tests.support.missing import missing
from tests.support.private_servers import NotInstalled

WRITES = 100
ON_DISK = {"file": "file://{}/sessions", "sqlite": "sqlite:///{}/sessions.sqlite"}


@pytest.fixture(params=ON_DISK)
def small_disk(request, own_folder):
    """Return a place on a disk of a megabyte of its own, and where that is."""
    if os.geteuid() != 0:
        missing("only root may mount a small disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(own_folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        missing(f"no small disk can be mounted: {done.stderr.strip()}")
    try:
        yield Place(request.param, {"SESSION_STORE": ON_DISK[request.param].format(own_folder)})
    finally:
        subprocess.run(["umount", "--lazy", str(own_folder)], check=True)


@contextmanager
def _full(folder: Path):
    """Leave no room in *folder*."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while True:
                    os.write(file.fileno(), bytes(size))
            except OSError:
                continue
    try:
        yield
    finally:
        ballast.unlink()


def assert_all_or_nothing(browser: Browser, writes: int = WRITES) -> int:
    """Write again and again; return how many answers said that it was not saved.

    What was answered 200 is there, and what was answered otherwise is not, nor half of it.
    """
    saved = refused = 0
    cookies = browser.cookies.copy()
    for number in range(1, writes + 1):
        answer = browser.post(f"/pair/{number}")
        assert browser.cookies == cookies
        if answer.is_good:
            saved = number
        else:
            assert answer.is_busy, (answer.status, answer.body)
            assert answer.cookies == []
            refused += 1
        seen = browser.get("/pair")
        assert seen.is_busy or seen.value == [saved, True]
    return refused


def begin(app) -> Browser:
    """Return somebody whose session is stored."""
    visitor = app.visitor()
    assert visitor.post("/pair/0").is_good
    return visitor


def test_a_full_disk(small_disk, own_folder):
    """On a full disk no change is taken for saved, and with room all goes on at once."""
    with crew(small_disk, workers=1, threads=4) as app:
        visitor = begin(app)
        with _full(own_folder):
            assert assert_all_or_nothing(visitor) == WRITES
            newcomer = app.browser()
            assert newcomer.post("/sign-in/eve").is_busy
            assert newcomer.cookies == {}

        assert visitor.get("/pair").value == [0, True]
        assert visitor.post("/pair/7").is_good
        assert visitor.get("/pair").value == [7, True]


def test_a_read_only_disk(small_disk, own_folder):
    """On a disk that is read-only at start every change is 503, and no read signs anybody out."""
    with crew(small_disk) as server:
        cookies = begin(server).cookies
    _remount(own_folder, "ro")
    with crew(small_disk, workers=1, threads=4) as server:
        visitor = server.browser()
        visitor.cookies.update(cookies)
        for number in range(3):
            assert visitor.post(f"/pair/{number}").is_busy
            seen = visitor.get("/get/user")
            assert seen.is_busy or seen.value == "ada"

        _remount(own_folder, "rw")
        assert visitor.post("/pair/7").is_good
        assert visitor.get("/pair").value == [7, True]


def _remount(folder, how):
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["file", "sqlite", "redis", "postgresql", "mariadb", "memcached"])
def test_no_file_handles(kind):
    """A process without file handles saves, or says that it does not; with some, all is well."""
    with (
        place(kind) as made,
        crew(made, workers=1, threads=2) as app,
        closing(app.browser(keeps_alive=True)) as visitor,
    ):
        assert visitor.post("/sign-in/ada").is_good
        assert visitor.post("/pair/0").is_good
        for spare in range(3):
            assert visitor.post("/pair/0").is_good
            assert visitor.post(f"/exhaust/{spare}").is_good
            assert_all_or_nothing(visitor, writes=6)
            assert visitor.post("/release").is_good

        assert visitor.post("/pair/7").is_good
        assert visitor.get("/pair").value == [7, True]
        assert app.deaths == 0


def test_a_full_redis(redis_server):
    """A Redis without memory, which may evict nothing, saves nothing, and pages go on."""
    made = Place("redis", {"SESSION_STORE": redis_server.url})
    with crew(made, workers=1, threads=4) as app:
        visitor = begin(app)
        redis_server.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        redis_server.ask("CONFIG", "SET", "maxmemory", "1")
        assert assert_all_or_nothing(visitor) == WRITES
        assert visitor.get("/get/user").value == "ada"

        redis_server.ask("CONFIG", "SET", "maxmemory", "0")
        assert visitor.post("/pair/7").is_good
        assert visitor.get("/pair").value == [7, True]


def test_a_read_only_postgresql(own_folder):
    """A PostgreSQL that takes no writes, as after a failover, saves nothing, and pages go on."""
    try:
        with postgresql(own_folder) as server:
            _check_read_only(server)
    except NotInstalled as programs:
        missing(f"PostgreSQL is not installed: {programs}")


def _check_read_only(server):
    made = Place("postgresql", {"SESSION_STORE": server.url})
    made.prepare()
    made.close()
    with crew(made, workers=1, threads=4) as app:
        visitor = begin(app)
        server.do("ALTER SYSTEM SET default_transaction_read_only = on")
        server.do("SELECT pg_reload_conf()")
        while visitor.post("/pair/0").is_good:
            """It takes a moment until all have heard of it."""
        assert assert_all_or_nothing(visitor) == WRITES
        assert visitor.get("/get/user").value == "ada"

        server.do("ALTER SYSTEM RESET default_transaction_read_only")
        server.do("SELECT pg_reload_conf()")
        while visitor.post("/pair/7").is_busy:
            """And until they have heard that it is over."""
        assert visitor.get("/pair").value == [7, True]
