"""The example API by four processes, used by HTTPie and a browser at the same time."""

from __future__ import annotations

import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.faults import api_clients
from tests.faults.api_clients import Httpie, Page
from tests.faults.browsing import at_once
from tests.faults.places import place
from tests.support.gunicorn import gunicorn

PASSWORDS = {"ada": "difference-engine", "grace": "first-real-bug"}
ADDRESS = {"name": "Ada", "street": "St James's Square 12", "postcode": "SW1Y", "city": "London"}
ROUNDS = 4


@pytest.fixture(scope="module", params=["sqlite", "redis", "postgresql"])
def api(request, tmp_path_factory):
    """Return an API of four processes."""
    api_clients.need_both()
    with place(request.param) as where:
        config = {**where.config, "INSTANCE": str(tmp_path_factory.mktemp("api"))}
        app = f"examples.api.app:create_app({config!r})"
        with gunicorn(app, workers=4) as server:
            yield server
            output = server.output()
            assert "Traceback" not in output
            assert "eyJ" not in output


@pytest.fixture(scope="module")
def page(api):
    """Return a page in a browser, from which nobody is signed in."""
    with Page(api.url) as page:
        yield page


@pytest.fixture
def clients(api, page, tmp_path):
    """Return the two, both signed in as Ada, with nothing in the cart."""
    both = [Httpie(api.url, tmp_path), page]
    for client in both:
        client.access = None
        client.sign_in("ada", PASSWORDS["ada"])
    assert page.ask("DELETE", "/cart").status == 204
    return both


def add(client, sku, quantity=1):
    """Put something into the cart."""
    answer = client.ask("POST", "/cart", {"sku": sku, "quantity": quantity})
    assert answer.status == 201, answer


def test_two_clients_fill_one_cart(clients):
    """What both put in at the same time, other things and the same, is in there and paid once."""
    command, page = clients

    def fill(client, own):
        for _ in range(ROUNDS):
            add(client, "mug")
            add(client, own, 2)

    at_once(lambda: fill(command, "pencils"), *[lambda: fill(page, "candle")] * 3)

    expected = {"mug": 4 * ROUNDS, "pencils": 2 * ROUNDS, "candle": 6 * ROUNDS}
    for client in clients:
        cart = client.get("/cart")
        assert cart["lines"] == expected
        assert cart["total"] == "518.40"


def test_a_cart_is_ordered_once(clients):
    """Both place the order at the same time, with clicks to spare: there is one order of it."""
    before = len(clients[0].get("/orders"))
    add(clients[0], "teapot", 3)
    for client in clients:
        assert client.ask("PUT", "/checkout/address", {"address": ADDRESS}).status == 200

    answers = at_once(
        *[
            lambda client=client: client.ask("POST", "/checkout/order")
            for client in (clients[0], *[clients[1]] * 4)
        ]
    )

    assert sorted(answer.status for answer in answers) == [201, *[409] * 4]
    orders = clients[1].get("/orders")
    assert len(orders) == before + 1
    assert orders[0]["lines"] == {"teapot": 3}
    assert clients[0].get("/cart")["lines"] == {}


def test_a_checkout_is_its_clients_own(clients):
    """What one client says in its checkout, the other does not see, nor when it is committed."""
    command, page = clients
    assert command.ask("PUT", "/checkout/address", {"address": ADDRESS}).status == 200
    assert command.ask("PUT", "/checkout/delivery", {"delivery": "express"}).status == 200
    nothing = {"address": None, "delivery": "standard", "costs": "4.90"}

    assert command.get("/checkout")["address"] == ADDRESS
    for _ in range(4):
        assert page.get("/checkout") == nothing

    add(page, "mug")
    assert command.ask("POST", "/checkout/order").status == 201
    assert command.get("/checkout")["address"] == ADDRESS
    for _ in range(4):
        assert page.get("/checkout") == nothing


def test_refresh_tokens_take_turns(clients):
    """Each refresh token is good once; the access tokens of before go on until they end."""
    command, page = clients
    former = page.access
    for _ in range(3):
        page.turn()
        assert page.get("/cart")["lines"] == {}
    assert page.ask("GET", "/cart", Authorization=f"Bearer {former}").status == 200

    old = page.refresh
    page.turn()
    refused = at_once(
        *[lambda: page.ask("POST", "/token/refresh", {"refresh_token": old})] * 4,
    )

    assert {answer.status for answer in refused} == {401}
    assert command.ask("GET", "/cart").status == 200


def test_of_many_who_have_one_refresh_token_one_gets_on(clients):
    """A refresh token that comes four times at the same moment is exchanged once."""
    page = clients[1]

    answers = at_once(
        *[lambda: page.ask("POST", "/token/refresh", {"refresh_token": page.refresh})] * 4
    )

    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


def test_a_used_refresh_token_is_refused(clients):
    """One that comes again at once is refused, on any of the four processes, and ends nothing.

    Ten seconds later it would: then it is in two hands.
    """
    command, page = clients
    used = page.refresh
    page.turn()
    page.turn()

    answer = command.ask("POST", "/token/refresh", {"refresh_token": used})

    assert answer.status == 401
    for _ in range(8):
        assert page.ask("GET", "/cart").status == 200
    assert page.turn() is None


@pytest.mark.parametrize("by", [0, 1])
def test_signing_out_everywhere(clients, by):
    """Both clients are signed out at the very next request, whichever process it meets."""
    refreshes = [client.refresh for client in clients]

    assert clients[by].ask("POST", "/sign-out/everywhere").json["ended"] >= 2

    for client, refresh, times in zip(clients, refreshes, (2, 8), strict=True):
        answers = [client.ask("GET", "/cart") for _ in range(times)]
        answers.append(client.ask("POST", "/token/refresh", {"refresh_token": refresh}))
        assert {answer.status for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1


def test_bad_tokens_over_the_wire(clients):
    """Spoiled in whatever way, a token is refused with one and the same answer, and at once."""
    command, page = clients
    good = page.access
    head, claims, signature = good.split(".")
    bad = [
        *("x", "a.b.c", "..", f"{head}.{claims}.", f"{head}.{claims}", f"{good}.{signature}"),
        *(good[:-1], good + "=", good + "A", good.swapcase(), f"{good},{good}", f" {good}"),
        *(f"eyJhbGciOiJub25lIn0.{claims}.", f"eyJhbGciOiJIUzI1NiJ9.{claims}.{signature}"),
        *(f"{head}.{claims[:-2]}.{signature}", f"{claims}.{head}.{signature}", page.refresh),
        *("A" * 7_000, ".".join(["A" * 2_000] * 3)),
    ]

    began = time.monotonic()
    answers = [page.ask("GET", "/cart", Authorization=f"Bearer {token}") for token in bad]

    assert {answer.status for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert time.monotonic() - began < len(bad)
    assert command.ask("GET", "/cart", Authorization=f"Bearer {bad[0]}").text == answers[0].text
    assert command.ask("GET", "/cart", Authorization=f"Bearer {good}").status == 200


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/cart", ["Bearer {}"], 200),
        ("/cart", ["bEARER {}"], 200),
        ("/cart", ["Bearer  {}"], 401),
        ("/cart", ["Bearer {}", "Bearer {}"], 401),
        ("/cart", ["Basic YTpi", "Bearer {}"], 401),
        ("/cart", ["Basic YTpi, Bearer {}"], 401),
        ("/cart", ["Basic {}"], 401),
        ("/cart", ["Token {}"], 401),
        ("/cart", ["{}"], 401),
        ("/cart", [], 401),
        ("/cart?access_token={}&Authorization=Bearer%20{}", [], 401),
    ],
)
def test_where_the_token_stands(clients, api, path, headers, status):
    """It counts in one header, spelled in one way but for the word's letters (RFC 6750)."""
    token = clients[1].access
    connection = HTTPConnection(urlsplit(api.url).netloc, timeout=30)
    connection.putrequest("GET", path.replace("{}", token))
    for header in headers:
        connection.putheader("Authorization", header.replace("{}", token))
    connection.endheaders()

    answer = connection.getresponse()

    body = answer.read()
    connection.close()
    assert answer.status == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert b"A valid bearer token is needed." in body
