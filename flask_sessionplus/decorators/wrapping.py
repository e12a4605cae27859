"""How a decorator gets around a function, an async function, a view class or a blueprint."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from functools import wraps
from types import GeneratorType
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from flask import Blueprint, Flask, Response, current_app, request
from flask.views import View

#: What can be decorated: a view function, async too, a class of views, a blueprint.
T = TypeVar("T", bound=Callable[..., Any] | Blueprint)

Context: TypeAlias = AbstractContextManager[Any]

_RULES = "_sessionplus_rules"

# What views take. Weakly: a view that is kept would keep its app.
_taken: WeakKeyDictionary[Any, frozenset[str] | None] = WeakKeyDictionary()


class Call:
    """A view that is about to be called.

    :param view: the function, or the one that Flask knows under the endpoint.
    :param arguments: its keyword arguments, to be changed in place.
    """

    def __init__(self, view: Any, arguments: dict[str, Any]) -> None:
        self.arguments = arguments
        self._view = view

    def takes(self, name: str) -> bool:
        """Tell whether the view has an argument *name*, or takes all."""
        taken = _arguments(_innermost(self._view))
        return taken is None or name in taken


class Rule:
    """What a decorator does with a view, by overriding one or two of these methods."""

    #: Whether it keeps people out: then it may guard what has no other guard.
    is_guard = False

    def before(self, call: Call) -> None:
        """Do what has to be done before the view; raise to keep it from being called."""

    def around(self) -> Context | None:
        """Return the context in which the view runs.

        It is entered again and again for what the view streams, after it has returned.
        """
        return None

    def after(self, answer: Any) -> Any:
        """Return what is answered, for what the view returned."""
        return answer

    def stay(self) -> None:
        """Enter the context of :meth:`around` until the end of the request."""

    def mark(self, target: Any) -> None:
        """Note something at the decorated function, class or blueprint."""

    def named(self, name: str) -> Rule:
        """Return the rule for a whole blueprint of that name."""
        return self


class _After(Rule):
    """The part of a rule that comes after the view."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def after(self, answer: Any) -> Any:
        return self._rule.after(answer)


class Decorator:
    """Puts a rule around what it is called with, and keeps its type.

    A function, async or not, is wrapped. A class of views stays what it is: all its methods
    are covered, those of its subclasses too, whatever these override. A blueprint stays what
    it is: all its views are covered, those of nested blueprints too, whether they were added
    already or come later; it must not have been registered.
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    @property
    def is_guard(self) -> bool:
        """Whether it lets only some people in."""
        return self._rule.is_guard

    def __call__(self, target: T, /) -> T:
        """Return *target*, decorated."""
        found: Any = target
        if isinstance(found, Blueprint):
            _cover_blueprint(self._rule.named(found.name), found)
        elif inspect.isclass(found) and issubclass(found, View):
            _cover_class(self._rule, found)
        elif inspect.isclass(found) or not callable(found):
            raise TypeError(
                f"This decorates a view function, a View class or a Blueprint, not {found!r:.80}."
            )
        else:
            found = wrap(self._rule, found)
            self._rule.mark(found)
            return found  # type: ignore[no-any-return]
        self._rule.mark(found)
        return target


def is_target(value: object) -> bool:
    """Tell whether a decorator without arguments was given *value* to decorate."""
    return callable(value) or isinstance(value, Blueprint)


def wrap(rule: Rule, view: Callable[..., Any]) -> Callable[..., Any]:
    """Return *view*, sync or async as it is, with *rule* around it."""
    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def wait(*args: Any, **kwargs: Any) -> Any:
            rule.before(Call(view, kwargs))
            context = rule.around()
            if context is None:
                return rule.after(await view(*args, **kwargs))
            with context:
                answer = await view(*args, **kwargs)
            return rule.after(_streamed_within(context, answer))

        return wait

    @wraps(view)
    def call(*args: Any, **kwargs: Any) -> Any:
        rule.before(Call(view, kwargs))
        context = rule.around()
        if context is None:
            return rule.after(view(*args, **kwargs))
        with context:
            answer = view(*args, **kwargs)
        return rule.after(_streamed_within(context, answer))

    return call


def _cover_class(rule: Rule, cls: type[View]) -> None:
    # Not by `decorators`, which a subclass may replace, and a parent may share.
    rules = cls.__dict__.get(_RULES)
    if rules is not None:
        rules.append(rule)
        return
    rules = [rule]
    own = cls.__dict__.get("as_view")

    def as_view(sub: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        make = super(cls, sub).as_view if own is None else own.__get__(None, sub)
        view = make(name, *args, **kwargs)
        for each in rules:
            view = wrap(each, view)
        return view

    setattr(cls, _RULES, rules)
    cls.as_view = classmethod(as_view)  # type: ignore[assignment]


def _cover_blueprint(rule: Rule, blueprint: Blueprint) -> None:
    def before() -> None:
        if not _is_flasks_own():
            view = current_app.view_functions.get(request.endpoint or "")
            rule.before(Call(view, _view_args()))
            rule.stay()

    kind = type(rule)
    if kind.before is not Rule.before or kind.stay is not Rule.stay:
        blueprint.before_request(before)
        # Before the blueprint's own functions: what the rule refuses must not have begun. Of
        # several decorators the upper one is the outer one, as over functions.
        hooks = blueprint.before_request_funcs[None]
        hooks.insert(0, hooks.pop())
    if kind.after is not Rule.after:
        _cover_answers(rule, blueprint)


def _cover_answers(rule: Rule, blueprint: Blueprint) -> None:
    # Not by after_request: that has the answers too of error handlers, and of functions that
    # kept the view from being called.
    original = blueprint.register

    def register(app: Flask, options: dict[str, Any]) -> None:
        known = set(app.view_functions)
        original(app, options)
        for endpoint in app.view_functions.keys() - known:
            if not endpoint.endswith(".static"):
                app.view_functions[endpoint] = wrap(_After(rule), app.view_functions[endpoint])

    blueprint.register = register  # type: ignore[method-assign, assignment]


def _view_args() -> dict[str, Any]:
    if request.view_args is None:
        request.view_args = {}
    return request.view_args


def _is_flasks_own() -> bool:
    """Tell whether Flask answers itself: a preflight comes without cookies and tokens."""
    rule = request.url_rule
    return request.method == "OPTIONS" and bool(getattr(rule, "provide_automatic_options", False))


def _streamed_within(context: Context, answer: Any) -> Any:
    """Let what is generated later run in the context as well."""
    if isinstance(answer, GeneratorType):
        return _resume(context, answer)
    if isinstance(answer, tuple) and answer:
        return (_streamed_within(context, answer[0]), *answer[1:])
    if isinstance(answer, Response) and isinstance(answer.response, GeneratorType):
        answer.response = _resume(context, answer.response)
    return answer


def _resume(context: Context, source: Generator[Any, Any, Any]) -> Iterator[Any]:
    try:
        while True:
            with context:
                try:
                    part = next(source)
                except StopIteration:
                    return
            yield part
    finally:
        with context:
            source.close()


def _innermost(view: Any) -> Any:
    """Return the function that takes the arguments: of a class, the method for the request."""
    cls = getattr(view, "view_class", None)
    if cls is None:
        return view
    method = request.method.lower()
    found = getattr(cls, method, None)
    if found is None and method == "head":
        found = getattr(cls, "get", None)
    return cls.dispatch_request if found is None else found


def _arguments(view: Any) -> frozenset[str] | None:
    """Return the names that *view* takes as keywords; None: all."""
    try:
        return _taken[view]
    except KeyError:
        found = _taken[view] = _inspect(view)
        return found
    except TypeError:
        # There are objects that are no keys, or cannot be held weakly.
        return _inspect(view)


def _inspect(view: Any) -> frozenset[str] | None:
    if view is None:
        return frozenset()
    parameters = inspect.signature(view).parameters.values()
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return None
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return frozenset(each.name for each in parameters if each.kind in by_name)
