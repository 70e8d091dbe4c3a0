"""A page in the book's look, made of one executed notebook."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from ast import literal_eval
from importlib.util import find_spec
from pathlib import Path

from ...errors import CatnetError

__all__ = ["PAGE_FILES", "build_page", "require_jupyter_book"]

# What a page needs beside it; Sphinx writes more, for books of many pages.
PAGE_FILES = (
    *("index.html", "_images", "_sources", "_static"),
    *("search.html", "searchindex.js", "genindex.html"),
)

CHAPTER_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?:\./)?[\w/.-]+\.(?:md|ipynb)(?:#[^)\s]*)?\)")
DOC_ROLE = re.compile(r"\{(?:doc|ref|numref)\}`([^`<]+?)\s*<[^`>]+>`")
OTHER_CHAPTERS = re.compile(r"\{glue:text\}`([\w.-]+\.ipynb)::([^`]+?)(?::([^`:]*))?`")
GLUED = "application/papermill.record/text/plain"
ANSI_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
RULER = re.compile(r"[=\-~\s]*")
BIBLIOGRAPHY = "## References\n\n```{bibliography}\n:filter: docname in docnames\n```"


# Jupyter Book says that there was an error and to look above for it; its cause is the reason.
BUILD = """\
import sys
try:
    from jupyter_book.cli.main import main
    main(["build", *sys.argv[1:]], standalone_mode=False)
except Exception as error:
    cause = error.__cause__ or error
    sys.exit("\\n" + (" ".join(str(cause).split()) or type(cause).__name__))
"""


def require_jupyter_book(root):
    """Raise a CatnetError if anything is missing that makes the pages.

    That is Jupyter Book 1, and each extension that ``_config.yml`` asks for.

    Parameters
    ----------
    root : Path
        The book's folder.
    """
    sphinx = _config(root / "_config.yml").get("sphinx") or {}
    modules = ["jupyter_book.cli.main", *(sphinx.get("extra_extensions") or [])]
    missing = [module for module in modules if not _is_installed(module)]
    if missing:
        raise CatnetError(
            f"the page of a rerun needs Jupyter Book 1 and its extensions (no {missing[0]} here): "
            "run `make book` once and use `.venv/bin/catnet`, or install the extra `book` with "
            "`pip install -e '.[book]'`"
        )
    for module, folder in (sphinx.get("local_extensions") or {}).items():
        path = root / str(folder) / f"{module}.py"
        if not path.is_file():
            raise CatnetError(
                f"{path} is missing, which the page of a rerun needs: take it from the repository "
                "again"
            )


def _config(path):
    import yaml

    if not path.is_file():
        return {}
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CatnetError(f"{path} is not YAML that can be read: {reason}") from None
    return config if isinstance(config, dict) else {}


def _is_installed(module):
    try:
        return find_spec(module) is not None
    except ImportError:  # of what it is a part of
        return False


def build_page(notebook, note, root, folder, work):
    """Build ``index.html``, and what it needs, from an executed notebook.

    Links to other chapters lead nowhere from a page on its own: their text stays. Numbers that
    other chapters have recorded are written into the text.

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
    nbformat.write(_alone(notebook, note, root), work / "index.ipynb")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(work), "-q", "-q"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    built = work / "_build" / "html"
    if done.returncode or not (built / "index.html").is_file():
        reason = _last_words(done.stderr) or _last_words(done.stdout) or "it does not say why"
        raise CatnetError(f"Jupyter Book could not build the page: {reason}")
    for name in PAGE_FILES:
        if (built / name).exists():
            shutil.move(built / name, Path(folder) / name)


def _last_words(text):
    """Last line of what a program printed for a terminal, without colours and rulers."""
    lines = [line.strip() for line in ANSI_ESCAPE.sub("", text).splitlines()]
    return next((line for line in reversed(lines) if not RULER.fullmatch(line)), "")


def _alone(notebook, note, root):
    import nbformat

    page = nbformat.from_dict(notebook)
    prose = [cell for cell in page.cells if cell.cell_type == "markdown"]
    numbers = {}

    def number(found):
        name, key, form = found.groups()
        if name not in numbers:
            numbers[name] = _glued(root / "book" / name)
        value = numbers[name].get(key)
        return found[0] if value is None else format(value, form or "")

    for cell in prose:
        cell.source = OTHER_CHAPTERS.sub(number, cell.source)
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


def _glued(path):
    """Return what a notebook has glued, by name."""
    import nbformat

    if not path.is_file():
        return {}
    outputs = [
        output
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", ())
        if "scrapbook" in output.get("metadata", {}) and GLUED in output.get("data", {})
    ]
    return {
        output["metadata"]["scrapbook"]["name"]: literal_eval(output["data"][GLUED])
        for output in outputs
    }
