"""Say of each number in the text, and of each figure, where it comes from.

A page has one list of the cells that its numbers come from (`catnet.report.pages.origins` finds
them), and each number says which of them is its own; a script shows that beside the number. Under
a figure stands what belongs to it: its cell, its data, and the command that runs its chapter again.
"""

import ast
import hashlib
import json
import posixpath
import shutil
from functools import cached_property
from html import escape
from pathlib import Path

import nbformat
from docutils import nodes
from myst_nb.ext.glue.roles import PasteTextRole
from myst_nb.ext.glue.utils import PendingGlueReference
from parameter_table import rerun_command
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

from catnet.book import find_book
from catnet.images.catvnoncat import PARTS
from catnet.report.files import json_text
from catnet.report.pages.origins import called, origins, recorded_parameters, results_of
from catnet.report.parameters import declared
from catnet.report.results import Results

DATA = "_data"
SHORT = 12  # digits of a digest

TOGGLE = (
    '<p class="origins-toggle"><button type="button" aria-pressed="false">'
    "Show where numbers come from</button></p>"
)


class number(nodes.inline):  # noqa: N801 - a docutils node, named like all of them
    """A number in the text that a notebook has glued."""


class Quoted(PasteTextRole):
    """myst-nb's role `glue:text`, which forgets what it was asked for; this one remembers."""

    def run(self):
        """Return the number, with its notebook and the name that it was glued by."""
        found, messages = super().run()
        key = self.text.rsplit(":", 1)[0].rpartition("::")[2]
        wrapped = []
        for node in found:
            here = self.document.settings.env.docname
            doc = node.refdoc if isinstance(node, PendingGlueReference) else here
            wrapped.append(number("", "", node, origin=(doc, key)))
        return wrapped, messages


class NameCells(SphinxTransform):
    """Give every cell of code a place that can be linked to."""

    default_priority = 399  # before the cell of parameters becomes a table

    def apply(self, **options):
        """Run the transform on one page."""
        for node in self.document.findall(nodes.container):
            if node.get("nb_element") == "cell_code":
                node["ids"].append(anchor(self.env.docname, node["cell_index"]))


class Trace(SphinxPostTransform):
    """Find where the numbers and figures of a page come from."""

    default_priority = 3  # before what is glued loses its name (4: drawings, 5)
    formats = ("html",)

    def run(self):
        """Run the transform on one page."""
        if self.app.builder.name != "html":
            return
        here = self.env.docname
        cells, runs = [], {}
        for node in self.document.findall(number):
            doc, key = node["origin"]
            chapter = self.chapter(doc)
            if chapter is None or key not in chapter.origins:
                continue
            entry = chapter.cell(key, here)
            runs[doc] = chapter.about(here)
            if entry not in cells:
                cells.append(entry)
            node["entry"] = cells.index(entry)
        self.document["origins"] = {"runs": runs, "cells": cells}
        for figure in list(self.document.findall(nodes.figure)):
            doc, key = here, None
            pending = next(iter(figure.findall(PendingGlueReference)), None)
            cell = figure.parent
            while cell is not None and cell.get("nb_element") != "cell_code":
                cell = cell.parent
            if pending is not None:
                doc, key = pending.refdoc, pending.key
            elif cell is not None:
                key = cell["cell_index"]
            chapter = self.chapter(doc)
            if chapter is not None and key in chapter.origins:
                html = chapter.below_figure(key, here)
                figure += nodes.legend("", nodes.raw("", html, format="html"))

    def chapter(self, doc):
        """Return a notebook of the book, read once, or None."""
        known = self.app.chapters_traced
        if doc not in known:
            path = Path(self.env.doc2path(doc))
            is_one = doc in self.env.found_docs and path.suffix == ".ipynb"
            known[doc] = Traced(self.app, doc, path) if is_one else None
        return known[doc]


class Traced:
    """A notebook, and what can be said of its numbers."""

    def __init__(self, app, doc, path):
        self.app, self.doc = app, doc
        notebook = nbformat.read(path, as_version=4)
        self.told = notebook.metadata.get("catnet", {})
        self.name = self.told.get("chapter", path.stem)
        self.origins = origins(notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        sources = [c.source for c in code if "parameters" in c.metadata.get("tags", [])]
        parameters = declared(sources[0], self.name) if sources else {}
        self.parameters = recorded_parameters(notebook, parameters)
        self.results = results_of(notebook)
        self.studies = [path for name in studies_of(code) if (path := study_file(name)) is not None]

    @property
    def command(self):
        return rerun_command(called(self.name), self.told.get("given", {}))

    def title(self):
        env = self.app.env
        number = env.toc_secnumbers.get(self.doc, {}).get("", ())
        title = env.titles[self.doc].astext()
        return f"{'.'.join(map(str, number))}. {title}" if number else title

    @cached_property
    def data(self):
        """Say what the images or the studies are, with their digests."""
        said = []
        dataset = self.parameters.get("dataset")
        if dataset == "catvnoncat":
            digests = ", ".join(f"{p.name} {p.images_sha256[:SHORT]}…" for p in PARTS)
            said.append(f"catvnoncat, SHA-256 of its images: {digests}")
        elif dataset == "drawn":
            said.append("images that the package draws itself")
        elif dataset is not None:
            said.append(str(dataset))
        for path in self.studies:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            said.append(f"study {path.stem}, SHA-256 {digest[:SHORT]}…")
        return said

    def about(self, here):
        """Return what holds of all numbers of this notebook."""
        return {
            "title": self.title(),
            "href": self.app.builder.get_relative_uri(here, self.doc) or "#",
            "notebook": self.notebook(here),
            "parameters": [f"{k} = {json.dumps(v)}" for k, v in self.parameters.items()],
            "data": self.data,
            "command": self.command,
        }

    def cell(self, key, here):
        """Return what holds of one number."""
        origin = self.origins[key]
        return {
            "run": self.doc,
            "cell": origin.computed.number,
            "words": origin.computed.words,
            "href": self.place(origin.computed, here),
            "shown": origin.shown.number if origin.shown != origin.computed else None,
        }

    def place(self, cell, here):
        """Return the address of a cell, or of the notebook where no page shows the cell."""
        if cell.hidden:
            return self.notebook(here)
        page = "" if here == self.doc else self.app.builder.get_relative_uri(here, self.doc)
        return f"{page}#{anchor(self.doc, cell.index)}"

    def notebook(self, here):
        return relative(f"_sources/{self.doc}.ipynb", here)

    def below_figure(self, key, here):
        """Write what stands under a figure."""
        origin = self.origins[key]
        computed, shown = origin.computed, origin.shown
        said = [
            f'Drawn by <a href="{escape(self.place(shown, here))}">cell {shown.number}</a> of '
            f'<a href="{escape(self.notebook(here))}">the notebook</a>'
        ]
        if computed != shown:
            href = escape(self.place(computed, here))
            said[0] += f'; what it shows was last computed in <a href="{href}">'
            said[0] += f"cell {computed.number}</a>"
        said[0] += "."
        data = [f'<a href="{escape(href)}">{text}</a>' for href, text in self.files(here)]
        if data:
            said.append(f"Data: {', '.join(data)}.")
        said.append(f"Again: <code>{escape(self.command)}</code>")
        items = "".join(f"<li>{each}</li>" for each in said)
        return (
            '<details class="figure-origin"><summary>Where this figure comes from</summary>'
            f"<ul>{items}</ul></details>"
        )

    def files(self, here):
        """Write the files with the data of this notebook, once; return addresses and texts."""
        files = []
        if self.told:  # the page of a rerun has them beside it
            return [("results.json", "this run's numbers (JSON)")] if self.results else []
        folder = Path(self.app.outdir) / DATA
        if self.results and self.results["runs"]:
            path = folder / f"{self.name}.json"
            if not path.exists():
                folder.mkdir(exist_ok=True)
                content = Results.from_json(self.results).to_json()
                path.write_text(json_text(content), encoding="utf-8")
            files.append((path, "all costs and accuracies of this chapter's runs (JSON)"))
        for source in self.studies:
            path = folder / source.name
            if not path.exists():
                folder.mkdir(exist_ok=True)
                shutil.copyfile(source, path)
            files.append((path, f"study {escape(source.stem)} (HDF5)"))
        return [(relative(f"{DATA}/{path.name}", here), text) for path, text in files]


def anchor(doc, index):
    """Return the name of a cell in its page, and in a page of all chapters."""
    return f"cell-{posixpath.basename(doc)}-{index}"


def relative(file, here):
    """Return a file's address from a page."""
    return posixpath.relpath(file, posixpath.dirname(here) or ".")


def study_file(name):
    """Return the file of a recorded study, or None."""
    path = find_book().root / "studies" / f"{name}.h5"
    return path if path.is_file() else None


def studies_of(cells):
    """Return the names of the studies that a notebook's code loads, in its order."""
    trees = []
    for cell in cells:
        try:
            trees.append(ast.parse(cell.source))
        except SyntaxError:  # a line for IPython alone
            continue
    every = [node for tree in trees for node in ast.walk(tree)]
    lists = {
        target.id: node.value
        for node in every
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    names = []
    for node in every:
        if isinstance(node, ast.Call) and _loads(node):
            names += _constants(node.args[0])
        elif isinstance(node, ast.ListComp | ast.DictComp) and any(map(_loads, ast.walk(node))):
            source = node.generators[0].iter
            names += _constants(lists.get(source.id) if isinstance(source, ast.Name) else source)
    return list(dict.fromkeys(names))


def _loads(node):
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("load_study")


def _constants(node):
    elements = node.elts if isinstance(node, ast.Tuple) else [node]
    return [e.value for e in elements if isinstance(e, ast.Constant)]


def visit_number(translator, node):
    """Write the number with the place of its cell in the page's list."""
    entry = f' data-origin="{node["entry"]}"' if "entry" in node else ""
    translator.body.append(f'<span class="number"{entry}>' if entry else "<span>")


def depart_number(translator, node):
    """Close it."""
    translator.body.append("</span>")


def add_list(app, pagename, templatename, context, doctree):
    """Put the page's list under its text, and the button that shows what is in it."""
    found = (doctree or {}).get("origins") if doctree is not None else None
    if not found or not found["cells"]:
        return
    content = json.dumps(found, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    head, end, rest = context["body"].partition("</h1>")
    context["body"] = (
        f'{head}{end}{TOGGLE}{rest}<script type="application/json" id="origins">{content}</script>'
    )


def setup(app):
    """Register with Sphinx."""
    app.setup_extension("myst_nb")
    app.chapters_traced = {}
    app.add_role_to_domain("glue", "text", Quoted(), override=True)
    app.add_node(number, html=(visit_number, depart_number))
    app.add_transform(NameCells)
    app.add_post_transform(Trace)
    app.connect("html-page-context", add_list)
    app.add_css_file("origins.css")
    app.add_js_file("origins.js", loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
