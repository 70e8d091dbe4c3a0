"""A book of two tiny chapters, in a folder of its own."""

import json
import os
from pathlib import Path

import nbformat
import pytest

from catnet.report import chapters

SRC = Path(chapters.__file__).resolve().parents[2]

PARAMETERS = """\
dataset: str = "drawn"  # "catvnoncat" or "drawn"
seed: int = None  # where random numbers begin; None is the recorded one
layer_dims: list = [12288, 3, 1]  # width of every layer
learning_rate: float = 0.0075  # step size, above 0
num_iterations: int = 4  # number of updates, at least 1
beta1: float = 0.9  # in [0, 1)
epsilon: float = 1e-8  # at least 0
freeze_output_layer: bool = True  # as the article does
"""

CHECK = """\
from pathlib import Path

import catnet
from catnet.report import chapters

chapters.BOOK = Path({book!r})  # the tests' own
parameters = catnet.check_parameters({chapter!r}, globals())
"""

TRAIN = """\
drawn = catnet.draw(4, 6, seed=1)
dataset = catnet.Dataset("drawn", drawn, catnet.draw(3, 2, seed=2))
network = catnet.Network(parameters["layer_dims"], parameters["seed"])
history = catnet.fit(
    network,
    dataset.train,
    catnet.GradientDescent(parameters["learning_rate"]),
    parameters["num_iterations"],
)
run = catnet.Run.of(network, history, dataset)
for cost in history.costs:
    print(repr(float(cost)))
"""

RESULTS = 'catnet.Results({chapter!r}, parameters, {{"gradient descent": run}})'
FIGURE = "raise SystemError('this figure is not wanted')"


def tiny_notebook(book, chapter, parameters=PARAMETERS):
    """Make a chapter that trains for four iterations on ten drawn images."""
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell("# A tiny chapter\n\nIt asks little."),
        v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        v4.new_code_cell(CHECK.format(book=str(book), chapter=chapter)),
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
    """Put two tiny chapters where the book is looked for; the current folder is empty."""
    folder = tmp_path / "repository" / "book"
    (folder / "record").mkdir(parents=True)
    for chapter in ("02-gradient-descent", "03-adam-failure"):
        nbformat.write(tiny_notebook(folder, chapter), folder / f"{chapter}.ipynb")
    monkeypatch.setattr(chapters, "BOOK", folder)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    path = [str(SRC), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    return folder


@pytest.fixture
def seeds(book):
    """Record seed 5 for the second chapter."""
    content = {"02-gradient-descent": {"criterion": {}, "tried": [], "seed": 5}}
    (book / "record" / "seeds.json").write_text(json.dumps(content), encoding="utf-8")
