import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import rewrite, tiny_notebook
from matplotlib.figure import Figure

from catnet import cli
from catnet.errors import CatnetError
from catnet.report import files
from catnet.report.pages import figures, page, rerun
from catnet.report.results import Results, Run
from catnet.report.running import execution

CHAPTER = "03-adam-failure"


@pytest.fixture
def no_page(monkeypatch):
    """Put a short text where the page would be: building it takes seconds."""

    def build_page(notebook, note, root, folder, work):
        (folder / "index.html").write_text(note, encoding="utf-8")

    monkeypatch.setattr(rerun, "build_page", build_page)


@pytest.fixture
def no_run(monkeypatch):
    """Fail if anything is run."""

    def execute(*arguments, **options):
        raise AssertionError("nothing must run")

    monkeypatch.setattr(rerun, "execute", execute)


def test_results_json(work, no_page, capsys):
    assert cli.main(["rerun", "3", "-p", "learning_rate", "1e-4", "-p", "seed", "2"]) == 0
    (folder,) = (work / "reruns" / CHAPTER).iterdir()
    assert re.fullmatch("[0-9a-f]{10}", folder.name)
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"{CHAPTER}.ipynb", "index.html", files.LIST, "results.json"]
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert list(content) == ["chapter", "parameters", "versions", "runs"]
    assert content["chapter"] == CHAPTER
    assert content["parameters"]["learning_rate"] == 1e-4
    assert content["parameters"]["seed"] == 2
    assert content["versions"]["numpy"] == np.__version__
    run = content["runs"]["gradient descent"]
    assert len(run["costs"]) == 4 and all(type(cost) is float for cost in run["costs"])
    assert re.fullmatch("[0-9a-f]{64}", run["digest"])
    printed = capsys.readouterr().out
    assert repr(run["costs"][-1]) in printed and run["digest"][:12] in printed
    assert str(folder.relative_to(folder.parents[2]) / "index.html") in printed


def test_file_and_the_command_line(work, no_page):
    (work / "mine.yml").write_text("learning_rate: 1e-4\nseed: 03\nlayer_dims: [12288, 2, 1]\n")
    assert cli.main(["rerun", "3", "-f", "mine.yml", "-p", "seed", "4", "--output", "out"]) == 0
    content = json.loads((work / "out" / "results.json").read_text(encoding="utf-8"))
    assert content["parameters"]["learning_rate"] == 1e-4
    assert content["parameters"]["layer_dims"] == [12288, 2, 1]
    assert content["parameters"]["seed"] == 4


def test_unknown_parameter_is_refused_before_anything_runs(work, no_run, capsys):
    assert cli.main(["rerun", "3", "-p", "learning_rat", "1e-4"]) == 2
    captured = capsys.readouterr()
    assert "Did you mean learning_rate?" in captured.err and "Traceback" not in captured.err
    assert not list(work.iterdir())


def test_folder_of_others_is_refused_before_anything_runs(chapter, work, no_run):
    (work / "thesis.tex").write_text("mine", encoding="utf-8")
    for output in (".", "thesis.tex"):
        with pytest.raises(CatnetError, match="--output"):
            rerun.rerun(chapter, {}, output)
    (work / "other").mkdir()
    (work / "other" / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(CatnetError, match="thesis.tex"):
        rerun.rerun(chapter, {}, work / "other")
    assert (work / "other" / "thesis.tex").read_text(encoding="utf-8") == "mine"


def test_interrupted_rerun_leaves_nothing_and_the_next_works(work, no_page, monkeypatch, capsys):
    with monkeypatch.context() as patch:

        def stopped(*arguments, **options):
            raise KeyboardInterrupt

        patch.setattr(rerun, "build_page", stopped)
        assert cli.main(["rerun", "3", "--output", "out"]) == 130
    assert "stopped" in capsys.readouterr().err
    assert not list(work.iterdir())
    assert cli.main(["rerun", "3", "--output", "out"]) == 0
    first = (work / "out" / "results.json").read_text(encoding="utf-8")
    (work / ".out-leftover").mkdir()  # of a kill -9
    assert cli.main(["rerun", "3", "--output", "out"]) == 0  # over the earlier one
    assert (work / "out" / "results.json").read_text(encoding="utf-8") == first


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_in_the_middle_of_training(work, number):
    import psutil

    program = (
        "import signal, sys; from catnet import cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.exit(cli.main(['rerun', '3', '-p', 'num_iterations', '100000000', "
        "'--output', 'out']))"
    )
    running = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    try:
        kernel = None
        for _ in range(600):
            kernel = next(iter(psutil.Process(running.pid).children()), None)
            # Two seconds of processor time: it is past its imports.
            if kernel is not None and sum(kernel.cpu_times()[:2]) > 2:
                break
            time.sleep(0.1)
        running.send_signal(number)
        _, error = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    assert error == "catnet: stopped; nothing was left half-written\n"
    assert not list(work.iterdir())
    assert not kernel.is_running()


def test_diverging_run_names_the_iteration(work, no_page, capsys):
    arguments = ["rerun", "3", "-p", "learning_rate", "1e300", "--output", "out"]
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert re.search(r"chapter 03-adam-failure: .*diverged: the cost of iteration \d", error)
    assert not list(work.iterdir())


def test_same_numbers_as_plain_papermill(chapter):
    given = {"learning_rate": 0.003, "layer_dims": [12288, 5, 1]}
    _, results = execution.execute(chapter, given)
    command = [sys.executable, "-m", "papermill", chapter.path, "out.ipynb"]
    for name, value in given.items():
        command += ["-p", name, str(value)]  # the list arrives as text
    subprocess.run(command, check=True, capture_output=True)
    found = Path("out.ipynb").read_text(encoding="utf-8")
    assert all(float(cost).hex() in found for cost in results.runs["gradient descent"].costs)


def test_misspelt_parameter_with_plain_papermill(chapter):
    command = [sys.executable, "-m", "papermill", chapter.path, "out.ipynb"]
    done = subprocess.run(
        [*command, "-p", "learning_rat", "0.003"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "Did you mean learning_rate?" in done.stderr


def test_note_says_what_differs(book, chapter, no_page):
    outcome = rerun.rerun(chapter, {"seed": "2"}, "first")
    chapter.record_path(book.main_edition).write_text(
        json.dumps(outcome.results.to_json(float.hex)), encoding="utf-8"
    )
    again = rerun.rerun(chapter, {"seed": "3"}, "second")
    changed, rows = rerun.comparison(again)
    assert changed == [("seed", "3", "2")]
    assert [row[1] for row in rows] == [
        "final cost", "train accuracy", "test accuracy", "weights"
    ]  # fmt: skip
    last = [float(o.results.runs["gradient descent"].costs[-1]) for o in (again, outcome)]
    assert rows[0][2:] == (repr(last[0]), repr(last[1]))
    note = (again.folder / "index.html").read_text("utf-8")
    assert "| parameter | seed | `3` | `2` |" in note
    assert f"| gradient descent | final cost | `{last[0]!r}` | `{last[1]!r}` |" in note


def test_curves_stand_beside_the_recorded_ones():
    def results(**runs):
        return Results(CHAPTER, {}, {n: Run(np.array(c), 1.0, 0.5, "ab") for n, c in runs.items()})

    here = results(same=[0.5, 0.25], other=[0.5, 0.2], new=[0.5])
    figures.style()  # titles to the left
    figure, alone, phone = Figure(), Figure(), Figure()
    recorded = results(same=[0.5, 0.25], other=[0.5, 0.25, 0.1])
    figures.beside_recorded(figure, here, recorded)
    drawn = [[line.get_ydata().tolist() for line in axes.lines] for axes in figure.axes]
    assert drawn == [[[0.5, 0.25]] * 2, [[0.5, 0.25, 0.1], [0.5, 0.2]], [[0.5]]]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["same: the same costs, to the last bit", "other", "new"]
    figures.beside_recorded(phone, here, recorded, narrow=True)
    assert phone.axes[0].get_title(loc="left") == "same:\nthe same costs, to the last bit"
    figures.beside_recorded(alone, here, None)
    assert len(alone.axes) == 3


def test_links_to_other_chapters_keep_their_text():
    link, role = page.CHAPTER_LINK, page.DOC_ROLE
    assert link.sub(r"\1", "see [chapter 2](02-gradient-descent.ipynb#x).") == "see chapter 2."
    assert link.sub(r"\1", "![a](a.md) [b](https://b.org/b.md)") == "![a](a.md) [b](https://b.org/b.md)"
    assert role.sub(r"\1", "see {doc}`the first <01-data>`") == "see the first"


@pytest.mark.slow
def test_page(book, work):
    pytest.importorskip("jupyter_book")
    root = Path(__file__).resolve().parents[1]
    for part in ("_config.yml", "book/_static", "book/_ext", "book/references.bib"):
        target = book.root / part
        if (root / part).is_dir():
            page.shutil.copytree(root / part, target)
        elif (root / part).exists():
            page.shutil.copy(root / part, target)
    assert cli.main(["rerun", "3", "-p", "num_iterations", "3", "--output", "out"]) == 0
    html = (work / "out" / "index.html").read_text(encoding="utf-8")
    assert "This is a rerun" in html and "A tiny chapter" in html
    assert 'id="this-run-beside-the-recorded"' in html and "cell None" not in html
    for address in re.findall(r'(?:src|href)="(_[^"?#]+)', html):
        assert (work / "out" / address).is_file(), address


def test_notebook_of_the_users_own_is_not_replaced(chapter, work, no_page):
    rerun.rerun(chapter, {}, "out")
    own = work / "out" / "mine.ipynb"
    own.write_text("mine", encoding="utf-8")
    with pytest.raises(CatnetError, match="mine.ipynb"):
        rerun.rerun(chapter, {}, "out")
    assert own.read_text(encoding="utf-8") == "mine"


def test_interruption_between_the_two_renames_keeps_the_old_folder(tmp_path, monkeypatch):
    target = tmp_path / "out"
    with files.new_folder(target) as folder:
        (folder / "old").touch()
    rename = os.rename

    def stopped(source, destination):
        if os.path.basename(source) == "new":
            raise KeyboardInterrupt
        rename(source, destination)

    monkeypatch.setattr(os, "rename", stopped)
    with pytest.raises(KeyboardInterrupt):
        with files.new_folder(target) as folder:
            (folder / "new").touch()
    assert sorted(path.name for path in tmp_path.rglob("*")) == [files.LIST, "old", "out"]


def test_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CatnetError, match=r"file.x cannot be made \(.*\): choose a place"):
        with files.new_folder(tmp_path / "file" / "x"):
            pass


def test_chapter_that_trains_nothing_has_a_page_too(chapter, no_page):
    notebook = tiny_notebook(CHAPTER)
    del notebook.cells[3:]
    chapter = rewrite(chapter, notebook)
    outcome = rerun.rerun(chapter, {"seed": "2"}, "out")
    assert outcome.results.runs == {} and outcome.results.parameters["seed"] == 2
    assert (outcome.folder / "results.json").is_file()


def test_relative_folder_of_images_means_the_users_folder(book, work, monkeypatch):
    monkeypatch.setenv("CATNET_DATA", "images")
    assert book.environment()["CATNET_DATA"] == str(work / "images")
