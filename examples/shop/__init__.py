"""A small web shop, to show Flask-SessionPlus at work. It starts in :mod:`.app`."""
