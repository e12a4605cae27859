"""`.. settings::`: a table of the settings named, made from the code.

Each is an object that pages can refer to, as {confval}`SESSION_STORE`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from docutils import nodes
from explained import FILES, explained, in_words
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_id


class SettingsTable(SphinxDirective):
    """Takes the names, one a line."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Make a row of each."""
        for file in FILES:
            self.env.note_dependency(str(file))
        found = explained()
        body = nodes.tbody()
        for name in self.content:
            if name not in found:
                raise self.error(
                    f"{name} has no comment. Write `#: what may be given: what it does` above its"
                    " default in flask_sessionplus/config*.py."
                )
            body += self._row(found[name])
        group = nodes.tgroup("", cols=2)
        group += [nodes.colspec(colwidth=width) for width in (40, 60)]
        heads = nodes.row("", *(self._entry(text) for text in ("Setting, default", "What it does")))
        group += [nodes.thead("", heads), body]
        return [nodes.table("", group, classes=["settings"])]

    def _row(self, setting: Any) -> nodes.row:
        node_id = make_id(self.env, self.state.document, "setting", setting.name)
        name = nodes.paragraph("", "", nodes.literal(setting.name, setting.name))
        name["ids"].append(node_id)
        objects = self.env.domains.standard_domain
        objects.note_object("confval", setting.name, node_id, location=name)
        default = self.parse_text_to_nodes(in_words(setting))
        text = self.parse_text_to_nodes(setting.text[0].upper() + setting.text[1:])
        allowed = self.parse_text_to_nodes(setting.allowed)
        for node in allowed:
            node["classes"].append("allowed")
        return nodes.row(
            "", nodes.entry("", name, *default), nodes.entry("", *text, *allowed), ids=[]
        )

    def _entry(self, text: str) -> nodes.entry:
        return nodes.entry("", nodes.paragraph("", text))


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of it."""
    app.add_directive("settings", SettingsTable)
    return {"parallel_read_safe": True}
