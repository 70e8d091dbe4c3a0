"""The options of a network and its training: each alone, in a stack, and the ways it can go."""

from dataclasses import replace

import numpy as np
import pytest
from plain_numpy import train
from threadpoolctl import threadpool_limits

from catnet import (
    Adam,
    Cosine,
    Dataset,
    GradientDescent,
    Member,
    Network,
    ParameterError,
    Split,
    StepDecay,
    fit,
    fit_stack,
)
from catnet.arithmetic import exact
from catnet.engine.propagation import Propagation
from catnet.engine.stack import Stack
from catnet.engine.updating.sample_space import SampleSpace

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

DIRECT = ("gradient descent", "Adam")
OPTIONS = {
    "he": {"network": {"initialisation": "he"}},
    "leaky ReLU": {"network": {"activation": "leaky_relu"}},
    "warm-up": {"optimizer": {"warmup": 10}},
    "clipping": {"member": {"clip_norm": 0.1}, "ways": DIRECT},
    "class weights": {"member": {"class_weights": (0.7, 1.6)}},
    "rates of layers": {"member": {"layer_rates": (0.1, 1, 3)}},
    "holding": {"member": {"hold_first_layer": 4}},
    "centralising": {"member": {"centralise_gradient": True}, "ways": DIRECT},
    "blocking up": {"member": {"block_mean": "up"}, "ways": DIRECT},
    "blocking both": {"member": {"block_mean": "both"}, "ways": DIRECT},
    "momentum": {"optimizer": {"momentum": 0.9}, "ways": ("gradient descent", "sample space")},
    "Nesterov": {
        "optimizer": {"momentum": 0.5, "nesterov": True, "warmup": 3},
        "ways": ("gradient descent", "sample space"),
    },
    "L2": {"optimizer": {"l2": 0.1}, "ways": DIRECT},
    "weight decay": {"optimizer": {"weight_decay": 0.1}, "ways": DIRECT},
    "steps": {"optimizer": {"schedule": StepDecay(4, 0.5)}},
    "cosine": {"optimizer": {"schedule": Cosine(12, 0.1)}},
    "AMSGrad": {"optimizer": {"amsgrad": True, "beta2": 0.5}, "ways": ("Adam",)},
}


def member(option, seed, optimizer=GradientDescent):
    """Return a member that is trained with an option."""
    network = Network(DIMS, seed, **option.get("network", {}))
    if seed == 2:  # it diverges, and leaves the others
        return Member(network, optimizer(1e160))
    settings = option.get("optimizer", {})
    # The first goes without what is a member's own.
    of_member = option.get("member", {}) if seed else {}
    return Member(network, optimizer(0.02 * (1 + seed), **settings), **of_member)


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


@pytest.mark.parametrize("name", ["L2", "weight decay"])
def test_penalty_and_decay_are_for_weights_alone(name):
    """Without a gradient, all of a network's weights shrink, and no bias does."""
    network = Network(DIMS, seed=3)
    for b in network.biases:
        b[...] = 0.5
    network.biases[0][...] = -100.0  # all units are off; the last layer's bias alone learns
    start = network.copy()
    fit(network, DATA.train, GradientDescent(0.5, **OPTIONS[name]["optimizer"]), 3)
    for layer, (weights, before) in enumerate(zip(network.weights, start.weights, strict=True)):
        if layer != 2:  # that one has a gradient: the second layer's units are on
            np.testing.assert_allclose(weights, 0.95**3 * before, rtol=1e-12)
    for biases, before in zip(network.biases[:1], start.biases[:1], strict=True):
        assert (biases == before).all()


def test_momentum_in_sample_space_agrees_to_eight_digits():
    optimizer = GradientDescent(0.02, momentum=0.9, nesterov=True)
    costs = [
        fit(Network(DIMS, 3), DATA.train, optimizer, 40, sample_space=way).costs
        for way in (True, False)
    ]
    np.testing.assert_allclose(*costs, rtol=1e-8)


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


# ---------------------------------------------------------------- clipping by norm


def step(clip_norm=None, frozen=(), scale=1.0, data=DATA):
    """Take one step of gradient descent with a rate of 1; return what it changed, and the norm."""
    network = Network(DIMS, seed=3)
    network.weights[-1] *= scale
    before = [a.copy() for a in network.weights + network.biases]
    fit(network, data.train, GradientDescent(1.0), 1, frozen_layers=frozen, clip_norm=clip_norm)
    after = network.weights + network.biases
    moved = np.concatenate([(a - b).ravel() for a, b in zip(before, after, strict=True)])
    return moved, np.linalg.norm(moved)


@pytest.mark.parametrize("frozen", [(), (1,), (2,), (1, 3)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_a_gradient_that_is_too_long_is_shortened(frozen, scale):
    moved, norm = step(frozen=frozen, scale=scale)
    for share in (0.999, 0.5, 1e-3):
        shorter, length = step(norm * share, frozen, scale)
        assert length == pytest.approx(norm * share, rel=1e-7)
        np.testing.assert_allclose(shorter, moved * share, rtol=0, atol=1e-7 * norm)
    for share in (1.001, 1e6):
        assert step(norm * share, frozen, scale)[0].tobytes() == moved.tobytes()


WHOLE_ROWS = [{"clip_norm": 0.1}, {"centralise_gradient": True}, {"block_mean": "down"}]


@pytest.mark.parametrize("options", WHOLE_ROWS, ids=lambda options: next(iter(options)))
@pytest.mark.parametrize("optimizer", [GradientDescent(0.1), Adam(0.01)])
def test_what_needs_whole_rows_does_not_depend_on_strips_and_threads(
    optimizer, options, monkeypatch
):
    digests = set()
    for strip, least, threads in [(2**18, 2**14, 1), (50, 10, 1), (50, 10, 2), (2**18, 2**14, 2)]:
        monkeypatch.setattr("catnet.engine.updating.updates.STRIP", strip)
        monkeypatch.setattr("catnet.engine.updating.updates.LEAST", least)
        network = Network(DIMS, seed=3)
        with threadpool_limits(threads, "blas"):
            history = fit(network, DATA.train, optimizer, 10, watch=["gradient_norms"], **options)
        digests.add((network.digest(), history.costs.tobytes()))
        norms = np.sqrt((history.gradient_norms**2).sum(axis=1))
        assert norms.max() > 0.1  # those before clipping
    assert len(digests) == 1


ALL_OF_DESCENT = {"momentum": 0.9, "nesterov": True, "l2": 0.1, "weight_decay": 0.2}
ALONG = [{}, {"clip_norm": 0.1}, {"frozen_layers": [2], "layer_rates": (0.5, 1, 2)}]


@pytest.mark.parametrize("options", ALONG, ids=["alone", "clipped", "layers"])
@pytest.mark.parametrize(
    "optimizer",
    [
        GradientDescent(0.05, momentum=0.9),
        GradientDescent(0.05, l2=0.1),
        GradientDescent(0.05, weight_decay=0.2),
        GradientDescent(0.05, **ALL_OF_DESCENT, schedule=Cosine(12, 0.1)),
        Adam(0.01, l2=0.1, weight_decay=0.2, schedule=StepDecay(4, 0.7)),
    ],
)
def test_no_option_of_an_optimizer_depends_on_strips_and_threads(optimizer, options, monkeypatch):
    found = set()
    for strip, least, threads in [(2**18, 2**14, 1), (50, 10, 1), (50, 10, 2)]:
        monkeypatch.setattr("catnet.engine.updating.updates.STRIP", strip)
        monkeypatch.setattr("catnet.engine.updating.updates.LEAST", least)
        network = Network(DIMS, seed=3)
        with threadpool_limits(threads, "blas"):
            history = fit(network, DATA.train, optimizer, 15, **options)
        found.add((network.digest(), history.costs.tobytes()))
    assert len(found) == 1


@pytest.mark.parametrize("name", ["l2", "weight_decay"])
def test_only_the_datas_gradient_is_clipped(name):
    """And a penalty's is added afterwards: with a gradient cut to nothing, weights shrink alone."""
    network = Network(DIMS, seed=3)
    before = [w.copy() for w in network.weights]
    history = fit(network, DATA.train, GradientDescent(0.5, **{name: 0.1}), 1, clip_norm=1e-12)
    for weights, old in zip(network.weights, before, strict=True):
        np.testing.assert_allclose(weights, 0.95 * old, rtol=0, atol=1e-11)
    plain = fit(Network(DIMS, seed=3), DATA.train, GradientDescent(0.5), 1)
    assert history.costs.tolist() == plain.costs.tolist()  # the recorded cost is the data's


def test_a_gradient_whose_square_is_out_of_range_diverges():
    for clip_norm, iterations in [(None, 3), (1.0, 2)]:
        trained = Member(Network(DIMS, seed=3), GradientDescent(), clip_norm=clip_norm)
        trained.network.weights[-1] *= 1e100
        (history,) = fit_stack([trained], DATA.train, 3)
        assert history.divergence and len(history.costs) == iterations


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan, "1"])
def test_other_norms_and_class_weights_are_refused(value):
    with pytest.raises(ParameterError, match="clip_norm must be (a number|above 0)"):
        Member(Network(DIMS), Adam(), clip_norm=value)
    with pytest.raises(ParameterError, match="a class weight must be (a number|above 0)"):
        Member(Network(DIMS), Adam(), class_weights=(1, value))


@pytest.mark.parametrize("name", ["l2", "weight_decay"])
def test_what_shrinks_weights_is_refused_in_sample_space(name):
    optimizer = GradientDescent(**{name: 0.1})
    with pytest.raises(ParameterError, match="leave out l2 and weight_decay"):
        fit(Network(DIMS), DATA.train, optimizer, 1, sample_space=True)


@pytest.mark.parametrize("options", WHOLE_ROWS, ids=lambda options: next(iter(options)))
def test_what_needs_the_first_gradient_is_refused_in_sample_space(options):
    with pytest.raises(ParameterError, match="sample space does not take"):
        fit(Network(DIMS), DATA.train, GradientDescent(), 1, sample_space=True, **options)


# ---------------------------------------------------------------- class weights


@pytest.mark.parametrize("sample_space", [False, True])
def test_cats_that_count_twice_are_as_good_as_twice_the_cats(sample_space):
    split = DATA.train
    cats = np.flatnonzero(split.labels == 1)
    twice = split.take(np.append(np.arange(len(split)), cats))
    share = len(split) / len(twice)  # a gradient is that of a mean
    ends = []
    for some, weights in [(twice, None), (split, (share, 2 * share))]:
        ends.append(Network(DIMS, seed=3))
        options = {"class_weights": weights, "sample_space": sample_space}
        fit(ends[-1], some, GradientDescent(0.1), 20, **options)
    for ours, theirs in zip(ends[0].weights, ends[1].weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-8)


def test_class_weights_of_one_change_nothing():
    found = set()
    for weights in (None, (1, 1)):
        network = Network(DIMS, seed=3)
        history = fit(network, DATA.train, Adam(0.01), 20, class_weights=weights)
        found.add((network.digest(), history.costs.tobytes()))
    assert len(found) == 1


def test_recorded_costs_are_those_of_all_images_alike():
    costs = [
        fit(Network(DIMS, seed=3), DATA.train, Adam(), 1, class_weights=weights).costs.tolist()
        for weights in (None, (0.5, 3.0))
    ]
    assert costs[0] == costs[1]


def test_two_class_weights_are_needed():
    with pytest.raises(ParameterError, match="class_weights must be two numbers, not 3"):
        Member(Network(DIMS), Adam(), class_weights=(1, 2, 3))


# ---------------------------------------------------------------- what moves a unit's weights


def first_weights(optimizer, iterations=6, seed=3, **options):
    """Train, and return the first layer's weights before each update and at the end."""
    network = Network(DIMS, seed)
    updates = range(iterations)
    history = fit(network, DATA.train, optimizer, iterations, snapshots=updates, **options)
    return np.array([history.snapshots[n].weights[0] for n in updates] + [network.weights[0]])


@pytest.mark.parametrize("optimizer", [GradientDescent(0.1), Adam(0.01)])
def test_a_centralised_gradient_has_no_mean(optimizer):
    sums = first_weights(GradientDescent(0.1), centralise_gradient=True).sum(axis=2)
    np.testing.assert_allclose(sums, sums[:1].repeat(7, axis=0), rtol=0, atol=1e-12)
    free, kept = (first_weights(optimizer, 1, centralise_gradient=on) for on in (False, True))
    step, centred = (weights[1] - weights[0] for weights in (free, kept))
    if isinstance(optimizer, GradientDescent):
        np.testing.assert_allclose(centred, step - step.mean(axis=1, keepdims=True), atol=1e-12)
    else:  # it equalises what it is given: half of the weights go the other way
        moved = step.any(axis=1)
        agree, centred_agree = (abs(np.sign(s).mean(axis=1))[moved] for s in (step, centred))
        assert moved.sum() > 3 and agree.min() > 0.2 and centred_agree.max() < 0.1


@pytest.mark.parametrize("optimizer", [GradientDescent(0.1), Adam(0.01)])
def test_the_blocked_part_of_the_mean_update_is_missing(optimizer):
    free = first_weights(optimizer, 1)
    step = free[1] - free[0]
    mean = step.mean(axis=1, keepdims=True)
    assert (mean > 0).any() and (mean < 0).any()
    for block, gone in (("up", mean > 0), ("down", mean < 0), ("both", mean != 0)):
        blocked = first_weights(optimizer, 1, block_mean=block)
        expected = step - np.where(gone, mean, 0)
        np.testing.assert_allclose(blocked[1] - blocked[0], expected, rtol=0, atol=1e-12)
        means = np.diff(first_weights(optimizer, block_mean=block), axis=0).mean(axis=2)
        assert (means < 1e-12).all() or block == "down"
        assert (means > -1e-12).all() or block == "up"


def test_a_held_first_layer_stays_as_it_was_drawn_and_then_starts_afresh():
    held = first_weights(Adam(0.01), hold_first_layer=3)
    assert all((weights == held[0]).all() for weights in held[:4])
    np.testing.assert_allclose(abs(held[4] - held[3]).max(), 0.01, rtol=1e-3)  # a first step


def test_layers_have_rates_of_their_own():
    ends = []
    for rates in [None, (1, 1, 1), (0.5, 1, 2)]:
        network = Network(DIMS, seed=3)
        fit(network, DATA.train, GradientDescent(0.1), 1, layer_rates=rates)
        ends.append(network)
    start, plain, same, other = Network(DIMS, seed=3), *ends
    assert plain.digest() == same.digest()
    for layer, factor in enumerate((0.5, 1, 2)):
        for kind in ("weights", "biases"):
            before, by_one, by_factor = (getattr(n, kind)[layer] for n in (start, plain, other))
            np.testing.assert_allclose(by_factor - before, factor * (by_one - before), atol=1e-12)


@pytest.mark.parametrize(
    "options, said",
    [
        ({"layer_rates": (1, 2)}, "layer_rates must be 3 numbers, one a layer, not 2"),
        ({"layer_rates": (1, 0, 1)}, "a layer's rate must be above 0"),
        ({"hold_first_layer": -1}, "hold_first_layer must be at least 1"),
        ({"block_mean": "left"}, "block_mean must be one of up, down, both, not 'left'"),
        ({"centralise_gradient": True, "clip_norm": 1}, "do not go together"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, said):
    with pytest.raises(ParameterError, match=said):
        Member(Network(DIMS), Adam(), **options)
