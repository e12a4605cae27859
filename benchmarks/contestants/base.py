"""What every contestant is: an application with the same views, keeping sessions its own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from ..client import Client
from ..machine import Unavailable
from ..scenarios import ORDINARY_SCENARIOS, Scenario

__all__ = ["Contestant", "Running", "Unavailable"]

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from ..servers import Server


class Contestant(ABC):
    """One way of keeping sessions. A new store is a new small class, listed in ``ALL``."""

    #: Who, and on what store: ``flask-session:sqlite``.
    name: str
    scenarios: tuple[Scenario, ...] = ORDINARY_SCENARIOS
    #: True: takes part in every run, for the others are compared with it.
    is_yardstick = False
    #: True: many clients at once are let loose on one of its sessions.
    is_raced = False
    #: The server it needs.
    server: Server | None = None

    @abstractmethod
    def place(self, folder: Path) -> str:
        """Make room for the sessions, in this folder or elsewhere, and return its URL.

        Raises :exc:`Unavailable`.
        """

    @abstractmethod
    def open(self, place: str) -> WSGIApplication:
        """Make an application that keeps its sessions there. Raises :exc:`Unavailable`."""

    def size(self) -> int | None:
        """How many bytes all its sessions take; None: that is not known."""
        return None

    def close(self) -> None:  # noqa: B027
        """Give back what the folder's removal does not: what lies on servers."""

    @property
    def store(self) -> str:
        """The last part of the name: ``sqlite``."""
        return self.name.partition(":")[2]


class Running:
    """A contestant that has been built, with clients to call its views."""

    def __init__(self, contestant: Contestant, folder: Path) -> None:
        folder.mkdir()
        self.contestant = contestant
        place = contestant.place(folder)
        try:
            self.app = contestant.open(place)
        except BaseException:
            contestant.close()
            raise

    def client(self, scenario: Scenario) -> Client:
        """A client in the steady state: a full session, whose cookie has come back before."""
        if not scenario.sends_cookie:
            return Client(self.app, scenario.path, None)
        content = scenario.content
        filler = Client(self.app, content.fill, None)
        filler.get()
        cookie = filler.cookie_set()
        client = Client(self.app, scenario.path, cookie, follow=scenario.follows_cookie)
        client.run(3)
        client.check()
        if cookie is not None:
            current = client.cookie_set() if scenario.follows_cookie else cookie
            reader = Client(self.app, content.check, current)
            if (answer := reader.get()) != content.answer:
                raise RuntimeError(f"{self.contestant.name} lost the session: {answer[:80]!r}")
        return client
