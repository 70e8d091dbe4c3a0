import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import nbformat
import pytest
from conftest import PARAMETERS, rewrite, tiny_notebook

from catnet import cli
from catnet.errors import CatnetError
from catnet.report.machine import THREADS, cores, machine
from catnet.report.running import parallel
from catnet.report.running.execution import execute
from catnet.report.running.parallel import STARTUP, STEP, Plan, seconds_left, side_by_side


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)


class Fake:
    """A chapter that has a number of recorded costs."""

    def __init__(self, name, steps=None, measures=False):
        self.name = name
        self.steps = steps
        self.measures = measures

    def recorded(self, edition):
        if self.steps is None:
            return None
        return SimpleNamespace(runs={"run": SimpleNamespace(costs=[0.0] * self.steps)})


@pytest.mark.parametrize(
    ("cores", "said", "chapters", "processes", "threads"),
    [
        (2, {}, 7, 2, 1),
        (2, {}, 1, 1, 2),
        (8, {}, 3, 3, 2),
        (1, {}, 7, 1, 1),
        (2, {}, 0, 1, 2),
        (8, {"OPENBLAS_NUM_THREADS": "2"}, 7, 4, 2),
        (2, {"OMP_NUM_THREADS": "4"}, 7, 1, 4),
        (2, {"OPENBLAS_NUM_THREADS": "many"}, 7, 2, 1),
    ],
)
def test_never_more_threads_than_cores(
    two_cores, monkeypatch, cores, said, chapters, processes, threads
):
    monkeypatch.setattr(parallel, "cores", lambda: cores)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert Plan.of([None] * chapters) == Plan(processes, threads)


def test_the_longest_first_those_that_measure_alone_lines_in_order(two_cores):
    chapters = [Fake("a", 1), Fake("b", measures=True), Fake("c", 3), Fake("d", 2)]
    begun, running, lines = [], set(), []

    def work(chapter, edition, kernels):
        begun.append(chapter.name)
        running.add(chapter.name)
        at_once = set(running)
        time.sleep(0.01 if chapter.name == "c" else 0.1)
        running.remove(chapter.name)
        return at_once, kernels.threads

    side_by_side(work, chapters, None, lambda chapter, out: lines.append((chapter.name, out)))
    assert begun == ["c", "d", "a", "b"]
    assert [name for name, _ in lines] == ["a", "b", "c", "d"]
    assert dict(lines)["b"] == ({"b"}, 2)
    assert dict(lines)["d"][1] == 1


def test_an_error_stops_what_has_not_begun(two_cores):
    chapters = [Fake(name, 1) for name in "abcdef"]
    begun, lines = [], []
    failed = threading.Event()

    def work(chapter, edition, kernels):
        begun.append(chapter.name)
        if chapter.name == "b":
            failed.set()
            raise CatnetError("b is wrong")
        failed.wait(10)
        time.sleep(0.3)

    with pytest.raises(CatnetError, match="b is wrong"):
        side_by_side(work, chapters, None, lambda chapter, out: lines.append(chapter.name))
    assert len(begun) < 5 and lines == []


def test_how_long_it_takes(two_cores):
    a, b, c, alone = Fake("a"), Fake("b"), Fake("c"), Fake("alone")
    groups = [[a, b, c], [alone]]
    steps = {a: 3000, b: 2000, c: 2000, alone: 1000}
    first = seconds_left(groups, steps, {}, {}, 0.0)
    assert first == pytest.approx(3 * STARTUP + 5000 * STEP)  # b and c, then the one alone
    # b took twice as long as was thought, without the start
    begun, took = {a: 0.0, b: 0.0, c: 20.0}, {b: STARTUP + 4000 * STEP}
    left = seconds_left(groups, steps, begun, took, 20.0)
    assert left == pytest.approx((STARTUP + 4000 * STEP) + (STARTUP + 2000 * STEP))
    assert seconds_left([[a]], steps, {a: 0.0}, {}, 500.0) == 50.0


def test_where_there_is_no_terminal_a_line_says_what_is_to_come(two_cores, capsys):
    side_by_side(lambda *_: None, [Fake("a", 500), Fake("b")], None, lambda *_: None)
    assert capsys.readouterr().err == f"2 chapters, 2 at a time: about {STARTUP + 4:.0f} s left\n"
    side_by_side(lambda *_: None, [], None, lambda *_: None)
    assert capsys.readouterr().err == ""


def test_a_failing_chapter_ends_the_processes_of_the_others(book, two_cores, capsys):
    import psutil

    v4 = nbformat.v4
    first, second = book.chapters
    for chapter, code in ((first, "import time; time.sleep(600)"), (second, "1 / 0")):
        notebook = tiny_notebook(chapter.name)
        notebook.cells[1:] = [v4.new_code_cell(code)]
        rewrite(chapter, notebook)
    start = time.monotonic()
    assert cli.main(["record"]) == 2
    assert "chapter 03-adam-failure failed in cell [1]: ZeroDivision" in capsys.readouterr().err
    assert time.monotonic() - start < 60
    kernels = [p for p in psutil.Process().children() if "ipykernel_launcher" in p.cmdline()]
    assert not kernels


@pytest.mark.skipif(os.name != "posix", reason="sockets that are files")
def test_a_chapter_needs_no_port_that_another_process_may_take(chapter, monkeypatch):
    monkeypatch.setattr("jupyter_client.connect.socket", None)
    assert execute(chapter)[1].runs


def test_a_chapter_runs_where_sockets_cannot_have_the_name_of_its_folder(
    chapter, monkeypatch, tmp_path
):
    (tmp_path / ("long" * 30)).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("long" * 30)))
    assert execute(chapter)[1].runs


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_signal_ends_all_of_them_with_one_sentence(book, two_cores):
    import psutil

    for chapter in book.chapters:
        endless = PARAMETERS.replace("num_iterations: int = 4", "num_iterations: int = 100000000")
        rewrite(chapter, tiny_notebook(chapter.name, endless))
    before = [chapter.path.read_bytes() for chapter in book.chapters]
    program = "import sys; from catnet import cli; sys.exit(cli.main(['record']))"
    running = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    try:
        kernels, at_once = [], min(2, cores())
        for _ in range(600):
            kernels = psutil.Process(running.pid).children()
            # A second of processor time each: they are past their imports.
            if len(kernels) == at_once and all(sum(k.cpu_times()[:2]) > 1 for k in kernels):
                break
            time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        _, error = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    assert error.splitlines()[1:] == ["catnet: stopped; nothing was left half-written"]
    assert len(kernels) == at_once and not any(kernel.is_running() for kernel in kernels)
    assert [chapter.path.read_bytes() for chapter in book.chapters] == before


def test_machine_names_the_threads_that_were_used():
    assert "3 threads; " in machine(3) and "1 thread; " in machine(1)
