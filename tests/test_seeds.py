import json
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import PARAMETERS, TRAIN, rewrite, tiny_notebook

import catnet
from catnet import cli
from catnet.article import main_run, seeds
from catnet.errors import CatnetError
from catnet.report.results import Results, Run
from catnet.report.running import execution

FAITHFUL = """\
images = catnet.load_data(dataset)
network = catnet.Network(layer_dims, seed)
frozen = [network.depth] if freeze_output_layer else []
history = catnet.fit(
    network, images.train, catnet.{optimizer}, num_iterations, frozen_layers=frozen
)
run = catnet.Run.of(network, history, images)
"""
OPTIMIZERS = {
    "gradient_descent": "GradientDescent(learning_rate)",
    "adam": "Adam(learning_rate, beta1, epsilon=epsilon)",
}


def publish(book, **run):
    run = {"optimizer": "gradient_descent", "costs": {"0": 0.7, "4": 0.6}, **run}
    content = {"article": {}, "runs": {"adam-failure": run}}
    (book.root / "book" / "published.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("iterations", "costs", "name"),
    [
        ([0, 100, 200], [0.67, 0.6931451805619453, 0.6931451805619453], "flat"),
        ([0, 50, 100], [0.67, 0.3, 0.6931451805619453], "flat"),
        ([0, 100, 200], [0.67, 0.6931451805619453, 0.69314], "no progress"),
        ([0, 100], [0.7, 0.69315], "slow"),
        ([0, 1], [0.7, 0.7], "no progress"),
        ([0, 100], [0.7, np.nextafter(seeds.CONVERGED, 0)], "converged"),
        ([0, 100], [0.7, seeds.CONVERGED], "slow"),
    ],
)
def test_outcome(iterations, costs, name):
    assert seeds.outcome(iterations, costs) == name


def faithful(chapter, optimizer="gradient_descent", parameters=PARAMETERS):
    """Make the chapter train what its parameters say."""
    notebook = tiny_notebook(chapter.name, parameters)
    notebook.cells[3].source = FAITHFUL.format(optimizer=OPTIMIZERS[optimizer])
    return rewrite(chapter, notebook)


def fake_runs(monkeypatch, *runs):
    """Let seed n give the n-th of (costs, accuracy in training, in the test), or diverge."""
    runs = [run and Run(np.array(run[0]), *run[1:], "d" * 64) for run in runs]

    def trained(chapter, limit, progress):
        for seed, run in enumerate(runs[:limit]):
            yield seed, [0.7, np.nan] if run is None else run.costs, run

    def execute(chapter, given, figures, main_run_only, progress):
        assert main_run_only and not figures
        return None, Results(chapter.name, given, {"adam": runs[given["seed"]]})

    monkeypatch.setattr(seeds, "_trained", trained)
    monkeypatch.setattr(seeds, "execute", execute)


def test_first_seed_that_meets_the_criterion(book, monkeypatch, capsys):
    publish(book, test_accuracy=72.0)
    book.searches.write_text('{"02-gradient-descent": {"seed": 9}}', encoding="utf-8")
    fake_runs(
        monkeypatch,
        ([0.7, 0.8], 1.0, 36 / 50),  # no progress
        ([0.7, 0.5], 1.0, 37 / 50),  # one image more
        ([0.7, 0.5], 0.5, 36 / 50),
        ([0.7, 0.5], 0.5, 36 / 50),
    )
    assert cli.main(["seeds", "3"]) == 0
    content = book.recorded_searches()
    assert content["02-gradient-descent"] == {"seed": 9}
    entry = content["03-adam-failure"]
    assert entry["criterion"] == {"outcome": "slow", "test_accuracy": 0.72}
    assert entry["seed"] == 2
    assert [tried["matches"] for tried in entry["tried"]] == [False, False, True]
    assert entry["tried"][1]["final_cost"] == 0.5
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and "74.0% in the test" in lines[1]


def test_limit(book, monkeypatch, capsys):
    publish(book)
    fake_runs(monkeypatch, *[([0.7, 0.8], 1.0, 1.0)] * 2)
    assert cli.main(["seeds", "3", "--limit", "2"]) == 2
    assert "none of the seeds 0 … 1" in capsys.readouterr().err
    assert not book.searches.exists()


def test_chapter_without_a_published_run(book):
    publish(book)
    with pytest.raises(CatnetError, match="no seed of its own"):
        seeds.search(book.find("2"))


def test_seed_that_diverges_is_an_outcome(book, chapter, monkeypatch, capsys):
    publish(book)
    fake_runs(monkeypatch, None, ([0.7, 0.5], 1.0, 1.0))
    assert cli.main(["seeds", "3"]) == 0
    assert book.recorded_searches()[chapter.name]["tried"][0] == {
        "seed": 0,
        "outcome": "diverged",
        "final_cost": None,
        "train_accuracy": None,
        "test_accuracy": None,
        "digest": None,
        "matches": False,
    }
    assert capsys.readouterr().out.splitlines()[0] == "seed 0: diverged, last cost nan"


def test_all_seeds_diverge(book, chapter):
    publish(book)
    chapter = faithful(chapter, parameters=PARAMETERS.replace("0.0075", "1e300"))
    lines = []
    with pytest.raises(CatnetError, match="none of the seeds 0 … 2"):
        seeds.search(chapter, 3, report=lines.append)
    assert [line.partition(",")[0] for line in lines] == [f"seed {n}: diverged" for n in range(3)]
    assert not book.searches.exists()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("frozen", [True, False])
def test_record_is_that_of_training_seed_by_seed(book, chapter, monkeypatch, optimizer, frozen):
    images = catnet.load_data("drawn")
    made = catnet.Adam(0.0075) if optimizer == "adam" else catnet.GradientDescent(0.0075)
    attempts = []
    for seed in range(5):
        network = catnet.Network([12288, 3, 1], seed)
        history = catnet.fit(network, images.train, made, 4, frozen_layers=[2] if frozen else [])
        run = Run.of(network, history, images)
        attempts.append(
            {
                "seed": seed,
                "outcome": seeds.outcome(range(4), run.costs),
                "final_cost": float(run.costs[-1]),
                "train_accuracy": run.train_accuracy,
                "test_accuracy": run.test_accuracy,
                "digest": run.digest,
            }
        )
    publish(book, optimizer=optimizer)
    # The first of the third stack; the seeds after it were trained, and are not recorded.
    monkeypatch.setattr(seeds, "_meets", lambda found, wanted: found["seed"] == 4)
    chapter = faithful(
        chapter, optimizer, PARAMETERS.replace("layer: bool = True", f"layer: bool = {frozen}")
    )
    lines = []
    assert seeds.search(chapter, 100, report=lines.append) == 4
    tried = [a | {"matches": a["seed"] == 4} for a in attempts]
    assert book.recorded_searches()[chapter.name]["tried"] == tried
    assert [line.partition(":")[0] for line in lines] == [f"seed {n}" for n in range(5)]


@pytest.mark.parametrize(
    "main_run",
    [
        TRAIN,  # other images
        FAITHFUL.format(optimizer="GradientDescent(2 * learning_rate)"),
        FAITHFUL.format(optimizer="GradientDescent(learning_rate)").replace(
            "num_iterations,", "num_iterations, cost_epsilon=1e-9,"
        ),  # the same weights, other costs
    ],
)
def test_chapter_that_trains_something_else(book, chapter, main_run):
    publish(book)
    notebook = tiny_notebook(chapter.name)
    notebook.cells[3].source = main_run
    with pytest.raises(CatnetError, match="something else than its parameters say"):
        seeds.search(rewrite(chapter, notebook), report=lambda line: None)
    assert not book.searches.exists()


@pytest.mark.parametrize("name", seeds.NEEDED)
def test_chapter_without_a_parameter_that_is_needed(book, chapter, name):
    publish(book)
    lines = [line for line in PARAMETERS.splitlines() if not line.startswith(name)]
    chapter = rewrite(chapter, tiny_notebook(chapter.name, "\n".join(lines)))
    with pytest.raises(CatnetError, match=f"no parameter {name}"):
        seeds.search(chapter)


def test_stacks_grow_up_to_the_limit(book, chapter, monkeypatch):
    publish(book)
    sizes = []

    def fit_stack(members, split, num_iterations, progress):
        sizes.append(len(members))
        return [catnet.History(*[np.array([0.7, 0.8])] * 5) for _ in members]

    monkeypatch.setattr(seeds, "fit_stack", fit_stack)
    with pytest.raises(CatnetError, match="none of the seeds 0 … 50"):
        seeds.search(chapter, 51, report=lambda line: None)
    assert sizes == [2, 2, 4, 8, 16, 16, 3]


@pytest.mark.parametrize("terminal", [True, False])
def test_bar_on_a_terminal_only(book, chapter, monkeypatch, terminal):
    publish(book, costs={"0": 0.7, "100": 0.7})
    shown = []

    def fit_stack(members, split, num_iterations, progress):
        shown.append(progress)
        return catnet.fit_stack(members, split, num_iterations)

    monkeypatch.setattr(seeds, "fit_stack", fit_stack)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    with pytest.raises(CatnetError, match="none of the seeds"):
        seeds.search(chapter, 2, report=lambda line: None, progress=True)
    assert shown == [terminal]


def test_optimizers_of_the_article_are_known():
    path = Path(__file__).parents[1] / "book" / "published.json"
    runs = json.loads(path.read_text(encoding="utf-8"))["runs"].values()
    assert {run["optimizer"] for run in runs} <= main_run.OPTIMIZERS.keys()


def test_only_the_main_run_is_trained(chapter):
    _, results = execution.execute(chapter, {"seed": 2}, main_run_only=True)
    assert list(results.runs) == ["main run"]
    assert len(results.runs["main run"].costs) == 4
