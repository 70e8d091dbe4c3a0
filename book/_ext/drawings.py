"""Show a chapter's drawings as the reader's screen wants them: wide or narrow, light or dark.

A notebook holds each as two SVGs (`catnet.report.pages.drawing`). Of either this makes a dark one,
and a page gets all four: those that are not shown are not fetched.
"""

import hashlib
import os
import re
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

# The theme's dark background, and what is read on it; other colours do for both.
DARK = {
    "#ffffff": "#121212",
    "#000000": "#ced6dd",
    "#5b6770": "#9ba8b2",
    "#e3e7ea": "#2d343b",
    "#eef2f5": "#242b33",
    "#0072b2": "#56b4e9",
    "#009e73": "#30c79d",
    "#d55e00": "#ff8b42",
}
COLOUR = re.compile("|".join(DARK))
SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)pt" height="([\d.]+)pt"')
PIXELS = 96 / 72


class drawing(nodes.image):  # noqa: N801 - a docutils node, named like all of them
    """An image of which there are four."""


class FindDrawings(SphinxPostTransform):
    """Put a drawing in the place of each image that a notebook has twice."""

    default_priority = 7  # after what is glued has its images (5) and its alternative texts (6)

    def run(self):
        """Run the transform on one page."""
        outputs = self.app.drawing_outputs
        for image in list(self.document.findall(nodes.image)):
            name = Path(image["uri"]).name
            if name in outputs:
                narrow = outputs[name]["metadata"]["catnet"]["narrow"]
                image.replace_self(self.four(image, name, narrow))

    def four(self, image, name, narrow):
        """Write the four files; return the node that shows them."""
        folder = Path(self.env.srcdir, image["uri"]).parent
        wide = Path(folder, name).read_text(encoding="utf-8")
        texts = {"wide": wide, "narrow": narrow}
        files = {}
        for screen, text in texts.items():
            for mode, svg in (("light", text), ("dark", dark(text))):
                file = f"{name[:16]}-{screen}-{mode}.svg"
                (Path(self.app.outdir) / "_images").mkdir(exist_ok=True)
                (Path(self.app.outdir) / "_images" / file).write_text(svg, encoding="utf-8")
                files[screen, mode] = file
        node = drawing(**image.attributes)
        node["files"] = files
        node["sizes"] = {screen: size(text) for screen, text in texts.items()}
        return node


def dark(svg):
    """Change the colours to those of a dark page; letters that have none are black."""
    svg = COLOUR.sub(lambda found: DARK[found[0]], svg)
    return svg.replace("<svg ", f'<svg fill="{DARK["#000000"]}" ', 1)


def size(svg):
    """Return width and height in pixels."""
    return [round(float(points) * PIXELS) for points in SIZE.search(svg).groups()]


def read_notebooks(app, env, docnames):
    """Remember the drawings of all notebooks, by the name that myst-nb gives the wide ones."""
    app.drawing_outputs = {}
    for docname in env.found_docs:
        path = Path(env.doc2path(docname))
        if path.suffix != ".ipynb":
            continue
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if "narrow" in output.get("metadata", {}).get("catnet", {}):
                    wide = os.linesep.join(output["data"]["image/svg+xml"].splitlines())
                    digest = hashlib.sha256(wide.encode()).hexdigest()
                    app.drawing_outputs[f"{digest}.svg"] = output


def visit_drawing(translator, node):
    """Write two pictures, for light pages and for dark ones; each picks by the screen's width."""
    folder = translator.builder.imgpath
    alt = translator.attval(node.get("alt", ""))
    (width, height), (low_width, low_height) = node["sizes"]["wide"], node["sizes"]["narrow"]
    # Not beside the caption: the theme hides what follows a picture of the other mode.
    translator.body.append('<span class="drawing">')
    for mode in ("light", "dark"):
        translator.body.append(
            f'<picture class="only-{mode}">'
            f'<source media="(max-width: 600px)" srcset="{folder}/{node["files"]["narrow", mode]}" '
            f'width="{low_width}" height="{low_height}">'
            f'<img class="dark-light" src="{folder}/{node["files"]["wide", mode]}" alt="{alt}" '
            f'width="{width}" height="{height}" loading="lazy"></picture>'
        )
    translator.body.append("</span>")


def depart_drawing(translator, node):
    """Nothing is left open."""


def setup(app):
    """Register with Sphinx."""
    app.drawing_outputs = {}
    app.add_node(drawing, html=(visit_drawing, depart_drawing))
    app.connect("env-before-read-docs", read_notebooks)
    app.add_post_transform(FindDrawings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
