"""The drawn images: the same bytes everywhere, hard for a line, not for a network."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from catnet.errors import ParameterError
from catnet.images.drawn import BACKDROPS, CAT_KINDS, OTHER_KINDS, draw, load_drawn

DIGEST = "4709596401efd2a95b1556c82917abcb137b32f8e7cc5702b62ce5e19eff7aa9"


@pytest.fixture(scope="module")
def drawn():
    return load_drawn()


@pytest.fixture(scope="module")
def some():
    return draw(n_cats=150, n_others=150, seed=2)


def digest(*splits):
    sha = hashlib.sha256()
    for split in splits:
        sha.update(split.images.tobytes())
        sha.update(split.labels.astype("<i8").tobytes())
    return sha.hexdigest()


def test_the_default_set_has_the_bytes_it_has_everywhere(drawn):
    assert digest(drawn.train, drawn.test) == DIGEST


def test_the_default_set_has_as_many_cats_as_the_photographs(drawn):
    assert drawn.name == "drawn"
    for split, n, n_cats in ((drawn.train, 209, 72), (drawn.test, 50, 33)):
        assert split.images.shape == (n, 64, 64, 3)
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert split.labels.sum() == n_cats


@pytest.mark.parametrize(
    ("n_train", "n_test", "train_cats", "test_cats"), [(100, 20, 34, 13), (3, 2, 1, 1)]
)
def test_other_sizes_keep_the_share_of_cats(n_train, n_test, train_cats, test_cats):
    drawn = load_drawn(n_train, n_test, seed=5)
    assert (len(drawn.train), len(drawn.test)) == (n_train, n_test)
    assert (drawn.train.labels.sum(), drawn.test.labels.sum()) == (train_cats, test_cats)


def test_the_test_set_does_not_depend_on_the_size_of_the_training_set(drawn):
    assert digest(load_drawn(n_train=5).test) == digest(drawn.test)


def test_training_and_test_images_are_all_different(drawn):
    images = [image.tobytes() for split in (drawn.train, drawn.test) for image in split.images]
    assert len(set(images)) == 209 + 50
    assert not np.isin(drawn.train.factors["contrast"], drawn.test.factors["contrast"]).any()


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_a_seed_stands_for_its_images(seed):
    split = draw(3, 4, seed)
    assert digest(split) == digest(draw(3, 4, seed))
    assert digest(split) != digest(draw(3, 4, (seed + 1) % 2**32))
    assert digest(load_drawn(3, 4, seed).train) == digest(load_drawn(3, 4, seed).train)


def test_cats_and_others_are_mixed(drawn):
    changes = np.count_nonzero(np.diff(drawn.train.labels))
    assert 60 < changes < 130  # 94 expected; sorted labels have 1


@pytest.mark.parametrize(("n_cats", "n_others"), [(0, 3), (3, 0)])
def test_one_class_alone_can_be_drawn(n_cats, n_others):
    assert draw(n_cats, n_others, 0).labels.tolist() == [1] * n_cats + [0] * n_others


def test_factors_describe_every_image(some):
    factors = some.factors
    assert {"kind", "hue", "x", "y", "rotation", "scale", "contrast", "noise"} <= set(factors)
    assert all(values.shape == (300,) for values in factors.values())
    assert set(factors["kind"][some.labels == 1]) == set(CAT_KINDS)
    assert set(factors["kind"][some.labels == 0]) == set(OTHER_KINDS)
    assert set(factors["backdrop"]) == set(BACKDROPS)


def test_factors_range_widely(some):
    factors = some.factors
    for name, low, high in (
        ("scale", 18, 40),
        ("rotation", -40, 40),
        ("x", 25, 39),
        ("y", 25, 39),
        ("contrast", 0.02, 0.4),
        ("noise", 0.005, 0.075),
    ):
        assert factors[name].min() < low, name
        assert factors[name].max() > high, name


def test_factors_are_what_the_pixels_show(some):
    """The background is seen in the corners, and the object's place where it differs."""
    factors = some.factors
    ground = np.stack([factors[f"background_{c}"] for c in ("red", "green", "blue")], axis=1)
    small = (factors["scale"] < 26) & (np.abs(factors["x"] - 32) < 3) & (factors["contrast"] > 0.2)
    corners = some.images[small][:, [0, 0, -1, -1], [0, -1, 0, -1]].mean(axis=1) / 255
    assert np.abs(corners - ground[small]).max() < 0.2
    differs = np.abs(some.images[small] / 255 - ground[small][:, None, None]).max(axis=3) > 0.2
    assert differs[:, 24:40, 24:40].mean() > 0.5 > 0.1 > differs[:, :4].mean()


@pytest.mark.parametrize(
    "arguments",
    [(-1, 3, 0), (3, -1, 0), (0, 0, 0), (3, 3, -1), (3, 3, 2**32), (3, 3, 0.5), (2.0, 3, 0)],
)
def test_draw_refuses(arguments):
    with pytest.raises(ParameterError):
        draw(*arguments)


@pytest.mark.parametrize("arguments", [(0, 5), (5, 0), (-5, 5), (5, 5, -1), (5, 5, 2**32)])
def test_load_drawn_refuses(arguments):
    with pytest.raises(ParameterError):
        load_drawn(*arguments)


def train(images, labels, hidden, epochs):
    """Fit a ReLU network, or logistic regression if nothing is hidden, with Adam in batches."""
    random_state = np.random.RandomState(0)
    dims = (images.shape[1], *hidden, 1)
    parameters = []
    for inputs, width in pairwise(dims):
        weights = random_state.standard_normal((width, inputs)) * (2 / inputs) ** 0.5
        parameters += [weights.astype(np.float32), np.zeros((width, 1), np.float32)]
    m, v = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    for step, some in enumerate(
        batch
        for _ in range(epochs)
        for batch in random_state.permutation(len(labels)).reshape(-1, 50)
    ):
        activations, logits = forward(parameters, images[some])
        error = (1 / (1 + np.exp(-logits)) - labels[some]).astype(np.float32) / len(some)
        gradients = []
        for weights, a in zip(parameters[-2::-2], activations[::-1], strict=True):
            gradients[:0] = [error @ a.T, error.sum(axis=1, keepdims=True)]
            if len(gradients) < len(parameters):
                error = (weights.T @ error) * (a > 0)
        rate = 7.5e-4 * (1 - 0.999 ** (step + 1)) ** 0.5 / (1 - 0.9 ** (step + 1))
        for i, g in enumerate(gradients):
            m[i] += 0.1 * (g - m[i])
            v[i] += 0.001 * (g * g - v[i])
            parameters[i] -= rate * m[i] / (np.sqrt(v[i]) + 1e-6)
    return parameters


def forward(parameters, images):
    activations = [images.T]
    for weights, biases in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        activations.append(np.maximum(weights @ activations[-1] + biases, 0))
    return activations, parameters[-2] @ activations[-1] + parameters[-1]


def balanced_accuracy(parameters, images, labels):
    right = (forward(parameters, images)[1][0] > 0) == labels
    return (right[labels == 1].mean() + right[labels == 0].mean()) / 2


def test_a_line_does_not_tell_cats_apart_but_a_network_does():
    """On three pairs of seeds: the line 0.69 to 0.72, this network 0.84 to 0.87.

    On its own training images the line gets 0.86 right; more epochs gain it nothing here.
    """
    training, test = (
        (split.images.reshape(len(split), -1).astype(np.float32) / 255 - 0.5, split.labels)
        for split in (draw(1000, 1000, seed=1), draw(500, 500, seed=2))
    )
    with threadpool_limits(1):  # small products: on a busy machine two threads wait for each other
        line = balanced_accuracy(train(*training, hidden=(), epochs=15), *test)
        deep = balanced_accuracy(train(*training, hidden=(32, 8), epochs=8), *test)
    assert 0.6 < line < 0.8
    assert deep > line + 0.08
