"""Mini-batches, augmentation and dropout: which images an update sees, and which units."""

import numpy as np
import pytest
from test_options import DATA, DIMS, images
from threadpoolctl import threadpool_limits

from catnet import (
    Adam,
    Augmentation,
    EarlyStopping,
    GradientDescent,
    Member,
    Network,
    ParameterError,
    Split,
    fit,
    fit_stack,
)
from catnet.engine.batches import Batches, kept_units
from catnet.engine.gradients import backpropagate

TRAIN = DATA.train  # of 30 images
ADAM = Adam(0.01)
ALL = Augmentation(mirror=True, shift=2, brightness=40)


def member(seed=0, **options):
    return Member(Network(DIMS, seed), ADAM, seed=seed, **options)


def trained(iterations=12, optimizer=ADAM, **options):
    network = Network(DIMS, seed=3)
    history = fit(network, TRAIN, optimizer, iterations, **options)
    return network.digest(), history


# ---------------------------------------------------------------- mini-batches


@pytest.mark.parametrize("size", [1, 4, 7, 15, 30, 31])
def test_an_epoch_shows_every_image_once(size):
    numbered = Split(TRAIN.images.copy(), TRAIN.labels)
    numbered.images[:, 0, 0, 0] = np.arange(30)
    batches = Batches(member(batch_size=size), numbered)
    orders = []
    for epoch in range(3):
        shown = [batches.at(epoch * batches.in_epoch + n) for n in range(batches.in_epoch)]
        assert {len(batch) for batch in shown[:-1]} <= {min(size, 30)}
        assert 1 <= len(shown[-1]) <= size
        orders.append(np.concatenate([batch.images[:, 0, 0, 0] for batch in shown]))
        assert sorted(orders[-1]) == list(range(30))
        labels = np.concatenate([batch.labels for batch in shown])
        assert (labels == numbered.labels[orders[-1]]).all()
    assert (orders[0] != orders[1]).any() and (orders[1] != orders[2]).any()


def test_an_update_sees_the_same_whatever_was_looked_at_before():
    options = {"batch_size": 7, "augmentation": ALL, "seed": 5}
    there = Batches(Member(Network(DIMS), Adam(), **options), TRAIN)
    expected = [there.at(n).images for n in range(11)]
    back = Batches(Member(Network(DIMS), Adam(), **options), TRAIN)
    for n in reversed(range(11)):
        assert (back.at(n).images == expected[n]).all()
    other = Batches(Member(Network(DIMS), Adam(), **(options | {"seed": 6})), TRAIN)
    assert (other.at(0).images != expected[0]).any()


@pytest.mark.parametrize("size", [30, 500])
def test_one_batch_of_all_images_has_the_bits_of_no_batches(size):
    digest, history = trained()
    in_batches, other = trained(batch_size=size, seed=9)  # sums are exact: no order shows
    assert in_batches == digest and other.costs.tobytes() == history.costs.tobytes()


@pytest.mark.parametrize("optimizer", [GradientDescent(0.1), ADAM])
def test_an_update_is_that_of_training_on_its_batch(optimizer):
    network = Network(DIMS, seed=3)
    batches = Batches(Member(network, optimizer, batch_size=7, seed=1), TRAIN)
    shown = [batches.at(n) for n in range(9)]
    state = optimizer.start([*network.weights, *network.biases])
    costs = []
    for batch in shown:
        costs.append(fit(network.copy(), batch, optimizer, 1).costs[0])
        weights, biases = backpropagate(network, batch, *network.forward(batch))
        optimizer.update([*network.weights, *network.biases], weights + biases, state)
    digest, history = trained(9, optimizer=optimizer, batch_size=7, seed=1)
    assert digest == network.digest() and history.costs.tolist() == costs


def test_validation_is_looked_at_once_an_epoch():
    _, history = trained(12, batch_size=7, validation=DATA.test)  # 5 updates an epoch
    assert history.costs.shape == (12,) and history.validation_costs.shape == (3,)
    network = Network(DIMS, seed=3)
    expected = [fit(network.copy(), DATA.test, Adam(), 1).costs[0]]
    for updates in (5, 10):
        after = Network(DIMS, seed=3)
        fit(after, TRAIN, Adam(0.01), updates, batch_size=7)
        expected.append(fit(after, DATA.test, Adam(), 1).costs[0])
    assert history.validation_costs.tolist() == expected


def test_early_stopping_keeps_the_best_epoch():
    stopping = {"early_stopping": EarlyStopping(5), "validation": TRAIN}
    digest, history = trained(400, batch_size=7, **stopping)
    updates = history.best_iteration
    assert len(history.costs) < 400 and updates % 5 == 0 and updates > 20
    assert updates == 5 * np.argmin(history.validation_costs)
    assert digest == trained(updates, batch_size=7)[0]


# ---------------------------------------------------------------- augmentation


def test_nothing_is_changed_without_a_wish():
    changed = Augmentation().changed(TRAIN, np.random.RandomState(0))
    assert (changed.images == TRAIN.images).all()


def changed_by(augmentation, seed=0, split=TRAIN):
    changed = augmentation.changed(split, np.random.RandomState(seed)).images
    assert changed.dtype == np.uint8
    return changed


def test_some_images_are_mirrored():
    changed = changed_by(Augmentation(mirror=True))
    mirrored = (changed == TRAIN.images[:, :, ::-1]).all(axis=(1, 2, 3))
    same = (changed == TRAIN.images).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all() and 5 < mirrored.sum() < 25


def test_images_are_moved_and_their_edges_drawn_out():
    changed = changed_by(Augmentation(shift=1))
    found = set()
    for image, moved in zip(TRAIN.images, changed, strict=True):
        padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), "edge")
        places = [
            (y, x)
            for y in range(3)
            for x in range(3)
            if (padded[y : y + 4, x : x + 4] == moved).all()
        ]
        assert places
        found |= set(places)
    assert len(found) == 9


def test_images_are_lightened_within_their_range():
    changed = changed_by(Augmentation(brightness=60)).astype(int)
    steps = changed - TRAIN.images
    inside = (changed > 0) & (changed < 255)
    for image, within in zip(steps, inside, strict=True):
        assert len(set(image[within])) == 1  # all numbers of an image by as much
    assert steps.min() < -40 and steps.max() > 40 and abs(steps).max() <= 60


def test_the_offset_is_taken_off_the_changed_images():
    centred = DATA.centred("mean").train
    changed = ALL.changed(centred, np.random.RandomState(0))
    assert changed.offset is centred.offset
    assert (changed.images == changed_by(ALL)).all()


@pytest.mark.parametrize("name", ["shift", "brightness"])
@pytest.mark.parametrize("value", [-1, 256, 1.0, True])
def test_other_changes_are_refused(name, value):
    with pytest.raises(ParameterError, match=f"{name} must be a whole number in 0 … 255"):
        Augmentation(**{name: value})
    with pytest.raises(ParameterError, match="mirror must be True or False"):
        Augmentation(mirror=1)


# ---------------------------------------------------------------- dropout


def test_units_are_left_out_at_random_and_the_others_scaled():
    members = [member(0), member(1, dropout=0.25), member(2, dropout=0.25)]
    factors = kept_units(members, 4, 10, 500)
    assert (factors[0] == 1).all() and set(factors[1].flat) == {0.0, 1 / 0.75}
    assert factors[1].mean() == pytest.approx(1, abs=0.03)
    assert (factors[1] != factors[2]).any()
    assert (kept_units(members[1:], 4, 10, 500) == factors[1:]).all()
    assert (kept_units(members, 5, 10, 500)[1] != factors[1]).any()
    assert kept_units(members[:1], 4, 10, 500) is None


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_the_gradient_with_dropout_is_that_of_the_units_that_are_kept(activation):
    """Against the differences of the cost of the network without them."""
    network = Network(DIMS, seed=3, activation=activation)
    one = Member(network, GradientDescent(1.0), dropout=0.3)
    factors = kept_units([one], 0, sum(DIMS[1:-1]), len(TRAIN))[0]
    slope = 0.01 if activation == "leaky_relu" else 0.0

    def cost(parameters):
        a, done = TRAIN.features, 0
        for layer, (w, b) in enumerate(zip(*parameters, strict=True), start=1):
            z = w @ a + b
            if layer == len(DIMS) - 1:
                return np.mean(np.log1p(np.exp(-np.where(TRAIN.labels == 1, z, -z))))
            kept = factors[done : done + len(z)]
            a, done = np.where(z > 0, z, slope * z) * kept, done + len(z)

    before = network.copy()
    fit_stack([one], TRAIN, 1)
    parameters = before.weights, before.biases
    checked = 0
    for kind, after in zip(parameters, (network.weights, network.biases), strict=True):
        for theta, moved in zip(kind, after, strict=True):
            for place in np.ndindex(theta.shape):
                if theta.size > 100 and sum(place) % 7:
                    continue  # a part of the first layer is enough
                kept, step = theta[place], 1e-6
                costs = []
                for theta[place] in (kept + step, kept - step):
                    costs.append(cost(parameters))
                theta[place] = kept
                expected = (costs[0] - costs[1]) / (2 * step)
                assert kept - moved[place] == pytest.approx(expected, abs=1e-8)
                checked += abs(expected) > 1e-4
    assert checked > 40


def test_recorded_costs_are_those_of_the_whole_network():
    without, history = trained(1, dropout=0.0), trained(1, dropout=0.5)
    assert without[1].costs.tolist() == history[1].costs.tolist()
    assert without[0] != history[0]


def test_dropout_in_sample_space_agrees_to_eight_digits():
    costs = [
        trained(20, optimizer=GradientDescent(0.1), dropout=0.2, sample_space=way)[1].costs
        for way in (True, False)
    ]
    np.testing.assert_allclose(*costs, rtol=1e-8)


# ---------------------------------------------------------------- all of them

OPTIONS = {
    "batches": {"batch_size": 7},
    "single images": {"batch_size": 1},
    "augmentation": {"augmentation": ALL},
    "dropout": {"dropout": 0.3},
    "all": {"batch_size": 7, "augmentation": ALL, "dropout": 0.3, "clip_norm": 0.5},
    "weights": {"batch_size": 7, "class_weights": (0.6, 2), "frozen_layers": (1,)},
    "centralised": {"batch_size": 7, "centralise_gradient": True, "block_mean": None},
    "blocked": {"batch_size": 7, "dropout": 0.1, "block_mean": "up"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_member_of_a_stack_is_what_it_is_alone(name):
    options = {"validation": DATA.test, "watch": ("dead_units", "gradient_norms", "logit_ranges")}
    # Every other goes without, and is in the same stack.
    together = [member(seed, **(OPTIONS[name] if seed % 2 else {})) for seed in range(5)]
    histories = fit_stack(together, TRAIN, 15, snapshots=[6], **options)
    for seed, history in enumerate(histories):
        alone = member(seed, **(OPTIONS[name] if seed % 2 else {}))
        (expected,) = fit_stack([alone], TRAIN, 15, **options)
        assert alone.network.digest() == together[seed].network.digest()
        for column in ("costs", "validation_costs", "dead_units", "gradient_norms"):
            assert getattr(history, column).tobytes() == getattr(expected, column).tobytes()
        after = member(seed, **(OPTIONS[name] if seed % 2 else {}))
        fit_stack([after], TRAIN, 6)
        assert history.snapshots[6].digest() == after.network.digest()


@pytest.mark.parametrize("name", ["batches", "all", "dropout"])
@pytest.mark.parametrize("optimizer", [GradientDescent(0.1), ADAM])
def test_nothing_depends_on_strips_and_threads(name, optimizer, monkeypatch):
    found = set()
    for strip, least, threads in [(2**18, 2**14, 1), (50, 10, 1), (50, 10, 2)]:
        monkeypatch.setattr("catnet.engine.updating.updates.STRIP", strip)
        monkeypatch.setattr("catnet.engine.updating.updates.LEAST", least)
        with threadpool_limits(threads, "blas"):
            digest, history = trained(70, optimizer=optimizer, **OPTIONS[name])
        found.add((digest, history.costs.tobytes()))
    assert len(found) == 1


def test_a_unit_that_rests_for_one_batch_is_not_left_behind():
    """It may be on for the next: rows that are at rest are those of training on all images."""
    network = Network(DIMS, seed=3)
    rare = images(30, 4)
    rare.images[1:] = 0  # what the first layer's units are on for is one image in thirty
    network.biases[0][...] = -1.0
    options = {"batch_size": 1, "seed": 1}
    start = network.copy()
    fit(network, rare, GradientDescent(0.1), 90, **options)
    batches = Batches(Member(start, GradientDescent(0.1), **options), rare)
    for n in range(90):
        weights, biases = backpropagate(start, batches.at(n), *start.forward(batches.at(n)))
        for theta, g in zip([*start.weights, *start.biases], weights + biases, strict=True):
            theta -= 0.1 * g
    assert start.digest() == network.digest()


@pytest.mark.parametrize("options", [{"batch_size": 4}, {"augmentation": ALL}])
def test_sample_space_needs_the_same_images_at_every_update(options):
    with pytest.raises(ParameterError, match="leave out batch_size and augmentation"):
        trained(1, optimizer=GradientDescent(), sample_space=True, **options)


def test_settings_are_pythons_own_numbers():
    small = {"batch_size": np.int8(7), "seed": np.uint8(4), "hold_first_layer": np.int16(2)}
    one = Member(Network(DIMS), Adam(), **small)
    assert [type(getattr(one, name)) for name in small] == [int] * 3
    many = images(300, 1)  # more than an int8 counts
    found = {
        fit_stack([Member(n := Network(DIMS, 3), Adam(), batch_size=size)], many, 45) and n.digest()
        for size in (np.int8(7), 7)
    }
    assert len(found) == 1


@pytest.mark.parametrize(
    "options, said",
    [
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"batch_size": 2.0}, "batch_size must be at least 1, a whole number"),
        ({"dropout": 1}, r"dropout must be in \[0, 1\), not 1.0"),
        ({"dropout": -0.1}, r"dropout must be in \[0, 1\)"),
        ({"dropout": "0.5"}, "dropout must be a number"),
        ({"seed": -1}, r"seed must be in 0 … 2\*\*32 - 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, said):
    with pytest.raises(ParameterError, match=said):
        Member(Network(DIMS), Adam(), **options)
