"""Decorators for views and blueprints.

Each works on a function, an ``async`` function, a class of views and a blueprint as a whole,
and together with the others in any order. Over a route, ``@app.get(...)`` comes first::

    @app.get("/orders")
    @login_required
    def orders(): ...
"""

from .asking import Identity, current_identity
from .data import delete_data, get_data, put_data
from .keeping import no_session, read_only
from .signing import fresh_required, login_required, role_required
from .turns import exclusive
from .within import scoped

__all__ = [
    "Identity",
    "current_identity",
    "delete_data",
    "exclusive",
    "fresh_required",
    "get_data",
    "login_required",
    "no_session",
    "put_data",
    "read_only",
    "role_required",
    "scoped",
]
