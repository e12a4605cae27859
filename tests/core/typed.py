"""Types of an app for typed parameters. Not in the tests: their annotations are looked up here."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from decimal import Decimal
from enum import Enum, Flag, IntEnum, auto
from typing import Any, NamedTuple, Protocol, TypedDict


class Theme(Enum):
    LIGHT = "light"
    DARK = "dark"


class Level(IntEnum):
    GUEST = 0
    ADMIN = 1


class Word(str, Enum):
    YES = "yes"
    NO = "no"
    NOTHING = ""


class Right(Flag):
    READ = auto()
    WRITE = auto()


class Nobody(Enum):
    pass


@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float


@dataclass
class Item:
    name: str
    price: Money
    tags: set[str] = field(default_factory=set)
    theme: Theme | None = None


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)


@dataclass(frozen=True)
class Span:
    first: int
    last: int
    length: int = field(init=False)

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"{self.last} is before {self.first}")
        object.__setattr__(self, "length", self.last - self.first)


@dataclass
class Anything:
    value: Any = None


@dataclass
class Asking:
    name: str
    secret: InitVar[str]


@dataclass
class Lost:
    name: Nowhere  # noqa: F821  what an annotation is that cannot be found


@dataclass
class Around:
    inner: complex | bytes


class Slug(str):
    """Takes a text; of anything else it asks for what it has not."""

    def __new__(cls, text: str) -> Slug:
        """Take letters and digits."""
        if not text.isalnum():
            raise ValueError(f"{text} is no slug")
        return super().__new__(cls, text.lower())


class Pair(NamedTuple):
    a: int
    b: int


class Shape(TypedDict):
    a: int


class Walks(Protocol):
    legs: int
