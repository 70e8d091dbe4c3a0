import json

import numpy as np
import pytest

from catnet import cli
from catnet.article import seeds
from catnet.errors import CatnetError
from catnet.report.results import Results, Run
from catnet.report.running import execution


def publish(book, **run):
    run = {"costs": {"0": 0.7, "4": 0.6}, **run}
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


def fake_runs(monkeypatch, *runs):
    """Let seed n give the n-th of (costs, accuracy in training, in the test)."""

    def execute(chapter, given, figures, main_run_only):
        assert main_run_only and not figures
        costs, train, test = runs[given["seed"]]
        run = Run(np.array(costs), train, test, "d" * 64)
        return None, Results(chapter.name, given, {"adam": run})

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


def test_runs_the_chapter_itself(book, chapter):
    publish(book)
    lines = []
    seed = seeds.search(chapter, 3, report=lines.append)
    assert book.recorded_searches()["03-adam-failure"]["seed"] == seed == len(lines) - 1


def test_only_the_main_run_is_trained(chapter):
    _, results = execution.execute(chapter, {"seed": 2}, main_run_only=True)
    assert list(results.runs) == ["main run"]
    assert len(results.runs["main run"].costs) == 4
