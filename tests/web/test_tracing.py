"""OpenTelemetry spans: one for each call of the store, below the current one, and no secrets."""

from __future__ import annotations

import pytest
from flask import session
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from flask_sessionplus import StoreUnavailable
from flask_sessionplus.tracing import trace_store_calls
from tests.web import secretly
from tests.web.visiting import WatchedStore


@pytest.fixture
def exporter():
    """Return where spans arrive."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter):
    """Return a provider of our own: the one of the process belongs to all tests."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider
    provider.shutdown()


@pytest.fixture
def store(embedded):
    """Return a store that is watched."""
    return WatchedStore(embedded)


@pytest.fixture
def traced(site, provider):
    """Return an app whose calls are traced."""
    trace_store_calls(site.app, provider)
    return site


def test_each_call_is_a_span(traced, store, exporter):
    """With the name of the operation, the attributes of the conventions, and its times."""
    traced.visitor()(lambda: session.update(a=1))
    spans = exporter.get_finished_spans()

    assert [span.attributes["db.operation.name"] for span in spans] == store.new_calls()
    for span in spans:
        assert span.name == f"{span.attributes['db.operation.name']} WatchedStore"
        assert span.attributes["flask_sessionplus.store"] == "WatchedStore"
        assert 0 < span.end_time - span.start_time < 5e9
        assert span.status.status_code is StatusCode.UNSET
        assert span.instrumentation_scope.name == "flask_sessionplus"


@pytest.mark.parametrize(
    ("url", "kind", "system"),
    [
        ("sqlite:///{}/sessions.db", SpanKind.CLIENT, "sqlite"),
        ("memory://", SpanKind.INTERNAL, None),
        ("file://{}/sessions", SpanKind.INTERNAL, None),
    ],
)
def test_the_database_is_named(make_site, provider, exporter, tmp_path, url, kind, system):
    """A database has the name that the conventions give it; memory and files are none."""
    site = make_site(url.format(tmp_path))
    trace_store_calls(site.app, provider)
    site.visitor()(lambda: session.update(a=1))
    [span] = exporter.get_finished_spans()

    assert (span.kind, span.attributes.get("db.system.name")) == (kind, system)
    assert span.name == f"create {system or span.attributes['flask_sessionplus.store']}"


def test_it_is_a_child_of_the_current_span(traced, provider, exporter):
    """What calls the store in the middle of a view belongs to that."""
    tracer = provider.get_tracer("site")
    visitor = traced.visitor()
    visitor(lambda: session.update(a=1))
    exporter.clear()

    def view():
        with tracer.start_as_current_span("view"):
            session.increment("a")

    visitor(view)
    spans = exporter.get_finished_spans()
    [outer] = [span for span in spans if span.name == "view"]
    inner = [span for span in spans if span.parent and span.parent.span_id == outer.context.span_id]

    assert [span.attributes["db.operation.name"] for span in inner] == ["load", "apply"]
    assert {span.context.trace_id for span in inner} == {outer.context.trace_id}


def test_a_fault_is_an_error(traced, store, exporter):
    """The span has the status and the class of the error, not what it says."""
    store.faults["load"] = lambda: StoreUnavailable("Told to nobody. Look at it.")
    traced.visitor("A" * 43)(lambda: session.get("a"))
    [span] = exporter.get_finished_spans()

    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "flask_sessionplus.errors.StoreUnavailable"
    assert "Told to nobody" not in span.to_json()


def test_nothing_secret_is_told(make_site, embedded, provider, exporter):
    """Of a whole day of secrets, none is in any span."""
    site = make_site(embedded)
    trace_store_calls(site.app, provider)
    secrets = secretly.live(site)
    spans = exporter.get_finished_spans()

    assert len(spans) > 20
    secretly.assert_silent("".join(span.to_json() for span in spans), secrets)


def test_without_a_provider_it_costs_little_and_harms_nothing(site):
    """Where no provider is set for the process, spans go nowhere."""
    trace_store_calls(site.app)

    assert site.visitor()(lambda: session.update(a=1)).status == 200


def test_other_apps_are_not_traced(traced, make_site, exporter):
    """Spans are made of the app that was given."""
    make_site().visitor()(lambda: session.update(a=1))

    assert exporter.get_finished_spans() == ()
