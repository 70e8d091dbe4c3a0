"""What a plan's settings become: images, networks, and how these are trained."""

from dataclasses import replace

import numpy as np
import pytest
from test_studies import SMALL
from test_study_plan import PLAIN

from catnet import (
    Adam,
    Augmentation,
    Cosine,
    GradientDescent,
    Network,
    ParameterError,
    StepDecay,
    fit,
)
from catnet.studies import datasets, records
from catnet.studies.plan import parse_plan
from catnet.studies.settings import SETTINGS, divided, fold_numbers, member, prepared

LABELS = np.array([0, 0, 0, 1])
PLAIN_SETTINGS = {name: setting.default for name, setting in SETTINGS.items()} | {
    "layer_dims": (48, 4, 3, 1)
}


def made(**settings):
    return member(PLAIN_SETTINGS | settings, 7, LABELS)


def test_the_defaults_are_the_articles():
    one = made()
    assert one.network.digest() == Network([48, 4, 3, 1], 7).digest()
    assert one.optimizer == Adam(0.0075) and one.layer_rates is None
    assert one.clip_norm is one.class_weights is one.block_mean is one.early_stopping is None
    assert prepared(SMALL, PLAIN_SETTINGS) is SMALL


def test_what_a_network_begins_with():
    plain = made().network
    he = made(initialisation="he", activation="leaky_relu").network
    assert he.digest() == Network([48, 4, 3, 1], 7, "he", "leaky_relu").digest()
    share = made(output_bias="share").network.biases[-1][0, 0]
    assert share == pytest.approx(np.log(1 / 3), rel=1e-12)
    for push, moved in (("down", [-2, -2, 0, 0]), ("up", [0, 0, 2, 2]), ("both", [-2, -2, 2, 2])):
        weights = made(push=push, push_by=2.0).network.weights[0]
        expected = plain.weights[0] + np.array(moved)[:, np.newaxis]
        np.testing.assert_array_equal(weights, expected)


def test_how_it_is_trained():
    one = made(class_weights="balanced", clip_norm=2.0, first_layer_rate=0.5, hold_first_layer=3)
    assert one.class_weights == pytest.approx((2 / 3, 2)) and one.clip_norm == 2
    assert one.layer_rates == (0.5, 1, 1) and one.hold_first_layer == 3
    assert made(upper_layers_rate=0.1).layer_rates == (1, 0.1, 0.1)
    assert made(warmup=5, amsgrad=True).optimizer == Adam(0.0075, warmup=5, amsgrad=True)
    assert made(centralise_gradient=True, block_mean="up").block_mean == "up"
    assert made(optimizer="gradient descent").optimizer == GradientDescent(0.0075)


def test_momentum_penalties_and_schedules():
    descent = {"optimizer": "gradient descent", "momentum": 0.9, "nesterov": True, "l2": 0.1}
    steps = {"schedule": "step", "schedule_every": 50, "schedule_factor": 0.5}
    assert made(**descent, weight_decay=0.2, **steps).optimizer == GradientDescent(
        0.0075, momentum=0.9, nesterov=True, l2=0.1, weight_decay=0.2, schedule=StepDecay(50, 0.5)
    )
    cosine = made(l2=0.1, weight_decay=0.2, schedule="cosine", iterations=70, warmup=5).optimizer
    assert cosine == Adam(0.0075, warmup=5, l2=0.1, weight_decay=0.2, schedule=Cosine(70))
    assert cosine.schedule.at(70) == 0


def test_what_an_update_is_taken_from():
    plain, one = made(), made(batch_size=8, dropout=0.25, mirror=True, shift=4, brightness=30)
    assert plain.batch_size is plain.augmentation is None and plain.dropout == 0
    assert one.batch_size == 8 and one.dropout == 0.25 and one.seed == 7
    assert one.augmentation == Augmentation(mirror=True, shift=4, brightness=30)
    some, _ = divided(SMALL.train, PLAIN_SETTINGS | {"train_images": 5})
    assert (some.images == SMALL.train.images[:5]).all()
    with pytest.raises(ParameterError, match="train_images 13 is more than the 12 there are"):
        divided(SMALL.train, PLAIN_SETTINGS | {"train_images": 13})


def test_which_images_it_sees():
    small = prepared(SMALL, PLAIN_SETTINGS | {"image_side": 2, "centring": "mean"})
    squares = SMALL.train.images.reshape(-1, 2, 2, 2, 2, 3).mean(axis=(2, 4))
    np.testing.assert_array_equal(small.train.images, np.floor(squares + 0.5))
    np.testing.assert_array_equal(small.test.offset, small.train.mean_image())
    with pytest.raises(ParameterError, match="4 by 4 pixels cannot be shrunk to a side of 3"):
        prepared(SMALL, PLAIN_SETTINGS | {"image_side": 3})


def test_folds_are_dealt_out_within_each_class_and_origin():
    pooled = SMALL.pooled().train
    stratified = pooled.labels, pooled.factors["origin"]
    numbers = fold_numbers(*stratified, 4, 9)
    assert set(numbers) == set(range(4)) and (fold_numbers(*stratified, 4, 8) != numbers).any()
    for stratum in range(4):
        inside = 2 * pooled.factors["origin"] + pooled.labels == stratum
        counts = np.bincount(numbers[inside], minlength=4)
        assert np.ptp(counts) <= 1
    assert np.ptp(np.bincount(numbers)) <= 1
    trained, out = divided(pooled, PLAIN_SETTINGS | {"folds": 4, "fold": 2, "split_seed": 9})
    assert (out.images == pooled.images[numbers == 2]).all()
    assert len(trained) + len(out) == len(pooled)


def test_pooled_images_are_there_once():
    twice = replace(SMALL, test=SMALL.train.take([3, 0]))
    assert len(twice.pooled().train) == len(SMALL.train)
    pooled = SMALL.pooled()
    assert len(pooled.train) == len(SMALL.train) + len(SMALL.test)
    assert pooled.train.factors["origin"].sum() == len(SMALL.test) == len(pooled.test)
    name = datasets.images_of("drawn-pooled")[0]
    assert len(name.train) == len(np.unique(name.train.images.reshape(len(name.train), -1), axis=0))


TWO_PARTS = (
    PLAIN
    + """
[base]
layer_dims = [48, 4, 3, 1]
iterations = 9
adam_updates = 2
descent_rate = 0.1
"""
)


@pytest.mark.parametrize("more, digits", [("", 15), ("sample_space = true", 7)])
def test_adam_and_then_gradient_descent(more, digits, monkeypatch):
    monkeypatch.setattr(datasets, "load_data", lambda name: SMALL)
    datasets.images_of.cache_clear()
    text = f"snapshots = [1, 4]\ncosts_every = 1\n{TWO_PARTS}{more}"
    part = records.train("two", text, [0, 1], None)
    for row, seed in enumerate((1, 2)):
        network = Network([48, 4, 3, 1], seed)
        costs = [fit(network, SMALL.train, Adam(0.0075), 2).costs]
        early = network.copy()
        costs.append(fit(network, SMALL.train, GradientDescent(0.1), 7).costs)
        fit(early, SMALL.train, GradientDescent(0.1), 2)
        np.testing.assert_allclose(part["costs"][row], np.concatenate(costs), rtol=10.0**-digits)
        accuracies = early.accuracy(SMALL.test), network.accuracy(SMALL.test)
        assert part["test_accuracy"][row, 1:].tolist() == list(accuracies)
        assert more or part["digest"][row].decode() == network.digest()
    datasets.images_of.cache_clear()


DESCENT = 'optimizer = "gradient descent"\nsample_space = true\n'
SWITCH = "adam_updates = 2\ndescent_rate = 0.1\n"


@pytest.mark.parametrize(
    "settings, said",
    [
        ('optimizer = "gradient descent"\nadam_updates = 2', 'is for the optimizer "adam" only'),
        ("adam_updates = 2", "adam_updates and descent_rate go together"),
        ("adam_updates = 2000\ndescent_rate = 0.1", "must be below the iterations"),
        ('push = "up"', "push and push_by go together"),
        ("folds = 5\nheld_out = 0.1", "held_out and folds do not go together"),
        ("folds = 5\nfold = 5", "folds must be 2 or more, and fold below that"),
        ("fold = 1", "folds must be 2 or more, and fold below that"),
        ('folds = 5\ncentring = "mean"', "that of the images held out, too"),
        ("momentum = 0.9", 'momentum is for the optimizer "gradient descent" only'),
        ("nesterov = true", 'momentum is for the optimizer "gradient descent" only'),
        ('optimizer = "gradient descent"\nnesterov = true', "nesterov needs a momentum above 0"),
        ('optimizer = "gradient descent"\nmomentum = 1', r"momentum must be a number in \[0, 1\)"),
        ("l2 = -1", r"l2 must be a number in \[0, inf\)"),
        ("weight_decay = -1", r"weight_decay must be a number in \[0, inf\)"),
        ('schedule = "linear"', 'schedule must be "none" or "step" or "cosine"'),
        ('schedule = "step"', 'schedule_every goes with the schedule "step"'),
        ("schedule_every = 5", 'schedule_every goes with the schedule "step"'),
        ("schedule_factor = 0", r"schedule_factor must be a number in \(0, 1\]"),
        (f"{DESCENT}l2 = 0.1", "sample_space has no l2 and no weight_decay"),
        (f"{DESCENT}weight_decay = 0.1", "sample_space has no l2 and no weight_decay"),
        (f"{SWITCH}l2 = 0.1", "adam_updates and l2 do not go together"),
        (f"{SWITCH}weight_decay = 0.1", "adam_updates and weight_decay do not go together"),
        (f'{SWITCH}schedule = "cosine"', "adam_updates and schedule do not go together"),
        ('centring = "median"', 'centring must be "none" or "128" or "mean"'),
    ],
)
def test_settings_that_contradict_one_another_are_refused(settings, said):
    with pytest.raises(ParameterError, match=said):
        parse_plan("odd", f"{PLAIN}[base]\n{settings}")
