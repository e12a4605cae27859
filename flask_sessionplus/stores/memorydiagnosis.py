"""What is wrong with sessions in the memory of a process."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..findings import Finding

# Where servers are told how many processes they are to start; gunicorn reads both.
_find_workers = re.compile(r"(?:^|\s)(?:-w|--workers)[\s=]*(\d+)").search
_VARIABLES = ("WEB_CONCURRENCY", "UWSGI_PROCESSES", "UWSGI_WORKERS")


def diagnose(environ: Mapping[str, str]) -> list[Finding]:
    """Return what speaks against a memory store.

    :param environ: the variables of the process.
    """
    workers, variable = _workers(environ)
    if workers > 1:
        return [
            Finding(
                "error",
                "memory-many-workers",
                f"The sessions are in memory, and {variable} asks for {workers} processes.",
                "Each process has sessions of its own, so visitors are signed in and out by"
                " chance.",
                "Use a store that all share, such as SESSION_STORE = 'redis://...' or"
                " 'sqlite:///...'.",
            )
        ]
    return [
        Finding(
            "note",
            "memory",
            "The sessions are in the memory of one process.",
            "They end with it: each restart signs everybody out.",
            "For more than tests, use another SESSION_STORE, such as 'sqlite:///...'.",
        )
    ]


def _workers(environ: Mapping[str, str]) -> tuple[int, str]:
    """Return how many processes are asked for, and by what; 0 if nothing says so."""
    found = _find_workers(environ.get("GUNICORN_CMD_ARGS", ""))
    if found:
        return int(found[1]), "GUNICORN_CMD_ARGS"
    for variable in _VARIABLES:
        value = environ.get(variable, "")
        if value.isascii() and value.isdigit():
            return int(value), variable
    return 0, ""
