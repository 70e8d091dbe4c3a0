"""Causes of errors: contrasts, log odds, sensitivity maps; against brute force and statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import spearmanr

from catnet.analysis import contrasts, crossed, odds
from catnet.analysis.inside import sensitivity
from catnet.engine.network import Network
from catnet.images.dataset import Split

RANDOM = np.random.RandomState(4)
TABLE = RANDOM.random_sample((12, 9)) < 0.6


def test_a_paired_contrast_against_loops():
    other = RANDOM.random_sample((12, 9)) < 0.3
    found = contrasts.paired(TABLE, other, samples=400, seed=7)
    values = TABLE.astype(float) - other
    runs = np.random.RandomState(7).randint(12, size=(400, 12))
    images = np.random.RandomState(np.array([7, 1])).randint(9, size=(400, 9))
    drawn = np.array([values[np.ix_(a, b)].mean() for a, b in zip(runs, images, strict=True)])
    assert found.value == pytest.approx(values.mean())
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high))
    fewest = min((drawn <= 1e-12).sum(), (drawn >= -1e-12).sum())
    assert found.p == pytest.approx(2 * (fewest + 1) / 401)
    assert found.verdict() == "supported"


def test_it_is_as_wide_as_that_of_a_difference():
    other = RANDOM.random_sample((12, 9)) < 0.6
    found = contrasts.paired(TABLE, other)
    known = crossed.difference(TABLE.astype(int) - other)
    assert found.value == known.value
    assert found.low == pytest.approx(known.low, abs=0.02)
    assert found.high == pytest.approx(known.high, abs=0.02)


def test_groups_of_images_share_their_runs():
    """A run that says cat to everything more often says nothing of a difference."""
    moods = np.repeat(RANDOM.random_sample((40, 1)) < 0.5, 5, axis=1)
    found = contrasts.between_groups(moods, moods[:, :3], samples=200)
    assert (found.value, found.low, found.high) == pytest.approx((0, 0, 0), abs=1e-12)
    apart = contrasts.between_arms(moods, moods[:20], samples=200)
    assert apart.high - apart.low > 0.2


def test_arms_against_loops():
    first, second = TABLE, TABLE[:5]
    found = contrasts.between_arms(first, second, samples=300, seed=2)
    state = np.random.RandomState(2)
    images = state.randint(9, size=(300, 9))
    a, b = (state.randint(n, size=(300, n)) for n in (12, 5))
    drawn = [
        first[np.ix_(a[k], images[k])].mean() - second[np.ix_(b[k], images[k])].mean()
        for k in range(300)
    ]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_no_difference():
    none = contrasts.paired(TABLE, TABLE, samples=100)
    assert (none.low, none.high, none.p) == (0, 0, 1)
    assert none.verdict() == "undecided"
    assert none.verdict_same() == "supported"
    assert str(none) == "+0.0 points (+0.0 to +0.0)"


def test_many_comparisons_are_corrected():
    one = contrasts.Contrast(0.1, 0.01, 0.2, 0.02, 0.19, 0.02)
    found = contrasts.corrected({"a": one, "b": contrasts.Contrast(0, -1, 1, -1, 1, 0.5)})
    assert found["a"].p == pytest.approx(0.04)
    assert found["a"].verdict() == "supported"
    assert contrasts.corrected({"a": one, "b": one, "c": one})["a"].verdict() == "undecided"
    below = contrasts.Contrast(-0.2, -0.3, -0.1, -0.28, -0.12, 0.001)
    assert below.verdict() == below.verdict_same() == "contradicted"


def test_log_odds_against_statsmodels():
    runs, images = 30, 80
    x = {"a": RANDOM.standard_normal(images), "b": RANDOM.random_sample(images) < 0.4}
    moods, ease = RANDOM.standard_normal((runs, 1)), RANDOM.standard_normal(images)
    logits = 0.5 + 0.8 * x["a"] + moods + ease
    right = RANDOM.random_sample((runs, images)) < 1 / (1 + np.exp(-logits))
    found = odds.log_odds(right, x)
    design = np.column_stack([(v - v.mean()) / v.std() for v in map(np.asarray, x.values())])
    places = np.tile(np.arange(images), runs), np.repeat(np.arange(runs), images)
    fit = sm.GLM(
        right.ravel().astype(float), sm.add_constant(design)[places[0]], sm.families.Binomial()
    ).fit(
        cov_type="cluster",
        cov_kwds={"groups": np.column_stack(places), "use_correction": False},
    )
    for place, effect in enumerate(found, 1):
        assert effect.value == pytest.approx(fit.params[place], rel=1e-6)
        limits = fit.conf_int()[place]
        assert (effect.low, effect.high) == pytest.approx(tuple(limits), rel=1e-6)
    assert [effect.name for effect in found] == ["a", "b"]
    assert found[0].p < 0.05


@pytest.fixture
def images():
    pixels = np.random.RandomState(1).randint(0, 256, (5, 4, 4, 3)).astype(np.uint8)
    return Split(pixels, np.array([0, 1, 0, 1, 1]))


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_gradients_against_differences(images, activation):
    network = Network([48, 6, 4, 1], 3, "he", activation)
    found = sensitivity.gradients(network, images)
    assert found.shape == images.images.shape
    for pixel in range(0, 48, 7):
        step = np.zeros(48, int)
        step[pixel] = 1
        logits = []
        for sign in (-1, 1):
            nudged = images.images.reshape(5, 48).astype(int) + sign * step
            if not ((nudged >= 0) & (nudged <= 255)).all():
                break
            moved = Split(nudged.astype(np.uint8).reshape(images.images.shape), images.labels)
            logits.append(network.forward(moved)[1][0])
        else:
            slope = (logits[1] - logits[0]) * 255 / 2
            np.testing.assert_allclose(found.reshape(5, 48)[:, pixel], slope, atol=1e-6)


def test_sizes_and_rank_correlation(images):
    maps = RANDOM.standard_normal((2, 5, 4, 4, 3))
    first, second = (sensitivity.sizes(one) for one in maps)
    np.testing.assert_allclose(first, np.abs(maps[0]).sum(axis=-1))
    found = sensitivity.rank_correlation(first, second)
    for k in range(5):
        expected = spearmanr(first[k].ravel(), second[k].ravel()).statistic
        assert found[k] == pytest.approx(expected)
    assert np.isnan(sensitivity.rank_correlation(first, np.zeros_like(first))).all()


def test_layers_are_replaced_from_the_top():
    network, other = Network([48, 6, 4, 1], 3), Network([48, 6, 4, 1], 4)
    one = sensitivity.with_random_top(network, other, 1)
    assert (one.weights[2] == other.weights[2]).all()
    assert (one.weights[1] == network.weights[1]).all()
    assert sensitivity.with_random_top(network, other, 3).digest() == other.digest()
    assert sensitivity.with_random_top(network, other, 0).digest() == network.digest()
