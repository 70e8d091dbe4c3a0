"""Spikes: what counts as one, how arms compare, and runs that are looked at again."""

import numpy as np
import pytest

from catnet import Adam, Network, draw, fit
from catnet.analysis.inside import spikes
from catnet.analysis.inside.curvature import Hessian, sharpness
from catnet.analysis.inside.spikes import Spike, compare_counts, find_spikes, in_spikes
from catnet.engine.gradients import cross_entropy_from_logits


def falling(length=300):
    return 0.5 - 0.001 * np.arange(length)


def test_a_smooth_curve_has_none():
    assert find_spikes(falling()) == [] and not in_spikes(falling()).any()
    assert find_spikes(np.full(300, 0.69)) == []


def test_a_spike_begins_has_a_top_and_ends():
    costs = falling()
    costs[150:154] = [0.40, 0.90, 0.50, 0.36]
    (spike,) = find_spikes(costs)
    assert spike == Spike(150, 151, 153, pytest.approx(0.9 - costs[149]))
    assert np.flatnonzero(in_spikes(costs)).tolist() == [150, 151, 152]


def test_the_bound_is_a_share_of_a_high_cost_and_two_hundredths_of_a_low_one():
    for level, least in ((0.5, 0.05), (0.1, 0.02), (1e-3, 0.02)):
        costs = np.full(300, level)
        costs[200] = level + 0.99 * least
        assert not find_spikes(costs)
        costs[200] = level + 1.01 * least
        assert len(find_spikes(costs)) == 1
        assert not find_spikes(costs, absolute=0.05, relative=0.2)


def test_no_spike_begins_before_the_last_has_ended():
    costs = falling()
    costs[150:160] = [0.6, 0.8, 0.5, 0.7, 0.5, 0.7, 0.5, 0.4, 0.34, 0.34]
    (spike,) = find_spikes(costs)
    assert (spike.begin, spike.top, spike.end) == (150, 151, 158)


def test_what_begins_before_iteration_100_does_not_count():
    costs = falling()
    costs[90:110] = 0.8
    assert not find_spikes(costs) and in_spikes(costs)[100:110].all()
    costs[120] = 0.8
    assert [spike.begin for spike in find_spikes(costs)] == [120]


def test_a_spike_may_still_be_open_and_a_divergence_is_none():
    costs = falling()
    costs[290:] = 0.7
    assert find_spikes(costs)[0].end is None
    costs[290:] = np.nan
    assert find_spikes(costs) == []


def test_calm_is_neither_a_spike_nor_just_before_one():
    costs = falling()
    costs[150:152] = 0.8
    assert np.flatnonzero(~spikes.calm(costs)).tolist() == [*range(100), *range(125, 152)]


def test_the_sign_test_counts_pairs_that_differ():
    found = compare_counts([0, 0, 1, 2, 5, 3], [1, 4, 2, 2, 9, 2])
    assert (found.fewer, found.more, found.ties, found.pairs) == (4, 1, 1, 6)
    assert found.p == pytest.approx(12 / 32)
    assert compare_counts([1, 1], [1, 1]).p == 1.0
    assert compare_counts([0] * 10, [1] * 10).p == pytest.approx(2 * 0.5**10)


def test_units_come_back():
    on = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [1, 0]], dtype=bool)
    assert spikes.returns(on).tolist() == [False, False, True, True, False]


def test_suddenness_is_against_the_average_that_v_is():
    squares = np.array([1.0, 1.0, 1.0, 9.0, 1.0])
    found = spikes.suddenness(squares, 0.9)
    assert np.isnan(found[0])
    assert found[1:4] == pytest.approx([1, 1, 9])
    v = 0.9 * (1 - 0.9**3) + 0.1 * 9
    assert found[4] == pytest.approx(1 / (v / (1 - 0.9**4)))


@pytest.mark.parametrize("adam", [Adam(0.00075), Adam(0.00075, beta1=0.0, amsgrad=True)])
def test_a_replay_has_the_bits_of_the_run(adam):
    split = draw(12, 1, 0)
    network, same = Network([12288, 3, 2, 1], 5), Network([12288, 3, 2, 1], 5)
    history = fit(same, split, adam, 7, watch=("gradient_norms", "dead_units"), snapshots=(4,))
    seen = {}

    def look(before, divisors):
        seen["digest"] = before.digest()
        return divisors

    other = Network([12288, 3, 2, 1], 6)
    again, _ = spikes.replay([network, other], split, adam, 7, [{4}, {}], look)
    assert network.digest() == same.digest()
    assert seen["digest"] == history.snapshots[4].digest()
    right = np.where(split.labels == 1, again.logits, -again.logits)
    assert np.log1p(np.exp(-right)).mean(axis=1) == pytest.approx(history.costs, rel=1e-5)
    # Those of the weights: biases have gradients, too.
    assert (again.squares >= (history.gradient_norms**2).sum(axis=1)).all()
    dead = history.dead_units * [3, 2]
    assert (again.on.shape[1] - again.on.sum(axis=1)).tolist() == dead.sum(axis=1).tolist()
    # On the way: sqrt(v-hat) of an average of five gradients' squares.
    assert again.looks[4].shape == (12288 * 3 + 6 + 2 + 6,)
    assert again.looks[4].min() >= 1e-8


def test_what_the_update_divides_by_is_what_the_replay_hands_over():
    split, adam = draw(8, 1, 1), Adam(0.001)
    network = Network([12288, 2, 1], 3)
    steps = {}

    def look(before, divisors):
        steps[len(steps)] = before.weights[0].copy(), divisors[: 12288 * 2].reshape(2, -1)
        return None

    spikes.replay([network], split, adam, 2, [{0}], look)
    before, divisors = steps[0]
    first = Network([12288, 2, 1], 3)
    fit(first, split, adam, 1)
    # The first update: m-hat is the gradient itself, and sqrt(v-hat) its magnitude.
    step = before - first.weights[0]
    assert np.abs(step) * divisors == pytest.approx(0.001 * (divisors - 1e-8), rel=1e-6)


def test_the_printed_epsilon_does_not_reach_the_weights():
    """The article's explanation: 1e-6 within the logarithms of the cost, which it prints."""
    split = draw(12, 1, 0)
    digests, costs = set(), []
    for epsilon in (0.0, 1e-6, 0.5):
        network = Network([12288, 3, 2, 1], 5)
        history = fit(network, split, Adam(0.00075), 5, cost_epsilon=epsilon)
        digests.add(network.digest())
        costs.append(history.costs)
    assert len(digests) == 1
    assert (costs[0] > costs[1]).all() and (costs[1] > costs[2]).all()


def test_a_replay_and_its_sharpness_have_the_same_bits_everywhere():
    split = draw(12, 8, 0)
    network = Network([12288, 4, 3, 1], 7)

    def look(before, divisors):
        hessian = Hessian(before, split)
        return sharpness(hessian, divisors), sharpness(hessian)

    (again,) = spikes.replay([network], split, Adam(0.00075), 4, [{3}], look)
    values = [seen.value.hex() for seen in again.looks[3]]
    assert values == ["0x1.ac433586ba034p+10", "0x1.f1af206959fc6p+4"]
    assert again.squares[-1].hex() == "0x1.321c4a9149e8cp-8"
    cost = cross_entropy_from_logits(30 * again.logits[3:], split.labels)
    assert cost.hex() == "0x1.00b4de00e657dp+2"
