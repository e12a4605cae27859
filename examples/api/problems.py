"""What goes wrong is told as problem details (RFC 9457), whatever it is."""

from __future__ import annotations

from flask import Flask, jsonify
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from flask_sessionplus import AuthError, ParameterError


def init_app(app: Flask) -> None:
    """Answer errors as problem details."""
    app.register_error_handler(HTTPException, http_problem)
    app.register_error_handler(ParameterError, parameter_problem)


def http_problem(error: HTTPException) -> Response:
    """Keep status and headers, such as ``Retry-After``, and put the text into JSON."""
    response = error.get_response()
    if isinstance(error, AuthError):
        return response  # those are problem details already
    return _problem(response, error.name, error.description or "")


def parameter_problem(error: ParameterError) -> Response:
    """Name the value that does not fit, and say what would; what was given is not repeated."""
    response = Response(status=422)
    return _problem(response, "Unprocessable Content", f"{error.name} must be {error.expected}.")


def _problem(response: Response, title: str, detail: str) -> Response:
    details = {"type": "about:blank", "title": title, "status": response.status_code}
    response.set_data(jsonify(**details, detail=detail).get_data())
    response.content_type = "application/problem+json"
    return response
