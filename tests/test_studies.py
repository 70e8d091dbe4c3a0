"""Studies: every run as if trained alone, results that bear interruptions, the command."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from test_study_plan import PLAIN

from catnet import (
    Adam,
    Augmentation,
    CatnetError,
    Dataset,
    DivergenceError,
    EarlyStopping,
    GradientDescent,
    Network,
    ParameterError,
    Split,
    cli,
    fit,
    load_study,
)
from catnet.arithmetic import exact
from catnet.studies import datasets, progress, records, store, study
from catnet.studies.crew import Crew, processes
from catnet.studies.plan import parse_plan
from catnet.studies.settings import divided

TINY = """
question = "Does a tiny network learn?"
dataset = "drawn"
seeds = {first = 1000, count = 3}
costs_every = 2
snapshots = [0, 3]
logits = "snapshots"

[[hypotheses]]
name = "H1"
statement = "It does."
rule = "If it does."

[base]
layer_dims = [48, 3, 1]
iterations = 5

[[arms]]
name = "adam"

[[arms]]
name = "gd"
optimizer = "gradient descent"
frozen_layers = [2]
seeds = {first = 1001, count = 5}

[[arms]]
name = "fast"
optimizer = "gradient descent"
sample_space = true

[[arms]]
name = "wild"
optimizer = "gradient descent"
learning_rate = 1e200

[[arms]]
name = "stopped"
layer_dims = [48, 4, 3, 1]
iterations = 9
learning_rate = 0.2
held_out = 0.4
split_seed = 3
patience = 1
"""


def some_split(count, seed):
    random = np.random.RandomState(seed)
    images = random.randint(0, 256, (count, 4, 4, 3)).astype(np.uint8)
    return Split(images, (np.arange(count) % 3 == 0).astype(np.int64))


SMALL = Dataset("drawn", some_split(12, 1), some_split(7, 2))


@pytest.fixture
def small(monkeypatch):
    """Images of 4 by 4 pixels instead of the drawn ones, and training in this process."""
    monkeypatch.setattr(datasets, "load_data", lambda name: SMALL)
    datasets.images_of.cache_clear()
    monkeypatch.setattr(study, "processes", lambda count: here())
    yield
    datasets.images_of.cache_clear()


@contextmanager
def here(after=None):
    """Train in this process; after so many stacks it is as if stopped."""
    count = 0

    def submit(function, *arguments):
        nonlocal count
        if count == after:
            raise KeyboardInterrupt
        count += 1
        future = Future()
        future.set_result(function(*arguments))
        return future

    yield Crew(submit, lambda: 1)


@pytest.fixture
def plan(small):
    return parse_plan("tiny", TINY)


def final_bytes(folder, plan, **options):
    folder.mkdir(exist_ok=True)
    assert study.run(folder, plan, report=lambda line: None, **options)
    assert {path.suffix for path in folder.iterdir()} <= {".h5", ".toml"}
    return (folder / f"{plan.name}.h5").read_bytes()


# ---------------------------------------------------------------- what is recorded


def alone(run):
    """Train a run of the plan by itself, and return its network and history."""
    settings = run.arm.settings
    training, held_out = divided(SMALL.train, settings)
    rate = settings["learning_rate"]
    network = Network(settings["layer_dims"], run.seed)
    try:
        history = fit(
            network,
            training,
            Adam(rate) if settings["optimizer"] == "adam" else GradientDescent(rate),
            settings["iterations"],
            frozen_layers=settings["frozen_layers"],
            validation=held_out,
            early_stopping=EarlyStopping(1) if settings["patience"] else None,
            watch=["dead_units"],
            sample_space=settings["sample_space"],
        )
    except DivergenceError as error:
        return None, error.history, training
    return network, history, training


def test_a_record_is_that_of_the_run_trained_alone(plan, tmp_path):
    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    final_bytes(tmp_path, plan)
    results = load_study("tiny", tmp_path)
    assert results["number"].tolist() == list(range(len(plan.runs)))
    assert results.cost_iterations.tolist() == [0, 2, 4, 6, 8]
    assert results.seeds.tolist() == results["seed"].tolist()
    outcomes = set()
    for row, run in enumerate(plan.runs):
        network, history, training = alone(run)
        entry = {name: values[row] for name, values in results.columns.items()}
        made = len(history.costs)
        costs = history.costs[::2]
        assert entry["costs"][: len(costs)].tolist() == pytest.approx(costs.tolist(), nan_ok=True)
        assert np.isnan(entry["costs"][len(costs) :]).all()
        if network is None:
            outcomes.add("diverged")
            assert entry["digest"] == b"" and entry["diverged_at"] == made - 1
            assert entry["updates"] == -1 and entry["constant_from"] == -1
            assert np.isnan(entry["test_accuracy"][2]) and np.isnan(entry["test_logits"][2]).all()
            continue
        assert entry["digest"].decode() == network.digest() and entry["diverged_at"] == -1
        stopped = history.best_iteration is not None
        outcomes.add("stopped" if stopped else "ended")
        assert entry["updates"] == (history.best_iteration if stopped else 5)
        assert entry["train_accuracy"][2] == network.accuracy(training)
        assert entry["test_accuracy"][2] == network.accuracy(SMALL.test)
        activations, logits = network.forward(SMALL.test)
        assert (entry["test_logits"][2] == logits[0].astype(np.float32)).all()
        of_all = network.forward(SMALL.train)[1][0]
        assert (entry["train_logits"][2] == of_all.astype(np.float32)).all()
        if not run.arm.settings["sample_space"]:
            assert entry["cost"][0] == history.costs[0]
        hidden = len(run.arm.settings["layer_dims"]) - 2
        assert (entry["dead_units"][0, hidden:] == -1).all()
        if made > 3:
            shares = entry["dead_units"][1, :hidden] / run.arm.settings["layer_dims"][1:-1]
            assert shares.tolist() == history.dead_units[3].tolist()
            assert (entry["on_share"][1, :hidden][shares == 1] == 0).all()
    assert outcomes == {"diverged", "stopped", "ended"}


def test_when_a_network_is_constant(small):
    """As a plain loop over shorter and shorter runs says."""
    text = TINY.partition("[base]")[0] + "[base]\nlayer_dims = [48, 3, 1]\niterations = 12\n"
    plan = parse_plan("tiny", text.replace("count = 3", "count = 12") + "learning_rate = 0.02")
    numbers = list(range(len(plan.runs)))
    part = records.train("tiny", plan.text, numbers, None)
    found = set()
    for run in plan.runs:
        constant = []
        for updates in range(13):
            network = Network([48, 3, 1], run.seed)
            if updates:
                fit(network, SMALL.train, Adam(0.02), updates)
            constant.append(np.ptp(network.forward(SMALL.train)[1]) <= 1e-4)
        first = constant.index(True) if any(constant) else -1
        later = next((n for n in range(13) if all(constant[n:])), -1)
        assert part["collapsed_at"][run.number] == first
        assert part["constant_from"][run.number] == later
        found.add((first > 0, later >= 0))
    assert {(True, True), (False, False)} <= found


def test_the_images_held_out_are_as_many_of_each_kind():
    training, held_out = divided(
        SMALL.train, {"held_out": 0.5, "split_seed": 4, "folds": 0, "train_images": 0}
    )
    assert len(training) == len(held_out) == 6
    assert training.labels.sum() == held_out.labels.sum() == 2
    other = divided(SMALL.train, {"held_out": 0.5, "split_seed": 5, "folds": 0, "train_images": 0})[
        1
    ]
    assert (other.images != held_out.images).any()
    with pytest.raises(ParameterError, match="leaves no image"):
        divided(SMALL.train, {"held_out": 0.01, "split_seed": 5, "folds": 0, "train_images": 0})


@pytest.mark.parametrize(("kept", "rows"), [("none", 0), ("end", 1), ("test", 1), ("snapshots", 3)])
def test_outputs_are_kept_as_the_plan_says(small, kept, rows):
    plan = parse_plan("tiny", TINY.replace('logits = "snapshots"', f'logits = "{kept}"'))
    part = records.train("tiny", plan.text, [0], None)
    assert part["test_logits"].shape == (1, rows, 7)
    assert part["train_logits"].shape == (1, 0 if kept == "test" else rows, 12)
    if rows:
        answers = exact.sigmoid(part["test_logits"][0, -1:].astype(float)) > 0.5
        assert np.mean(answers == SMALL.test.labels) == part["test_accuracy"][0, -1]


def test_batches_and_dropout_begin_with_the_seed_of_the_run(small):
    options = {"batch_size": 5, "dropout": 0.2, "augmentation": Augmentation(True, 1, 9)}
    said = 'name = "adam"\nbatch_size = 5\ndropout = 0.2\nmirror = true\nshift = 1\nbrightness = 9'
    plan = parse_plan("tiny", TINY.replace('name = "adam"', said))
    part = records.train("tiny", plan.text, [0, 1, 2], None)
    for row, seed in enumerate((1000, 1001, 1002)):
        network = Network([48, 3, 1], seed)
        costs = fit(network, SMALL.train, Adam(), 5, seed=seed, **options).costs
        assert part["digest"][row].decode() == network.digest()
        assert part["costs"][row, :3].tolist() == costs[::2].tolist()
        constant = part["logit_range"][row, -1] <= records.COLLAPSED
        assert part["collapsed_at"][row] == (5 if constant else -1)  # not seen from batches


# ---------------------------------------------------------------- interruptions


def test_the_file_is_the_same_however_it_came_about(plan, tmp_path, monkeypatch):
    whole = final_bytes(tmp_path / "whole", plan)
    time.sleep(1.1)  # a time in the file would show
    monkeypatch.setattr(study, "MEMBERS", 1)
    monkeypatch.setattr(study, "MEMBERS_IN_SAMPLE_SPACE", 2)
    assert final_bytes(tmp_path / "singly", plan) == whole
    pieces = tmp_path / "pieces"
    pieces.mkdir()
    for only in (["arm=wild"], ["seed=1001"], ["arm=gd", "arm=stopped"]):
        assert not study.run(pieces, plan, only=only, report=lambda line: None)
    assert final_bytes(pieces, plan, workers=6) == whole


def test_stopped_again_and_again(plan, tmp_path, monkeypatch):
    whole = final_bytes(tmp_path / "whole", plan)
    monkeypatch.setattr(study, "MEMBERS", 2)
    folder = tmp_path / "stopped"
    folder.mkdir()
    trained = []
    monkeypatch.setattr(study, "train", lambda *a: trained.append(a[2]) or records.train(*a))
    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            study.run(folder, plan, crew=here(after=1), report=lambda line: None)
    assert final_bytes(folder, plan) == whole
    numbers = [number for piece in trained for number in piece]
    assert sorted(numbers) == list(range(len(plan.runs)))  # none twice


def test_what_is_lost_with_all_workers_is_trained_by_those_that_come(plan, tmp_path, monkeypatch):
    whole = final_bytes(tmp_path / "whole", plan)
    looks = iter([2, 2, 0])
    lost = [Future(), Future()]
    pending = list(lost)
    with here() as crew:
        fleeting = Crew(
            lambda *work: pending.pop() if pending else crew.submit(*work), lambda: next(looks, 1)
        )
        assert final_bytes(tmp_path / "lost", plan, crew=nullcontext(fleeting)) == whole
    assert not pending and all(future.cancelled() for future in lost)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_kill_in_the_middle_of_a_write(plan, tmp_path, monkeypatch, step):
    """At any of its steps, for a stack as for the final file; what is left is cleared away."""
    whole = final_bytes(tmp_path / "whole", plan)
    folder = tmp_path / "killed"
    folder.mkdir()
    right = getattr(os, step)

    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "unlink", lambda *a, **k: None)  # a kill tidies nothing up
    for count in range(9):
        calls = iter([right] * count)
        monkeypatch.setattr(os, step, lambda *a, calls=calls: next(calls, killed)(*a))
        try:
            study.run(folder, plan, report=lambda line: None)
        except KeyboardInterrupt:
            assert step == "fsync" or list(folder.rglob("*.tmp"))
    monkeypatch.undo()
    monkeypatch.setattr(datasets, "load_data", lambda name: SMALL)
    monkeypatch.setattr(study, "processes", lambda count: here())
    assert final_bytes(folder, plan) == whole


def test_limit(plan, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(study, "MEMBERS", 1)
    monkeypatch.setattr(study, "MEMBERS_IN_SAMPLE_SPACE", 2)
    monkeypatch.setattr(progress, "steps_of", lambda s: 2.0 if s["sample_space"] else 1.0)
    study.run(tmp_path, plan, limit=0, workers=1)
    out, err = capsys.readouterr()
    assert out.startswith("tiny: 2 of 17 runs done, 15 left: about ")
    assert out.count("\n") == 6 and "  fast: 2 of 3\n" in out
    assert err.startswith("tiny: 17 runs to train, about ")
    assert [progress.duration(s) for s in (3.2, 200, 9000)] == ["3 s", "3 min", "2.5 h"]


def part_of(plan, folder):
    study.run(folder, plan, only=["arm=gd"], workers=1, report=lambda line: None)
    (path,) = (folder / "tiny.parts").glob("*.npz")
    return path


def test_a_plan_is_not_changed_once_there_are_results(plan, tmp_path):
    other = parse_plan("tiny", TINY.replace("If it does.", "If it does, or nearly."))
    part_of(plan, tmp_path)
    for _ in range(2):
        with pytest.raises(CatnetError, match="a name of its own, as in studies/tiny-2.toml"):
            study.run(tmp_path, other)
        final_bytes(tmp_path, plan)


def test_other_images_are_refused(plan, tmp_path, monkeypatch):
    part_of(plan, tmp_path)
    other = Dataset("drawn", SMALL.test, SMALL.train)
    monkeypatch.setattr(datasets, "load_data", lambda name: other)
    datasets.images_of.cache_clear()
    with pytest.raises(CatnetError, match="drawn are not those that the results of tiny were made"):
        study.run(tmp_path, plan)


def test_damaged_files_are_named(plan, tmp_path):
    path = part_of(plan, tmp_path)
    whole = path.read_bytes()
    for content in (b"", whole[:1000], whole[:-1], b"x" + whole[1:], whole[:700] + whole[701:]):
        path.write_bytes(content)
        with pytest.raises(CatnetError, match="cannot be read .*: remove it, and what it held"):
            study.status(tmp_path, plan)
    path.write_bytes(whole)
    content = final_bytes(tmp_path, plan)
    (tmp_path / "tiny.h5").write_bytes(content[:2000])
    with pytest.raises(CatnetError, match=r"tiny.h5 cannot be read .*: put it back"):
        study.status(tmp_path, plan)


def test_runs_that_are_there_twice_count_once(plan, tmp_path):
    whole = final_bytes(tmp_path / "whole", plan)
    path = part_of(plan, tmp_path)
    path.with_name("again.npz").write_bytes(path.read_bytes())
    assert study.status(tmp_path, plan)[0].startswith("tiny: 5 of 17 runs done")
    (tmp_path / "twice").mkdir()
    (tmp_path / "tiny.parts").rename(tmp_path / "twice" / "tiny.parts")
    assert final_bytes(tmp_path / "twice", plan) == whole


def altered(path, column="costs"):
    """Change the last bit of one number of a part."""
    part = dict(np.load(path))
    part[column][0, 1] = np.nextafter(part[column][0, 1], 9)
    np.savez(path, **part)


def test_runs_that_are_there_twice_and_differ_are_an_error(plan, tmp_path):
    path = part_of(plan, tmp_path)
    path.with_name("again.npz").write_bytes(path.read_bytes())
    altered(path)
    with pytest.raises(CatnetError, match="two results of tiny/gd/1001 that differ"):
        study.status(tmp_path, plan)


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_two_commands_at_once(plan, tmp_path):
    with store.Store(tmp_path, plan).locked():
        with pytest.raises(CatnetError, match="another `catnet study tiny` is at work here"):
            study.run(tmp_path, plan)
    assert final_bytes(tmp_path, plan)


# ---------------------------------------------------------------- again


def test_check_and_repeat(plan, tmp_path):
    with pytest.raises(CatnetError, match="no run of tiny is finished"):
        study.check(tmp_path, plan, 3)
    path = part_of(plan, tmp_path)
    lines = []
    assert study.check(tmp_path, plan, 99, report=lines.append)
    assert len(lines) == 5
    assert all("the same to the last bit: weights" in line for line in lines)
    with pytest.raises(CatnetError, match="tiny/adam/1000 is not finished yet"):
        study.repeat(tmp_path, plan, "tiny/adam/1000")
    altered(path)
    assert study.repeat(tmp_path, plan, "tiny/gd/1002", report=lines.append)
    assert lines[-1].startswith("tiny/gd/1002  the same to the last bit")
    assert "  layer_dims = [48, 3, 1]" in lines
    assert not study.repeat(tmp_path, plan, "tiny/gd/1001", report=lines.append)
    assert lines[-1].startswith("tiny/gd/1001  DIFFERENT from the record in costs; weights")


def test_a_run_that_diverged_can_be_repeated(plan, tmp_path):
    final_bytes(tmp_path, plan)
    lines = []
    for run in plan.only(["arm=wild"]):
        assert study.repeat(tmp_path, plan, run.key, report=lines.append)
    assert any("the same to the last bit: diverged" in line for line in lines)


# ---------------------------------------------------------------- the command, and the chapters


@pytest.fixture
def studies(book, small):
    folder = book.root / "studies"
    folder.mkdir()
    (folder / "tiny.toml").write_text(TINY, encoding="utf-8")
    (folder / "other.toml").write_text(PLAIN.replace("drawn", "catvnoncat"), encoding="utf-8")
    return folder


def test_the_command(studies, capsys):
    assert cli.main(["study", "--list"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("other: 0 of 2 runs done, 2 left: about ") and "\n    What?\ntiny" in out
    assert cli.main(["study", "tiny", "--limit", "1h30m", "--only", "arm=fast"]) == 0
    assert cli.main(["study", "tiny"]) == 0
    assert cli.main(["study", "tiny", "--status"]) == 0
    assert capsys.readouterr().out.endswith(f"runs done, in {studies / 'tiny.h5'}\n")
    assert cli.main(["study", "tiny", "--check", "2"]) == 0
    assert cli.main(["study", "tiny", "--repeat", "tiny/fast/1000"]) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "say which study"),
        (["toy"], "there is no study 'toy'"),
        (["tiny", "--repeat", "tiny/x/1"], "has no run 'tiny/x/1'"),
        (["tiny", "--only", "x=1"], "--only takes FACTOR=LEVEL with a factor of arm, seed"),
        (["tiny", "--check", "2"], "no run of tiny is finished"),
    ],
)
def test_users_errors(studies, capsys, arguments, sentence):
    assert cli.main(["study", *arguments]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("time", ["", "30", "1d", "1m1h", "half"])
def test_times_that_are_none(studies, capsys, time):
    with pytest.raises(SystemExit):
        cli.main(["study", "tiny", "--limit", time])
    assert "must be a time like 90s, 30m or 1h30m" in capsys.readouterr().err


def test_what_chapters_read(studies, plan):
    with pytest.raises(CatnetError, match="study tiny is not complete: `catnet study tiny`"):
        load_study("tiny")
    study.run(studies, plan, report=lambda line: None)
    results = load_study("tiny")
    assert results.rows(arm="gd").sum() == 5
    assert results.keys[0] == "tiny/adam/1000" and results.seeds[0] == 1000
    assert [results.look(0), results.look(3), results.look()] == [0, 1, 2]
    for wrong in ({"arm": "x"}, {"rate": "1"}):
        with pytest.raises(ParameterError):
            results.rows(**wrong)
    with pytest.raises(ParameterError, match="has snapshots of"):
        results.look(4)


# ---------------------------------------------------------------- processes


def killed(number):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_process_that_is_killed_is_a_sentence():
    with pytest.raises(CatnetError, match="a process that was training was killed"):
        with processes(2) as crew:
            crew.submit(killed, 1).result()
    assert os.environ.get("MKL_NUM_THREADS") is None


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_kills_of_the_whole_command(book):
    """With real processes; more kills, by hand, are in the history of this test."""
    import psutil

    folder = book.root / "studies"
    folder.mkdir()
    text = TINY.replace("[48,", "[12288,").replace("count = 3", "count = 16")
    (folder / "tiny.toml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "catnet.cli", "study", "tiny"]
    random = np.random.RandomState(0)
    parts = folder / "tiny.parts"
    finished = set()
    for _ in range(3):
        running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        enough = len(finished) + random.randint(1, 3)  # files, then the moment is random
        while running.poll() is None and len(list(parts.glob("*.npz"))) < enough:
            time.sleep(0.01)
        time.sleep(random.random_sample() / 20)
        children = psutil.Process(running.pid).children(recursive=True)
        running.kill()
        running.wait()
        assert psutil.wait_procs(children, timeout=20)[1] == []  # nobody goes on for nobody
        assert finished <= set(parts.iterdir())
        finished = set(parts.glob("*.npz"))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    interrupted = (folder / "tiny.h5").read_bytes()
    (folder / "tiny.h5").unlink()
    subprocess.run([*command, "--workers", "1"], check=True, stdout=subprocess.DEVNULL)
    assert (folder / "tiny.h5").read_bytes() == interrupted
