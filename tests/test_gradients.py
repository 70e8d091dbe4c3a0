"""Back-propagation against finite differences and against PyTorch's autograd."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from catnet import GradientDescent, Network, Split, fit
from catnet.engine.gradients import (
    COST_EPSILON,
    backpropagate,
    cross_entropy,
    cross_entropy_from_logits,
)

pytestmark = pytest.mark.filterwarnings("error")

RECORD = json.loads(
    (Path(__file__).parent / "record" / "torch_gradients.json").read_text(encoding="utf-8")
)


def numbers(rows):
    return np.array([[float.fromhex(x) for x in row] for row in rows])


EVERY = [("relu", record) for record in RECORD["networks"]]
EVERY += [("leaky_relu", record) for record in RECORD["leaky_networks"]]
every_network = pytest.mark.parametrize(
    ("activation", "record"), EVERY, ids=[f"{a}, depth {len(r['weights'])}" for a, r in EVERY]
)


def recorded(record, activation="relu"):
    """Return the network and the images of a record."""
    images = np.array(record["images"], dtype=np.uint8)
    split = Split(images, np.array(record["labels"], dtype=np.int64))
    weights = [numbers(w) for w in record["weights"]]
    network = Network([images[0].size, *(len(w) for w in weights)], activation=activation)
    network.weights = weights
    network.biases = [numbers(b) for b in record["biases"]]
    return network, split


def cost(network, split, epsilon=0.0):
    return cross_entropy(network.forward(split)[1], split.labels, epsilon)


def gradients(network, split):
    weights, biases = backpropagate(network, split, *network.forward(split))
    return weights + biases


def test_the_record_has_all_depths():
    assert [len(record["weights"]) for record in RECORD["networks"]] == [1, 2, 3, 4, 5]
    assert [len(record["weights"]) for record in RECORD["leaky_networks"]] == [2, 3, 4, 5]


@every_network
def test_gradients_are_pytorchs(activation, record):
    network, split = recorded(record, activation)
    theirs = float.fromhex(record["cost"])  # of binary_cross_entropy_with_logits
    assert cost(network, split) == pytest.approx(theirs, rel=1e-10)
    from_logits = cross_entropy_from_logits(network.forward(split)[1], split.labels)
    assert from_logits == pytest.approx(theirs, rel=1e-10)
    expected = [numbers(g) for g in record["weight_gradients"] + record["bias_gradients"]]
    for ours, theirs in zip(gradients(network, split), expected, strict=True):
        assert ours.shape == theirs.shape and theirs.any()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10 * np.abs(theirs).max())


@pytest.mark.parametrize(("place", "clip_norm"), [(0, None), (1, 0.05)])
def test_weighted_and_clipped_gradients_are_pytorchs(place, clip_norm):
    record = RECORD["weighted_networks"][place]
    network, split = recorded(record)
    before = network.copy()
    options = {"class_weights": (0.75, 1.5), "clip_norm": clip_norm}
    fit(network, split, GradientDescent(1.0), 1, **options)
    expected = [numbers(g) for g in record["weight_gradients"] + record["bias_gradients"]]
    if clip_norm:
        norm = math.sqrt(sum((g**2).sum() for g in expected))
        assert norm == pytest.approx(clip_norm, rel=1e-4)
    moved = zip(before.weights + before.biases, network.weights + network.biases, strict=True)
    for (old, new), theirs in zip(moved, expected, strict=True):
        # PyTorch adds 1e-6 to the norm that it divides by.
        atol = (1e-4 if clip_norm else 1e-8) * np.abs(theirs).max()
        np.testing.assert_allclose(old - new, theirs, rtol=0, atol=atol)


@every_network
def test_gradients_are_the_slopes_of_the_cost(activation, record):
    network, split = recorded(record, activation)
    h = 2.0**-17
    for array, gradient in zip(
        network.weights + network.biases, gradients(network, split), strict=True
    ):
        assert gradient.shape == array.shape and gradient.dtype == np.float64
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + h
            above = cost(network, split)
            array[place] = kept - h
            below = cost(network, split)
            array[place] = kept
            assert gradient[place] == pytest.approx((above - below) / (2 * h), rel=1e-5, abs=1e-7)


def test_the_cost_is_the_articles():
    z = np.array([[-2.0, 0.0, 0.5, 3.0]])
    y = np.array([0, 1, 1, 0])
    a = 1 / (1 + np.exp(-z))
    for epsilon in (0.0, 1e-6, 0.1):
        plain = -np.mean(y * np.log(a + epsilon) + (1 - y) * np.log(1 - a + epsilon))
        assert cross_entropy(z, y, epsilon) == pytest.approx(plain, rel=1e-14)
    assert cross_entropy(z, y) == cross_entropy(z, y, 1e-6) and COST_EPSILON == 1e-6
    assert type(cross_entropy(z, y)) is float


def test_an_undecided_output_costs_what_the_article_prints():
    labels = (np.arange(209) < 72).astype(np.int64)
    assert repr(cross_entropy(np.zeros((1, 209)), labels)) == "0.6931451805619453"


@pytest.mark.parametrize("size", [40.0, 800.0, 1e100, math.inf])
def test_saturated_outputs(size):
    z = np.array([[-size, size, -size, size]])
    labels = np.array([0, 1, 0, 1])
    assert cross_entropy(z, labels) == pytest.approx(-math.log(1 + 1e-6), rel=1e-9)
    assert cross_entropy(z, 1 - labels) == pytest.approx(-math.log(1e-6), rel=1e-9)
    assert cross_entropy(z, labels, 0.0) == pytest.approx(0.0, abs=1e-16)
    if size >= 800.0:
        assert cross_entropy(z, 1 - labels, 0.0) == math.inf


@pytest.mark.parametrize("size", [1e3, 1e6, 1e30])
def test_gradients_of_saturated_networks_are_numbers(size):
    for record in RECORD["networks"]:
        network, split = recorded(record)
        network.weights[-1] *= size
        found = gradients(network, split)
        assert all(np.isfinite(g).all() for g in found)
        assert np.isfinite(cost(network, split, 1e-6))
        a = network.predict_proba(split)
        assert found[-1][0, 0] == pytest.approx(np.mean(a - split.labels), rel=1e-12, abs=1e-17)


def test_perfect_predictions_have_no_gradient():
    split = Split(np.full((2, 1, 1, 3), 255, np.uint8), np.ones(2, dtype=np.int64))
    network = Network([3, 1])
    network.weights[0][...] = 400.0
    assert not any(g.any() for g in gradients(network, split))
    assert cost(network, split) == 0.0


def test_dead_layers_pass_nothing_down():
    network, split = recorded(RECORD["networks"][3])
    network.biases[1][...] = -1e3  # the second of three hidden layers
    weights, biases = backpropagate(network, split, *network.forward(split))
    for layer in (0, 1):
        assert not weights[layer].any() and not biases[layer].any()
    assert not weights[2].any()
    assert biases[3].any()


def test_leaky_layers_pass_a_hundredth_down():
    def found(activation, bias, factor):
        """Of four hidden units whose argument is the bias on every image."""
        network, split = recorded(RECORD["leaky_networks"][0], activation)
        network.weights[0][...] = 0.0
        network.biases[0][...] = bias
        network.weights[1] *= factor
        return gradients(network, split)

    on = found("relu", 1.0, 1.0)
    leaking = found("leaky_relu", -1.0, -100.0)  # the same output, by a hundred times a hundredth
    for ours, theirs, scale in zip(leaking, on, (-1.0, -0.01, -1.0, 1.0), strict=True):
        assert theirs.any()
        np.testing.assert_allclose(ours, scale * theirs, rtol=1e-9, atol=1e-15)
    for ours, theirs in zip(found("leaky_relu", 1.0, 1.0), on, strict=True):
        assert (ours == theirs).all()  # nothing leaks where all units are on


def test_nothing_is_changed_by_asking():
    network, split = recorded(RECORD["networks"][4])
    digest, images = network.digest(), split.images.copy()
    activations, logits = network.forward(split)
    copies = [a.copy() for a in [*activations, logits]]
    backpropagate(network, split, activations, logits)
    assert network.digest() == digest and (split.images == images).all()
    assert all((a == b).all() for a, b in zip([*activations, logits], copies, strict=True))
