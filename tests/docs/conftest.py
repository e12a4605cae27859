"""An empty app at somebody's desk, who types in what the pages say.

What a page leaves to its reader, such as a function that checks passwords, is given: see `Desk`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from flask_sessionplus import SessionPlus
from tests.web.typing_in import Desk
from tests.web.visiting import Visitor


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Return an app without our sessions; its instance folder is not made yet."""
    return Flask("site", instance_path=str(tmp_path / "instance"))


@pytest.fixture
def desk(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk with an empty app, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    app.config.update(TESTING=True, SESSION_STORE=f"file://{tmp_path}/sessions")
    return Desk(app)


@pytest.fixture
def visitor(desk: Desk) -> Visitor:
    """Return somebody who visits the app, which has its sessions."""
    SessionPlus(desk.app)
    return desk.visitor()
