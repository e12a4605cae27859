"""Names of fields: plain, dotted, or with expressions over the request."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from flask import request
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from werkzeug.exceptions import BadRequest

_MOST_CHARACTERS = 1_024

_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)

# What an expression over a request may raise, if the request is not as expected.
_FAILURES = (
    *(TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError),
    *(TypeError, ValueError),
)

#: Stands for a field that is not there.
ABSENT: Any = object()


class Fields:
    """The names of some fields, as a decorator was given them.

    Expressions are compiled once, here: they come from the code. What a request brings is
    only data to them, and never becomes a template.

    :raises ValueError: if a name is empty, or one of ours.
    :raises jinja2.TemplateSyntaxError: if an expression is none.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: list[str | Template] = []
        for name in names:
            if not isinstance(name, str):
                raise TypeError(f"A field is a text, such as 'body', not {name!r:.80}.")
            if "{{" in name or "{%" in name:
                self._names.append(_environment.from_string(name))
            elif not _is_good(name):
                raise ValueError(f"{name!r:.80} is no field: it is empty, or a name of ours.")
            else:
                self._names.append(name)

    def of_request(self) -> list[str]:
        """Return the names for the current request.

        :raises BadRequest: if an expression fails, or makes what is no name, or the JSON is
            nested too deeply.
        """
        if not any(isinstance(name, Template) for name in self._names):
            return [name for name in self._names if isinstance(name, str)]
        try:
            known = _about_request()
        except RecursionError as error:
            raise BadRequest("The JSON of the request is nested too deeply.") from error
        return [name if isinstance(name, str) else _render(name, known) for name in self._names]


def pick(data: Mapping[str, Any], field: str) -> Any:
    """Return the value of *field*: that of the whole name, or else of the path inside."""
    if field in data:
        return data[field]
    found: Any = data
    for name in field.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return ABSENT
        found = found[name]
    return found


def place(arguments: dict[str, Any], field: str, value: Any) -> None:
    """Put *value* into *arguments*, that of a dotted *field* inside dicts."""
    first, *path = field.split(".")
    if not path:
        arguments[field] = value
        return
    # Never into what the session holds: it would be saved there.
    inside = arguments[first] = _own(arguments.get(first))
    for name in path[:-1]:
        inside[name] = inside = _own(inside.get(name))
    inside[path[-1]] = value


def drop(data: MutableMapping[str, Any], field: str) -> None:
    """Remove *field*, if it is there: the whole name, or else what the path leads to."""
    if field in data:
        del data[field]
        return
    *path, last = field.split(".")
    inside = pick(data, ".".join(path)) if path else ABSENT
    if isinstance(inside, MutableMapping) and last in inside:
        del inside[last]


def _own(found: Any) -> dict[str, Any]:
    return dict(found) if isinstance(found, Mapping) else {}


def _about_request() -> dict[str, Any]:
    # Plain copies: an expression reaches neither the app nor anything that it could change.
    return {
        "args": request.args.to_dict(),
        "form": request.form.to_dict(),
        "json": copy.deepcopy(request.get_json(silent=True)) if request.is_json else None,
        "headers": dict(request.headers.items()),
        "view_args": dict(request.view_args or {}),
        "method": request.method,
        "path": request.path,
    }


def _render(template: Template, known: dict[str, Any]) -> str:
    try:
        name = template.render(known)
    except _FAILURES as error:
        raise BadRequest("The request lacks something, or it is not as expected.") from error
    # A name that a visitor has a say in must not be one of an extension, such as the user id
    # that Flask-Login keeps.
    if not _is_good(name) or name.startswith("_"):
        raise BadRequest("The request names a field that cannot be one.")
    return name


def _is_good(name: str) -> bool:
    return 0 < len(name) <= _MOST_CHARACTERS and name[0] >= " " and name[0] != "\x7f"
