"""Offer the book's PDF on the front page and by the download button, where there is one.

`make pdf` makes it and names it in CATNET_PDF; without it the button prints the page one is on.
"""

import os
import posixpath
import shutil
from pathlib import Path

from docutils import nodes

PRINTS = "window.print()"


def pdf_of(app):
    """Return the PDF's path, or None."""
    pdf = Path(app.srcdir, os.environ.get("CATNET_PDF", ""))
    return pdf if pdf.is_file() and app.builder.name == "html" else None


def offer_on_front_page(app, doctree, docname):
    """Put a sentence above the front page's first section."""
    pdf = pdf_of(app)
    title = next(doctree.findall(nodes.section), None)
    if pdf is None or docname != app.config.root_doc or title is None:
        return
    address = posixpath.relpath(pdf.name, posixpath.dirname(docname) or ".")
    size = f"{pdf.stat().st_size / 1e6:.1f} MB"
    link = f'<p>To keep or to print: <a href="{address}">the whole book as one PDF</a>, {size}.</p>'
    first = title.next_node(nodes.section)
    place = len(title) if first is None else title.index(first)
    title.insert(place, nodes.raw("", link, format="html"))


def offer_by_button(app, pagename, templatename, context, doctree):
    """Let the button for a PDF lead to it."""
    pdf = pdf_of(app)
    if pdf is None:
        return
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("javascript") == PRINTS:
                del button["javascript"]
                address = context["pathto"](pdf.name, 1)
                button |= {"type": "link", "url": address, "tooltip": "Download the book as PDF"}


def copy(app, exception):
    """Put it beside the pages."""
    pdf = pdf_of(app)
    if pdf is not None and exception is None:
        shutil.copyfile(pdf, Path(app.outdir, pdf.name))


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-resolved", offer_on_front_page)
    app.connect("html-page-context", offer_by_button, priority=900)  # the theme's has 501
    app.connect("build-finished", copy)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
