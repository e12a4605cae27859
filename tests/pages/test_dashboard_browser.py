"""The dashboard in a real browser, served by gunicorn on real stores."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager

import pytest

from flask_sessionplus.testing import FakeClock
from tests.pages.browsing import FACES, send, violations, visit, width_of
from tests.pages.dashboards import PREFIX, create_app, handles, sign_in
from tests.pages.furnished import NOW, furnish
from tests.pages.test_dashboard_stores import Moody
from tests.pages.test_devices_browser import clean
from tests.support.browser import need_browser
from tests.support.gunicorn import gunicorn
from tests.support.screenshots import screenshot

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@contextmanager
def served(now=None, **settings):
    """Serve the site; return its address, and the same site here, to furnish its store."""
    need_browser()
    env = {f"SITE_{key}": str(value) for key, value in settings.items()} | {"SITE_VALUES": "1"}
    env |= {"SITE_NOW": str(now.timestamp())} if now else {}
    app = create_app(settings)
    with gunicorn("tests.pages.dashboards:create_app()", workers=2, threads=4, env=env) as server:
        yield server.url, app
        assert "Traceback" not in server.output()


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    """A site where the time stands still, with much to see; and the token of an admin."""
    place = tmp_path_factory.mktemp("site")
    store = f"sqlite:///{place / 'sessions.sqlite'}"
    with served(NOW, SESSION_STORE=store, SESSION_STATISTICS=True) as (url, app):
        yield url, app, furnish(app)


def test_an_admins_day(store):
    """On each store, without any script: search, look, end one, a user's, and all."""

    async def run(url, app):
        async with visit(url) as people:
            page = await people.page(java_script_enabled=False)
            await page.goto("/enter")
            assert await page.locator(".spd-alive .spd-figure").inner_text() == "4"
            await page.get_by_role("link", name="Sessions").click()
            rows, status = page.locator(".spd-list tbody tr"), page.get_by_role("status")
            assert await rows.count() == 4

            await page.get_by_label("User, or handle").fill("bob")
            await page.keyboard.press("Enter")
            await page.get_by_role("heading", name="Sessions of bob").wait_for()
            assert await rows.count() == 2
            last, first = handles(app, "bob")
            await page.get_by_role("link", name=first).click()
            assert "cart" in await page.locator(".spd-keys").inner_text()
            await send(page, page.get_by_role("button", name="Show the values"))
            assert "'tea': 2" in await page.locator(".spd-keys").inner_text()
            await send(page, page.get_by_role("button", name="End this session"))
            assert await status.inner_text() == f"The session {first} has ended."
            assert handles(app, "bob") == [last]
            assert await rows.count() == 3

            await page.goto(f"{PREFIX}/list?q=bob")
            await page.get_by_role("link", name="End all of this user").click()
            await send(page, page.get_by_role("button", name="End them"))
            assert await status.inner_text() == "Ended for the user bob: 1."

            await page.goto(f"{PREFIX}/list")
            await page.get_by_role("link", name="End all sessions").click()
            await page.get_by_label("To go on, type: end all sessions").fill("end all sessions")
            await send(page, page.get_by_role("button", name="End all sessions"))
            assert "About 2 sessions were ended" in await status.inner_text()
            assert (await page.request.get(url + PREFIX)).status == 401

    with served(**store) as (url, app):
        try:
            app.test_cli_runner().invoke(args=["session", "init"], catch_exceptions=False)
            for name in ("bob", "bob", "carol"):
                sign_in(app, name)
            asyncio.run(run(url, app))
        finally:
            clean(app)


#: Pages that are looked at in every face, and those for which one is enough.
ALWAYS = {
    "overview": "",
    "sessions": "/list",
    "values": "/session/{handle}",
    "end-all": "/end-all",
}
ONCE = {
    (360, "light"): {"week": "?span=7d", "end-user": "/end-user?user=ada"},
    (360, "dark"): {"user": "/list?q=grace"},
    (1280, "light"): {"nobody": "/list?q=nobody"},
    (1280, "dark"): {"month": "?span=30d", "session": "/session/{handle}"},
}
#: Those that the documentation has.
PICTURES = [
    *(f"dashboard-overview-{scheme}-{width}" for width, scheme in FACES),
    *("dashboard-sessions-light-1280", "dashboard-sessions-dark-360"),
    "dashboard-values-light-1280",
]


@pytest.mark.parametrize(("width", "scheme"), FACES)
def test_what_it_looks_like(evening, width, scheme):
    """Each page, light and dark, narrow and wide: axe finds nothing, and nothing sticks out."""
    url, app, cookie = evening
    with FakeClock(NOW):
        handle = handles(app, "grace")[1]

    async def run():
        async with visit(url) as people:
            page = await people.page(cookie, width, color_scheme=scheme)
            for name, path in {**ALWAYS, **ONCE[width, scheme]}.items():
                await page.goto(PREFIX + path.format(handle=handle))
                if name == "values":
                    await send(page, page.get_by_role("button", name="Show the values"))
                if f"dashboard-{name}-{scheme}-{width}" in PICTURES:
                    await screenshot(page, f"dashboard-{name}-{scheme}-{width}")
                if name == "overview":
                    await page.get_by_text("The numbers as a table").click()
                if name == "end-all":
                    await page.get_by_label("To go on").fill("no")
                    await send(page, page.get_by_role("button", name="End all sessions"))
                await fit(page, width)

    asyncio.run(run())


async def fit(page, width):
    """Look at a page: nothing is wrong with it, and it is as wide as it may be."""
    assert await violations(page) == []
    assert await width_of(page) <= width
    assert await page.locator("h1").count() == 1


def test_pages_of_trouble(evening):
    """Where the store does not answer, or a session cannot be read, the page is fit as well."""
    url, app, cookie = evening
    with FakeClock(NOW):
        away = Moody()
        elsewhere = create_app({"SESSION_STORE": away}, guard=lambda: True)
        away.is_away = True
        answer = elsewhere.test_client().get(f"{PREFIX}/list")
        [handle] = handles(app, "annie")
    table = app.extensions["sessionplus"].store.table
    with app.extensions["sessionplus"].store.engine.connect() as connection:
        connection.execute(table.update().where(table.c.owner == b"annie").values(data=b"\x01x"))

    async def run():
        async with visit(url) as people:
            page = await people.page(cookie, 360, color_scheme="dark")
            await page.goto(f"{PREFIX}/session/{handle}")
            assert "cannot be read" in await page.get_by_role("alert").inner_text()
            await fit(page, 360)
            # Shown in the place of another page of this server, whose style it needs.
            await page.route("**/list", lambda route: route.fulfill(body=answer.text))
            await page.goto(f"{PREFIX}/list")
            assert "does not answer" in await page.locator("h1").inner_text()
            await fit(page, 360)

    asyncio.run(run())


def test_by_keyboard_alone(evening):
    """Tab goes through all there is, beginning with the way past the top, and shows where it is."""
    url, _, cookie = evening

    async def run():
        async with visit(url) as people:
            page = await people.page(cookie)
            await page.goto(f"{PREFIX}/list?q=grace")
            names, active = [], "document.activeElement"
            for _ in range(12):
                await page.keyboard.press("Tab")
                names.append(await page.evaluate(f"{active}.textContent.trim() || {active}.id"))
                style = await page.evaluate(f"getComputedStyle({active}).outline")
                assert style.endswith("solid 3px")
                top = await page.evaluate(f"{active}.getBoundingClientRect().top")
                assert top >= 0
            assert names[:7] == [
                *("Skip to the content", "Overview", "Sessions", "spd-q", "Search", "Show all"),
                "End all of this user …",
            ]
            assert names[8::2] == ["End", "End"]
            await page.goto(PREFIX)
            await page.keyboard.press("Tab")
            await page.keyboard.press("Enter")
            await page.keyboard.press("Tab")
            assert await page.evaluate(f"{active}.textContent.trim()") == "24 hours"

    asyncio.run(run())


def test_what_a_screen_reader_hears(evening):
    """Charts have names, tables have headers, each button says of what session it is."""
    url, _, cookie = evening

    async def run():
        async with visit(url) as people:
            page = await people.page(cookie, 360)
            await page.goto(PREFIX)
            tree = await page.locator("body").aria_snapshot()
            assert re.search(r'img "Sessions created and ended"', tree)
            assert re.search(r'img "Lost changes and failed calls"', tree)
            assert re.search(r'link "24 hours"', tree)
            # A row that is shown as a card is a row all the same.
            await page.goto(f"{PREFIX}/list?q=grace")
            tree = await page.locator("main").aria_snapshot()
            assert re.search(r'table "Sessions"', tree)
            assert tree.count("- rowheader ") == 3
            assert tree.count("- cell ") >= 3 * 6
            assert len(re.findall(r'button "End the session [\w-]{22}"', tree)) == 3

    asyncio.run(run())
