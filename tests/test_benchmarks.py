"""The benchmark times what it says: the same steps, pair by pair."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

import catnet

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import contenders
import large
import pictures
import run
import tables
from turns import Measurement, NotMeasuredError, Setup, take_turns

TINY = Setup(tables.EXACT, images=8, layer_dims=(12288, 3, 2, 1))


@pytest.fixture
def few_images(monkeypatch):
    monkeypatch.setattr(pictures, "load", lambda count: catnet.draw(3, count - 3, seed=0))


@pytest.mark.parametrize("optimizer", tables.OPTIMIZERS)
def test_ours_and_the_articles_way_reach_the_same_costs(few_images, optimizer):
    costs = {}
    for name in (tables.EXACT, tables.PLAIN, tables.OTHERS[0]):
        contender = contenders.CONTENDERS[name](replace(TINY, contender=name, optimizer=optimizer))
        contender.begin()
        costs[name] = contender.train(5)
    ours = costs.pop(tables.EXACT)
    assert len(ours) == 5 and ours[-1] < ours[0]
    for name, theirs in costs.items():
        assert theirs == pytest.approx(ours, rel=run.TOLERANCES["float64"]), name


def test_products_multiply_and_cost_nothing(few_images):
    products = contenders.CONTENDERS[tables.PRODUCTS](replace(TINY, contender=tables.PRODUCTS))
    assert products.seconds() > 0
    assert products.train(1) == []
    forward, backward = products.outputs
    assert forward.shape == (3, 8) and backward.shape == (3, 12288)


def test_a_ratio_is_that_of_two_turns_of_one_round():
    slow, fast = (Measurement(TINY, times, []) for times in ([2.0, 40.0, 6.0], [1.0, 20.0, 3.0]))
    assert slow.ratio(fast) == [2.0, 2.0, 2.0]


def test_every_table_holds_what_its_rows_are_held_against():
    for groups in tables.TABLES.values():
        for group in groups:
            assert len(set(group)) == len(group)
            assert {tables.products(setup) for setup in group} <= set(group)
            assert {tables.exact(s) for s in group if s.contender != tables.PRODUCTS} <= set(group)


class Absent:
    """A worker whose library is not there."""

    def __init__(self, setup):
        self.setup = setup

    def wait(self):
        raise NotMeasuredError("no such library")


def test_who_cannot_run_is_named_with_the_reason(monkeypatch):
    monkeypatch.setattr("turns._Worker", Absent)
    assert take_turns([TINY], 3) == ({}, {TINY: "no such library"})


def row(contender, ratio, distance=0.0, table="step", stack=1):
    """A row of the file."""
    return {
        "table": table,
        "contender": contender,
        "optimizer": "Adam",
        "dtype": "float64",
        "stack": stack,
        "ratio": [ratio] * 3,
        "distance": distance,
    }


def test_faults_are_other_costs_a_slow_step_and_a_faster_library():
    good = [row(tables.EXACT, 1.4), row("PyTorch", 2.0), row(tables.EXACT, 15.0, 0.0, "stack", 16)]
    assert not list(run.faults(good))
    bad = [
        row(tables.EXACT, 1.6),
        row("PyTorch", 1.5, 0.1),
        row(tables.EXACT, 16.0, 0, "stack", 16),
    ]
    other_costs, too_slow, behind, stack = run.faults(bad)
    assert "PyTorch (Adam, float64) is 1.0e-01 away from our costs" in other_costs
    assert "1 at once, takes 1.60 times the products, more than 1.45" in too_slow
    assert "PyTorch takes 1.50" in behind
    assert "16 at once, takes 1.00 times the products, more than 0.95" in stack


def test_training_from_a_file_is_held_to_memory_speed_and_bits():
    def found(memory=100e6, seconds=1.5, digests=("a",)):
        return {
            "file": {"memory": memory, "seconds": seconds, "digests": set(digests)},
            "memory": {"memory": 700e6, "seconds": 1.0, "digests": {"a"}},
        }

    assert list(large.faults(found())) == []
    assert "more than 400 MB" in next(large.faults(found(memory=401e6)))
    assert "less than 0.5 of the speed" in next(large.faults(found(seconds=2.1)))
    for digests in ("b", "ab"):
        assert list(large.faults(found(digests=digests))) == ["the weights are not the same"]
