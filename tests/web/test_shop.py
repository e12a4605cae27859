"""The example shop, through Flask's test client."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest

from examples.shop import texts

from examples.shop.app import create_app
from examples.shop.catalog import PRODUCTS

ADA = {"name": "ada", "password": "difference-engine"}
ADDRESS = {
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "street": "St James's Square 12",
    "postcode": "12345",
    "city": "London",
    "note": "<b>Ring twice</b>",
}
PAGES = ["/", "/cart", "/sign-in", "/sign-in?next=/account", "/account", "/checkout", "/nothing"]


@pytest.fixture
def app(tmp_path):
    """A shop with files of its own."""
    return create_app(
        {
            "TESTING": True,
            "SESSION_STORE": f"sqlite:///{tmp_path / 'sessions.sqlite'}",
            "SHOP_ORDERS": str(tmp_path / "orders.sqlite"),
        }
    )


@pytest.fixture
def browser(app):
    """Somebody's browser."""
    return new_browser(app)


def new_browser(app):
    """A client that says, as browsers do, that its forms come from the shop itself."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


def post(client, path, **form):
    """Send a form with the token that the pages of this client carry."""
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)
    return client.post(path, data=form | ({"csrf": token[1]} if token else {}))


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


@pytest.mark.parametrize("path", PAGES)
def test_a_reader_leaves_no_session(browser, path):
    """Who only reads, signed in or not being asked, gets no cookie."""
    page = browser.get(path)

    assert "Set-Cookie" not in page.headers
    assert cookie(browser) is None


def test_readers_leave_no_record(app, browser, tmp_path):
    """However many readers come, the store stays empty."""
    for path in PAGES:
        browser.get(path, follow_redirects=True)

    assert records(tmp_path) == 0
    post(browser, "/cart/add", sku="mug")
    assert records(tmp_path) == 1


def records(tmp_path):
    """Count the sessions in the store's own file."""
    with closing(sqlite3.connect(tmp_path / "sessions.sqlite")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        counts = [database.execute(f'SELECT count(*) FROM "{name}"') for (name,) in tables]
        return sum(count for query in counts for (count,) in query)


def test_a_stylesheet_does_not_touch_the_session(browser):
    """A static file is answered as if there were no sessions, also to who has one."""
    post(browser, "/cart/add", sku="mug")

    with browser.get("/static/shop.css") as answer:
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")


def test_signing_in(browser):
    """The right name and password greet the user, and lead to where they wanted to go."""
    asked = browser.get("/account")
    assert asked.location == "/sign-in?next=/account"

    answer = sign_in(browser, next="/account")
    page = browser.get(answer.location)

    assert answer.location == "/account"
    assert messages(page) == ["Welcome, Ada Lovelace."]
    assert "Signed in as Ada Lovelace" in page.text


@pytest.mark.parametrize(
    "wrong", [{"password": "difference engine"}, {"name": "eve"}, {"name": ""}, {"password": ""}]
)
def test_a_wrong_password_does_not_sign_in(browser, wrong):
    """After a wrong guess nobody is signed in, and the name, not the password, is filled in."""
    answer = sign_in(browser, **wrong)
    page = browser.get(answer.location)

    assert messages(page) == ["That name and password do not fit."]
    assert f'value="{(ADA | wrong)["name"]}"' in page.text
    assert "difference engine" not in page.text
    assert browser.get("/account").status_code == 302


def test_signing_in_changes_the_token(app, browser):
    """The token from before the sign-in, which others might know, is worth nothing afterwards."""
    post(browser, "/cart/add", sku="mug")
    known = cookie(browser)

    sign_in(browser)

    assert cookie(browser) not in (None, known)
    assert "Stoneware mug" in browser.get("/cart").text
    other = new_browser(app)
    other.set_cookie("shop", known)
    assert other.get("/account").status_code == 302
    assert "Stoneware mug" not in other.get("/cart").text


def test_signing_out_ends_the_session(app, browser):
    """After signing out the old token is dead, cart and user are gone, and the choices stay."""
    post(browser, "/preferences", theme="dark")
    sign_in(browser)
    post(browser, "/cart/add", sku="mug")
    dead = cookie(browser)

    answer = post(browser, "/sign-out")

    page = browser.get(answer.location)
    assert messages(page) == ["You are signed out."]
    assert 'data-theme="dark"' in page.text
    assert cookie(browser) != dead
    assert "There is nothing in the cart" in browser.get("/cart").text
    other = new_browser(app)
    other.set_cookie("shop", dead)
    assert other.get("/account").status_code == 302
    assert 'data-theme="auto"' in other.get("/").text


@pytest.mark.parametrize("path", ["/", "/cart", "/account", "/nothing"])
def test_what_a_user_saw_is_not_stored(browser, path):
    """Each page of somebody signed in says no-store; of anonymous visitors none has to."""
    assert "no-store" not in browser.get(path).headers.get("Cache-Control", "")

    sign_in(browser)

    assert "no-store" in browser.get(path).headers["Cache-Control"]


def test_the_cart(browser):
    """Things can be added, counted, changed and removed, and the total is exact."""
    for sku in ("mug", "candle", "mug"):
        post(browser, "/cart/add", sku=sku)
    page = browser.get("/cart").text
    assert "€29.00" in page  # 2 x 14.50
    assert "<strong>€38.80</strong>" in page

    post(browser, "/cart/change", sku="candle", quantity="3")
    assert "<strong>€58.40</strong>" in browser.get("/cart").text

    post(browser, "/cart/change", sku="mug", quantity="0")
    page = browser.get("/cart").text
    assert "<h2>Stoneware mug</h2>" not in page
    assert "<strong>€29.40</strong>" in page


@pytest.mark.parametrize(
    ("quantity", "held"), [("1000000", 99), ("-5", None), ("many", 1), ("", 1), ("9" * 5000, 1)]
)
def test_odd_quantities(browser, quantity, held):
    """A quantity out of range is brought into it, and what is no number changes nothing."""
    post(browser, "/cart/add", sku="mug")

    answer = post(browser, "/cart/change", sku="mug", quantity=quantity)

    assert answer.status_code == 302
    found = re.search(r'name="quantity" value="(\d+)" min', browser.get("/cart").text)
    assert (found and int(found[1])) == held


def test_only_what_is_sold_can_be_added(browser):
    """A product that is not there is not found, and leaves no session."""
    assert post(browser, "/cart/add", sku="yacht").status_code == 404
    assert cookie(browser) is None


def test_a_message_is_shown_once(browser):
    """The page after a form shows its message, and the next page does not."""
    answer = post(browser, "/cart/add", sku="mug")
    assert answer.location == "/#mug"

    assert messages(browser.get("/")) == ["Stoneware mug: added to the cart."]
    assert messages(browser.get("/")) == []


def test_messages_wait_for_a_page(browser):
    """Two forms sent before any page is read: that page shows both messages, in order."""
    token = re.search(r'name="csrf"', browser.get("/").text)
    assert token is None
    for sku in ("mug", "bag"):
        browser.post("/cart/add", data={"sku": sku})

    assert messages(browser.get("/")) == [
        "Stoneware mug: added to the cart.",
        "Canvas bag: added to the cart.",
    ]


def test_the_form_fills_itself_again(browser):
    """After a mistake all that was typed is there once more, beside what is wrong with it."""
    sign_in(browser)
    post(browser, "/cart/add", sku="mug")
    wrong = ADDRESS | {"email": "ada", "postcode": ""}

    answer = post(browser, "/checkout", **wrong)
    page = browser.get(answer.location).text

    assert answer.location == "/checkout"
    assert 'value="Ada Lovelace"' in page
    assert 'value="ada"' in page
    assert 'value="St James&#39;s Square 12"' in page
    assert "&lt;b&gt;Ring twice&lt;/b&gt;</textarea>" in page
    assert '<p class="wrong" id="email-wrong">This is not an email address.</p>' in page
    assert '<p class="wrong" id="postcode-wrong">' in page
    assert page.count('aria-invalid="true"') == 2
    again = browser.get("/checkout").text
    assert 'value="Ada Lovelace"' not in again
    assert "aria-invalid" not in again


def test_an_order(browser):
    """A good form makes an order, says so once, empties the cart and keeps the address."""
    sign_in(browser)
    post(browser, "/cart/add", sku="mug")

    answer = post(browser, "/checkout", form_id="1", **ADDRESS)

    assert answer.location == "/account"
    page = browser.get("/account").text
    assert "Your order no. 1 is on its way" in page
    assert "€14.50" in page
    assert "is on its way" not in browser.get("/account").text
    assert browser.get("/checkout").location == "/cart"
    post(browser, "/cart/add", sku="bag")
    assert 'value="ada@example.org"' in browser.get("/checkout").text


def test_a_form_sent_twice_is_one_order(browser):
    """The same checkout form makes one order, however often it arrives."""
    sign_in(browser)
    for _ in range(2):
        post(browser, "/cart/add", sku="mug")
        post(browser, "/checkout", form_id="1", **ADDRESS)

    assert browser.get("/account").text.count("€14.50") == 1


def test_users_see_their_own_orders(app, browser):
    """What one user orders, another does not see."""
    sign_in(browser)
    post(browser, "/cart/add", sku="mug")
    post(browser, "/checkout", form_id="1", **ADDRESS)

    other = new_browser(app)
    sign_in(other, name="grace", password="first-real-bug")

    page = other.get("/account").text
    assert "Signed in as Grace Hopper" in page
    assert "No orders yet." in page


def test_language_and_theme(browser):
    """The browser's wish counts until the visitor chooses, and both choices are kept."""
    german = {"Accept-Language": "de-AT, de;q=0.9, en;q=0.5"}
    assert '<html lang="de" data-theme="auto">' in browser.get("/", headers=german).text

    answer = post(browser, "/preferences", language="fr", next="/cart?from=here")
    post(browser, "/preferences", theme="dark")

    assert answer.location == "/cart?from=here"
    page = browser.get("/", headers=german)
    assert '<html lang="fr" data-theme="dark">' in page.text
    assert "14,50\N{NO-BREAK SPACE}€" in page.text
    assert messages(page) == ["Votre choix est noté."]


@pytest.mark.parametrize("choice", [{"language": "xx"}, {"theme": "pink"}])
def test_a_choice_that_is_none(browser, choice):
    """What is not on offer is refused and not kept."""
    assert post(browser, "/preferences", **choice).status_code == 400
    assert cookie(browser) is None


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_everything_is_said_in_every_language(language):
    """No text and no product lacks a language."""
    assert {len(words) for words in texts.TEXTS.values()} == {len(texts.LANGUAGES)}
    assert all(product.names[language] for product in PRODUCTS.values())


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "null"},
        {},
    ],
    ids=str,
)
def test_forms_of_other_sites_are_refused(app, headers):
    """A form that does not say it comes from the shop itself does nothing."""
    client = app.test_client()

    answer = client.post("/cart/add", data={"sku": "mug"}, headers=headers)

    assert answer.status_code == 403
    assert cookie(client) is None


def test_an_older_browser_is_known_by_its_origin(app):
    """Where Sec-Fetch-Site is missing, the shop's own origin will do."""
    client = app.test_client()

    answer = client.post("/cart/add", data={"sku": "mug"}, headers={"Origin": "http://localhost"})

    assert answer.status_code == 302


@pytest.mark.parametrize("token", [{}, {"csrf": ""}, {"csrf": "x" * 43}, {"csrf": "\N{SNOWMAN}"}])
@pytest.mark.parametrize("path", ["/cart/add", "/sign-out", "/checkout"])
def test_a_user_needs_the_token(browser, path, token):
    """A form of somebody signed in is refused without the token of their session."""
    sign_in(browser)

    answer = browser.post(path, data={"sku": "mug"} | token)

    assert answer.status_code == 403
    assert "Nothing was done" in answer.text
    assert browser.get("/account").status_code == 200
    assert "There is nothing in the cart" in browser.get("/cart").text


def test_the_token_is_the_sessions_own(app, browser):
    """The token of one user's session does not open another's."""
    other = new_browser(app)
    sign_in(other)
    token = re.search(r'name="csrf" value="([^"]+)"', other.get("/").text)[1]
    sign_in(browser)

    assert browser.post("/sign-out", data={"csrf": token}).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_pages_obey_their_own_policy(browser, path):
    """Each page forbids what is inline and what comes from elsewhere, and has none of it."""
    page = browser.get(path, follow_redirects=True)

    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)
    assert not re.search(r"""(?:href|src|action)=["'](?:https?:)?//""", page.text)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/cart?a=b", "/cart?a=b"),
        ("", "/"),
        ("cart", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/a\r\nSet-Cookie: a=b", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_visitors_are_not_led_away(target, path):
    """Only a path within the shop is a place to go on to."""
    assert local_path(target) == path


def test_next_does_not_lead_away(browser):
    """A link to the sign-in page can't send the user to another site."""
    assert sign_in(browser, next="//evil.example").location == "/"
