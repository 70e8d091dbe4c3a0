"""Runs crossed with images, and factors crossed with each other, against other ways to the same."""

import itertools

import numpy as np
import pandas as pd
import pytest
from statsmodels.api import OLS, Logit, stats
from statsmodels.formula.api import ols

from catnet.analysis import crossed
from catnet.analysis.comparisons import images_needed, smallest_lead
from catnet.analysis.factorial import effects


def test_both_runs_and_images_are_drawn_anew():
    table = np.array([[0.0, 1.0], [3.0, 8.0]])
    indices = list(itertools.product(range(2), repeat=2))
    every = [table[np.ix_(rows, columns)].mean() for rows in indices for columns in indices]
    limits = np.quantile(np.repeat(every, 1000), [0.025, 0.975, 0.05, 0.95])
    found = crossed.difference(table, samples=20_000)
    assert found.value == 3.0
    assert (found.low, found.high, found.low_90, found.high_90) == tuple(limits)


def test_a_table_that_varies_over_images_alone_is_no_better_known_by_more_runs():
    row = np.random.RandomState(0).randint(0, 2, 50).astype(float)
    few, many = (crossed.difference(np.tile(row, (runs, 1))) for runs in (2, 200))
    assert few.high - few.low == pytest.approx(many.high - many.low, abs=0.03)
    assert few.high - few.low == pytest.approx(2 * 1.96 * row.std() / np.sqrt(50), abs=0.03)


def test_many_tables_are_drawn_anew_as_each_is_alone():
    tables = np.random.RandomState(4).normal(size=(3, 4, 30))
    means, drawn = crossed.resampled(tables, 1200)
    for table, mean, samples in zip(tables, means, drawn.T, strict=True):
        found = crossed.difference(table, 1200)
        assert mean == pytest.approx(found.value)
        assert np.quantile(samples, [0.025, 0.95]) == pytest.approx([found.low, found.high_90])


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ((0.01, 0.2, 0.02, 0.19), "supported"),
        ((-0.2, -0.01, -0.19, -0.02), "contradicted"),
        ((-0.06, 0.04, -0.04, 0.03), "equal"),
        ((-0.06, 0.04, -0.051, 0.03), "undecided"),
    ],
)
def test_verdicts_of_differences(limits, word):
    assert crossed.Difference(0.0, *limits).verdict() == word


def test_components_are_those_of_an_analysis_of_variance():
    right = np.random.RandomState(3).random_sample((6, 9)) < np.linspace(0.1, 0.9, 9)
    rows, columns = np.indices(right.shape)
    frame = pd.DataFrame({"y": right.ravel() * 1.0, "i": rows.ravel(), "j": columns.ravel()})
    table = stats.anova_lm(ols("y ~ C(i) + C(j)", frame).fit())
    squares = table["mean_sq"]
    found = crossed.components(right)
    assert found.rest == pytest.approx(squares["Residual"])
    assert found.images == pytest.approx((squares["C(j)"] - squares["Residual"]) / 6)
    assert found.seeds == pytest.approx(max(squares["C(i)"] - squares["Residual"], 0) / 9)
    assert found.standard_error(np.inf, 50) == pytest.approx(np.sqrt(found.images / 50))


def test_components_of_images_drawn_anew():
    right = np.random.RandomState(5).random_sample((8, 7)) < 0.6
    counts = np.array([[2.0, 0, 1, 1, 3, 0, 0]])
    direct = crossed.components(np.repeat(right, counts[0].astype(int), axis=1))
    found = crossed._components(right, counts)
    for name in ("images", "seeds", "rest"):
        assert getattr(found, name)[0] == pytest.approx(getattr(direct, name))


def runs_of_four_factors(share):
    """Factors of 16 cells, forty runs each, and an outcome whose log odds are known."""
    cells = np.repeat(np.array(list(itertools.product([False, True], repeat=4))), 40, axis=0)
    factors = dict(zip("abcd", cells.T, strict=True))
    return factors, np.random.RandomState(7).random_sample(len(cells)) < share(cells)


def test_without_clusters_the_logistic_fit_is_logistic_regression():
    factors, outcome = runs_of_four_factors(lambda c: 0.3 + 0.4 * c[:, 0])
    found, scale = effects(outcome, factors, np.arange(outcome.size))
    assert scale == "log odds"
    coded = [np.where(on, 0.5, -0.5) for on in factors.values()]
    pairs = [x * y for x, y in itertools.combinations(coded, 2)]
    design = np.column_stack([np.ones(outcome.size), *coded, *pairs])
    assert [one.value for one in found] == pytest.approx(
        Logit(outcome.astype(float), design).fit(disp=False).params[1:], abs=1e-5
    )
    assert [one.name for one in found][:5] == ["a", "b", "c", "d", "a × b"]
    assert found[0].low > 0 and found[0].p < 0.05 and min(one.p for one in found[1:]) > 0.05


def test_a_cell_without_variation_is_judged_by_shares():
    factors, outcome = runs_of_four_factors(lambda c: np.where(c[:, 0] & c[:, 1], 1.0, 0.5))
    found, scale = effects(outcome, factors, np.arange(outcome.size) % 40)
    assert scale == "share"
    coded = [np.where(on, 0.5, -0.5) for on in factors.values()]
    pairs = [x * y for x, y in itertools.combinations(coded, 2)]
    design = np.column_stack([np.ones(outcome.size), *coded, *pairs])
    assert [one.value for one in found] == pytest.approx(
        OLS(outcome.astype(float), design).fit().params[1:], abs=1e-6
    )


def test_how_many_images_it_takes():
    assert smallest_lead() == 6  # 2 ** (1 - 6) is below 0.05, and 2 ** (1 - 5) is not
    # Connor 1987 by its normal formula: p10 = 0.2, p01 = 0.1, two-sided 5 %, power 90 %.
    assert images_needed(0.1, 0.3, power=0.9) == pytest.approx(310, abs=2)
