import json

import nbformat
import numpy as np
import pytest
from conftest import PARAMETERS, rewrite, tiny_notebook

from catnet import cli
from catnet.book import available_edition, find_book
from catnet.images import catvnoncat
from catnet.report import verify
from catnet.report.record import record
from catnet.report.results import Results, Run

CHAPTER = "03-adam-failure"


@pytest.fixture
def recorded(book, monkeypatch):
    """Both chapters recorded on the drawn images, the real ones out of reach."""
    monkeypatch.setattr(catvnoncat, "find_images", lambda: None)
    drawn = book.editions["drawn"]
    for chapter in book.chapters:
        record(chapter, drawn)
    return book.chapters[1].record_path(drawn)


def test_identical(recorded, capsys):
    assert cli.main(["verify"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "on the embedded images (drawn)"
    assert lines[1].startswith("02-gradient-descent  identical: 4 costs, 2 accuracies, weights ")
    assert lines[2].startswith("03-adam-failure  identical: ")
    assert f"NumPy {np.__version__}" in lines[3] and "Python 3" in lines[3]
    assert len(lines) == 4


def test_flipped_last_bit(recorded, capsys):
    content = json.loads(recorded.read_text(encoding="utf-8"))
    costs = content["runs"]["gradient descent"]["costs"]
    true = float.fromhex(costs[2])
    wrong = float(np.nextafter(true, 1))
    costs[2] = wrong.hex()
    recorded.write_text(json.dumps(content), encoding="utf-8")
    assert cli.main(["verify", "3"]) == 1
    out = capsys.readouterr().out
    assert "gradient descent, cost of iteration 2, " in out
    assert f"recorded {wrong.hex()} ({wrong!r}), here {true.hex()} ({true!r})" in out


def test_missing_record(recorded, capsys):
    recorded.unlink()
    assert cli.main(["verify"]) == 2
    error = capsys.readouterr().err
    assert "make it with `catnet record 03-adam-failure --dataset drawn`" in error


def changed(**values):
    run = {"costs": np.array([0.5, 0.25]), "train_accuracy": 1.0, "test_accuracy": 0.5}
    run |= {"digest": "ab" * 32, **values}
    return Results(CHAPTER, {"seed": 1}, {"adam": Run(**run)})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"costs": np.array([0.5, np.nan])}, "cost of iteration 1"),
        ({"costs": np.array([0.5, -0.25])}, "cost of iteration 1"),
        ({"costs": np.array([0.5])}, "recorded 2 costs, here 1"),
        ({"train_accuracy": 0.9}, "train_accuracy"),
        ({"test_accuracy": 0.9}, "test_accuracy"),
        ({"digest": "cd" * 32}, "weights, recorded abab"),
    ],
)
def test_first_difference(values, sentence):
    assert verify.first_difference(changed(), changed()) is None
    assert sentence in verify.first_difference(changed(), changed(**values))


def test_zero_of_the_other_sign_is_a_difference():
    with_zero, other = (changed(costs=np.array([z, 1.0])) for z in (0.0, -0.0))
    assert "iteration 0" in verify.first_difference(with_zero, other)


def test_parameters_and_runs_are_compared():
    one = changed()
    assert "parameter seed" in verify.first_difference(
        one, Results(CHAPTER, {"seed": 2}, one.runs)
    )
    assert "runs recorded" in verify.first_difference(one, Results(CHAPTER, one.parameters, {}))


def test_a_chapter_without_a_choice_of_images_has_no_record_of_the_drawn_ones(book):
    parameters = "".join(line for line in PARAMETERS.splitlines(True) if "dataset" not in line)
    path = book.chapters[1].path
    nbformat.write(tiny_notebook("03-adam-failure", parameters), path)
    chapter = find_book().find("3")
    assert chapter.trains and "dataset" not in chapter.parameters
    assert verify.verify(chapter, book.editions["drawn"]) == (True, "trains nothing")


def test_which_images(book, monkeypatch):
    monkeypatch.setattr(catvnoncat, "find_images", lambda: None)
    assert available_edition(book).name == "drawn"
    monkeypatch.setattr(catvnoncat, "find_images", lambda: "a place")
    assert available_edition(book).name == "catvnoncat"


def test_results_that_are_gone_are_a_difference(recorded, chapter, capsys):
    notebook = tiny_notebook(CHAPTER)
    del notebook.cells[-1]
    rewrite(chapter, notebook)
    assert cli.main(["verify"]) == 1
    assert "03-adam-failure  differs: the chapter no longer shows" in capsys.readouterr().out


def test_another_chapter_and_missing_parameters_are_differences():
    one = changed()
    other = Results("02-gradient-descent", one.parameters, one.runs)
    assert "record is of 02-gradient-descent" in verify.first_difference(other, one)
    none = Results(CHAPTER, {}, one.runs)
    assert "parameter seed" in verify.first_difference(none, one)
    assert "parameter seed" in verify.first_difference(one, none)
