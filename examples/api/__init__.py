"""A small JSON API, to show Flask-SessionPlus without a browser. It starts in :mod:`.app`."""
