"""Pages ready to be put into an app: devices for its users, the dashboard for who runs it.

.. code-block:: python

    from flask_sessionplus.pages import Look, devices

    look = Look(base_template="base.html")
    app.register_blueprint(devices.create_blueprint(look=look), url_prefix="/account/devices")
"""

from .look import Look as Look
