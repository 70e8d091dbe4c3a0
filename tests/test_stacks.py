"""Stacks: every member comes out as if trained alone, to the bit, however the work is cut up."""

import contextlib
import sys
import threading

import numpy as np
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from catnet import (
    Adam,
    DivergenceError,
    EarlyStopping,
    GradientDescent,
    Member,
    Network,
    ParameterError,
    Split,
    StepDecay,
    fit,
    fit_stack,
)
from catnet.arithmetic import plain
from catnet.engine import lockstep, propagation
from catnet.engine.gradients import backpropagate
from catnet.engine.propagation import Propagation
from catnet.engine.stack import Stack
from catnet.engine.updating import updates
from catnet.engine.updating.workers import BUFFER, Workers
from catnet.images import dataset

pytestmark = pytest.mark.filterwarnings("error")

WATCH = ("dead_units", "gradient_norms")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Keep the BLAS from waiting for its own threads where other programs run, too."""
    with threadpool_limits(1, "blas"):
        yield


def images(n, shape=(4, 4), seed=0):
    random = np.random.RandomState(seed)
    images = random.randint(0, 256, (n, *shape, 3)).astype(np.uint8)
    return Split(images, random.randint(0, 2, n).astype(np.int64))


@contextlib.contextmanager
def way(strip=2**18, threads=1, whole=2**24, block=256, products=2**17, outputs=2**13):
    """Cut the work up in another way: strips of weights, threads, blocks of images, and so on."""
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(threads, "blas"):
        patch.setattr(updates, "STRIP", strip)
        patch.setattr(updates, "LEAST", min(strip, updates.LEAST))
        patch.setattr(dataset, "WHOLE", whole)
        patch.setattr(dataset, "BLOCK", block)
        patch.setattr(propagation, "AT_ONCE", products)
        patch.setattr(lockstep, "UNSEEN", outputs)
        yield


def outcome(network, history):
    """Everything that training leaves behind, in bits; every NaN is like every other."""
    arrays = {
        **{name: value for name, value in vars(history).items() if isinstance(value, np.ndarray)},
        **{f"W{layer}": w for layer, w in enumerate(network.weights, start=1)},
        **{f"b{layer}": b for layer, b in enumerate(network.biases, start=1)},
    }
    return {
        "best_iteration": history.best_iteration,
        "divergence": history.divergence,
        **{k: (a.shape, np.where(np.isnan(a), np.nan, a).tobytes()) for k, a in arrays.items()},
    }


def alone(network, options, split, iterations, validation):
    try:
        history = fit(network, split, num_iterations=iterations, validation=validation, **options)
    except DivergenceError as error:
        history = error.history
    return outcome(network, history)


# ---------------------------------------------------------------- members


rates = st.sampled_from([1e-3, 0.05, 1.0, 1e4, 1e60, 1e200])  # the last three diverge, or nearly
optimizers = st.one_of(
    st.builds(GradientDescent, rates),
    st.builds(
        Adam,
        rates,
        beta1=st.sampled_from([0.0, 0.8, 0.9]),
        beta2=st.sampled_from([0.5, 0.999]),
        epsilon=st.sampled_from([0.0, 1e-8, 1e-4]),
    ),
)
stops = st.none() | st.builds(EarlyStopping, st.integers(1, 6))
ways = st.fixed_dictionaries(
    {},
    optional={
        "strip": st.sampled_from([1, 7, 50, 200]),
        "threads": st.sampled_from([2, 3]),
        "whole": st.just(0),
        "block": st.integers(1, 9),
        "products": st.sampled_from([1, 150, 1000]),
        "outputs": st.sampled_from([1, 50]),
    },
)


@st.composite
def stacks(draw):
    """Draw widths, and the seed, the optimizer and so on of some members, a few of them alike."""
    dims = [48, *draw(st.lists(st.integers(1, 6), max_size=3)), 1]
    layers = st.frozensets(st.integers(1, len(dims) - 1), max_size=len(dims) - 1)
    kinds = st.tuples(st.integers(0, 9), optimizers, layers, stops)
    return dims, draw(st.lists(kinds, min_size=1, max_size=6))


DIMS = [48, 4, 3, 1]
MIXED = [
    (0, Adam(0.01), frozenset(), None),
    (1, Adam(0.01), frozenset(), EarlyStopping(1)),  # next to the first, with the same numbers
    (2, GradientDescent(1e200), frozenset(), None),
    (3, Adam(0.01, beta1=0.5), frozenset({1}), EarlyStopping(3)),
    (4, GradientDescent(0.5), frozenset({1, 2, 3}), EarlyStopping(2)),
    (0, Adam(0.01), frozenset({2}), None),
]


@settings(max_examples=60, deadline=None)
@given(stacks(), ways, st.integers(1, 12), st.integers(1, 20), st.integers(1, 9))
@example((DIMS, MIXED), {"strip": 7, "threads": 2, "whole": 0, "block": 5}, 12, 20, 9)
@example((DIMS, MIXED[::-1]), {"strip": 50, "products": 150, "outputs": 50}, 12, 20, 9)
@example((DIMS, MIXED[2:3] * 2), {}, 3, 4, 1)
def test_every_member_ends_as_if_trained_alone(stack, another_way, iterations, n, held_out):
    dims, kinds = stack
    split, validation = images(n), images(held_out, (2, 8), seed=1)
    options = [
        {"optimizer": optimizer, "frozen_layers": frozen, "early_stopping": stop}
        for _, optimizer, frozen, stop in kinds
    ]
    expected = [
        alone(Network(dims, seed), {**some, "watch": WATCH}, split, iterations, validation)
        for (seed, *_), some in zip(kinds, options, strict=True)
    ]
    networks = [Network(dims, seed) for seed, *_ in kinds]
    members = [Member(n, **some) for n, some in zip(networks, options, strict=True)]
    split, validation = split.take(slice(None)), validation.take(slice(None))
    with way(**another_way):
        histories = fit_stack(members, split, iterations, validation=validation, watch=WATCH)
    found = [outcome(*pair) for pair in zip(networks, histories, strict=True)]
    for one in expected:
        event(one["divergence"] and "diverges" or "stays finite")
    assert found == expected


def test_the_mixed_stack_has_members_of_every_fate():
    histories = fit_stack(
        [Member(Network(DIMS, s), o, f, e) for s, o, f, e in MIXED],
        images(20),
        12,
        validation=images(9, seed=1),
    )
    lengths = [len(history.costs) for history in histories]
    assert lengths[0] == lengths[5] == 12 and lengths[2] == 2
    assert len({*lengths[1:5]}) >= 3 and max(lengths[1:5]) < 12
    assert [bool(history.divergence) for history in histories] == [False, False, True] + [False] * 3


# ---------------------------------------------------------------- however the work is cut up


@pytest.mark.parametrize(
    "dims, n, shape",
    [([33075, 2, 1], 5, (105, 105)), ([3, 2, 1], 33_000, (1, 1))],
    ids=["weights in two slices", "errors in two slices"],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_wide_sums_are_the_same_however_they_are_cut(dims, n, shape, threads):
    split, found = images(n, shape), []
    for odd in ({}, {"strip": dims[0] // 2, "whole": 0, "block": n // 3, "threads": threads}):
        network = Network(dims, seed=1)
        with way(**odd):
            found.append(outcome(network, fit(network, split.take(slice(None)), Adam(), 2)))
    assert found[0] == found[1]
    with plain.arithmetic():
        plain_network = Network(dims, seed=1)
        fit(plain_network, split, Adam(), 2)
    for ours, theirs in zip(network.weights, plain_network.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-7)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dims, shape", [(DIMS, (4, 4)), ([33075, 1], (105, 105))])
def test_plain_arithmetic_takes_the_same_ways(dims, shape, threads):
    split, costs = images(6, shape), []
    for odd in ({}, {"strip": dims[0], "whole": 0, "block": 2, "threads": threads}):
        networks = [Network(dims, seed) for seed in range(3)]
        with way(**odd), plain.arithmetic():
            histories = fit_stack([Member(n, Adam()) for n in networks], split, 4, watch=WATCH)
        costs.append([history.costs for history in histories])
    np.testing.assert_allclose(costs[0], costs[1], rtol=1e-9)
    exact = fit(Network(dims, 0), split, Adam(), 4).costs
    np.testing.assert_allclose(costs[0][0], exact, rtol=1e-6)


def test_a_large_set_is_never_float64_as_a_whole():
    split = images(50)
    networks = [Network(DIMS, seed) for seed in range(2)]
    with way(whole=split.images.size - 1, block=8):
        fit_stack([Member(n, Adam()) for n in networks], split, 3, validation=split, watch=WATCH)
        networks[0].accuracy(split)
        backpropagate(networks[0], split, *networks[0].forward(split))
        assert "pixels" not in split.__dict__
        assert max(numbers.shape[1] for _, numbers in split.blocks()) == 8
    with way(whole=split.images.size):
        networks[0].accuracy(split)
        assert "pixels" in split.__dict__


# ---------------------------------------------------------------- what cannot be a stack


def test_a_network_can_be_in_a_stack_once():
    network = Network(DIMS)
    with pytest.raises(ParameterError, match="a network is given twice"):
        fit_stack([Member(network, Adam()), Member(network, GradientDescent())], images(4), 2)
    assert network.digest() == Network(DIMS).digest()


def test_networks_of_a_stack_have_the_same_widths():
    members = [Member(Network([48, width, 1]), Adam()) for width in (3, 4)]
    with pytest.raises(ParameterError, match=r"same layer_dims, not \[48, 3, 1\] and \[48, 4, 1\]"):
        fit_stack(members, images(4), 2)
    with pytest.raises(ParameterError, match="there is no network to train"):
        fit_stack([], images(4), 2)


def test_no_zero_of_a_stack_is_negative():
    network = Network(DIMS)
    for array in network.weights + network.biases:
        array[...] = -0.0
    stack = Stack([network])
    assert not np.signbit(stack.first).any() and not np.signbit(stack.rest).any()


def test_norms_of_enormous_gradients_are_numbers_or_nan_without_a_warning():
    network = Network([48, 2, 2, 1])
    for array, value in [
        (network.biases[0], 1e130),
        (network.weights[1], 1e-130),
        (network.weights[2], 1e130),  # what comes back is as large, and the cost that of a wrong 1
    ]:
        array[...] = value
    split = Split(images(4).images, np.zeros(4, dtype=np.int64))
    history = fit(network, split, GradientDescent(1e-300), 1, watch=WATCH)
    assert np.isfinite(history.costs).all()
    assert np.isnan(history.gradient_norms[0, 1]) and np.isfinite(history.gradient_norms[0, 2])


# ---------------------------------------------------------------- rows at rest


def trained_with(every, monkeypatch, rows):
    """Train a stack until much of it is at rest; return all that is recorded of it."""
    monkeypatch.setattr(updates, "EVERY", every)
    leave = updates.Updates._leave

    def spy(self, *still):
        leave(self, *still)
        rows.append(len(self.live))

    monkeypatch.setattr(updates.Updates, "_leave", spy)
    rates = [0.1, 0.02, 1e160, 0.05, 0.1]
    members = [Member(Network(DIMS, seed), Adam(rate)) for seed, rate in enumerate(rates)]
    members.append(Member(Network(DIMS, 7), GradientDescent(3.0)))
    members.append(Member(Network(DIMS, 8), Adam(0.1), [2]))
    members.append(Member(Network(DIMS, 9), Adam(0.1), [1]))
    members.append(Member(Network(DIMS, 3), Adam(0.1), early_stopping=EarlyStopping(450)))
    histories = fit_stack(
        members,
        images(20),
        700,
        validation=images(9, seed=2),
        watch=("dead_units", "gradient_norms"),
        snapshots=(0, 333, 640),
    )
    monkeypatch.undo()
    found = []
    for trained, history in zip(members, histories, strict=True):
        found += [trained.network.digest(), history.divergence, history.best_iteration]
        found += [n.digest() for n in history.snapshots.values()]
        found += [
            getattr(history, name).tobytes()
            for name in ("costs", "validation_costs", "dead_units", "gradient_norms")
        ]
    return found


def test_rows_at_rest_are_left_behind_without_a_trace(monkeypatch):
    rows, none = [], []
    expected = trained_with(10**9, monkeypatch, none)
    assert trained_with(3, monkeypatch, rows) == expected
    assert not none and rows[0] > rows[-1] > 0 and len(set(rows)) > 4


def test_a_layer_that_is_all_at_rest(monkeypatch):
    costs = set()
    for every in (1, 10**9):
        monkeypatch.setattr(updates, "EVERY", every)
        network = Network(DIMS, 3)
        network.biases[0][...] = -100.0
        history = fit(network, images(20), Adam(), 9, watch=WATCH)
        costs.add((history.costs.tobytes(), history.gradient_norms.tobytes(), network.digest()))
        assert (history.dead_units[:, 0] == 1).all() and np.ptp(history.costs) > 0
    assert len(costs) == 1


@pytest.mark.parametrize(
    "optimizer, settles",
    [
        (Adam(), True),
        (Adam(amsgrad=True), True),
        (Adam(beta1=0.999, beta2=0.9), False),  # its steps grow at first
        (Adam(warmup=9), False),
        (GradientDescent(), True),
        (GradientDescent(momentum=0.9), True),
        (GradientDescent(momentum=0.9, nesterov=True), True),
        (GradientDescent(momentum=0.9, warmup=9), False),
        (GradientDescent(schedule=StepDecay(5)), True),
    ],
)
def test_an_optimizer_settles_if_steps_without_a_gradient_get_smaller(optimizer, settles):
    theta, steps = np.zeros(1), []
    state = optimizer.start([theta])
    optimizer.update([theta], [np.ones(1)], state)
    for _ in range(60):
        before = theta.copy()
        optimizer.update([theta], [np.zeros(1)], state)
        steps.append(abs(theta - before)[0])
    assert optimizer.settles == settles
    assert not settles or all(np.diff(steps) <= 0)
    assert settles or any(np.diff(steps) > 0)


@pytest.mark.parametrize("kind", [GradientDescent, Adam])
@pytest.mark.parametrize("name", ["l2", "weight_decay"])
def test_what_shrinks_without_a_gradient_never_settles(kind, name):
    assert kind().settles and not kind(**{name: 1e-9}).settles


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_carries_rows_on_until_they_rest(nesterov, monkeypatch):
    """Units that die on the way go on by their velocity; then nothing is lost without them."""
    leave, live, found = updates.Updates._leave, [], set()

    def spy(self, *still):
        leave(self, *still)
        live.append(len(self.live))

    monkeypatch.setattr(updates.Updates, "_leave", spy)
    for every in (1, 7, 10**9):
        monkeypatch.setattr(updates, "EVERY", every)
        network = Network(DIMS, 3)
        optimizer = GradientDescent(2.0, momentum=0.9, nesterov=nesterov)
        history = fit(network, images(20), optimizer, 600, watch=("dead_units",))
        found.add((network.digest(), history.costs.tobytes()))
    assert history.dead_units[0, 0] < history.dead_units[-1, 0]
    assert live[0] > live[-1] > 0 and len(found) == 1


# ---------------------------------------------------------------- whatever happens to the threads


def blas_threads():
    return [
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    ]


def our_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("catnet")]


def test_the_blas_gets_its_threads_back():
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with Workers() as workers:
            assert workers.count == 2 and set(blas_threads()) == {1}
            seen = set()
            workers.each(lambda item, number: seen.add((item, number)), range(5))
            assert seen == {(0, 0), (1, 1), (2, 0), (3, 1), (4, 0)}
            assert our_threads()
        assert blas_threads() == before and not our_threads()


def test_numpy_has_a_small_buffer_in_every_thread_until_the_training_is_over():
    before, seen = np.getbufsize(), []
    with threadpool_limits(2, "blas"), Workers() as workers:
        workers.each(lambda item, number: seen.append((number, np.getbufsize())), range(2))
    assert sorted(seen) == [(0, BUFFER), (1, BUFFER)] != [(0, before), (1, before)]
    assert np.getbufsize() == before


def test_trainings_side_by_side_give_the_blas_its_threads_back_once_all_are_over():
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        first, second = Workers(), Workers()
        first.__enter__()
        second.__enter__()
        first.__exit__()  # not in the order in which they nest
        assert first.count == second.count == 2 and set(blas_threads()) == {1}
        second.__exit__()
        assert blas_threads() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("where", ["in this thread", "in another"])
def test_nothing_is_left_behind_after(error, where, monkeypatch):
    add_products, calls = Propagation.add_products, []

    def fail(self, *arguments):
        here = threading.current_thread() is threading.main_thread()
        calls.append(here)
        if len(calls) > 8 and here == (where == "in this thread"):
            raise error
        add_products(self, *arguments)

    monkeypatch.setattr(Propagation, "add_products", fail)
    monkeypatch.setattr(updates, "LEAST", 1)  # however small the network, a strip a thread
    network, split = Network(DIMS), images(20)
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with pytest.raises(error):
            fit(network, split, Adam(), 1000)
        assert blas_threads() == before and not our_threads()
    assert {True, False} == set(calls)
    assert network.digest() == Network(DIMS).digest()  # as it was before
    monkeypatch.undo()
    again, anew = (fit(n, split, Adam(), 3) for n in (network, Network(DIMS)))
    assert again.costs.tolist() == anew.costs.tolist()


def test_one_worker_makes_no_threads(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    fit(Network(DIMS), images(4), Adam(), 2)
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with Workers() as workers:
        assert workers.count == 1
        fit(Network(DIMS), images(4), Adam(), 2)
