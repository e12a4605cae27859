"""`get_data`, `put_data`, `delete_data`: the operations of data pipelines, around views."""

from __future__ import annotations

import pytest
from flask import Blueprint, Response, jsonify, request, session, stream_with_context
from flask.views import MethodView

from flask_sessionplus.decorators import delete_data, get_data, login_required, put_data
from flask_sessionplus.proxies import local_session

ORDER = {"id": 7, "lines": [{"sku": "tea"}], "buyer": {"name": "Ada", "age": 36}}
BROWSER = {"session_type": "session"}


def show(**kwargs):
    """Answer what came in."""
    return kwargs


def test_what_is_there_arrives(put_up):
    """Fields that the session has are keyword arguments; those it has not are left out."""
    visitor = put_up(get_data("name", "none", **BROWSER), show)
    visitor(lambda: session.update(name="Ada", other=1))

    assert visitor.client.get("/view").json == {"name": "Ada"}


def test_the_defaults_are_the_seeds(make_visitor):
    """Without arguments: body, data and id, of the request's own session."""

    def prepare(app):
        app.before_request(lambda: local_session.update(body=1, data=[2], id="x", more=3))

    visitor = make_visitor(get_data(), show, prepare=prepare)
    visitor(lambda: session.update(body=0))

    assert visitor.client.get("/view").json == {"body": 1, "data": [2], "id": "x"}


def test_only_what_a_view_takes(make_visitor):
    """Views of a blueprint or a class get what they have an argument for; others nothing."""
    blueprint = get_data("name", "order.id", **BROWSER)(Blueprint("shop", __name__))
    blueprint.add_url_rule("/both", "both", lambda name=None, order=None: [name, order])
    blueprint.add_url_rule("/one", "one", lambda *, order=None: [order])
    blueprint.add_url_rule("/none", "none", lambda: [])

    @get_data("name", **BROWSER)
    class Page(MethodView):
        def get(self, name=None):
            return [name]

        async def post(self):
            return []

    def prepare(app):
        app.register_blueprint(blueprint)
        app.add_url_rule("/class", view_func=Page.as_view("class"))

    visitor = make_visitor(lambda view: view, prepare=prepare)
    visitor(lambda: session.update(name="Ada", order=ORDER))
    client = visitor.client

    found = [client.get(f"/{path}").json for path in ("both", "one", "none", "class")]
    assert found == [["Ada", {"id": 7}], [{"id": 7}], [], ["Ada"]]
    assert client.head("/class").status_code == 200
    assert client.post("/class").json == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["order.id"], {"order": {"id": 7}}),
        (["order.buyer.name"], {"order": {"buyer": {"name": "Ada"}}}),
        (["order.id", "order.buyer.name"], {"order": {"id": 7, "buyer": {"name": "Ada"}}}),
        (["order"], {"order": ORDER}),
        (["order", "order.id"], {"order": ORDER}),
        (["order.none"], {}),
        (["order.id.none"], {}),
        (["none.id"], {}),
        (["exact.key"], {"exact": {"key": 1}}),
        (["exact.key", "exact.other"], {"exact": {"key": 1, "other": 3}}),
    ],
)
def test_paths(put_up, fields, expected):
    """A path leads into what is there; a key that is called like the path comes first."""
    visitor = put_up(get_data(*fields, **BROWSER), show)
    exact = {"exact.key": 1, "exact": {"key": 2, "other": 3}}
    visitor(lambda: session.update(order=ORDER, **exact))

    assert visitor.client.get("/view").json == expected
    assert visitor.value(lambda: dict(session)) == {"order": ORDER, **exact}


def test_a_picked_part_is_a_copy(make_visitor):
    """What a view does to the dict around a picked part does not end in the session."""
    visitor = make_visitor(get_data("order.id", **BROWSER), lambda order: order.pop("id") and "ok")
    visitor(lambda: session.update(order=ORDER))

    assert visitor.client.get("/view").text == "ok"
    assert visitor.value(lambda: session["order"]) == ORDER


def test_parts_of_a_whole_are_put_into_a_copy(make_visitor):
    """A part that is put into a whole that was asked for too is not put into the session's."""
    visitor = make_visitor(get_data("order", "order.id", **BROWSER), show)
    visitor(lambda: session.update({"order": {"id": 1, "a": 2}, "order.id": 9}))

    assert visitor.client.get("/view").json == {"order": {"id": 9, "a": 2}}
    assert visitor.value(lambda: session["order"]) == {"id": 1, "a": 2}


@pytest.mark.parametrize("field", ["id", "id.part"])
def test_the_address_wins(put_up, field):
    """An argument of the URL is what the visitor asks for: no field takes its place."""
    visitor = put_up(get_data(field, **BROWSER), show, rule="/view/<int:id>")
    visitor(lambda: session.update(id={"part": 9}))

    assert visitor.client.get("/view/3").json == {"id": 3}


ANSWERS = {
    "dict": lambda: {"body": 1, "other": 2},
    "jsonify": lambda: jsonify(body=1, other=2),
    "with status": lambda: ({"body": 1}, 201),
    "with headers": lambda: ({"body": 1}, {"X-A": "1"}),
    "response": lambda: Response(' {"body" : 1}\n', mimetype="application/json"),
    "of a kind": lambda: Response('{"body": 1}', mimetype="application/hal+json"),
    "redirect": lambda: Response('{"body": 1}', 302, mimetype="application/json"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_what_is_answered_is_kept(put_up, answer):
    """Of a JSON object the fields that are in it are put; the answer stays byte for byte."""
    visitor = put_up(put_data("body", "none", **BROWSER), answer)
    with visitor.site.app.test_request_context():
        expected = visitor.site.app.make_response(answer())

    found = visitor.client.get("/view")

    assert (found.status_code, found.data) == (expected.status_code, expected.data)
    assert found.content_type == expected.content_type
    assert visitor.value(lambda: dict(session)) == {"body": 1}


LEFT_ALONE = {
    "an error": lambda: ({"body": 1}, 400),
    "a failure": lambda: ({"body": 1}, 500),
    "a list": lambda: [{"body": 1}],
    "a text": lambda: '{"body": 1}',
    "a page": lambda: Response('{"body": 1}', mimetype="text/html"),
    "broken": lambda: Response('{"body": 1', mimetype="application/json"),
    "not UTF-8": lambda: Response(b'{"body": "\xff"}', mimetype="application/json"),
    "empty": lambda: Response("", 204, mimetype="application/json"),
    "packed": lambda: Response(b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"}),
    "a stream": lambda: Response(iter(['{"body"', ": 1}"]), mimetype="application/json"),
    "too deep": lambda: Response("[" * 100_000 + "]" * 100_000, mimetype="application/json"),
    "a generator": lambda: stream_with_context(part for part in ("a", "b")),
}


@pytest.mark.parametrize("answer", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_other_answers_are_left_alone(put_up, answer):
    """What is no JSON object, is streamed, or tells of an error, puts nothing."""
    visitor = put_up(put_data(**BROWSER), answer)
    with visitor.site.app.test_request_context():
        expected = visitor.site.app.make_response(answer()).data

    assert visitor.client.get("/view").data == expected
    assert visitor.value(lambda: session.exists) is False


def test_paths_pick_inside_the_answer(put_up):
    """A path picks a part of the answer, which is kept under the whole path."""
    visitor = put_up(
        put_data("order.buyer.name", "order.none", **BROWSER), lambda: {"order": ORDER}
    )

    visitor.client.get("/view")
    assert visitor.value(lambda: dict(session)) == {"order.buyer.name": "Ada"}


def test_an_error_puts_and_deletes_nothing(put_up):
    """A view that raises has not answered: nothing is put, nothing is deleted."""

    def fail():
        raise LookupError

    visitor = put_up(lambda target: put_data(**BROWSER)(delete_data(**BROWSER)(target)), fail)
    visitor.site.app.config["PROPAGATE_EXCEPTIONS"] = False
    visitor(lambda: session.update(id=1))

    assert visitor.client.get("/view").status_code == 500
    assert visitor.value(lambda: dict(session)) == {"id": 1}


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        (["order"], {"exact.key": 1, "exact": {"key": 2}}),
        (["order.id"], {"order": {"lines": [1]}, "exact.key": 1, "exact": {"key": 2}}),
        (["exact.key"], {"order": {"id": 7, "lines": [1]}, "exact": {"key": 2}}),
        (["none", "none.id", "order.id.x"], None),
    ],
)
def test_deleting(put_up, fields, left):
    """After a good answer the fields are gone, and nothing else."""
    before = {"order": {"id": 7, "lines": [1]}, "exact.key": 1, "exact": {"key": 2}}
    visitor = put_up(delete_data(*fields, **BROWSER))
    visitor(lambda: session.update(before))

    assert visitor.client.get("/view").text == "seen"
    assert visitor.value(lambda: dict(session)) == (before if left is None else left)


def test_nothing_is_deleted_after_an_error(put_up):
    """A view that answers with an error may be tried again."""
    visitor = put_up(delete_data("id", **BROWSER), lambda: ("no", 409))
    visitor(lambda: session.update(id=1))
    visitor.client.get("/view")

    assert visitor.value(lambda: dict(session)) == {"id": 1}


@pytest.mark.parametrize("kind", ["blueprint", "nested blueprint", "method view", "async"])
def test_only_what_the_view_has_answered(make_visitor, kind):
    """A redirect to the sign-in, an error page that looks good, and a function that answers in
    the view's place put and delete nothing: the view has not answered.
    """

    def decorate(target):
        return login_required(delete_data("id", **BROWSER)(put_data("body", **BROWSER)(target)))

    def fail():
        raise LookupError

    def prepare(app):
        app.register_error_handler(LookupError, lambda error: {"body": "handled"})
        app.before_request(lambda: {"body": "instead"} if "instead" in request.args else None)

    config = {"SESSION_LOGIN_VIEW": "page"}
    visitor = make_visitor(decorate, fail, kind=kind, prepare=prepare, **config)
    visitor(lambda: session.update(id=1))
    found = [visitor.client.get("/view").status_code]
    visitor(lambda: session.login(7))
    found += [visitor.client.get(path).status_code for path in ("/view", "/view?instead")]

    assert found == [302, 200, 200]
    assert visitor.value(lambda: dict(session)) == {"id": 1}


def test_a_blueprints_static_files(make_visitor, tmp_path):
    """Over a blueprint the operations are about its views; its files are none."""
    (tmp_path / "style.json").write_text('{"body": 1}')
    blueprint = Blueprint("shop", __name__, static_folder=tmp_path, static_url_path="/files")
    decorated = delete_data("id", **BROWSER)(put_data("body", **BROWSER)(blueprint))
    visitor = make_visitor(lambda view: view, prepare=lambda app: app.register_blueprint(decorated))
    visitor(lambda: session.update(id=1))

    assert visitor.client.get("/files/style.json", buffered=True).text == '{"body": 1}'
    assert visitor.value(lambda: dict(session)) == {"id": 1}


def test_a_pipeline(put_up):
    """One request: a first step puts, a second one gets, a last one deletes."""
    found = []
    step = put_data("body")(lambda: {"body": [1, 2]})

    def view():
        step()
        found.append(local_session.all())
        found.append(get_data("body")(lambda body=None: body)())
        delete_data("body")(lambda: "done")()
        return local_session.all()

    assert put_up(lambda target: target, view).client.get("/view").json == {}
    assert found == [{"body": [1, 2]}, [1, 2]]


@pytest.mark.parametrize("decorator", [get_data, put_data, delete_data])
@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        ((), {"session_type": "remote"}, ValueError),
        ((), {"session_type": None}, ValueError),
        ((), {"scoped": ""}, ValueError),
        ((), {"scoped": 7}, ValueError),
        (("",), {}, ValueError),
        (("\x03user",), {}, ValueError),
        ((7,), {}, TypeError),
        ((show,), {}, TypeError),
    ],
)
def test_mistakes_are_found_at_once(decorator, arguments, options, error):
    """A wrong name or setting is told when the view is decorated."""
    with pytest.raises(error):
        decorator(*arguments, **options)
