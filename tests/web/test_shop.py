"""The example shop, through Flask's test client."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest

from examples.shop import texts
from examples.shop.catalog import PRODUCTS
from tests.web.shopping import (
    ADDRESS,
    PAGES,
    cookie,
    make_shop,
    messages,
    new_browser,
    post,
    sign_in,
)


@pytest.fixture
def app(tmp_path):
    """A shop with files of its own."""
    return make_shop(tmp_path)


@pytest.fixture
def browser(app):
    """Somebody's browser."""
    return new_browser(app)


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


@pytest.mark.parametrize("path", PAGES)
def test_pages_obey_their_own_policy(browser, path):
    """Each page forbids what is inline and what comes from elsewhere, and has none of it."""
    page = browser.get(path, follow_redirects=True)

    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)
    assert not re.search(r"""(?:href|src|action)=["'](?:https?:)?//""", page.text)
