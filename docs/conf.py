"""How Sphinx builds the documentation."""

project = "Flask-SessionPlus"
author = "Flask-SessionPlus contributors"
release = "0.1.0"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = project
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]

myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
