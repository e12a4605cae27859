"""Names of fields with `{{ }}`: over the request, in a sandbox, and never from the request."""

from __future__ import annotations

import pytest
from flask import session
from jinja2 import TemplateSyntaxError

from flask_sessionplus.decorators import delete_data, get_data, put_data

BROWSER = {"session_type": "session"}


def show(**kwargs):
    """Answer what came in, without what the address says."""
    kwargs.pop("number", None)
    return kwargs


EXPRESSIONS = {
    "order-{{ args.id }}": "order-7",
    "{{ form.id }}": "8",
    "{{ json.order.id }}": "9",
    "{{ headers['X-Id'] }}": "10",
    "o{{ view_args.number }}": "o11",
    "{{ method }}": "POST",
    "{{ path }}": "/view/11",
    "{{ args.get('none', 'x') }}": "x",
    "{% if args.id == '7' %}seven{% else %}other{% endif %}": "seven",
    "{{ args.id ~ '-' ~ method|lower }}": "7-post",
}


@pytest.mark.parametrize(("field", "name"), EXPRESSIONS.items(), ids=EXPRESSIONS)
def test_expressions(put_up, field, name):
    """A name may be made of the query, the form, the JSON, the headers and the address."""
    visitor = put_up(get_data(field, **BROWSER), show, rule="/view/<int:number>")
    visitor(lambda: session.update({name: "found"}))
    if "json" in field:
        body = {"json": {"order": {"id": 9}}}
    else:
        body = {"data": {"id": "8"}}

    answer = visitor.client.post("/view/11?id=7", headers={"X-Id": "10"}, **body)

    assert answer.json == {name: "found"}


def test_put_and_delete_too(put_up):
    """The other two operations take expressions as well."""
    field = "cart-{{ args.id }}"
    visitor = put_up(put_data(field, **BROWSER), lambda: {"cart-7": 1, "cart-8": 2})
    visitor.client.get("/view?id=7")
    assert visitor.value(lambda: dict(session)) == {"cart-7": 1}


def test_deleting_by_expression(put_up):
    """A name that depends on the request is deleted by it."""
    visitor = put_up(delete_data("cart-{{ args.id }}", **BROWSER))
    visitor(lambda: session.update({"cart-7": 1, "cart-8": 2}))
    visitor.client.get("/view?id=8")

    assert visitor.value(lambda: dict(session)) == {"cart-7": 1}


FAILURES = {
    "missing": ("{{ args.none }}", ""),
    "missing inside": ("{{ json.a.b }}", ""),
    "no number": ("{{ args.id + 1 }}", "?id=x"),
    "by zero": ("{{ 1 // args.id|int }}", "?id=0"),
    "empty": ("{{ args.id }}", "?id="),
    "control": ("{{ args.id }}", "?id=%03user"),
    "another control": ("{{ args.id }}", "?id=%00kind"),
    "a delete": ("{{ args.id }}", "?id=%7Fx"),
    "an extension's": ("{{ args.id }}", "?id=_user_id"),
    "Flask's": ("{{ args.id }}", "?id=_flashes"),
    "too long": ("{{ args.id }}", "?id=" + "x" * 1025),
}


@pytest.mark.parametrize("decorator", [get_data, put_data, delete_data])
@pytest.mark.parametrize(("field", "query"), FAILURES.values(), ids=FAILURES)
def test_what_fails_is_a_400(make_visitor, decorator, field, query):
    """A request that lacks what the name is made of, or makes what is none, is a 400."""
    visitor = make_visitor(decorator(field, **BROWSER), lambda **kwargs: {"a": 1})
    visitor(lambda: session.update(_user_id=7))

    assert visitor.client.get(f"/view{query}").status_code == 400
    assert visitor.value(lambda: dict(session)) == {"_user_id": 7}


@pytest.mark.parametrize("decorator", [get_data, put_data, delete_data])
@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
def test_json_that_is_too_deep(make_visitor, decorator, depth):
    """JSON that is nested more deeply than Python can follow is a 400, as others that are bad."""
    visitor = make_visitor(decorator("{{ args.id }}", **BROWSER), lambda **kwargs: {"a": 1})
    body = "[" * depth + "]" * depth

    answer = visitor.client.post("/view?id=a", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert visitor.value(lambda: dict(session)) == {}


HOSTILE = [
    "{{ ''.__class__.__mro__ }}",
    "{{ args.__class__ }}",
    "{{ args.__init__.__globals__ }}",
    "{{ headers.update({}) }}",
    "{{ view_args.clear() }}",
    "{{ json.__class__.__base__.__subclasses__() }}",
    "{{ config }}",
    "{{ request.environ }}",
    "{{ session }}",
    "{{ g }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ range(10 ** 9) }}",
    "{{ '{0.__class__}'.format(args) }}",
]


@pytest.mark.parametrize("field", HOSTILE)
def test_the_sandbox(make_visitor, field):
    """An expression reaches neither the app nor Python, and changes nothing: a 400."""
    visitor = make_visitor(get_data(field, **BROWSER), show)

    assert visitor.client.get("/view").status_code == 400


@pytest.mark.parametrize("given", ["{{ 7 * 7 }}", "{% set a = 1 %}", "{{ config }}", "a}}{{ b"])
def test_nothing_of_a_request_becomes_a_template(make_visitor, given):
    """Braces that come with a request are characters of a name like others."""
    visitor = make_visitor(get_data("{{ args.id }}", **BROWSER), show)
    visitor(lambda: session.update({given: "found", "49": "calculated"}))

    assert visitor.client.get("/view", query_string={"id": given}).json == {given: "found"}


@pytest.mark.parametrize("field", ["{{ args.id", "{{ }}", "{% if %}", "{{ args.id | none }}"])
def test_wrong_expressions_are_found_at_once(field):
    """What is no expression is told when the view is decorated."""
    with pytest.raises(TemplateSyntaxError):
        get_data(field)
