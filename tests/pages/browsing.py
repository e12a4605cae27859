"""A real browser that looks at our pages, and complains of whatever is wrong with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.support.browser import CHROMIUM, OPTIONS

try:
    from axe_playwright_python.async_playwright import Axe
    from playwright.async_api import async_playwright
except ImportError:
    pass  # need_browser() says so

#: Widths of a telephone and a desk, each in light and in dark.
FACES = [(width, scheme) for width in (360, 1280) for scheme in ("light", "dark")]


class Visit:
    """Somebody at the screen; each visitor of his has a browser of its own."""

    def __init__(self, browser: Any, url: str) -> None:
        self._browser = browser
        self._url = url
        #: What went wrong.
        self.trouble: list[str] = []

    async def page(self, cookie: str | None = None, width: int = 1280, **options: Any) -> Any:
        """Return a page of a new browser, which may be signed in already."""
        visitor = await self._browser.new_context(
            base_url=self._url, viewport={"width": width, "height": 800}, **options
        )
        visitor.set_default_timeout(15_000)
        if cookie is not None:
            await visitor.add_cookies([{"name": "session", "value": cookie, "url": self._url}])
        visitor.on("console", lambda message: self._note(message.text))
        visitor.on("weberror", lambda error: self.trouble.append(str(error.error)))
        visitor.on("request", lambda request: self._check(request.url))
        return await visitor.new_page()

    def _note(self, text: str) -> None:
        # A refusal is no trouble, and that a sign-out clears something neither.
        if "Cleared data types" not in text and "403 (FORBIDDEN)" not in text:
            self.trouble.append(text)

    def _check(self, address: str) -> None:
        if urlsplit(address).scheme != "data" and not address.startswith(f"{self._url}/"):
            self.trouble.append(address)


@asynccontextmanager
async def visit(url: str) -> AsyncIterator[Visit]:
    """Start a browser; in the end, nothing may have gone wrong, and no other host was asked."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        found = Visit(browser, url)
        try:
            yield found
        finally:
            await browser.close()
    assert found.trouble == [], found.trouble


async def violations(page: Any) -> list[str]:
    """Return what axe finds wrong with the page."""
    found = await Axe().run(page)
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found.response["violations"]]


async def width_of(page: Any) -> int:
    """Return how wide the page is; more than its window, and it has to be scrolled sideways."""
    return int(await page.evaluate("document.documentElement.scrollWidth"))


async def send(page: Any, button: Any) -> None:
    """Press a button, and wait for the page that answers it."""
    async with page.expect_navigation():
        await button.click()
