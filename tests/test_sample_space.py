"""Gradient descent in the space of the images, against the direct way and itself."""

import numpy as np
import pytest

from catnet import (
    Adam,
    EarlyStopping,
    GradientDescent,
    Member,
    Network,
    ParameterError,
    Split,
    fit_stack,
)
from catnet import fit as fit_one

DIMS = (48, 6, 4, 1)


def images(count, seed):
    random = np.random.RandomState(seed)
    pixels = random.randint(0, 256, (count, 4, 4, 3)).astype(np.uint8)
    return Split(pixels, random.randint(0, 2, count).astype(np.int64))


TRAIN, VALIDATION = images(30, 1), images(11, 2)


def fit(members, iterations, sample_space=True, **options):
    return fit_stack(members, TRAIN, iterations, sample_space=sample_space, **options)


@pytest.mark.parametrize(
    "dims, frozen",
    [((48, 1), ()), (DIMS, ()), (DIMS, (1,)), (DIMS, (2,)), ((48, 9, 5, 4, 3, 1), ())],
)
def test_it_agrees_with_the_direct_way_to_eight_digits(dims, frozen):
    ways = []
    for sample_space in (True, False):
        network = Network(dims, seed=3)
        member = Member(network, GradientDescent(0.1), frozen)
        (history,) = fit([member], 40, sample_space, validation=VALIDATION)
        ways.append((network, history))
    (ours, here), (direct, there) = ways
    np.testing.assert_allclose(here.costs, there.costs, rtol=1e-8)
    np.testing.assert_allclose(here.validation_costs, there.validation_costs, rtol=1e-8)
    assert here.costs[-1] < here.costs[0]
    for mine, other in zip(ours.weights, direct.weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-8)


def test_a_member_of_a_stack_is_what_it_is_alone(monkeypatch):
    monkeypatch.setattr("catnet.engine.training.PART", 2)  # several parts, in several threads

    def member(seed):
        # One that stops early, and one that diverges.
        rate = [0.05, 0.1, 3.0, 1e160, 0.2][seed]
        stopping = EarlyStopping(2) if seed == 2 else None
        return Member(Network(DIMS, seed), GradientDescent(rate), (), stopping)

    options = {"validation": VALIDATION, "watch": ("dead_units", "gradient_norms")}
    together = [member(seed) for seed in range(5)]
    histories = fit(together, 30, **options)
    for seed, history in enumerate(histories):
        alone = member(seed)
        (expected,) = fit([alone], 30, **options)
        assert alone.network.digest() == together[seed].network.digest()
        for name in ("costs", "validation_costs", "dead_units", "gradient_norms"):
            assert getattr(history, name).tobytes() == getattr(expected, name).tobytes(), name
        assert history.divergence == expected.divergence
        assert history.best_iteration == expected.best_iteration
    assert histories[3].divergence and len(histories[2].costs) < 30


def test_other_optimizers_are_refused():
    with pytest.raises(ParameterError, match="use GradientDescent, not Adam"):
        fit_one(Network(DIMS), TRAIN, Adam(), 1, sample_space=True)


def test_images_in_blocks_give_the_same_bits(monkeypatch):
    def digest():
        network = Network(DIMS, seed=1)
        fit_one(network, images(30, 1), GradientDescent(0.1), 5, sample_space=True)
        return network.digest()

    expected = digest()
    monkeypatch.setattr("catnet.images.dataset.WHOLE", 100)
    monkeypatch.setattr("catnet.images.dataset.BLOCK", 7)
    assert digest() == expected
