"""What is wrong with an app's sessions, and the remedy: what ``flask session check`` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: An error makes sessions unsafe or loses them; a warning may, in some places; a note is to be
#: known.
Severity = Literal["error", "warning", "note"]

#: The worst first.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. It names no token, key or value.

    :param code: its name, which stays the same, such as ``"redis-evicts"``.
    :param found: what it is.
    :param why: why it matters, in a sentence.
    :param remedy: what to do.
    """

    severity: Severity
    code: str
    found: str
    why: str
    remedy: str
