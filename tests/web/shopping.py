"""The example shop, and somebody's browser, for the tests of the shop."""

from __future__ import annotations

import re

from examples.shop.app import create_app

ADA = {"name": "ada", "password": "difference-engine"}
GRACE = {"name": "grace", "password": "first-real-bug"}
ADDRESS = {
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "street": "St James's Square 12",
    "postcode": "12345",
    "city": "London",
    "note": "<b>Ring twice</b>",
}
PAGES = ["/", "/cart", "/sign-in", "/sign-in?next=/account", "/account", "/checkout", "/nothing"]


def make_shop(folder, **config):
    """A shop with files of its own."""
    return create_app(
        {
            "TESTING": True,
            "SESSION_STORE": f"sqlite:///{folder / 'sessions.sqlite'}",
            "SHOP_ORDERS": str(folder / "orders.sqlite"),
            "SESSION_STATISTICS": False,
            **config,
        }
    )


def new_browser(app):
    """A client that says, as browsers do, that its forms come from the shop itself."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


def post(client, path, **form):
    """Send a form with the token that the pages of this client carry."""
    token = token_of(client)
    return client.post(path, data=form | ({"csrf": token} if token else {}))


def token_of(client):
    """The token that the pages of this client carry, if they do."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)
    return found and found[1]


def sign_in(client, **form):
    """Send the sign-in form, as Ada if not told otherwise."""
    return post(client, "/sign-in", **(ADA | form))


def cookie(client):
    """The token, if the client has one."""
    found = client.get_cookie("shop")
    return found and found.value


def messages(page):
    """What the page tells on top."""
    listed = re.search(r'<ul class="messages".*?</ul>', page.text, re.DOTALL)
    return re.findall(r"<li[^>]*>([^<]*)</li>", listed[0]) if listed else []
