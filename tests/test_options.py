"""The options of a network and its training: each alone, in a stack, and the ways it can go."""

from dataclasses import replace

import numpy as np
import pytest
from plain_numpy import train

from catnet import Dataset, GradientDescent, Member, Network, Split, fit
from catnet.engine import exact
from catnet.engine.propagation import Propagation
from catnet.engine.sample_space import SampleSpace
from catnet.engine.stack import Stack

DIMS = (48, 6, 4, 1)


def images(count, seed):
    random = np.random.RandomState(seed)
    pixels = random.randint(0, 256, (count, 4, 4, 3)).astype(np.uint8)
    return Split(pixels, random.randint(0, 2, count).astype(np.int64))


DATA = Dataset("random", images(30, 1), images(11, 2))
CENTRED = [DATA.centred("128"), DATA.centred("mean")]


# ---------------------------------------------------------------- centred images


@pytest.mark.parametrize("data", CENTRED, ids=["128", "mean"])
def test_training_on_centred_images_is_that_of_plain_numpy(data):
    network = Network(DIMS, seed=3)
    start = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    expected, weights, biases = train(*start, data.train.features, data.train.labels, 40, 0.1)
    history = fit(network, data.train, GradientDescent(0.1), 40)
    np.testing.assert_allclose(history.costs, expected, rtol=1e-5)
    for ours, theirs in zip(network.weights, weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-7)


@pytest.mark.parametrize("data", CENTRED, ids=["128", "mean"])
def test_centred_images_in_sample_space_agree_to_eight_digits(data):
    costs = []
    for sample_space in (True, False):
        network = Network(DIMS, seed=3)
        history = fit(
            network,
            data.train,
            GradientDescent(0.1),
            40,
            validation=data.test,
            sample_space=sample_space,
        )
        costs.append(np.append(history.costs, history.validation_costs))
    np.testing.assert_allclose(*costs, rtol=1e-8)


def test_sums_over_centred_images_are_bounded_by_the_largest_of_either_sign():
    white = np.full((4, 4, 3), 255, np.uint8)
    dark = Split(np.zeros((1, 4, 4, 3), np.uint8), np.zeros(1, dtype=np.int64)).centred(white)
    bright = replace(dark, images=white[np.newaxis], offset=None)
    member = Member(Network(DIMS), GradientDescent())
    stack = Stack([member.network])
    steps = SampleSpace(stack, [member], [Propagation(stack, split) for split in (dark, bright)])
    assert steps.inner[1].max() < 0
    assert steps.grids == [exact.integer_grid(1, 48 * 255 * 255)] * 2
