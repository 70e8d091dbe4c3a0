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
from myst_nb.ext.glue.crossref import read_glue_cache
from myst_nb.ext.glue.utils import PendingGlueReference
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
SVG = "image/svg+xml"
COLOUR = re.compile("|".join(DARK))
SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)pt" height="([\d.]+)pt"')
PIXELS = 96 / 72


class drawing(nodes.image):  # noqa: N801 - a docutils node, named like all of them
    """An image of which there are four."""


class GluedDrawings(SphinxPostTransform):
    """Put an image where a page refers to a drawing that another one has glued.

    myst-nb itself knows no SVG there.
    """

    default_priority = 4  # before it shows the words that stand for the drawing (5)

    def run(self):
        """Run the transform on one page."""
        for reference in list(self.document.findall(PendingGlueReference)):
            if reference.gtype == "text":
                continue
            glued = read_glue_cache(self.env.mystnb_config.output_folder, reference.refdoc)
            svg = glued.get(reference.key, {}).get("data", {}).get(SVG, "")
            file = file_name(svg)
            if file in self.app.drawings:
                reference.replace_self(nodes.image(uri=file, candidates={"*": file}))


class FindDrawings(SphinxPostTransform):
    """Put a drawing in the place of each image that a notebook has twice."""

    default_priority = 7  # after what is glued has its images (5) and its alternative texts (6)

    def run(self):
        """Run the transform on one page."""
        for image in list(self.document.findall(nodes.image)):
            name = Path(image["uri"]).name
            if name in self.app.drawings:
                output = self.app.drawings[name]
                narrow = output["metadata"]["catnet"]["narrow"]
                texts = {"wide": output["data"][SVG], "narrow": narrow}
                image.replace_self(self.four(image, name, texts))

    def four(self, image, name, texts):
        """Write the four files; return the node that shows them."""
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


def file_name(svg):
    """Return the name of the file that myst-nb writes an SVG to."""
    return hashlib.sha256(os.linesep.join(svg.splitlines()).encode()).hexdigest() + ".svg"


def read_notebooks(app, env, docnames):
    """Remember the drawings of all notebooks, by the name of the wide one's file."""
    app.drawings = {}
    for docname in env.found_docs:
        path = Path(env.doc2path(docname))
        if path.suffix != ".ipynb":
            continue
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if "narrow" in output.get("metadata", {}).get("catnet", {}):
                    app.drawings[file_name(output["data"][SVG])] = output


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
    app.drawings = {}
    app.add_node(drawing, html=(visit_drawing, depart_drawing))
    app.connect("env-before-read-docs", read_notebooks)
    app.add_post_transform(GluedDrawings)
    app.add_post_transform(FindDrawings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
