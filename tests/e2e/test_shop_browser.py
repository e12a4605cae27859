"""The example shop in a real browser, served by gunicorn on SQLite."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from examples.shop.catalog import PRODUCTS
from tests.support.browser import CHROMIUM, OPTIONS, need_browser
from tests.support.gunicorn import gunicorn

try:
    from playwright.async_api import async_playwright, expect
except ImportError:
    pass  # need_browser() says so

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

PAGES = ["/", "/cart", "/checkout", "/account", "/sign-in", "/confirm", "/admin/sessions"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Return the address of a shop: two processes with four threads each."""
    need_browser()
    place = tmp_path_factory.mktemp("shop")
    app = f"examples.shop.app:create_app({{'SHOP_ORDERS': '{place / 'orders.sqlite'}'}})"
    env = {"SESSION_STORE": f"sqlite:///{place / 'sessions.sqlite'}"}
    with gunicorn(app, workers=2, threads=4, env=env) as server:
        yield server.url
        assert "Traceback" not in server.output()


@asynccontextmanager
async def visit(shop):
    """A visitor with a new browser; in the end, nothing may have gone wrong on any page."""
    trouble = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=OPTIONS,
            # The memory of pages behind the back button, which Playwright turns off.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        visitor = await browser.new_context(base_url=shop, locale="en-GB")
        visitor.set_default_timeout(15_000)
        visitor.on("console", lambda message: trouble.extend(complaint(message.text)))
        visitor.on("weberror", lambda error: trouble.append(str(error.error)))
        visitor.on("request", lambda request: trouble.extend(foreign(request.url, shop)))
        try:
            yield visitor
        finally:
            await browser.close()
    assert trouble == []


def complaint(text):
    """What the browser says of a page, but not that it has cleared what a sign-out asks for."""
    return [] if text.endswith('Cleared data types: "cache", "storage".') else [text]


def foreign(address, shop):
    """Name the address if it is not the shop's."""
    return [] if urlsplit(address).netloc == urlsplit(shop).netloc else [address]


async def sign_in(page, name="ada", password="difference-engine"):
    """Sign in, as Ada if not told otherwise."""
    await page.goto("/sign-in")
    await page.get_by_label("User name").fill(name)
    await page.get_by_label("Password").fill(password)
    await send(page, "Sign in")


async def send(page, button):
    """Press a button, and wait for the page that answers it."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=button).click()


async def messages(page):
    """What the page tells on top."""
    return await page.locator(".messages li").all_inner_texts()


def at_once(tabs):
    """Hold requests back until there is one of each tab, then let them go together."""
    held = []

    async def hold(route):
        held.append(route)
        if len(held) == len(tabs):
            together, held[:] = held[:], []
            await asyncio.gather(*(each.continue_() for each in together))

    return hold


async def fill(page, **fields):
    """Type into the fields with these ids."""
    for name, value in fields.items():
        await page.locator(f"#{name}").fill(value)


def test_two_tabs_fill_one_cart(shop):
    """Two tabs add things at the same moment: all arrive, and each message is seen once."""

    async def run():
        async with visit(shop) as visitor:
            tabs = [await visitor.new_page() for _ in range(2)]
            await sign_in(tabs[0])
            seen, sent = await messages(tabs[0]), ["Welcome, Ada Lovelace."]
            await asyncio.gather(*(tab.goto("/") for tab in tabs))
            await visitor.route("**/cart/add", at_once(tabs))

            names = [product.names["en"] for product in PRODUCTS.values()]
            different, same = [names[i : i + 2] for i in range(0, 12, 2)], [[n, n] for n in names]
            for pair in different + same:
                clicks = map(send, tabs, [f"Add to cart: {name}" for name in pair])
                await asyncio.gather(*clicks)
                sent += [f"{name}: added to the cart." for name in pair]
                for tab in tabs:
                    seen += await messages(tab)
            await tabs[0].goto("/cart")
            seen += await messages(tabs[0])

            held = {}
            for line in await tabs[0].locator(".lines li").all():
                name = await line.locator("h2").inner_text()
                held[name] = int(await line.locator("input[type=number]").input_value())
            assert held == dict.fromkeys(names, 3)
            assert Counter(seen) == Counter(sent)

    asyncio.run(run())


def test_the_form_fills_itself_again(shop):
    """What was typed comes back with what is wrong with it, once; the good form makes an order."""

    async def run():
        async with visit(shop) as visitor:
            page = await visitor.new_page()
            await sign_in(page)
            await send(page, "Add to cart: Desk lamp")
            await page.goto("/checkout")
            await fill(page, name="Ada <Lovelace>", email="ada", street='1 "Square"', note="a\nb")
            await send(page, "Place the order")

            for name, value in (("name", "Ada <Lovelace>"), ("email", "ada"), ("note", "a\nb")):
                await expect(page.locator(f"#{name}")).to_have_value(value)
            await expect(page.locator("[aria-invalid=true]")).to_have_count(3)
            await expect(page.get_by_role("alert")).to_contain_text("not an email address")
            await page.get_by_role("alert").get_by_role("link").first.click()
            await expect(page.locator("#email")).to_be_in_viewport()

            await fill(page, email="ada@example.org", postcode="12345", city="London")
            await send(page, "Place the order")
            assert urlsplit(page.url).path == "/account"
            await expect(page.get_by_text("is on its way")).to_be_visible()
            await page.reload()
            await expect(page.get_by_text("is on its way")).to_have_count(0)

    asyncio.run(run())


def test_after_signing_out_the_back_button_shows_nothing_private(shop):
    """Going back through all the pages of a user who signed out shows none of them."""

    async def run():
        async with visit(shop) as visitor:
            page = await visitor.new_page()
            await page.goto("/")
            await sign_in(page)
            await send(page, "Add to cart: Wall clock")
            for path in ("/cart", "/checkout", "/account"):
                await page.goto(path)
            await expect(page.get_by_text("Signed in as Ada Lovelace")).to_be_visible()

            await send(page, "Sign out")

            assert await messages(page) == ["You are signed out."]
            visited = []
            while await page.evaluate("navigation.canGoBack"):
                await page.go_back(wait_until="commit")  # a page from memory loads nothing
                await page.locator("footer").wait_for()
                visited.append(urlsplit(page.url).path)
                text = await page.locator("body").inner_text()
                assert "Ada" not in text
                assert "Sign out" not in text
                assert await page.locator(".count, .lines").count() == 0
            assert visited.count("/sign-in") >= 3  # account, checkout, and the page itself
            assert "/cart" in visited

    asyncio.run(run())


def test_the_admins_page(shop):
    """A customer finds no way there and is refused; an admin ends the customer's session."""

    async def run():
        async with visit(shop) as hers, visit(shop) as visitor:
            grace, ada = await hers.new_page(), await visitor.new_page()
            await sign_in(grace, "grace", "first-real-bug")
            await expect(grace.get_by_role("link", name="Sessions")).to_have_count(0)
            answer = await grace.request.get(f"{shop}/admin/sessions")
            assert answer.status == 403
            assert "This page is for others." in await answer.text()

            await ada.goto("/admin/sessions")
            assert urlsplit(ada.url).path == "/sign-in"
            await sign_in(ada)
            await ada.get_by_role("link", name="Sessions").click()
            listed = ada.locator(".sessions li")
            await expect(listed.filter(has_text="(this one)")).to_contain_text("Ada Lovelace")

            await send(ada, "End: Grace Hopper")

            assert await messages(ada) == ["That session has ended."]
            await expect(listed.filter(has_text="Grace Hopper")).to_have_count(0)
            await grace.goto("/account")
            assert urlsplit(grace.url).path == "/sign-in"

    asyncio.run(run())


def test_language_and_colours(shop):
    """Language and colours change at the press of a button and stay as chosen."""

    async def run():
        async with visit(shop) as visitor:
            page = await visitor.new_page()
            await page.goto("/cart")
            await send(page, "Deutsch")
            await send(page, "Dunkel")

            await page.goto("/")
            await expect(page.locator("h1")).to_have_text("Gute Dinge fürs Haus")
            await expect(page.locator("body")).to_have_css("background-color", "rgb(21, 24, 26)")

    asyncio.run(run())


@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit(shop, width):
    """No page is wider than the window, on a telephone or on a desk, in the longest language."""

    async def run():
        async with visit(shop) as visitor:
            page = await visitor.new_page()
            await page.set_viewport_size({"width": width, "height": 800})
            await sign_in(page)
            await send(page, "Add to cart: Potted fern")
            await send(page, "Deutsch")
            for path in (
                "/",
                "/cart",
                "/checkout",
                "/account",
                "/sign-in",
                "/confirm",
                "/admin/sessions",
            ):
                await page.goto(path)
                assert await page.evaluate("document.documentElement.scrollWidth") <= width

    asyncio.run(run())
