"""What a request does with its session: the five cases that are measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """One kind of request: a view of every contestant, and how the client calls it."""

    name: str
    title: str
    path: str
    #: False: the visitor is new and sends no cookie.
    sends_cookie: bool = True
    #: True: each call sends the cookie that the call before was given.
    follows_cookie: bool = False


UNTOUCHED = Scenario("untouched", "untouched", "/untouched")
READ = Scenario("read", "read 3", "/read")
WRITE = Scenario("write", "write 1", "/write")
FIRST = Scenario("first", "first visit", "/first", sends_cookie=False)
SIGN_IN = Scenario("sign-in", "sign-in", "/sign-in", follows_cookie=True)

SCENARIOS = (UNTOUCHED, READ, WRITE, FIRST, SIGN_IN)

#: The view that fills a session with ``payload.SESSION_1K``; not measured.
FILL = "/fill"

#: The view that begins an everyday session; its size is measured, not its time.
EVERYDAY = "/everyday"
