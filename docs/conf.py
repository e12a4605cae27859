"""How Sphinx builds the documentation: `make docs`. Each warning is an error."""

import builtins
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "Flask-SessionPlus"
author = "Flask-SessionPlus contributors"
copyright = author
# One source of truth: what the package itself is called.
release = re.search(r"^version = (.+)$", (HERE.parent / "setup.cfg").read_text(), re.M)[1]
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "complete", "settings_directive"]
exclude_patterns = ["_build"]
templates_path: list[str] = []

myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block", "deflist", "html_image"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 78

# A reference that leads nowhere is an error, but to what other projects document (to look there
# would need the network), and to names that only annotations have.
nitpicky = True
_OTHERS = (
    "blinker|click|collections|contextlib|datetime|flask|opentelemetry|prometheus_client"
    "|sqlalchemy|typing|werkzeug"
)
_ANNOTATIONS = "Codec|Dashboard|Decorator|Kind|Pages|Parent|Principal|Schema|Services|Settings|View"
nitpick_ignore_regex = [
    (r"py:.*", rf"({_OTHERS})\..+"),
    (r"py:.*", "|".join(re.escape(name) for name in dir(builtins))),
    (r"py:class", rf"flask_sessionplus\..+\.([A-Z]|{_ANNOTATIONS})"),
    (r"py:.*", r"BadRequest|MetaData|Table"),
    (r"py:class", r"(a set-like|an) object providing a view on D's \w+"),
    (r"py:class", r"dict\[str"),
]

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["sessionplus.css"]
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {"color-brand-primary": "#0b5d66", "color-brand-content": "#0b5d66"},
    "dark_css_variables": {"color-brand-primary": "#5cc6d0", "color-brand-content": "#5cc6d0"},
}
