"""What a request does with its session: the cases that are measured."""

from __future__ import annotations

from dataclasses import dataclass

from . import payload


@dataclass(frozen=True)
class Content:
    """What the session holds: the view that fills it, and one that tells if it is whole."""

    fill: str
    check: str
    answer: str


ORDINARY = Content("/fill", "/read", payload.READ_ANSWER)
LARGE = Content("/fill-large", "/read-large", payload.PART)
HUGE = Content("/fill-huge", "/read-beside", payload.CSRF_TOKEN)


@dataclass(frozen=True)
class Scenario:
    """One kind of request: a view of every contestant, and how the client calls it."""

    name: str
    title: str
    path: str
    content: Content = ORDINARY
    #: False: the visitor is new and sends no cookie.
    sends_cookie: bool = True
    #: True: each call sends the cookie that the call before was given.
    follows_cookie: bool = False


UNTOUCHED = Scenario("untouched", "untouched", "/untouched")
READ = Scenario("read", "read 3", "/read")
WRITE = Scenario("write", "write 1", "/write")
FIRST = Scenario("first", "first visit", "/first", sends_cookie=False)
SIGN_IN = Scenario("sign-in", "sign-in", "/sign-in", follows_cookie=True)

#: With a session of 1 KB.
ORDINARY_SCENARIOS = (UNTOUCHED, READ, WRITE, FIRST, SIGN_IN)

READ_ONE = Scenario("read-one", "read 1 of 1 KB", "/read-one")
WRITE_ONE = Scenario("write-one", "write 1 of 1 KB", "/write")
READ_LARGE = Scenario("read-large", "read 1 of 256 KB", "/read-large", LARGE)
WRITE_LARGE = Scenario("write-large", "write 1 of 256 KB", "/write-large", LARGE)

#: The same with 256 KB in 200 keys, beside the small one.
LARGE_SCENARIOS = (READ_ONE, READ_LARGE, WRITE_ONE, WRITE_LARGE)

#: A small key, with one of 5 MB beside it: what comes over the wire is counted, not timed.
READ_BESIDE = Scenario("read-beside", "read 1 beside 5 MB", "/read-beside", HUGE)

ALL_SCENARIOS = (*ORDINARY_SCENARIOS, *LARGE_SCENARIOS, READ_BESIDE)

#: What differs in what it asks of a store.
COUNTED_SCENARIOS = (*ORDINARY_SCENARIOS, READ_LARGE, WRITE_LARGE, READ_BESIDE)

#: The view that begins an everyday session; its size is measured, not its time.
EVERYDAY = "/everyday"
