"""The page of devices in a real browser, served by gunicorn on real stores."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager

import pytest

from flask_sessionplus.testing import FakeClock
from tests.pages.browsing import FACES, send, violations, visit, width_of
from tests.pages.site import EDGE, FIREFOX, NOON, create_app, furnish, issue, make_key, sign_in
from tests.support.browser import need_browser
from tests.support.gunicorn import gunicorn
from tests.support.screenshots import screenshot

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

PAGE = "/account/devices"
TOKENS = {"SESSION_JWT_ISSUER": "https://shop.example", "SESSION_JWT_AUDIENCE": "shop"}


@contextmanager
def served(now=None, make="create_app", **settings):
    """Serve the site; return its address, and the same site here, to furnish its store."""
    need_browser()
    settings |= {**TOKENS, "SESSION_JWT_KEY": make_key()}
    env = {f"SITE_{key}": value for key, value in settings.items()}
    env |= {"SITE_NOW": str(now.timestamp())} if now else {}
    app = create_app(settings)
    with gunicorn(f"tests.pages.site:{make}()", workers=2, threads=4, env=env) as server:
        yield server.url, app
        assert "Traceback" not in server.output()


@pytest.fixture(scope="module")
def noon(tmp_path_factory):
    """A site where the time stands still, for pictures that are always the same."""
    place = tmp_path_factory.mktemp("site")
    with served(NOON, SESSION_STORE=f"sqlite:///{place / 'sessions.sqlite'}") as found:
        yield found


async def enter(page, user="ada"):
    """Sign in as a person does."""
    await page.goto("/sign-in")
    await page.get_by_label("user").fill(user)
    await send(page, page.get_by_role("button"))


def test_two_browsers_and_an_app(store):
    """On each store, without any script: one is signed out by the keyboard, then all others."""

    async def run(url, app):
        async with visit(url) as people:
            plain = {"java_script_enabled": False}
            here = await people.page(user_agent=FIREFOX, **plain)
            there, third = [await people.page(user_agent=EDGE, **plain) for _ in range(2)]
            for page in (there, third, here):
                await enter(page)
            await asyncio.to_thread(issue, app, "ada")
            await here.goto(PAGE)
            await third.goto(PAGE)
            rows = here.locator(".sp-device")
            assert await rows.count() == 4
            assert "Firefox 140 on Linux" in await rows.first.inner_text()

            app_button = here.get_by_role("button", name="Sign out CornerShop/4.2 App")
            await app_button.focus()
            async with here.expect_navigation():
                await here.keyboard.press("Enter")

            assert await here.get_by_role("status").inner_text() == "Signed out: CornerShop/4.2."
            assert await rows.count() == 3
            await send(here, here.get_by_role("button", name="Sign out everywhere else"))
            assert await rows.count() == 1
            assert "signed in nowhere else" in await here.locator("main").inner_text()
            # The page that is still open there leads to the sign-in, whatever is pressed.
            await send(third, third.get_by_role("button", name="Sign out everywhere else"))
            for page in (there, third):
                await page.goto(PAGE)
                assert page.url == f"{url}/sign-in?next=%2Faccount%2Fdevices"

            own = here.get_by_role("button", name="Sign out Firefox 140 on Linux")
            await send(here, own)
            assert here.url == f"{url}/sign-in"

    with served(**store) as (url, app):
        try:
            app.test_cli_runner().invoke(args=["session", "init"], catch_exceptions=False)
            asyncio.run(run(url, app))
        finally:
            clean(app)


def clean(app):
    """Leave nothing of the test in a server that others use, too."""
    ours = app.extensions["sessionplus"]
    with app.app_context():
        ours.extension.revoke_all()
    table = app.config.get("SESSION_TABLE")
    if "postgresql" in app.config["SESSION_STORE"]:
        with ours.store.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}, {table}_values")
    ours.store.close()


def test_what_it_looks_like(noon):
    """Light and dark, narrow and wide: axe finds nothing, and nothing sticks out."""
    url, app = noon
    cookie = furnish(app, "ada")
    with FakeClock(NOON):
        lone = sign_in(app, "lone").get_cookie("session").value

    async def run():
        async with visit(url) as people:
            for width, scheme in FACES:
                page = await people.page(cookie, width, color_scheme=scheme)
                await page.goto(PAGE)
                assert await violations(page) == []
                assert await width_of(page) <= width
                await screenshot(page, f"devices-{scheme}-{width}")
                dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert (dark == "rgb(20, 23, 28)") is (scheme == "dark")
            page = await people.page(lone, 360)
            await page.goto(PAGE)
            assert await violations(page) == []
            await screenshot(page, "devices-alone-light-360")

    asyncio.run(run())


def test_after_something_was_done(noon):
    """The message of what was done, and the page that refuses a form, are fit for all as well."""
    url, app = noon
    cookie = furnish(app, "done")

    async def run():
        async with visit(url) as people:
            page = await people.page(cookie, 360, color_scheme="dark")
            await page.goto(PAGE)
            await send(page, page.get_by_role("button", name="Sign out Edge 142 on Windows"))
            assert await violations(page) == []
            await screenshot(page, "devices-done-dark-360")
            await page.locator("input[name=sessionplus_form]").evaluate_all(
                "inputs => inputs.forEach(input => input.value = '')"
            )
            await send(page, page.get_by_role("button", name="Sign out everywhere else"))
            assert await page.get_by_role("heading").inner_text() == "Nothing was done"
            assert await violations(page) == []
            await page.get_by_role("link").click()
            assert await page.locator(".sp-device").count() == 4

    asyncio.run(run())


def test_by_keyboard_alone(noon):
    """Tab reaches each button, in the order in which they stand, and shows where it is."""
    url, app = noon
    cookie = furnish(app, "keys")

    async def run():
        async with visit(url) as people:
            page = await people.page(cookie, reduced_motion="reduce")
            await page.goto(PAGE)
            names, about = [], "document.activeElement"
            for _ in range(6):
                await page.keyboard.press("Tab")
                names.append(await page.evaluate(f"{about}.textContent"))
                style = await page.evaluate(f"getComputedStyle({about}).outline")
                assert style.endswith("solid 3px")
                moving = await page.evaluate(f"getComputedStyle({about}).transitionDuration")
                assert moving == "0s"
            assert names == ["Sign out", "Sign out everywhere else", *["Sign out"] * 4]
            tree = await page.locator("main").aria_snapshot()
            buttons = re.findall(r'button "([^"]+)"', tree)
            assert buttons == [
                "Sign out Firefox 140 on Linux",
                "Sign out everywhere else",
                "Sign out CornerShop/4.2 App",
                *["Sign out Mobile Safari 18 on iOS"] * 2,
                "Sign out Edge 142 on Windows",
            ]
            described = page.get_by_role("button", name="iOS").first
            facts = await described.evaluate(
                "it => document.getElementById(it.getAttribute('aria-describedby')).innerText"
            )
            assert facts.split("\n") == [
                *("Last seen", "4 h ago", "Signed in", "a day ago", "Address", "203.0.113.24")
            ]

    asyncio.run(run())


@pytest.mark.parametrize("width", [360, 1280])
def test_what_does_not_fit(noon, width):
    """Names without a space, addresses of all lengths and 200 devices stay within the page."""
    url, app = noon
    user = f"long{width}"
    with FakeClock(NOON):
        for number in range(197):
            sign_in(app, user, EDGE, f"192.0.2.{number}")
        sign_in(app, user, "W" * 500, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff")
        sign_in(app, user, "<b>\"'&amp;" * 60, "fe80::1ff:fe23:4567:890a%enp0s31f6" * 3)
        cookie = sign_in(app, user).get_cookie("session").value

    async def run():
        async with visit(url) as people:
            page = await people.page(cookie, width)
            await page.goto(PAGE)
            assert await page.locator(".sp-device").count() == 200
            assert await width_of(page) <= width
            sticking = "all => all.filter(it => it.scrollWidth > it.clientWidth + 1).length"
            assert await page.locator(".sp-device, .sp-facts").evaluate_all(sticking) == 0

    asyncio.run(run())


def test_from_right_to_left(tmp_path):
    """In Arabic the page is mirrored, addresses are not, and it is fit for all."""
    store = f"sqlite:///{tmp_path / 'sessions.sqlite'}"

    async def run(url, cookie):
        async with visit(url) as people:
            for width in (360, 1280):
                page = await people.page(cookie, width)
                await page.goto(PAGE)
                assert await violations(page) == []
                assert await width_of(page) <= width
                places = await page.locator(".sp-device").first.evaluate(
                    "row => [row.querySelector('svg'), row.querySelector('h3')]"
                    ".map(it => it.getBoundingClientRect().right)"
                )
                assert places[0] > places[1]

    with served(NOON, "arabic", SESSION_STORE=store) as (url, app):
        asyncio.run(run(url, furnish(app, "ada")))
