"""A public name that no page documents is a warning, and so an error."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import flask_sessionplus


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Compare `flask_sessionplus.__all__` with what the pages document."""
    documented = {name.rpartition(".")[2] for name in env.domaindata["py"]["objects"]}
    for name in sorted(set(flask_sessionplus.__all__) - documented):
        logging.getLogger(__name__).warning(
            "flask_sessionplus.%s is on no page: add it to docs/api.md", name
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of it."""
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True}
