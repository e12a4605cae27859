"""The example API's cart, checkout and errors, through Flask's test client."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier, Event

import pytest

from examples.api import orders
from examples.api.keys import signing_key
from tests.web.api_client import ADA, ADDRESS, GRACE, Client, make_api


@pytest.fixture
def app(tmp_path):
    """An API with files of its own."""
    return make_api(tmp_path)


@pytest.fixture
def client(app):
    """A client of Ada's."""
    return Client(app).sign_in()


def is_problem(answer):
    """Tell whether it is problem details that say the status."""
    is_one = answer.mimetype == "application/problem+json"
    return is_one and answer.json["status"] == answer.status_code and bool(answer.json["detail"])


def test_an_order(client):
    """A cart is filled, an address is given, the order placed: its total is exact to the cent."""
    client.post("/cart", {"sku": "mug", "quantity": 2})
    client.post("/cart", {"sku": "candle"})
    assert client.get("/cart") == {"lines": {"mug": 2, "candle": 1}, "total": "38.80"}
    client.put("/checkout/address", {"address": ADDRESS})
    client.put("/checkout/delivery", {"delivery": "express"})
    assert client.get("/checkout") == {
        "address": ADDRESS,
        "delivery": "express",
        "costs": "12.00",
    }

    order = client.post("/checkout/order")

    assert (order["lines"], order["total"]) == ({"mug": 2, "candle": 1}, "50.80")
    assert client.get("/orders") == [order]
    assert client.get("/cart") == {"lines": {}, "total": "0.00"}


def test_an_order_is_placed_once(client):
    """The same order again finds an empty cart, and makes no second one."""
    client.post("/cart", {"sku": "mug"})
    client.put("/checkout/address", {"address": ADDRESS})
    client.post("/checkout/order")

    again = client.ask("POST", "/checkout/order")

    assert (again.status_code, is_problem(again)) == (409, True)
    assert len(client.get("/orders")) == 1


def test_of_many_clients_one_places_the_order(app, client):
    """All clients of a user order at the same moment: the cart is bought once, whole."""
    clients = [Client(app).sign_in() for _ in range(6)]
    for each in clients:
        each.put("/checkout/address", {"address": ADDRESS})
    client.post("/cart", {"sku": "mug", "quantity": 2})
    together = Barrier(len(clients), timeout=30)

    def order(each):
        together.wait()
        return each.ask("POST", "/checkout/order").status_code

    with ThreadPoolExecutor(len(clients)) as pool:
        codes = sorted(pool.map(order, clients))

    assert codes == [201, *[409] * 5]
    assert [each["lines"] for each in client.get("/orders")] == [{"mug": 2}]


def test_a_second_click_waits_for_the_first(client, monkeypatch):
    """While a client's order is being placed, its next one waits, and then finds nothing."""
    client.post("/cart", {"sku": "mug"})
    client.put("/checkout/address", {"address": ADDRESS})
    is_placing, may_go_on, place = Event(), Event(), orders.place

    def place_slowly(*args):
        is_placing.set()
        assert may_go_on.wait(30)
        return place(*args)

    monkeypatch.setattr(orders, "place", place_slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.copy().ask, "POST", "/checkout/order")
        assert is_placing.wait(30)
        second = pool.submit(client.copy().ask, "POST", "/checkout/order")
        try:
            assert wait([second], timeout=0.5).not_done == {second}
        finally:
            may_go_on.set()

    assert [first.result().status_code, second.result().status_code] == [201, 409]


def test_nothing_is_ordered_without_an_address(client):
    """An order that lacks something is refused, and the cart stays full."""
    client.post("/cart", {"sku": "mug"})

    assert client.ask("POST", "/checkout/order").status_code == 409
    assert client.get("/cart")["lines"] == {"mug": 1}


def test_the_address_is_there_for_the_next_order(client):
    """What was committed with an order fills the next checkout; what was dropped does not."""
    client.post("/cart", {"sku": "mug"})
    client.put("/checkout/address", {"address": ADDRESS})
    client.post("/checkout/order")

    client.put("/checkout/address", {"address": ADDRESS | {"city": "Paris"}})
    client.put("/checkout/delivery", {"delivery": "express"})
    assert client.ask("DELETE", "/checkout").status_code == 204

    assert client.get("/checkout") == {
        "address": ADDRESS,
        "delivery": "standard",
        "costs": "4.90",
    }


def test_an_address_can_be_forgotten(client):
    """An address that was said is gone when it is taken back."""
    client.put("/checkout/address", {"address": ADDRESS})

    assert client.ask("DELETE", "/checkout/address").status_code == 204
    assert client.get("/checkout")["address"] is None


def test_two_clients_share_the_cart_and_not_the_checkout(app, client):
    """Another client of the same user has the same cart, and a checkout of its own."""
    other = Client(app).sign_in()
    client.post("/cart", {"sku": "mug"})
    client.put("/checkout/address", {"address": ADDRESS})

    other.post("/cart", {"sku": "mug", "quantity": 2})

    assert client.get("/cart") == other.get("/cart") == {"lines": {"mug": 3}, "total": "43.50"}
    assert other.get("/checkout")["address"] is None
    assert client.get("/checkout")["address"] == ADDRESS


def test_users_have_carts_and_orders_of_their_own(app, client):
    """Of what one user has, another sees nothing."""
    client.post("/cart", {"sku": "mug"})
    client.put("/checkout/address", {"address": ADDRESS})
    client.post("/checkout/order")
    client.post("/cart", {"sku": "teapot"})

    other = Client(app).sign_in(GRACE)

    assert other.get("/cart")["lines"] == {}
    assert other.get("/orders") == []


def test_another_user_of_a_client_finds_no_address(client):
    """What was typed before somebody else signs in on the same client is none of theirs."""
    client.put("/checkout/address", {"address": ADDRESS})

    client.access = None
    client.sign_in(GRACE)

    assert client.get("/checkout")["address"] is None


def test_things_can_be_taken_out(client):
    """One product, and then all of them."""
    client.post("/cart", {"sku": "mug", "quantity": 99})
    client.post("/cart", {"sku": "mug"})
    client.post("/cart", {"sku": "pencils", "quantity": 3})

    left = client.ask("DELETE", "/cart/mug")
    assert left.json == {"lines": {"pencils": 3}, "total": "19.20"}
    assert client.ask("DELETE", "/cart/mug").json == left.json
    assert client.ask("DELETE", "/cart").status_code == 204
    assert client.get("/cart") == {"lines": {}, "total": "0.00"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/cart", {"sku": "yacht"}, 404),
        ("POST", "/cart", {"sku": 1}, 400),
        ("POST", "/cart", {}, 400),
        ("POST", "/cart", [], 400),
        ("POST", "/cart", {"sku": "mug", "quantity": 0}, 422),
        ("POST", "/cart", {"sku": "mug", "quantity": 100}, 422),
        ("POST", "/cart", {"sku": "mug", "quantity": "2"}, 400),
        ("POST", "/cart", {"sku": "mug", "quantity": True}, 400),
        ("POST", "/cart", {"sku": "mug", "quantity": 1.5}, 400),
        ("POST", "/cart", None, 415),
        ("PUT", "/checkout/delivery", {"delivery": "now"}, 422),
        ("PUT", "/checkout/address", {"address": {"name": "Ada"}}, 422),
        ("PUT", "/checkout/address", {"address": {**ADDRESS, "planet": "Mars"}}, 422),
        ("PUT", "/checkout/address", {"address": {**ADDRESS, "city": 7}}, 422),
        ("PUT", "/checkout/address", {"address": "London"}, 400),
        ("DELETE", "/orders", None, 405),
        ("DELETE", "/sessions/nonsense", None, 404),
        ("GET", "/nothing", None, 404),
    ],
)
def test_what_is_wrong_is_told_as_problem_details(client, method, path, body, status):
    """Each mistake has its status and a sentence, and nothing is kept of it."""
    answer = client.ask(method, path, body)

    assert (answer.status_code, is_problem(answer)) == (status, True)
    assert client.get("/cart")["lines"] == {}
    assert client.get("/checkout") == {"address": None, "delivery": "standard", "costs": "4.90"}


def test_what_was_given_is_not_repeated(client):
    """A problem names the member that does not fit, and not what was in it."""
    answer = client.ask("PUT", "/checkout/address", {"address": ADDRESS | {"city": 31415926}})

    assert "address.city" in answer.json["detail"]
    assert "31415926" not in answer.text


@pytest.mark.parametrize("path", ["/health", "/products"])
def test_what_is_the_same_for_all_has_no_session(client, path):
    """Who has a session is answered there as who has none, without a cookie and ``Vary``."""
    client.put("/checkout/address", {"address": ADDRESS})
    assert client.cookie

    answer = client.ask("GET", path)

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers


def test_nobody_keeps_an_answer(client):
    """Tokens, carts and errors all say that they are not to be stored."""
    for method, path, body in [
        ("POST", "/sign-in", ADA),
        ("POST", "/sign-in", {}),
        ("POST", "/token/refresh", {"refresh_token": client.refresh}),
        ("GET", "/cart", None),
        ("GET", "/nothing", None),
    ]:
        assert client.ask(method, path, body).headers["Cache-Control"] == "no-store"


def test_the_key_is_its_owners_alone(app, tmp_path):
    """The key that signs is made once, and nobody else can read it."""
    path = tmp_path / "signing-key.pem"
    key = path.read_bytes()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    make_api(tmp_path)
    assert path.read_bytes() == key
    assert sorted(os.listdir(tmp_path)) == ["signing-key.pem"]


def test_workers_that_start_at_once_have_one_key(tmp_path):
    """Of many that find no key, one makes it, and the others take that."""
    folder, together = tmp_path / "new", Barrier(16, timeout=30)

    def start(_):
        together.wait()
        return signing_key(folder).read_bytes()

    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(start, range(16)))

    assert len(keys) == 1
    assert os.listdir(folder) == ["signing-key.pem"]
