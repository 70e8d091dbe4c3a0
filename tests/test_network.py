"""The network: how it begins, and what it says."""

import hashlib

import numpy as np
import pytest

from catnet import Network, ParameterError, Split
from catnet.arithmetic import exact

DIGEST = "5e13b89d876c703724db4c624eb7fd358b9f5a5a333d812714d405e9e267ad34"
"""Of Network([12, 3, 1], seed=0)."""

pytestmark = pytest.mark.filterwarnings("error")


def split(n=5, height=2, width=2, seed=0):
    random = np.random.RandomState(seed)
    images = random.randint(0, 256, (n, height, width, 3)).astype(np.uint8)
    return Split(images, np.arange(n, dtype=np.int64) % 2)


def test_shapes():
    network = Network([12, 5, 3, 1])
    assert network.layer_dims == (12, 5, 3, 1)
    assert network.depth == 3
    assert [w.shape for w in network.weights] == [(5, 12), (3, 5), (1, 3)]
    assert [b.shape for b in network.biases] == [(5, 1), (3, 1), (1, 1)]
    assert {a.dtype for a in network.weights + network.biases} == {np.dtype("float64")}


def test_initial_weights_are_float32_normals_over_the_root_of_the_inputs():
    network = Network([12, 5, 3, 1], seed=3)
    normals = np.random.RandomState(3).standard_normal(12 * 5 + 5 * 3 + 3).astype(np.float32)
    parts = np.split(normals.astype(np.float64), [60, 75])
    for weights, part, inputs in zip(network.weights, parts, (12, 5, 3), strict=True):
        assert (weights == part.reshape(weights.shape) / np.sqrt(inputs)).all()
    assert not any(b.any() for b in network.biases)


def test_the_seed_decides():
    assert Network([12, 1], 4).digest() == Network((12, 1), np.int64(4)).digest()
    assert Network([12, 1], 4).digest() != Network([12, 1], 5).digest()
    assert Network([12, 1]).digest() == Network([12, 1], 0).digest()


@pytest.mark.parametrize("dims", [[], [1], [12, 0, 1], [12, -3, 1], [12, 2], [0, 1]])
def test_impossible_widths_are_refused(dims):
    with pytest.raises(ParameterError, match="layer_dims must"):
        Network(dims)


@pytest.mark.parametrize(
    "dims",
    [
        [12288, 10**12, 1],
        [2**62, 1],
        [3, 2**62, 1],
        [3, 2**63, 2**64, 1],
        [2**36, 1],
        [3, 2**25 + 1, 1],
        [2**30, 2**25, 1],
        [3, *[2**25] * 2000, 1],
        [10**400, 1],
        [3, 10**5000, 1],
        [3, 10**5000],
    ],
    ids=lambda dims: f"{len(dims)} of {max(dims).bit_length()} bits",
)
def test_widths_beyond_all_memory_are_refused(dims):
    with pytest.raises(ParameterError, match="layer_dims must"):
        Network(dims)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_impossible_seeds_are_refused(seed):
    with pytest.raises(ParameterError, match="seed must be in 0"):
        Network([12, 1], seed)


def test_fractions_are_refused():
    with pytest.raises(TypeError):
        Network([12.5, 1])
    with pytest.raises(TypeError):
        Network([12, 1], 0.5)


def test_hes_initialisation_has_the_same_normals_times_the_root_of_two():
    article, he = Network([12, 5, 3, 1], 3), Network([12, 5, 3, 1], 3, initialisation="he")
    normals = np.random.RandomState(3).standard_normal(12 * 5 + 5 * 3 + 3).astype(np.float32)
    parts = np.split(normals.astype(np.float64), [60, 75])
    for weights, part, inputs in zip(he.weights, parts, (12, 5, 3), strict=True):
        assert (weights == part.reshape(weights.shape) * np.sqrt(2 / inputs)).all()
    for ours, theirs in zip(he.weights, article.weights, strict=True):
        np.testing.assert_allclose(ours, np.sqrt(2) * theirs, rtol=1e-15)
    assert not any(b.any() for b in he.biases)
    assert Network([12, 5, 3, 1], 3, "article", "relu").digest() == article.digest()


@pytest.mark.parametrize("options", [{"initialisation": "He"}, {"activation": "tanh"}])
def test_other_options_are_refused(options):
    (name,) = options
    with pytest.raises(ParameterError, match=f"{name} must be one of .*, not '{options[name]}'"):
        Network([12, 1], **options)


@pytest.mark.parametrize("activation, slope", [("relu", 0.0), ("leaky_relu", 0.01)])
@pytest.mark.parametrize("dims", [[12, 1], [12, 4, 1], [12, 5, 4, 1]])
def test_forward_is_the_plain_computation_to_the_digits_of_the_slices(dims, activation, slope):
    network, images = Network(dims, seed=1, activation=activation), split()
    for b in network.biases:
        b[...] = np.random.RandomState(0).standard_normal(b.shape) - 1.0
    activations, logits = network.forward(images)
    a, plain = images.features, []
    for w, b in zip(network.weights, network.biases, strict=True):
        z = w @ a + b
        a = np.where(z > 0, z, slope * z)
        plain.append(a)
    assert [x.shape for x in activations] == [(n, 5) for n in dims[1:-1]]
    assert logits.shape == (1, 5)
    for ours, theirs in zip(activations, plain, strict=False):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
        assert not np.signbit(ours[ours == 0]).any()
        assert (ours < 0).any() == (slope > 0)
    np.testing.assert_allclose(logits, z, rtol=0, atol=1e-9)
    np.testing.assert_allclose(network.predict_proba(images), 1 / (1 + np.exp(-z[0])), rtol=1e-8)


def test_one_image_says_the_same_alone_and_among_others():
    network, images = Network([12, 6, 4, 1], seed=2), split(9)
    alone = [network.predict_proba(images.take([i]))[0] for i in range(9)]
    assert network.predict_proba(images).tolist() == alone


def test_images_of_another_size_are_refused():
    with pytest.raises(ParameterError, match="must begin with the images' 48 numbers, not with 12"):
        Network([12, 1]).predict(split(height=4, width=4))


def test_the_output_may_begin_at_the_share_of_cats():
    network, images = Network([12, 4, 1], seed=1), split(9)
    network.weights[-1][...] = 0.0
    for share in (0.34, 0.5, 1e-3):
        network.biases[-1][...] = exact.log(share / (1 - share))
        np.testing.assert_allclose(network.predict_proba(images), share, rtol=1e-14)


def test_predictions_and_accuracy():
    network, images = Network([12, 1]), split(5)
    network.weights[0][...] = 0.0
    assert network.predict_proba(images).tolist() == [0.5] * 5
    predicted = network.predict(images)
    assert predicted.tolist() == [0] * 5  # one half is not above one half
    assert predicted.dtype == np.int64 and predicted.shape == (5,)
    assert network.accuracy(images) == 3 / 5 and type(network.accuracy(images)) is float
    network.biases[0][...] = 1e-12
    assert network.predict(images).tolist() == [1] * 5
    assert network.accuracy(images) == 2 / 5


def test_without_images_there_are_no_predictions_and_no_accuracy():
    network, nothing = Network([12, 3, 1]), split(0)
    activations, logits = network.forward(nothing)
    assert [a.shape for a in activations] == [(3, 0)] and logits.shape == (1, 0)
    assert network.predict(nothing).tolist() == []
    with pytest.raises(ParameterError, match="no accuracy without images"):
        network.accuracy(nothing)


def test_the_digest_is_what_it_was():
    network = Network([12, 3, 1], seed=0)
    assert network.digest() == DIGEST
    by_hand = [network.weights[0], network.biases[0], network.weights[1], network.biases[1]]
    content = b"".join(np.ascontiguousarray(a, "<f8").tobytes() for a in by_hand)
    assert hashlib.sha256(content).hexdigest() == DIGEST


def test_the_digest_changes_with_any_bit_of_any_parameter():
    network = Network([3, 2, 1], seed=0)
    seen = {network.digest()}
    arrays = network.weights + network.biases
    for array in arrays:
        for place in np.ndindex(array.shape):
            for bit in (0, 31, 52, 63):
                kept = array[place]
                array.view(np.uint64)[place] ^= np.uint64(1 << bit)
                seen.add(network.digest())
                array[place] = kept
    assert len(seen) == 1 + 4 * sum(a.size for a in arrays)
    assert network.digest() == Network([3, 2, 1], seed=0).digest()


def test_the_digest_does_not_depend_on_the_layout_in_memory():
    network = Network([12, 3, 1])
    digest = network.digest()
    network.weights[0] = np.asfortranarray(network.weights[0])
    assert network.digest() == digest


def test_a_copy_is_a_network_of_its_own():
    network = Network([12, 3, 1], seed=1, activation="leaky_relu")
    twin = network.copy()
    assert twin.activation == "leaky_relu"
    assert twin.layer_dims == network.layer_dims and twin.digest() == network.digest()
    twin.weights[1][0, 0] += 1.0
    twin.biases[0][0, 0] += 1.0
    assert network.digest() == Network([12, 3, 1], seed=1).digest()


def test_copy_from_takes_the_parameters_over_in_place():
    network, other = Network([12, 3, 1], seed=1), Network([12, 3, 1], seed=2)
    arrays = network.weights + network.biases
    network.copy_from(other)
    assert network.digest() == other.digest()
    assert all(a is b for a, b in zip(arrays, network.weights + network.biases, strict=True))
    assert not any(np.shares_memory(a, b) for a, b in zip(arrays, other.weights, strict=False))
    with pytest.raises(ValueError):
        network.copy_from(Network([12, 1]))
