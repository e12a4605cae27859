"""Prometheus metrics: what they count, what they are called, and what they must not tell."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import pytest
from flask import session
from prometheus_client import CollectorRegistry, generate_latest

from flask_sessionplus import StoreUnavailable, signals
from flask_sessionplus.metrics import SessionMetrics
from tests.support.processes import ROOT
from tests.web import secretly


@pytest.fixture
def registry():
    """Return an empty registry: the one of the process belongs to all tests."""
    return CollectorRegistry()


@pytest.fixture
def metrics(registry):
    """Return metrics of their own registry."""
    return SessionMetrics(registry)


@pytest.fixture
def watched(make_site, embedded, metrics):
    """Return an app that is measured, on each store that needs no server."""
    site = make_site(embedded)
    metrics.init_app(site.app)
    return site


def value(registry, name, **labels):
    """Return the value of one series."""
    return registry.get_sample_value(f"flask_sessionplus_{name}", labels)


def test_what_happens_is_counted(watched, registry, clock):
    """One visitor's life, in numbers."""
    visitor = watched.visitor()
    visitor(lambda: session.update(a=1))
    visitor(lambda: session.login("ada"))
    visitor(lambda: session.logout())
    visitor(lambda: session.update(a=1))
    clock.advance(100_000_000)
    visitor(lambda: session.get("a"))
    watched.visitor("x")(lambda: session.get("a"))

    counted = {
        name: value(registry, f"{name}_total")
        for name in (
            *("sessions_created", "sessions_regenerated", "sessions_destroyed"),
            *("sessions_expired", "sessions_lost", "sign_ins", "sign_outs", "tokens_reused"),
        )
    }
    assert counted == {
        **dict.fromkeys(counted, 1),
        "sessions_created": 2,
        "sessions_lost": 0,
        "tokens_reused": 0,
    }
    assert value(registry, "sessions_rejected_total", reason="malformed") == 1


def test_revocations_are_counted_by_the_session(watched, registry):
    """Three sessions ended by one call are three."""
    for _ in range(3):
        watched.visitor()(lambda: session.login("ada"))
    with watched.app.app_context():
        watched.app.extensions["sessionplus"].extension.revoke_user("ada")

    assert value(registry, "sessions_revoked_total") == 3


def test_calls_are_measured(watched, embedded, registry):
    """Each call of the store is in the histogram, by store and operation; failures beside."""
    watched.visitor()(lambda: session.update(a=1))
    with secretly.failing(embedded, "load", StoreUnavailable("It does not answer.")):
        watched.visitor("A" * 43)(lambda: session.get("a"))
    labels = {"store": type(embedded).__name__, "operation": "create"}
    name = "store_call_duration_seconds"

    assert value(registry, f"{name}_count", **labels) == 1
    assert 0 < value(registry, f"{name}_sum", **labels) < 5
    assert value(registry, f"{name}_bucket", le="+Inf", **labels) == 1
    assert value(registry, f"{name}_count", **{**labels, "operation": "load"}) == 1
    assert value(registry, "store_errors_total", error="StoreUnavailable") == 1


def test_names_are_as_prometheus_wants_them(watched, registry):
    """Prefix, unit and ending as its conventions say, and a help text for each."""
    watched.visitor()(lambda: session.update(a=1))
    families = list(registry.collect())

    assert len(families) == 13
    for family in families:
        assert family.name.startswith("flask_sessionplus_")
        assert family.documentation.endswith(".")
        assert family.type in ("counter", "histogram")
        assert (family.type == "histogram") == family.name.endswith("_duration_seconds")
        for sample in family.samples:
            assert sample.labels.keys() <= {"reason", "error", "store", "operation", "le"}


def test_labels_are_bounded(watched, registry):
    """Whatever names somebody brings in, the number of series has an end."""
    for number in range(500):
        details = {"store": f"S{number}", "operation": f"o{number}", "error": None}
        signals.store_called.send(watched.app, started_at=1, seconds=0.1, **details)
        signals.token_rejected.send(watched.app, reason=f"reason {number}")
    series = {
        tuple(sorted(sample.labels.items()))
        for family in registry.collect()
        for sample in family.samples
        if sample.name.endswith(("_count", "tokens_rejected_total"))
    }

    assert len(series) <= 120
    assert value(registry, "tokens_rejected_total", reason="other") == 450


def test_nothing_secret_is_told(watched, registry):
    """Of a whole day of secrets, none is in what Prometheus gets."""
    secrets = secretly.live(watched)
    told = generate_latest(registry).decode()

    assert value(registry, "sessions_created_total") >= 3
    assert len(secrets) > 20
    secretly.assert_silent(told, secrets)


def test_only_its_own_apps_are_counted(watched, make_site, metrics, registry):
    """Of several apps in a process, those that were given are counted, together."""
    other, third = make_site(), make_site()
    metrics.init_app(third.app)
    for site in (watched, other, third):
        site.visitor()(lambda: session.update(a=1))

    assert value(registry, "sessions_created_total") == 2


def test_the_app_may_go(make_site, registry):
    """Metrics do not keep an app alive."""
    site = make_site()
    SessionMetrics(registry).init_app(site.app)
    app = weakref.ref(site.app)
    del site
    gc.collect()

    assert app() is None


def test_two_on_one_registry_are_refused(registry, metrics):
    """Prometheus' own error says that the series are there already."""
    with pytest.raises(ValueError, match="Duplicated"):
        SessionMetrics(registry)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [("metrics", "prometheus_client", "metrics"), ("tracing", "opentelemetry", "tracing")],
)
def test_a_missing_package_is_named(module, package, extra):
    """Without the optional package the error says which extra to install; the rest works."""
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "import flask_sessionplus, flask_sessionplus.overview\n"
        "try:\n"
        f"    import flask_sessionplus.{module}\n"
        "except flask_sessionplus.ConfigError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert f"'Flask-SessionPlus[{extra}]'" in done.stdout
