"""Visitors who count in their sessions, and notice everything that goes wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.faults.browsing import Answer, Browser


@dataclass
class Counter:
    """Somebody who counts up; a session that is forgotten or another's would show.

    :param browser: whose session is stored.
    :ivar acknowledged: the last number that was answered.
    :ivar answers: all answers.
    :ivar strange: answers that must not be, by what is wrong with them.
    """

    browser: Browser
    name: str
    acknowledged: int = 0
    counted: int = 0
    uncertain: int = 0
    answers: list[Answer] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, browser: Browser, name: str) -> Counter:
        """Sign somebody in under *name*."""
        assert browser.post(f"/sign-in/{name}").is_good
        return cls(browser, name)

    def work(self) -> None:
        """Count once, and look."""
        answer = self.browser.post("/count/number")
        self.uncertain += not answer.is_good
        self._note(answer, self._count)
        self._note(self.browser.get("/all"), self._look)

    def check(self) -> None:
        """Look once more, now that all is well."""
        answer = self.browser.get("/all")
        assert answer.is_good, answer
        self._look(answer)
        number = answer.value.get("number", 0)
        if not self.counted <= number <= self.counted + self.uncertain:
            self.strange.append(f"{number} of {self.counted} and perhaps {self.uncertain}")

    @property
    def failed(self) -> list[Answer]:
        """The answers that were none."""
        return [answer for answer in self.answers if not answer.is_good]

    def _note(self, answer: Answer, good: object) -> None:
        self.answers.append(answer)
        if answer.cookies:
            # Neither of these pages gives anybody a new token, nor takes one away.
            self.strange.append(f"a cookie was set: {answer.status}")
        if answer.is_good:
            assert callable(good)
            good(answer)
        elif not answer.is_busy:
            self.strange.append(f"{answer.status} {answer.body[:200]!r}")

    def _count(self, answer: Answer) -> None:
        self.counted += 1
        # One that was answered 503 may have been counted all the same.
        if answer.value <= self.acknowledged:
            self.strange.append(f"{answer.value} after {self.acknowledged}")
        self.acknowledged = answer.value

    def _look(self, answer: Answer) -> None:
        found = answer.value
        if found.get("user") != self.name:
            self.strange.append(f"a session of somebody else, or none: {found}")
        elif found.get("number", 0) < self.acknowledged:
            self.strange.append(f"{found} after {self.acknowledged}")


def strange(counters: list[Counter]) -> list[str]:
    """Return all that went wrong."""
    return [each for counter in counters for each in counter.strange]


def failed(counters: list[Counter]) -> list[Answer]:
    """Return all answers that were none, the first one first."""
    found = [answer for counter in counters for answer in counter.failed]
    return sorted(found, key=lambda answer: answer.began)


def is_within(answer: Answer, downs: list[tuple[float, float]]) -> bool:
    """Tell whether *answer* was under way in one of these spans of time."""
    end = answer.began + answer.seconds
    return any(down <= end and answer.began <= up for down, up in downs)


def slowest(counters: list[Counter]) -> float:
    """Return the seconds that the slowest answer took the app."""
    return max(answer.own_seconds for counter in counters for answer in counter.answers)
