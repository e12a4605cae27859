"""F-25: crowds without cookies, and with made-up ones, leave nothing in the store."""

from __future__ import annotations

import secrets

import pytest
from sqlalchemy import create_engine, text

from tests.faults.places import place, records_in, store_of

REQUESTS = [250, pytest.param(100_000, marks=pytest.mark.torture)]
MALFORMED = ["", "x", "a b", "%00", "é" * 30, "x" * 4_000, "../../etc/passwd", '"', "null"]

KINDS = ["file", "sqlite", "postgresql", "mariadb", "redis", "memcached"]


def nothing(_number):
    """Come without a cookie."""
    return {}


def malformed(number):
    """Come with what is no token."""
    return {
        "HTTP_COOKIE": f"session={MALFORMED[number % len(MALFORMED)]}".encode().decode("latin1")
    }


def unknown(_number):
    """Come with a token that nobody has given."""
    return {"HTTP_COOKIE": f"session={secrets.token_urlsafe(32)}"}


FLOODS = {
    "readers without a cookie": ("GET", "/all", nothing),
    "malformed tokens": ("GET", "/all", malformed),
    "unknown tokens": ("GET", "/all", unknown),
    "sign-outs without a cookie": ("POST", "/sign-out", nothing),
    "sign-outs with unknown tokens": ("POST", "/sign-out", unknown),
}


@pytest.fixture(scope="module", params=KINDS)
def empty(request):
    """Return an empty place of each kind."""
    with place(request.param) as made:
        yield made


@pytest.mark.parametrize("requests", REQUESTS)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_leaves_nothing(empty, flood, requests):
    """However many come, there is not one record more, nor a cookie for anybody."""
    app = empty.app()
    client = app.test_client(use_cookies=False)
    method, path, cookies = FLOODS[flood]
    before = everything(empty, app)
    for number in range(requests):
        answer = client.open(path, method=method, environ_overrides=cookies(number))
        assert answer.status_code == 200
        given = [each for each in answer.headers.getlist("Set-Cookie") if "Max-Age=0" not in each]
        assert given == []

    assert everything(empty, app) == before


def everything(made, app):
    """Return how many records there are, tombstones and all."""
    source = made.config["SESSION_STORE"]
    if source.startswith("redis"):
        return len(_redis_keys(source, made.config["SESSION_KEY_PREFIX"]))
    if source.startswith("memcached"):
        return _memcached_items(source)
    if source.startswith("file"):
        return records_in(store_of(app))
    return _rows(source, made.config.get("SESSION_TABLE", "flask_sessions"))


def _redis_keys(url, prefix):
    import redis

    with redis.Redis.from_url(url) as client:
        return list(client.scan_iter(match=f"{prefix}*", count=1000))


def _memcached_items(url):
    from pymemcache.client.base import Client

    host, _, port = url.removeprefix("memcached://").partition(":")
    client = Client((host, int(port)))
    try:
        return client.stats()[b"total_items"]
    finally:
        client.close()


def _rows(url, table):
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.scalar(text(f"SELECT count(*) FROM {table}"))
    finally:
        engine.dispose()
