import json

import nbformat
import pytest
from conftest import tiny_notebook

from catnet import cli
from catnet.errors import CatnetError
from catnet.report import execution, record

CHAPTER = "03-adam-failure"


def test_record_in_place(book):
    before = nbformat.read(book / f"{CHAPTER}.ipynb", as_version=4)
    record.record("3")
    after = nbformat.read(book / f"{CHAPTER}.ipynb", as_version=4)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert [cell.source for cell in after.cells] == [cell.source for cell in before.cells]
    assert [c.execution_count for c in after.cells if c.cell_type == "code"] == [1, 2, 3, 4]
    assert after.metadata.kernelspec == before.metadata.kernelspec
    assert "papermill" not in after.metadata and "version" not in after.metadata.language_info
    assert all(set(cell.metadata) <= {"tags"} for cell in after.cells)
    content = json.loads((book / "record" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    assert sorted(content) == ["chapter", "parameters", "runs"]
    costs = content["runs"]["gradient descent"]["costs"]
    assert all(float.fromhex(cost).hex() == cost for cost in costs) and len(costs) == 4
    assert not [path for path in book.rglob(".*")]


def test_record_twice_gives_the_same_bytes(book):
    def written():
        return [path.read_bytes() for path in record.record("3")]

    assert written() == written()


def test_drawn_record_leaves_the_notebook(book):
    before = (book / f"{CHAPTER}.ipynb").read_bytes()
    assert cli.main(["record", "3", "--dataset", "drawn"]) == 0
    assert (book / f"{CHAPTER}.ipynb").read_bytes() == before
    assert [path.name for path in (book / "record").iterdir()] == []
    recorded = record.read_record(CHAPTER, "drawn")
    assert recorded.parameters["dataset"] == "drawn"
    assert (book.parent / "tests" / "record" / f"{CHAPTER}.json").exists()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import warnings; warnings.warn('careful')", "standard error"),
        ("print(object())", "memory address"),
        ("print(chapters.BOOK)", "path of this machine"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_not_recorded(book, code, sentence, capsys):
    notebook = tiny_notebook(book, CHAPTER)
    cell = nbformat.v4.new_code_cell(code)
    notebook.cells.append(cell)
    path = book / f"{CHAPTER}.ipynb"
    nbformat.write(notebook, path)
    before = path.read_bytes()
    assert cli.main(["record", "3"]) == 2
    assert sentence in capsys.readouterr().err
    assert path.read_bytes() == before
    assert not list((book / "record").iterdir())


def test_record_that_is_none(book):
    (book / "record" / f"{CHAPTER}.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CatnetError, match="not a record .* `catnet record 03-adam-failure`"):
        record.read_record(CHAPTER)


def test_chapter_without_training(book):
    notebook = tiny_notebook(book, CHAPTER)
    del notebook.cells[-1]
    nbformat.write(notebook, book / f"{CHAPTER}.ipynb")
    assert not execution.trains("3")
    assert [path.name for path in record.record("3")] == [f"{CHAPTER}.ipynb"]


def test_figures_can_be_left_out(book):
    notebook = tiny_notebook(book, CHAPTER)
    cell = nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["figure"]})
    notebook.cells.insert(4, cell)
    nbformat.write(notebook, book / f"{CHAPTER}.ipynb")
    execution.execute("3", figures=False)
    with pytest.raises(CatnetError, match="ZeroDivisionError"):
        execution.execute("3")


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
def test_altered_records_are_refused(book, change):
    content = {"chapter": CHAPTER, "parameters": {}, "runs": {}} | change
    path = book / "record" / f"{CHAPTER}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CatnetError, match="is not a record"):
        record.read_record(CHAPTER)


def test_chapter_without_a_dataset_is_not_recorded_on_the_drawn_images(book, capsys):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# More")])
    nbformat.write(notebook, book / "appendix-more.ipynb")
    assert cli.main(["record", "appendix-more", "--dataset", "drawn"]) == 2
    assert "has no dataset to choose" in capsys.readouterr().err
    assert cli.main(["record", "--dataset", "drawn"]) == 0
    assert "appendix" not in capsys.readouterr().out
