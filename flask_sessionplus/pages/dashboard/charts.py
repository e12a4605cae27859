"""Where the bars of a chart are. The template draws it; nothing here knows HTML.

Horizontally all is in percent, so that a chart is as wide as there is room while its text stays
as large as it is; vertically in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .spans import Slot, Span

#: Pixels from the axis to the end of the scale, upwards and downwards.
REACH = 84

# Of its slot, how much a bar takes.
_FULLNESS = 0.72

# What happened once must be seen beside what happened a million times.
_LEAST = 2.0


@dataclass(frozen=True)
class Column:
    """One slot of a chart.

    :param left: of the slot, in percent of the width; ``width`` too.
    :param bar_left: of its bars, in percent; ``bar_width`` too.
    :param ups: the number that goes upwards, and ``up`` how high its bar is, in pixels.
    :param downs: the number that goes downwards, and ``down`` how deep its bar is.
    :param label: whether it is labelled: ``"always"``, ``"wide"`` (if there is room) or ``""``.
    """

    slot: Slot
    left: float
    width: float
    bar_left: float
    bar_width: float
    ups: int
    up: float
    downs: int
    down: float
    label: str

    @property
    def middle(self) -> float:
        """Where its label is, in percent of the width."""
        return round(self.left + self.width / 2, 3)


@dataclass(frozen=True)
class Chart:
    """Bars upwards for one number, and downwards for another, on one scale.

    :param top: the number at the end of the scale.
    """

    columns: list[Column]
    top: int

    @property
    def is_empty(self) -> bool:
        """Whether all numbers are 0."""
        return not any(column.up or column.down for column in self.columns)


def chart(
    span: Span, slots: Sequence[Slot], up: Callable[[Slot], int], down: Callable[[Slot], int]
) -> Chart:
    """Return the chart of *slots*.

    :param up: returns of a slot the number that goes upwards; *down* the other one.
    """
    top = scale_end(max((max(up(slot), down(slot)) for slot in slots), default=0))
    width = 100 / max(len(slots), 1)

    def column(number: int, slot: Slot) -> Column:
        left = number * width
        return Column(
            slot=slot,
            left=round(left, 3),
            width=round(width, 3),
            bar_left=round(left + width * (1 - _FULLNESS) / 2, 3),
            bar_width=round(width * _FULLNESS, 3),
            ups=up(slot),
            up=_height(up(slot), top),
            downs=down(slot),
            down=_height(down(slot), top),
            label=_label(span, len(slots) - 1 - number),
        )

    return Chart([column(*each) for each in enumerate(slots)], top)


def scale_end(largest: int) -> int:
    """Return a round number that is not less than *largest*: 2, 4, 6, 10, 20, 40, 60, 100 ...

    It is even, so that half of it can be written beside the line in the middle.
    """
    power = 1
    while True:
        for each in (2, 4, 6, 10):
            if largest <= each * power:
                return each * power
        power *= 10


def share(part: int, largest: int) -> float:
    """Return how long a bar for *part* is, in percent, where the longest is for *largest*."""
    return round(100 * part / largest, 2) if largest else 0.0


def _height(number: int, top: int) -> float:
    return max(_LEAST, round(REACH * number / top, 2)) if number else 0.0


def _label(span: Span, from_the_end: int) -> str:
    # Counted from now: the time that is looked for is labelled.
    if from_the_end % span.every:
        return ""
    return "wide" if from_the_end // span.every % 2 else "always"
