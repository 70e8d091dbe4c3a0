"""Maps of settings and nested searches: cells, comparisons with the usual one, what a file says."""

import json
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from catnet import load_study
from catnet.analysis import maps, scores, searches
from catnet.analysis.outcomes import outcomes
from catnet.errors import CatnetError
from catnet.images.labels import known_labels
from catnet.report.pages import figures
from catnet.studies.settings import fold_numbers


def cell(name, losses, learns=True):
    losses = np.asarray(losses, dtype=float)
    runs = len(losses)
    learned = np.full(runs, learns)
    return maps.Cell({"a": name[0], "b": name[1]}, np.arange(runs), learned, losses, losses[:, 0])


def some_cells():
    """A usual cell, a better one, the same again, and one that is better in one run of eight."""
    usual = 0.7 + np.random.RandomState(0).random_sample((8, 30)) / 10
    once = usual.copy()
    once[0] -= 0.5
    return [cell(*one) for one in (("xx", usual), ("xy", usual - 0.2), ("yx", usual), ("yy", once))]


def test_cells_of_a_study_are_its_arms():
    results, labels = load_study("centred"), known_labels()
    found = maps.cells(results, labels)
    assert [one.levels for one in found] == [arm.levels for arm in results.plan.arms]
    for one in found:
        rows = results.rows(**one.levels)
        assert one.seeds.tolist() == results.seeds[rows].tolist()
        logits = results["test_logits"][rows, -1]
        assert one.loss == pytest.approx(scores.log_loss(logits, labels[1]))
        learns = np.isin(outcomes(results)[rows], ["learns", "converged"])
        assert one.learns.tolist() == learns.tolist()
    first = found[0].take([1, 0])
    assert first.seeds.tolist() == found[0].seeds[[1, 0]].tolist() and len(first.loss) == 2


def test_no_answer_costs_what_one_half_does():
    found = maps.losses([[np.nan, 3.0], [0.0, np.nan]], np.array([1, 0]))
    assert found[[0, 1, 1], [0, 0, 1]] == pytest.approx(np.log(2))
    assert found[0, 1] == pytest.approx(np.log1p(np.exp(3)))


def test_a_cell_is_better_only_by_both_rules():
    usual, *others = some_cells()
    leads = maps.against(others, usual, samples=500)
    assert maps.better(leads) == [0] and not maps.none_better(leads)
    assert leads[0].difference.value == pytest.approx(-0.2)
    assert leads[0].p == pytest.approx(3 * 2 / 2**8)  # eight of eight, Holm's first of three
    assert leads[1].p == 1 and leads[1].difference.value == 0
    assert maps.none_better(leads[1:2])
    each = maps.against(others, [usual, usual, others[2]], samples=500)
    assert each[2].difference.value == 0


def test_a_table_has_its_cells_where_their_levels_are():
    found = maps.table(some_cells(), ("b", "yx"), ("a", "xy"), lambda one: one.losses[0, 0])
    usual = found[1, 0]
    assert found == pytest.approx(np.array([[usual - 0.2, usual - 0.5], [usual, usual]]))


PLAN = SimpleNamespace(
    name="search",
    digest="d" * 64,
    arms=[SimpleNamespace(settings={"folds": 3, "split_seed": 5})],
)
LABELS, ORIGIN = np.arange(24) % 2, np.arange(24) // 12
NUMBERS = fold_numbers(LABELS, ORIGIN, 3, 5)


@pytest.fixture
def path(tmp_path):
    entries = []
    for fold in (1, 0, 2):
        out = np.flatnonzero(NUMBERS == fold)
        rows = [" ".join(f"{image + 100 * seed:.4f}" for image in out) for seed in range(2)]
        trials = [{"score": 0.7}, {"score": 0.5 + fold / 10}]
        chosen = {"learning_rate": 0.001, "iterations": 50}
        entries.append(
            {"method": "grid", "fold": fold, "trials": trials, "chosen": chosen}
            | {"score_again": 0.9, "logits": rows}
        )
    path = tmp_path / "search.json"
    path.write_text(json.dumps({"plan": PLAN.digest, "searches": entries}), encoding="utf-8")
    return path


def test_searches_are_put_together_by_image(path):
    grid = searches.load_searches(path, PLAN, LABELS, ORIGIN)["grid"]
    assert grid.logits.tolist() == [list(range(24)), list(range(100, 124))]
    assert [one.fold for one in grid.found] == [0, 1, 2]
    assert [one.score for one in grid.found] == [0.5, 0.6, 0.7]
    outer = maps.losses(grid.logits[:, NUMBERS == 1], LABELS[NUMBERS == 1]).mean()
    assert grid.found[1].outer == pytest.approx(outer) and grid.found[1].again == 0.9


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c.update(plan="other"), "search.json was made by another plan than search.toml"),
        (lambda c: c["searches"].pop(), "not complete: `make search` goes on"),
        (lambda c: c["searches"][0].pop("logits"), "not complete"),
        (lambda c: c["searches"].clear(), "not complete"),
    ],
)
def test_searches_that_are_not_those_of_the_plan_are_a_sentence(path, change, sentence):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CatnetError, match=sentence):
        searches.load_searches(path, PLAN, LABELS, ORIGIN)


def test_a_mean_of_a_few_has_students_limits():
    assert searches.mean_interval([1, 2, 3, 4, 5]) == pytest.approx((3, 1.03676, 4.96324), abs=1e-5)


def test_a_heat_map_writes_every_cell_in_a_colour_that_can_be_read():
    figure, axes = plt.subplots()
    values = np.array([[0.0, 1.0], [0.5, 2.0]])
    figures.heat_map(axes, values, [["a", "b"], ["c", "d"]], "rs", "xy", (0, 1), [(1, 0, "M")])
    written = {text.get_text(): text.get_color() for text in axes.texts}
    plt.close(figure)
    assert written == {"a": "#FCFCFC", "b": "#030303", "c": "#FCFCFC", "d": "#030303", "M": "white"}
