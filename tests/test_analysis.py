"""Predictions, outcomes and comparisons, against published and brute-force values."""

from types import SimpleNamespace

import numpy as np
import pytest

from catnet import Adam, Network, Split, fit
from catnet.analysis import comparisons
from catnet.analysis.comparisons import compare, holm, share, verdict, verdict_of_all
from catnet.analysis.outcomes import outcomes
from catnet.analysis.push import predicted_share_off, push_against_spread, simulated_outputs


def pairs(both, first, second, neither):
    rows = [(1, 1)] * both + [(1, 0)] * first + [(0, 1)] * second + [(0, 0)] * neither
    return np.array(rows, dtype=bool).T


# ---------------------------------------------------------------- comparisons


@pytest.mark.parametrize(
    "table, low, high",
    [
        ((1, 1, 7, 12), -0.507, -0.026),  # Fagerland, Lydersen, Laake 2014, table III
        ((14, 5, 0, 22), 0.011, 0.226),  # Altman et al., Statistics with Confidence, 2000, p. 53
    ],
)
def test_newcombes_method_10_on_published_examples(table, low, high):
    paired = compare(*pairs(*table))
    assert (round(paired.low, 3), round(paired.high, 3)) == (low, high)


def test_mcnemars_test_counts_what_differs():
    assert compare(*pairs(50, 6, 0, 44)).p == pytest.approx(2 * 0.5**6)
    assert compare(*pairs(0, 5, 5, 0)).p == 1.0
    mirrored = compare(*pairs(3, 1, 7, 12)), compare(*pairs(3, 7, 1, 12))
    assert mirrored[0].low == pytest.approx(-mirrored[1].high)
    assert mirrored[0].p == mirrored[1].p


@pytest.mark.parametrize("table", [(0, 0, 0, 9), (9, 0, 0, 0), (4, 0, 0, 5), (0, 9, 0, 0)])
def test_arms_without_a_difference_and_with_nothing_else(table):
    paired = compare(*pairs(*table))
    assert paired.low <= paired.difference <= paired.high
    assert -1 <= paired.low and paired.high <= 1 and 0 < paired.p <= 1


def test_pairs_must_be_pairs():
    with pytest.raises(ValueError, match="are no pairs"):
        compare([True], [True, False])
    with pytest.raises(ValueError, match="are no pairs"):
        compare([], [])


def test_wilsons_limits():
    found = share([True] * 15 + [False] * 133)  # Newcombe 1998, table I: 15 of 148
    assert (round(found.low, 4), round(found.high, 4)) == (0.0624, 0.1605)
    assert share([False] * 20).low == pytest.approx(0, abs=1e-12)


def test_holm():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_whole_clusters_are_drawn():
    """Clusters of equal numbers: their mean is as uncertain as that of one number each."""
    values = np.random.RandomState(1).normal(size=40)
    interval = comparisons.clustered_interval(lambda c: float(values[c].mean()), 40)
    error = values.std() / np.sqrt(40)
    np.testing.assert_allclose(
        np.subtract(interval, values.mean()) / error, [-1.96, 1.96], atol=0.2
    )
    assert interval == comparisons.clustered_interval(lambda c: float(values[c].mean()), 40)


def test_verdicts():
    assert [verdict(0.1, 0.3), verdict(-0.2, -0.1), verdict(-0.1, 0.1)] == [
        "supported",
        "contradicted",
        "undecided",
    ]
    assert verdict(0.1, 0.3, 0.2) == "undecided" and verdict(0.3, 0.4, 0.2) == "supported"
    assert verdict_of_all(["supported", "supported"]) == "supported"
    assert verdict_of_all(["supported", "undecided"]) == "undecided"
    assert verdict_of_all(["supported", "contradicted", "undecided"]) == "contradicted"


# ---------------------------------------------------------------- outcomes


def test_states():
    logits = np.array([[3.0, 3.0], [-3.0, -1.0], [-1.0, 1.0], [-9.0, 9.0], [np.nan, np.nan]])
    columns = {
        "train_logits": logits[:, np.newaxis],
        "logit_range": np.stack([np.ones(5), np.ptp(logits, axis=1)], axis=1),
        "cost": np.array([[0.7, 0.7], [0.7, 0.6], [0.7, 0.5], [0.7, 0.01], [0.7, np.nan]]),
    }

    class Results(dict):
        plan = SimpleNamespace(snapshots=(5,))

        def look(self, updates):
            return 1 if updates is None else 0

    expected = ["constant", "never says cat", "learns", "converged", "diverged"]
    assert outcomes(Results(columns)).tolist() == expected


# ---------------------------------------------------------------- the first update


def images(count, low=0, high=256):
    pixels = np.random.RandomState(3).randint(low, high, (count, 8, 8, 3)).astype(np.uint8)
    return Split(pixels, (np.arange(count) % 3 == 0).astype(np.int64))


@pytest.mark.parametrize("offset", [None, 128], ids=["raw", "centred"])
def test_simulated_outputs_are_those_of_random_units(offset):
    split = images(6)
    if offset is not None:
        split = split.centred(np.full((8, 8, 3), offset, np.uint8))
    drawn = simulated_outputs(split, 20_000)
    units = Network([192, 20_000, 1], seed=5).weights[0] @ split.features
    assert drawn.shape == units.shape
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(units.T), rtol=0, atol=0.02)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.02)


def test_an_image_that_is_there_twice():
    drawn = simulated_outputs(images(5).take([0, 1, 1, 4]), 100)
    np.testing.assert_allclose(drawn[:, 1], drawn[:, 2], rtol=1e-9)


@pytest.mark.parametrize("learning_rate", [1e-4, 2e-3, 5e-3, 1e-2])
def test_the_prediction_is_what_adams_first_update_does(learning_rate):
    """On images so different that hardly a unit is off for all of them before."""
    split = images(60)
    split.images[np.random.RandomState(4).random_sample(split.images.shape) < 0.8] = 0
    network = Network([192, 3000, 1], seed=2)
    assert np.mean(network.weights[0] @ split.features > 0, axis=1).min() > 0
    network.biases[-1][...] = 3.0  # all errors have one sign, so all gradients agree
    fit(network, split, Adam(learning_rate), 1)
    off = 1 - np.mean((network.forward(split)[0][0] > 0).any(axis=1))
    predicted = predicted_share_off(split, learning_rate, simulated_outputs(split))
    assert predicted == pytest.approx(off, abs=0.03)


def test_push_against_spread():
    features = images(4).features
    spread = np.sqrt((features**2).mean(axis=0))
    expected = 0.01 * features.sum(axis=0) / spread
    np.testing.assert_allclose(push_against_spread(images(4), 0.01), expected, rtol=1e-12)
