"""Put what a moving figure shows beside the drawing whose place it takes.

A notebook holds it as an output (`catnet.report.pages.drawing.Moving`). The page gets it as JSON,
and the script of that figure: one file in book/_static/moving, besides `moving.js`, which all of
them need. Without scripts, in print and in the PDF there is the drawing.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from drawings import drawing
from sphinx.transforms.post_transforms import SphinxPostTransform

from catnet.report.pages.drawing import MOVING


class moving(nodes.General, nodes.Element):  # noqa: N801 - a docutils node, named like all of them
    """The box of a drawing that can move: one node, as a figure's caption must be its second."""


FIGURE = re.compile(r'<div class="moving" data-moving="(\w+)">')


class PutMoving(SphinxPostTransform):
    """Put a drawing that can move into a box of its own, with the data."""

    default_priority = 8  # after what is glued has become a drawing (7)

    def run(self):
        """Run the transform on one page."""
        if self.app.builder.name != "html":
            return
        for node in list(self.document.findall(drawing)):
            found = self.app.drawings[Path(node["uri"]).name]["data"].get(MOVING)
            if found is None:
                continue
            box = moving("", figure=found["figure"], data=found["data"])
            node.replace_self(box)
            box += node


def visit_moving(translator, node):
    """Open the box."""
    translator.body.append(f'<div class="moving" data-moving="{node["figure"]}">')


def depart_moving(translator, node):
    """Close it, with the data in it."""
    content = json.dumps(node["data"], separators=(",", ":"), ensure_ascii=False)
    content = content.replace("<", "\\u003c")
    translator.body.append(f'<script type="application/json">{content}</script></div>')


def add_scripts(app, pagename, templatename, context, doctree):
    """Add the scripts of a page's figures, in the order in which they need each other."""
    found = dict.fromkeys(FIGURE.findall(context.get("body", "")))
    if not found:
        return
    app.add_css_file("moving/moving.css")
    # Not modules, which no browser takes from a file: a book can be read without a server.
    for name in ("moving", *found):
        app.add_js_file(f"moving/{name}.js", loading_method="defer")


def setup(app):
    """Register with Sphinx."""
    app.setup_extension("drawings")
    app.add_node(moving, html=(visit_moving, depart_moving))
    app.add_post_transform(PutMoving)
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
