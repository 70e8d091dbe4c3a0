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
            content = json.dumps(found["data"], separators=(",", ":"), ensure_ascii=False)
            content = content.replace("<", "\\u003c")
            begin = f'<div class="moving" data-moving="{found["figure"]}">'
            end = f'<script type="application/json">{content}</script></div>'
            node.replace_self(
                [nodes.raw("", begin, format="html"), node, nodes.raw("", end, format="html")]
            )


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
    app.add_post_transform(PutMoving)
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
