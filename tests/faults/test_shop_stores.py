"""The example shop, unchanged, by four processes on servers that the environment names."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest

from tests.faults.browsing import Browser, at_once
from tests.support.gunicorn import gunicorn
from tests.support.probe import execute
from tests.support.processes import ROOT

PRODUCTS = ["mug", "tea"]


@contextmanager
def database(url):
    """Yield the URL of a database of its own on the server at *url*."""
    name = f"shop_{secrets.token_hex(4)}"
    execute(url, f"CREATE DATABASE {name}")
    try:
        yield f"{url.rpartition('/')[0]}/{name}"
    finally:
        how = " WITH (FORCE)" if url.startswith("postgresql") else ""
        execute(url, f"DROP DATABASE {name}{how}")


@pytest.fixture(params=["redis", "postgresql", "mariadb"])
def store_url(request):
    """Return the URL of an empty place on each server."""
    if request.param == "redis":
        yield request.getfixturevalue("redis_server").url
    else:
        with database(request.getfixturevalue(f"{request.param}_url")) as url:
            yield url


@pytest.fixture
def shop(store_url, tmp_path):
    """Return a shop whose place was made as its README says."""
    env = {"SESSION_STORE": store_url}
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "examples/shop/app.py", "session", "init"],
        cwd=ROOT,
        env={**os.environ, **env},
        check=True,
        capture_output=True,
    )
    app = f"examples.shop.app:create_app({{'SHOP_ORDERS': '{tmp_path / 'orders.sqlite'}'}})"
    with gunicorn(app, workers=4, env=env) as server:
        yield server
        assert "Traceback" not in server.output()


class Customer:
    """Somebody with a browser of today."""

    def __init__(self, url):
        self.browser = Browser(url, headers={"Sec-Fetch-Site": "same-origin"})

    def get(self, path):
        """Return the text of a page."""
        answer = self.browser.get(path)
        assert answer.is_good, answer
        return answer.body.decode()

    def post(self, path, **form):
        """Send a form with the token that the pages carry; it leads to another page."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.get("/sign-in"))
        answer = self.browser.post(path, urlencode(form | ({"csrf": token[1]} if token else {})))
        assert answer.status == 302, (answer.status, answer.body)

    def messages(self, path="/cart"):
        """Return what the next page tells on top."""
        listed = re.search(r'<ul class="messages".*?</ul>', self.get(path), re.DOTALL)
        return re.findall(r"<li[^>]*>([^<]*)</li>", listed[0]) if listed else []

    def cart(self):
        """Return the quantities in the cart."""
        page = self.get("/cart")
        lines = re.findall(
            r'name="sku" value="(\w+)">\s*<input type="number"[^>]* value="(\d+)"', page
        )
        return {sku: int(quantity) for sku, quantity in lines}


@pytest.fixture
def customer(shop):
    """Return somebody new."""
    return Customer(shop.url)


def test_a_visit_to_the_shop(customer):
    """Filling the cart, signing in, a message seen once, and signing out, on any of four."""
    customer.post("/cart/add", sku=PRODUCTS[0])
    assert customer.cart() == {PRODUCTS[0]: 1}
    token = customer.browser.cookies["shop"]
    customer.get("/")
    customer.post("/sign-in", name="ada", password="difference-engine")
    assert customer.browser.cookies["shop"] != token
    assert len(customer.messages()) == 1
    for _ in range(4):
        assert customer.messages() == []
        assert customer.cart() == {PRODUCTS[0]: 1}

    signed_in = customer.browser.copy()
    customer.post("/sign-out")
    assert "shop" in customer.browser.cookies or customer.cart() == {}
    for _ in range(4):
        assert customer.cart() == {}
        assert signed_in.get("/account").status == 302


def test_a_cart_filled_by_many_at_once(customer):
    """Eight tabs that put things into one cart at the same time all have their way."""
    customer.post("/cart/add", sku=PRODUCTS[0])
    tabs = [customer.browser.copy() for _ in range(8)]
    at_once(*[lambda tab=tab: tab.post("/cart/add", "sku=mug") for tab in tabs])

    assert customer.cart() == {PRODUCTS[0]: 9}


def test_an_admin_ends_a_session(shop, customer):
    """The page that lists all sessions ends one of them, for whichever process it meets next."""
    admin = Customer(shop.url)
    customer.post("/sign-in", name="grace", password="first-real-bug")
    admin.post("/sign-in", name="ada", password="difference-engine")
    assert customer.browser.get("/admin/sessions").status == 403

    listed = re.findall(
        r"<h2>(\w+).*?name=\"handle\" value=\"([^\"]+)\"", admin.get("/admin/sessions"), re.DOTALL
    )
    assert [name for name, _ in listed] == ["Ada", "Grace"]
    admin.post("/admin/sessions/revoke", handle=listed[1][1])

    for _ in range(4):
        assert customer.browser.get("/account").status == 302
        assert admin.browser.get("/account").status == 200
