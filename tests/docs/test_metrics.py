"""metrics: the blocks do what the page says, and the page says what there is."""

from __future__ import annotations

import logging
import re

import prometheus_client
import pytest
from flask import session
from prometheus_client import CollectorRegistry

import flask_sessionplus
from flask_sessionplus import SessionPlus, signals, store_called
from flask_sessionplus.metrics import SessionMetrics
from tests.support.processes import ROOT
from tests.web.typing_in import Desk, runs

PAGE = (ROOT / "docs" / "metrics.md").read_text()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> CollectorRegistry:
    """Return what stands for the registry of the process, which belongs to all tests."""
    registry = CollectorRegistry()
    monkeypatch.setattr("flask_sessionplus.metrics.REGISTRY", registry)
    monkeypatch.setattr(
        "prometheus_client.make_wsgi_app",
        lambda given=registry, make=prometheus_client.make_wsgi_app: make(given),
    )
    return registry


@runs("metrics 1")
def test_all_sessions(desk: Desk) -> None:
    """All sessions: the loop meets each one."""
    ext = SessionPlus(desk.app)
    desk.type("metrics 1", ext=ext)
    site = desk.visitor().site
    for number in range(5):
        site.visitor()(lambda number=number: session.login(number))

    with desk.app.app_context():
        assert sorted(desk.names["all_users"]()) == ["0", "1", "2", "3", "4"]


@runs("metrics 2")
def test_statistics(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Statistics: an hour is printed as the page shows it."""
    desk.type("metrics 2")
    desk.names["ext"] = SessionPlus(desk.app)
    desk.visitor()(lambda: session.update(a=1))
    with desk.app.app_context():
        desk.names["last_day"]()
    lines = capsys.readouterr().out.splitlines()

    assert len(lines) > 25
    assert re.fullmatch(r"\d\d:00 1 created, 0 ended, 0 failed", lines[24])
    assert re.fullmatch(r"FileStore\.create took 0\.\d{3} s", lines[25])


@runs("metrics 3")
def test_history(desk: Desk) -> None:
    """History: what has happened to a session."""
    desk.app.config["SESSION_HISTORY"] = 10
    desk.type("metrics 3", ext=SessionPlus(desk.app))
    handle = desk.visitor().value(lambda: session.login("ada") or session.identifier)

    with desk.app.app_context():
        assert [what for _, what in desk.names["story_of"](handle)] == ["signed in", "created"]
        assert desk.names["story_of"]("A" * 22) == []


@runs("metrics 4")
def test_prometheus(desk: Desk, registry: CollectorRegistry) -> None:
    """Prometheus: the app answers with its metrics, and those of the table are all there are."""
    SessionPlus(desk.app)
    desk.type("metrics 4")
    visitor = desk.visitor()
    visitor(lambda: session.update(a=1))
    told = visitor.client.get("/metrics").text
    named = set(re.findall(r"^# TYPE (flask_sessionplus_\w+) (?:counter|histogram)", told, re.M))
    table = (
        PAGE.partition("| metric |")[2]
        .partition("\n\n")[0]
        .replace("`...", "`flask_sessionplus_sessions")
    )

    assert "flask_sessionplus_sessions_created_total 1.0" in told
    assert named == set(re.findall(r"`(flask_sessionplus_\w+)`", table))


@runs("metrics 5")
def test_prometheus_of_several_processes(desk: Desk) -> None:
    """Several processes: run for real in tests/faults/test_metrics_processes.py; here it loads."""
    desk.type("metrics 5")

    assert callable(desk.names["metrics_app"])


@runs("metrics 6")
def test_opentelemetry(desk: Desk) -> None:
    """OpenTelemetry: the calls are traced, though nobody takes the spans here."""
    SessionPlus(desk.app)
    desk.type("metrics 6")

    assert store_called.has_receivers_for(desk.app)
    assert desk.visitor()(lambda: session.update(a=1)).status == 200


@runs("metrics 7")
def test_signals(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Signals: a slow call is logged, others are not."""
    SessionPlus(desk.app)
    desk.type("metrics 7")
    details = {"store": "S", "operation": "load", "started_at": 1, "error": None}
    with caplog.at_level(logging.WARNING, desk.app.name):
        store_called.send(desk.app, seconds=0.05, **details)
        store_called.send(desk.app, seconds=0.25, **details)

    store_called.disconnect(desk.names["note_slow_calls"])
    assert caplog.messages == ["S.load took 0.250 s"]


def test_every_signal_is_in_the_table() -> None:
    """The table of signals names each public one."""
    names = set(vars(signals)) & set(flask_sessionplus.__all__)

    assert {name for name in names if f"`{name}`" in PAGE} == names


def test_the_metrics_are_those_of_the_class(registry: CollectorRegistry) -> None:
    """No metric is missing on the page."""
    SessionMetrics(registry)

    assert len(list(registry.collect())) == 13
