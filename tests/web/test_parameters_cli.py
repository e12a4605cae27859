"""`flask session parameters`."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from flask_sessionplus.describing import describe
from flask_sessionplus.parameters import Parameter, Schema, check_parameters
from tests.core.typed import Item, Money, Theme

PARAMETERS = {
    "theme": Parameter(str, "light", choices=["light", "dark"], doc="How pages look"),
    "cart_total": Parameter(Decimal, default=0, scope="global"),
    "visit": Parameter(int, default=uuid4, scope="local"),
    "items": Parameter(list[Item]),
}


def run(make_site, *arguments, **config):
    """Run `flask session parameters` in an app with these settings."""
    runner = make_site(**config).app.test_cli_runner()
    result = runner.invoke(args=["session", "parameters", *arguments])

    assert result.exit_code == 0, result.output
    return result.output


def test_the_table(make_site):
    """Each parameter has a line, in the order of their definition, in columns."""
    assert run(make_site, SESSION_PARAMETERS=PARAMETERS) == (
        "NAME        TYPE          DEFAULT  SCOPE    DOC\n"
        "theme       light | dark  light    session  How pages look\n"
        "cart_total  Decimal       0        global\n"
        "visit       int           uuid4()  local\n"
        "items       list[Item]    -        session\n"
    )


def test_json(make_site):
    """`--json` gives programs the same, with the choices as a list."""
    rows = json.loads(run(make_site, "--json", SESSION_PARAMETERS=PARAMETERS))

    assert [row["name"] for row in rows] == list(PARAMETERS)
    assert rows[0] == {
        "name": "theme",
        "type": "light | dark",
        "default": "light",
        "choices": ["light", "dark"],
        "scope": "session",
        "doc": "How pages look",
    }
    assert [row["default"] for row in rows] == ["light", "0", "uuid4()", None]


@pytest.mark.parametrize("config", [{}, {"SESSION_PARAMETERS": {}}])
def test_no_parameters(make_site, config):
    """Where there are none, a line says which setting makes some."""
    assert run(make_site, **config) == "This app has no parameters: see SESSION_PARAMETERS.\n"
    assert json.loads(run(make_site, "--json", **config)) == []


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (Parameter(list[int]), "list[int]"),
        (Parameter(tuple[str, ...]), "tuple[str, ...]"),
        (Parameter(dict[str, Decimal | None]), "dict[str, Decimal | None]"),
        (Parameter(frozenset), "frozenset[Any]"),
        (Parameter(Theme), "light | dark"),
        (Parameter(int, choices=[1, 2], nullable=True), "1 | 2 | None"),
        (Parameter(date, nullable=True), "date | None"),
    ],
)
def test_the_text_of_a_type(parameter, text):
    """A type is written as in annotations, one with choices as these."""
    (row,) = describe(Schema(check_parameters({"x": parameter})))

    assert row.type == text


@pytest.mark.parametrize(
    ("parameter", "default"),
    [
        (Parameter(Theme, Theme.DARK), "DARK"),
        (Parameter(date, date(2026, 11, 21)), "2026-11-21"),
        (Parameter(bool, False), False),
        (Parameter(set[str], {"b", "a"}), ["a", "b"]),
        (Parameter(Money, Money(Decimal("1.50"))), {"amount": "1.50", "currency": "EUR"}),
        (Parameter(dict[Theme, list[int]], {Theme.DARK: [1]}), {"DARK": [1]}),
        (Parameter(list[int], list), "list()"),
    ],
)
def test_a_default_in_json(parameter, default):
    """A default is shown as JSON can say it, and a function is not called."""
    (row,) = describe(Schema(check_parameters({"x": parameter})))

    assert json.loads(json.dumps(row.default)) == default
