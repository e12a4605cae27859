"""Templates: `session['x']`, `session.x` and `session().get('x')`, in pages and macros."""

from __future__ import annotations

import pytest
from flask import Response, render_template, render_template_string, session, stream_template
from jinja2 import DictLoader

SHOW = "{{ session['name'] }} {{ session.name }} {{ session().get('name') }}"
FILES = {
    "page.html": SHOW,
    "including.html": "{% include 'page.html' %}",
    "including_without.html": "{% include 'page.html' without context %}",
    "layout.html": "<h1>{% block title %}{% endblock %}</h1>" + SHOW,
    "extending.html": "{% extends 'layout.html' %}{% block title %}"
    "{{ session['cart'][0] }}{% endblock %}",
    "macros.html": "{% macro show() %}" + SHOW + "{% endmacro %}",
    "importing.html": "{% import 'macros.html' as m %}{{ m.show() }}",
    "importing_with.html": "{% import 'macros.html' as m with context %}{{ m.show() }}",
    "from_import.html": "{% from 'macros.html' import show %}{{ show() }}",
    "from_import_with.html": "{% from 'macros.html' import show with context %}{{ show() }}",
}


@pytest.fixture
def templates(known):
    """Return somebody at an app with these templates."""
    known.site.app.jinja_loader = DictLoader(FILES)
    return known


@pytest.mark.parametrize(
    "name", [name for name in FILES if name not in ("layout.html", "macros.html")]
)
def test_the_session_is_everywhere(templates, name):
    """In pages, includes, layouts and macros, with or without context, all spellings work."""
    html = templates.value(lambda: render_template(name))

    assert html == ("<h1>tea</h1>" if name == "extending.html" else "") + "Ada Ada Ada"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ session['cart'][0] }}", "tea"),
        ("{{ session.cart.0 }}", "tea"),
        ("{{ session['nothing'] }}", ""),
        ("{{ session.nothing }}", ""),
        ("{{ session.nothing|default('x') }}", "x"),
        ("{{ session.get('nothing', 'x') }}", "x"),
        ("{{ session().get('visits') + 1 }}", "4"),
        ("{{ session().has('name') }} {{ session().has('nothing') }}", "True False"),
        ("{% if session %}yes{% endif %}", "yes"),
        ("{% if session() %}yes{% endif %}", "yes"),
        ("{% if 'name' in session %}yes{% endif %}", "yes"),
        ("{% if 'name' in session() %}yes{% endif %}", "yes"),
        ("{{ session|length }}", "3"),
        ("{% for key in session %}{{ key }} {% endfor %}", "name cart visits "),
        (
            "{% for k, v in session.items() %}{{ k }}:{{ v|string|length }} {% endfor %}",
            "name:3 cart:7 visits:1 ",
        ),
        ("{{ session().all()|length }}", "3"),
        ("{{ session().identifier == session.identifier }}", "True"),
        ("{{ session()()().get('name') }}", "Ada"),
    ],
)
def test_what_templates_write(known, source, expected):
    """What people write in templates gives what they mean."""
    html = known.value(lambda: render_template_string(source))

    assert html == expected


def test_values_are_escaped(visitor):
    """What is in a session is escaped like any other variable."""
    visitor(lambda: session.update(name="<script>"))

    assert visitor.value(lambda: render_template_string(SHOW)) == " ".join(["&lt;script&gt;"] * 3)


def test_a_message_shows_in_a_macro(templates):
    """The alert of seed 002 works in a macro that knows globals only."""
    alert = (
        "{% macro alert() %}{% if session().has('success') %}"
        "<p>{{ session().get('success') }}</p>{% endif %}{% endmacro %}"
    )
    templates.site.app.jinja_loader = DictLoader(
        {"a.html": alert, "b.html": "{% from 'a.html' import alert %}{{ alert() }}"}
    )
    templates(lambda: session.flash("success", "saved"))

    assert templates.value(lambda: render_template("b.html")) == "<p>saved</p>"
    assert templates.value(lambda: render_template("b.html")) == ""


def test_a_variable_of_the_page_goes_first(known):
    """A page that is given a `session` of its own uses that one, as in Flask."""
    assert known.value(lambda: render_template_string("{{ session }}", session="mine")) == "mine"


def test_a_template_without_it_costs_nothing(known, store):
    """Flask gives the session to each template; only its use loads it."""
    known(lambda: render_template_string("hello {{ request.path }}"))

    assert store.new_calls() == []


def test_a_template_reads_once(templates, store):
    """However often a template uses the session, the store is asked once."""
    templates(lambda: render_template("extending.html"))

    assert store.new_calls() == ["load"]


def test_a_streamed_template_has_it(templates):
    """A template that is streamed has the session as well."""
    assert templates(lambda: Response(stream_template("page.html"))).text == "Ada Ada Ada"


def test_outside_of_a_request(known):
    """A template that is rendered without a request has no session, and needs none."""
    with known.site.app.app_context():
        assert render_template_string("{{ session is defined }} hello").endswith("hello")
