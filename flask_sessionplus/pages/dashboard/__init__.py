"""The dashboard: how many sessions there are, what happens to them, and ending them.

.. code-block:: python

    from flask_sessionplus import role_required
    from flask_sessionplus.pages import dashboard

    blueprint = dashboard.create_blueprint(guard=role_required("admin"))
    app.register_blueprint(blueprint, url_prefix="/admin/sessions")
"""

from .blueprint import create_blueprint

__all__ = ["create_blueprint"]
