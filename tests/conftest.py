"""A book of two tiny chapters, in a folder of its own."""

import json
import os
from pathlib import Path

import nbformat
import pytest

from catnet.book import VARIABLE, find_book

EXTENSIONS = Path(__file__).resolve().parents[1] / "book" / "_ext"

TABLE_OF_CONTENTS = """\
format: jb-book
root: book/index
chapters:
- file: book/02-gradient-descent
- file: book/03-adam-failure
  sections:
  - file: book/appendix-more
- file: book/references
"""

PARAMETERS = """\
dataset: str = "drawn"  # the images: "catvnoncat" or "drawn"
seed: int = None  # start of the random numbers, in [0, 2**32); None: the recorded seed of this chapter
layer_dims: list = [12288, 3, 1]  # width of every layer, in [1, inf); 12288 first, 1 last
learning_rate: float = 0.0075  # step size, in (0, inf)
num_iterations: int = 4  # number of updates, in [1, inf)
beta1: float = 0.9  # decay rate, in [0, 1)
epsilon: float = 1e-8  # in [0, inf)
freeze_output_layer: bool = True  # as the article does
"""  # noqa: E501

CHECK = """\
import catnet

parameters = catnet.check_parameters({chapter!r}, globals())
"""

TRAIN = """\
drawn = catnet.draw(4, 6, seed=1)
dataset = catnet.Dataset("drawn", drawn, catnet.draw(3, 2, seed=2))
network = catnet.Network(layer_dims, seed)
history = catnet.fit(
    network,
    dataset.train,
    catnet.GradientDescent(learning_rate),
    num_iterations,
)
run = catnet.Run.of(network, history, dataset)
for cost in history.costs:
    print(repr(float(cost)))
"""

RESULTS = 'catnet.Results({chapter!r}, parameters, {{"gradient descent": run}})'


def pytest_xdist_auto_num_workers(config):
    """Many tests wait, for processes, signals and time limits: one more than there are cores."""
    return (os.cpu_count() or 1) + 1


def tiny_notebook(chapter, parameters=PARAMETERS):
    """Make a chapter that trains for four iterations on ten drawn images."""
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell("# A tiny chapter\n\nIt asks little."),
        v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        v4.new_code_cell(CHECK.format(chapter=chapter)),
        v4.new_code_cell(TRAIN, metadata={"tags": ["main-run"]}),
        v4.new_code_cell(RESULTS.format(chapter=chapter)),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notebook = v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return notebook


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of two tiny chapters, found as CATNET_BOOK says; the current folder is empty."""
    root = tmp_path / "repository"
    (root / "book" / "record").mkdir(parents=True)
    (root / "_toc.yml").write_text(TABLE_OF_CONTENTS, encoding="utf-8")
    (root / "book" / "references.md").touch()
    for chapter in ("02-gradient-descent", "03-adam-failure"):
        nbformat.write(tiny_notebook(chapter), root / "book" / f"{chapter}.ipynb")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv(VARIABLE, str(root))
    return find_book()


@pytest.fixture
def chapter(book):
    """The book's second chapter."""
    return book.find("3")


@pytest.fixture
def work(book):
    """The current folder, which is empty."""
    return book.root.parent / "work"


@pytest.fixture
def seeds(book):
    """Record seed 5 for the first chapter."""
    content = {"02-gradient-descent": {"criterion": {}, "tried": [], "seed": 5}}
    book.searches.write_text(json.dumps(content), encoding="utf-8")


def build_pages(folder, extensions, builder="html", more=""):
    """Build a folder's pages with Sphinx and some of the book's extensions; return where they are.

    `more` is further configuration. Where Sphinx is not installed, the test is skipped.
    """
    application = pytest.importorskip("sphinx.application")
    docutils_namespace = pytest.importorskip("sphinx.util.docutils").docutils_namespace
    (folder / "conf.py").write_text(
        f"import sys; sys.path.append({str(EXTENSIONS)!r})\n"
        f"extensions = {extensions!r}\nnb_execution_mode = 'off'\n{more}",
        encoding="utf-8",
    )
    out = folder / "_build"
    with docutils_namespace():
        application.Sphinx(folder, folder, out, out / ".trees", builder, status=None).build()
    return out


def rewrite(chapter, notebook):
    """Replace a chapter's notebook, and return the chapter as it is found then."""
    nbformat.write(notebook, chapter.path)
    return find_book().find(chapter.name)
