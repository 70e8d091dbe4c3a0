"""Products with the Hessian and the sharpness, against finite differences and whole matrices."""

import numpy as np
import pytest

from catnet import Adam, GradientDescent, Network, Split
from catnet.analysis.inside.curvature import (
    Hessian,
    flat,
    sharpness,
    squared_norm,
    stability_threshold,
)
from catnet.engine.gradients import backpropagate, cross_entropy_from_logits

DIMS = ([12, 1], [12, 4, 1], [12, 6, 4, 3, 1])


def small(dims, activation="relu", seed=3):
    """Return a small network and some images."""
    random = np.random.RandomState(seed)
    images = random.randint(0, 256, (9, 2, 2, 3)).astype(np.uint8)
    network = Network(dims, seed, activation=activation)
    for biases in network.biases:
        biases += random.uniform(0.1, 0.3, biases.shape)
    return network, Split(images, random.randint(0, 2, 9).astype(np.int64))


def gradient(network, split):
    return flat(*backpropagate(network, split, *network.forward(split)))


def moved(network, row):
    """Return a network whose parameters are those of a row."""
    twin, start = network.copy(), 0
    for array in (*twin.weights, *twin.biases):
        array[...] = row[start : start + array.size].reshape(array.shape)
        start += array.size
    return twin


def by_differences(network, split, h=2.0**-14):
    theta = flat(network.weights, network.biases)
    columns = []
    for step in h * np.eye(theta.size):
        above, below = (gradient(moved(network, theta + s), split) for s in (step, -step))
        columns.append((above - below) / (2 * h))
    return np.array(columns).T


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("dims", DIMS, ids=str)
def test_products_are_those_of_the_whole_hessian(dims, activation):
    network, split = small(dims, activation)
    hessian = Hessian(network, split)
    whole = np.array([hessian.times(e) for e in np.eye(hessian.size)]).T
    expected = by_differences(network, split)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(whole, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(whole, whole.T, rtol=0, atol=1e-12 * np.abs(whole).max())


def test_a_product_is_linear_and_of_the_network_as_it_was():
    network, split = small(DIMS[2])
    hessian = Hessian(network, split)
    first, second = np.random.RandomState(0).standard_normal((2, hessian.size))
    sum_of_both = hessian.times(first) + 2 * hessian.times(second)
    network.weights[0][...] = 0.0
    np.testing.assert_allclose(hessian.times(first + 2 * second), sum_of_both, atol=1e-12)


def test_units_that_are_off_have_no_curvature():
    network, split = small(DIMS[2])
    network.biases[0][2] = -100.0
    hessian = Hessian(network, split)
    assert 2 not in hessian.seen and len(hessian.seen) > 2
    whole = np.array([hessian.times(e) for e in np.eye(hessian.size)]).T
    assert not whole[24:36].any() and whole[:24].any()
    np.testing.assert_allclose(whole, by_differences(network, split), atol=1e-6)


def test_the_cost_of_images_less_an_offset_curves_as_it_should():
    network, split = small(DIMS[1])
    split = split.centred(np.full((2, 2, 3), 128, dtype=np.uint8))
    hessian = Hessian(network, split)
    whole = np.array([hessian.times(e) for e in np.eye(hessian.size)])
    np.testing.assert_allclose(whole, by_differences(network, split), atol=1e-6)


@pytest.mark.parametrize("preconditioned", [False, True])
def test_sharpness_is_the_largest_eigenvalue(preconditioned):
    network, split = small(DIMS[2])
    hessian = Hessian(network, split)
    whole = np.array([hessian.times(e) for e in np.eye(hessian.size)])
    divisors = None
    if preconditioned:
        divisors = np.random.RandomState(1).uniform(1e-3, 1, hessian.size)
        whole = whole / np.sqrt(np.outer(divisors, divisors))
    values = np.linalg.eigvalsh((whole + whole.T) / 2)
    assert values[-1] > -values[0]
    found = sharpness(hessian, divisors, steps=200)
    assert found.value == pytest.approx(values[-1], rel=1e-6) and found.residual < 1e-3
    early = sharpness(hessian, divisors, steps=3)
    assert early.value <= values[-1] * (1 + 1e-12)
    assert np.abs(values - early.value).min() <= early.residual * abs(early.value)
    with pytest.raises(ValueError, match="one step"):
        sharpness(hessian, steps=0)


def test_a_cost_that_is_flat_has_no_sharpness():
    network, split = small([12, 4, 1])
    network.biases[-1][...] = 1e4
    split = Split(split.images, np.ones_like(split.labels))
    assert sharpness(Hessian(network, split)).value == 0.0


def test_gradient_descent_grows_above_its_threshold_and_not_below():
    network, split = small([12, 1])
    for _ in range(3000):
        network = moved(network, flat(network.weights, network.biases) - gradient(network, split))
    sharp = sharpness(Hessian(network, split), steps=500).value
    for factor in (0.98, 1.02):
        optimizer = GradientDescent(factor * 2 / sharp)
        assert (sharp > stability_threshold(optimizer)) == (factor > 1)


def test_thresholds_are_those_of_the_paper():
    assert stability_threshold(Adam(1e-3)) == pytest.approx(38 / 1e-3)
    assert stability_threshold(Adam(1e-3, beta1=0.0)) == 2 / 1e-3
    assert stability_threshold(GradientDescent(0.1)) == 20.0


@pytest.mark.parametrize(("factor", "grows"), [(0.98, False), (1.02, True)])
def test_averaged_steps_grow_above_the_threshold_and_not_below(factor, grows):
    beta1, alpha = 0.9, 0.01
    sharp = factor * stability_threshold(Adam(alpha, beta1))
    x, m = 1.0, 0.0
    for _ in range(1000):  # on sharp x^2 / 2, with a divisor of 1
        m = beta1 * m + (1 - beta1) * sharp * x
        x -= alpha * m
    assert (abs(x) > 1) == grows


def test_squares_of_several_arrays():
    assert squared_norm(np.array([[3.0, 4.0]]), np.array([[1.0], [2.0]])) == 30.0


def test_the_cost_from_logits():
    labels = np.array([0, 1, 1, 0])
    z = np.array([[-2.0, 0.0, 0.5, 3.0]])
    s = np.where(labels == 1, z, -z)
    expected = np.mean(np.log1p(np.exp(-s)))
    assert cross_entropy_from_logits(z, labels) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("size", [1e-17, 1e-3, 20.0, 37.0, 50.0, 700.0, 800.0, 1e100])
def test_the_cost_from_logits_is_accurate_where_probabilities_round(size):
    right, wrong = np.array([1]), np.array([0])
    z = np.array([[size]])
    exact = float(np.log1p(np.exp(-size)))
    assert cross_entropy_from_logits(z, right) == pytest.approx(exact, rel=1e-14, abs=1e-300)
    assert cross_entropy_from_logits(z, wrong) == pytest.approx(size + exact, rel=1e-14)


def test_infinite_logits_cost_nothing_or_everything():
    z = np.array([[np.inf, -np.inf]])
    assert cross_entropy_from_logits(z, np.array([1, 0])) == 0.0
    assert cross_entropy_from_logits(z, np.array([0, 0])) == np.inf
    assert np.isnan(cross_entropy_from_logits(np.array([[np.nan]]), np.array([1])))


def test_the_gradient_is_that_of_the_cost_from_logits():
    network, split = small(DIMS[2])
    theta, h = flat(network.weights, network.biases), 2.0**-17

    def cost(row):
        return cross_entropy_from_logits(moved(network, row).forward(split)[1], split.labels)

    slopes = [(cost(theta + s) - cost(theta - s)) / (2 * h) for s in h * np.eye(theta.size)]
    np.testing.assert_allclose(gradient(network, split), slopes, rtol=1e-5, atol=1e-7)
