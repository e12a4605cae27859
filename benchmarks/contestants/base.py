"""What every contestant is: an application with the same views, keeping sessions its own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from ..client import Client
from ..payload import READ_ANSWER
from ..scenarios import FILL, SCENARIOS, Scenario

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Unavailable(Exception):
    """A contestant cannot run here; the message says what is missing."""


class Contestant(ABC):
    """One way of keeping sessions. A new store is a new small class, listed in ``ALL``."""

    #: Who, and on what store: ``flask-session:sqlite``.
    name: str
    scenarios: tuple[Scenario, ...] = SCENARIOS
    #: True: takes part in every run, for the others are compared with it.
    is_yardstick = False

    @abstractmethod
    def build(self, folder: Path) -> WSGIApplication:
        """Make the application, its store in this folder. Raises :exc:`Unavailable`."""

    def settle(self) -> None:  # noqa: B027
        """Do what has to wait until all connections are open."""

    def close(self) -> None:  # noqa: B027
        """Give back what the folder's removal does not: connections, server-side tables."""

    @property
    def store(self) -> str:
        """The last part of the name: ``sqlite``."""
        return self.name.partition(":")[2]


class Running:
    """A contestant that has been built, with clients to call its views."""

    def __init__(self, contestant: Contestant, folder: Path) -> None:
        folder.mkdir()
        self.contestant = contestant
        self.app = contestant.build(folder)

    def client(self, scenario: Scenario) -> Client:
        """A client in the steady state: a full session, whose cookie has come back before."""
        if not scenario.sends_cookie:
            return Client(self.app, scenario.path, None)
        filler = Client(self.app, FILL, None)
        filler.get()
        cookie = filler.cookie_set()
        client = Client(self.app, scenario.path, cookie, follow=scenario.follows_cookie)
        client.run(3)
        client.check()
        if cookie is not None:
            current = client.cookie_set() if scenario.follows_cookie else cookie
            reader = Client(self.app, "/read", current)
            if (answer := reader.get()) != READ_ANSWER:
                raise RuntimeError(f"{self.contestant.name} lost the session: {answer!r}")
        self.contestant.settle()
        return client
