"""Two clients of the example API that share nothing: HTTPie, and a page in a browser."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from tests.support.missing import missing

try:
    import httpie
    from playwright.async_api import async_playwright
except ImportError:
    httpie = async_playwright = None

CHROMIUM = "/usr/bin/chromium"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

_FETCH = """async ([method, path, body, headers]) => {
    const init = {method, headers, credentials: "same-origin"}
    if (body !== null) {
        init.body = JSON.stringify(body)
        init.headers["Content-Type"] = "application/json"
    }
    const answer = await fetch(path, init)
    return [answer.status, await answer.text()]
}"""


def need_both():
    """End the test if one of the two is not installed."""
    if httpie is None:
        missing("the Python packages httpie and playwright are not installed")
    if not os.access(CHROMIUM, os.X_OK):
        missing(f"Chromium: {CHROMIUM} is not installed")


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        """The value in it."""
        return json.loads(self.text)


class Client:
    """Signs in, keeps its tokens, and asks in a way of its own."""

    access = refresh = None

    def ask(self, method, path, body=None, **headers):
        """Return the answer, whatever its status."""
        if self.access:
            headers.setdefault("Authorization", f"Bearer {self.access}")
        return self.exchange(method, path, body, headers)

    def get(self, path):
        """Return the JSON that is there."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def sign_in(self, name, password):
        """Sign in, and keep the tokens."""
        self.keep(self.ask("POST", "/sign-in", {"name": name, "password": password}))

    def turn(self):
        """Take the next pair for the refresh token."""
        self.keep(self.ask("POST", "/token/refresh", {"refresh_token": self.refresh}))

    def keep(self, answer):
        """Keep the tokens of an answer."""
        assert answer.status == 200, answer
        self.access, self.refresh = answer.json["access_token"], answer.json["refresh_token"]


class Httpie(Client):
    """``http``, a process for each request, its cookies in a session of its own."""

    def __init__(self, url, folder):
        self._url = url
        self._env = {**os.environ, "HTTPIE_CONFIG_DIR": str(folder)}
        self._session = str(folder / "session.json")
        # It would look for a newer version of itself, and mix what it finds into what it prints.
        (folder / "config.json").write_text('{"disable_update_warnings": true}')

    def exchange(self, method, path, body, headers):
        """Let it ask."""
        words = [sys.executable, "-m", "httpie", "--print=hb", "--pretty=none"]
        words += [f"--session={self._session}", method, self._url + path]
        words += [f"{name}:{value}" for name, value in headers.items()]
        sent = b"" if body is None else json.dumps(body).encode()
        words += ["--ignore-stdin"] if body is None else []
        done = subprocess.run(words, input=sent, env=self._env, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        head, _, text = done.stdout.decode().replace("\r\n", "\n").partition("\n\n")
        assert head.startswith("HTTP/"), (done.stdout, done.stderr)
        return Answer(int(head.split()[1]), text)


class Page(Client):
    """``fetch`` in a page of a headless browser."""

    def __init__(self, url):
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_):
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def exchange(self, method, path, body, headers):
        """Let the page ask."""
        return Answer(*self._do(self._page.evaluate(_FETCH, [method, path, body, headers])))

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(_awaited(work), self._loop).result(60)

    async def _open(self):
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(
            executable_path=CHROMIUM, args=OPTIONS
        )
        self._page = await self._browser.new_page()
        await self._page.goto(f"{self._url}/health")

    async def _close(self):
        await self._browser.close()
        await self._playwright.stop()


async def _awaited(work):
    return await work
