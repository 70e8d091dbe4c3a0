"""A page in the book's look, made of one executed notebook."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from ..errors import CatnetError

__all__ = ["PAGE_FILES", "build_page", "require_jupyter_book"]

# What a page needs beside it; Sphinx writes more, for books of many pages.
PAGE_FILES = (
    *("index.html", "_images", "_sources", "_static"),
    *("search.html", "searchindex.js", "genindex.html"),
)

CHAPTER_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?:\./)?[\w/.-]+\.(?:md|ipynb)(?:#[^)\s]*)?\)")
DOC_ROLE = re.compile(r"\{(?:doc|ref|numref)\}`([^`<]+?)\s*<[^`>]+>`")
BIBLIOGRAPHY = "## References\n\n```{bibliography}\n:filter: docname in docnames\n```"


def require_jupyter_book():
    """Raise a CatnetError if Jupyter Book, which makes the pages, is not installed."""
    if find_spec("jupyter_book") is None or find_spec("sphinxcontrib.bibtex") is None:
        raise CatnetError(
            "the page of a rerun needs Jupyter Book: run `make book` once and use "
            "`.venv/bin/catnet`, or install the extra `book` with `pip install -e '.[book]'`"
        )


def build_page(notebook, note, root, folder, work):
    """Build ``index.html``, and what it needs, from an executed notebook.

    Links to other chapters lead nowhere from a page on its own: their text stays.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    note : str
        Markdown put under the title.
    root : Path
        The book's folder, with its look and its bibliography.
    folder : Path
        Where the page goes.
    work : Path
        An empty folder to build in.

    Raises
    ------
    CatnetError
        If Jupyter Book cannot build it.
    """
    import nbformat

    for part in ("book/_static", "book/_ext"):
        if (root / part).is_dir():
            shutil.copytree(root / part, work / part)
    for part in ("_config.yml", "book/references.bib"):
        if (root / part).is_file():
            (work / part).parent.mkdir(exist_ok=True)
            shutil.copy(root / part, work / part)
    (work / "_toc.yml").write_text("format: jb-book\nroot: index\n", encoding="utf-8")
    nbformat.write(_alone(notebook, note), work / "index.ipynb")
    program = "from jupyter_book.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "build", str(work), "-q", "-q"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    built = work / "_build" / "html"
    if done.returncode or not (built / "index.html").is_file():
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise CatnetError(f"Jupyter Book could not build the page: {''.join(last) or 'no reason'}")
    html = (built / "index.html").read_text(encoding="utf-8")
    for bundle in (built / "_static" / "mathjax").glob("*.js"):
        if bundle.name not in html:  # MathJax for other formats than the page's: half its size
            bundle.unlink()
    for name in PAGE_FILES:
        if (built / name).exists():
            shutil.move(built / name, Path(folder) / name)


def _alone(notebook, note):
    import nbformat

    page = nbformat.from_dict(notebook)
    prose = [cell for cell in page.cells if cell.cell_type == "markdown"]
    for cell in prose:
        cell.source = DOC_ROLE.sub(r"\1", CHAPTER_LINK.sub(r"\1", cell.source))
    text = "\n".join(cell.source for cell in prose)
    if "{cite" in text and "{bibliography}" not in text:
        page.cells.append(nbformat.v4.new_markdown_cell(BIBLIOGRAPHY))
    if page.cells and page.cells[0].source.startswith("# "):
        title, _, rest = page.cells[0].source.partition("\n")
        page.cells[0].source = f"{title}\n\n{note}\n{rest}"
    else:
        page.cells.insert(0, nbformat.v4.new_markdown_cell(f"# Rerun\n\n{note}"))
    return page
