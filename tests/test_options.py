"""The options of a network and its training: each alone, in a stack, and the ways it can go."""

from dataclasses import replace

import numpy as np
import pytest
from plain_numpy import train

from catnet import (
    Adam,
    Dataset,
    GradientDescent,
    Member,
    Network,
    ParameterError,
    Split,
    fit,
    fit_stack,
)
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


# ---------------------------------------------------------------- one by one, alone and in a stack

OPTIONS = {
    "he": {"network": {"initialisation": "he"}},
    "leaky ReLU": {"network": {"activation": "leaky_relu"}},
    "warm-up": {"optimizer": {"warmup": 10}},
    "AMSGrad": {"optimizer": {"amsgrad": True, "beta2": 0.5}, "ways": ("Adam",)},
}


def member(option, seed, optimizer=GradientDescent):
    """Return a member that is trained with an option."""
    network = Network(DIMS, seed, **option.get("network", {}))
    if seed == 2:  # it diverges, and leaves the others
        return Member(network, optimizer(1e160))
    settings = option.get("optimizer", {})
    return Member(network, optimizer(0.02 * (1 + seed), **settings), **option.get("member", {}))


def same(history, other):
    return all(
        getattr(history, name).tobytes() == getattr(other, name).tobytes()
        for name in ("costs", "validation_costs", "dead_units", "gradient_norms")
    )


WAYS = ("gradient descent", "Adam", "sample space")
CASES = [(name, way) for name, option in OPTIONS.items() for way in option.get("ways", WAYS)]


@pytest.mark.parametrize("name, way", CASES)
@pytest.mark.parametrize("data", [DATA, CENTRED[1]], ids=["raw", "centred"])
def test_a_member_of_a_stack_is_what_it_is_alone(name, way, data, monkeypatch):
    monkeypatch.setattr("catnet.engine.training.PART", 2)
    option, optimizer = OPTIONS[name], Adam if way == "Adam" else GradientDescent
    options = {
        "validation": data.test,
        "watch": ("dead_units", "gradient_norms"),
        "sample_space": way == "sample space",
    }
    together = [member(option, seed, optimizer) for seed in range(4)]
    histories = fit_stack(together, data.train, 15, **options)
    for seed, history in enumerate(histories):
        alone = member(option, seed, optimizer)
        (expected,) = fit_stack([alone], data.train, 15, **options)
        assert alone.network.digest() == together[seed].network.digest()
        assert same(history, expected)
    assert histories[2].divergence and not histories[3].divergence


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_that_is_on_makes_a_difference(name):
    option = OPTIONS[name]
    optimizer = Adam if option.get("ways") == ("Adam",) else GradientDescent
    found = set()
    off = {"optimizer": {"beta2": 0.5}} if name == "AMSGrad" else {}
    for chosen in (option, off):
        trained = member(chosen, 1, optimizer)
        fit_stack([trained], DATA.train, 15)
        found.add(trained.network.digest())
    assert len(found) == 2


def test_activations_cannot_be_mixed():
    mixed = [member(OPTIONS["leaky ReLU"], 0), member({}, 1)]
    with pytest.raises(ParameterError, match="need the same activation, not leaky_relu and relu"):
        fit_stack(mixed, DATA.train, 1)


def test_leaky_units_are_never_without_a_gradient():
    network = Network(DIMS, seed=3, activation="leaky_relu")
    for b in network.biases[:-1]:
        b[...] = -100.0
    before = [w.copy() for w in network.weights]
    history = fit(network, DATA.train, GradientDescent(0.1), 3, watch=["dead_units"])
    assert history.dead_units.tolist() == [[1.0, 1.0]] * 3  # none is above 0, but
    assert all((a != b).any() for a, b in zip(network.weights, before, strict=True))
