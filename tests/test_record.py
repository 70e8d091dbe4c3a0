import dataclasses
import json

import nbformat
import pytest
from conftest import rewrite, tiny_notebook

from catnet import cli
from catnet.errors import CatnetError
from catnet.report.record import record
from catnet.report.running.execution import execute

CHAPTER = "03-adam-failure"


@pytest.fixture
def real(book):
    return book.editions["catvnoncat"]


def test_record_in_place(book, chapter, real):
    before = chapter.notebook
    record(chapter, real)
    after = nbformat.read(chapter.path, as_version=4)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert [cell.source for cell in after.cells] == [cell.source for cell in before.cells]
    assert [c.execution_count for c in after.cells if c.cell_type == "code"] == [1, 2, 3, 4]
    assert after.metadata.kernelspec == before.metadata.kernelspec
    assert "papermill" not in after.metadata and "version" not in after.metadata.language_info
    assert all(set(cell.metadata) <= {"tags"} for cell in after.cells)
    content = json.loads(chapter.record_path(real).read_text(encoding="utf-8"))
    assert sorted(content) == ["chapter", "parameters", "runs"]
    costs = content["runs"]["gradient descent"]["costs"]
    assert all(float.fromhex(cost).hex() == cost for cost in costs) and len(costs) == 4
    assert not list(book.root.rglob(".*"))


def test_record_twice_gives_the_same_bytes(chapter, real):
    def written():
        return [path.read_bytes() for path in record(chapter, real)]

    assert written() == written()


def test_drawn_record_leaves_the_notebook(book, chapter):
    before = chapter.path.read_bytes()
    assert cli.main(["record", "3", "--dataset", "drawn"]) == 0
    assert chapter.path.read_bytes() == before
    assert not list((book.root / "book" / "record").iterdir())
    recorded = chapter.recorded(book.editions["drawn"])
    assert recorded.parameters["dataset"] == "drawn"
    assert (book.root / "tests" / "record" / f"{CHAPTER}.json").exists()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import warnings; warnings.warn('careful')", "standard error"),
        ("print(object())", "memory address"),
        ("import os; print(os.getcwd())", "path of this machine"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_not_recorded(book, chapter, code, sentence, capsys):
    notebook = tiny_notebook(CHAPTER)
    notebook.cells.append(nbformat.v4.new_code_cell(code))
    rewrite(chapter, notebook)
    before = chapter.path.read_bytes()
    assert cli.main(["record", "3"]) == 2
    assert sentence in capsys.readouterr().err
    assert chapter.path.read_bytes() == before
    assert not list((book.root / "book" / "record").iterdir())


def test_record_that_is_none(chapter, real):
    chapter.record_path(real).write_text("{}", encoding="utf-8")
    with pytest.raises(CatnetError, match="not a record .* `catnet record 03-adam-failure`"):
        chapter.recorded(real)


def test_chapter_without_training(chapter, real):
    notebook = tiny_notebook(CHAPTER)
    del notebook.cells[-1]
    chapter = rewrite(chapter, notebook)
    assert not chapter.trains
    assert [path.name for path in record(chapter, real)] == [f"{CHAPTER}.ipynb"]


def test_figures_can_be_left_out(chapter):
    notebook = tiny_notebook(CHAPTER)
    cell = nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["figure"]})
    notebook.cells.insert(4, cell)
    chapter = rewrite(chapter, notebook)
    execute(chapter, figures=False)
    with pytest.raises(CatnetError, match="ZeroDivisionError"):
        execute(chapter)


def test_a_chapter_saved_without_its_kernel_runs(chapter):
    notebook = tiny_notebook(CHAPTER)
    del notebook.metadata["kernelspec"]
    executed, _ = execute(rewrite(chapter, notebook), {"seed": 2})
    assert executed.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import numpy; numpy.zeros(2**50)", "03-adam-failure ran out of memory"),
        ("import os; os._exit(1)", "03-adam-failure: its Python process ended"),
    ],
)
def test_what_ends_a_process_becomes_a_sentence(chapter, code, sentence):
    notebook = tiny_notebook(CHAPTER)
    notebook.cells[1:] = [nbformat.v4.new_code_cell(code)]
    with pytest.raises(CatnetError, match=sentence):
        execute(rewrite(chapter, notebook))


def test_a_process_that_does_not_start_becomes_a_sentence(book, tmp_path):
    (tmp_path / "ipykernel_launcher.py").write_text("import sys; sys.exit(1)", encoding="utf-8")
    broken = dataclasses.replace(book, environment=lambda: {"PYTHONPATH": str(tmp_path)})
    with pytest.raises(CatnetError, match="03-adam-failure: its Python process could not be start"):
        execute(broken.find("3"))


@pytest.mark.parametrize(
    "change",
    [
        {"runs": []},
        {"parameters": []},
        {"parameters": 3},
        {"runs": {"adam": {"costs": ["0x1p5000"], "train_accuracy": 1.0, "test_accuracy": 1.0}}},
        {"runs": {"adam": {"costs": [], "train_accuracy": None, "test_accuracy": 1.0}}},
        {"runs": {"adam": {"costs": [], "train_accuracy": "1", "test_accuracy": 1.0}}},
    ],
)
def test_altered_records_are_refused(chapter, real, change):
    content = {"chapter": CHAPTER, "parameters": {}, "runs": {}} | change
    chapter.record_path(real).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CatnetError, match="is not a record"):
        chapter.recorded(real)


def test_chapter_without_a_dataset_is_not_recorded_on_the_drawn_images(book, capsys):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# More")])
    nbformat.write(notebook, book.root / "book" / "appendix-more.ipynb")
    assert cli.main(["record", "appendix-more", "--dataset", "drawn"]) == 2
    assert "has no dataset to choose" in capsys.readouterr().err
    assert cli.main(["record", "--dataset", "drawn"]) == 0
    assert "appendix" not in capsys.readouterr().out
