"""The fully connected network: its parameters, and what it says of images."""

from __future__ import annotations

import hashlib
import operator
import sys
from itertools import pairwise

import numpy as np

from ..arithmetic import exact
from ..errors import ParameterError
from .propagation import SLOPES, Propagation
from .stack import Stack

__all__ = ["Network"]

INITIALISATIONS = {
    "article": lambda normals, inputs: normals / np.sqrt(inputs),
    "he": lambda normals, inputs: normals * np.sqrt(2.0 / inputs),
}
"""What becomes of standard normal numbers, by the number of inputs."""

_MOST_WEIGHTS = min(2**47, sys.maxsize) // 16
"""Above what a process can address, as float64 and what they are drawn from."""


class Network:
    """A fully connected network with ReLU hidden layers and one sigmoid output.

    The output begins near one half. It begins near another share of cats after
    ``network.biases[-1][...] = exact.log(share / (1 - share))``, whose logarithm, unlike NumPy's,
    is the same everywhere.

    Parameters
    ----------
    layer_dims : sequence of int
        Width of every layer, the input (height·width·3 of the images) first, 1 last.
    seed : int, 0 to 2**32 - 1
        Where the random numbers of the initial weights begin.
    initialisation : str
        What these numbers are multiplied with: ``"article"``, 1 / sqrt(n_{l-1}), or ``"he"``,
        sqrt(2 / n_{l-1}), which keeps the size of what goes through layers of ReLUs [1]_.
    activation : str
        Of the hidden layers: ``"relu"``, max(0, z), or ``"leaky_relu"``, which is 0.01 z where z
        is not above 0, so that no unit is ever without a gradient [2]_.

    Attributes
    ----------
    layer_dims : tuple of int
    activation : str
    weights : list of ndarray, shapes (n_l, n_{l-1})
        Layer l = 1 … L at place l - 1. At first standard normal numbers, rounded to float32,
        scaled as `initialisation` says.
    biases : list of ndarray, shapes (n_l, 1)
        At first zero.

    Raises
    ------
    ParameterError
        If a width is below 1 or beyond all memory, the last is not 1, the seed is out of its
        range, or there is no such initialisation or activation.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into Rectifiers: Surpassing Human-Level
       Performance on ImageNet Classification", ICCV 2015.
    .. [2] A. L. Maas, A. Y. Hannun, A. Y. Ng, "Rectifier Nonlinearities Improve Neural Network
       Acoustic Models", ICML Workshop on Deep Learning for Audio, Speech and Language
       Processing, 2013.
    """

    def __init__(self, layer_dims, seed=0, initialisation="article", activation="relu"):
        for name, value, known in (
            ("initialisation", initialisation, INITIALISATIONS),
            ("activation", activation, SLOPES),
        ):
            if value not in known:
                raise ParameterError(f"{name} must be one of {', '.join(known)}, not {value!r}")
        self.activation = activation
        self.layer_dims = _checked_dims(layer_dims)
        if not 0 <= operator.index(seed) < 2**32:
            raise ParameterError(f"seed must be in 0 … 2**32 - 1, not {seed!r}")
        shapes = [(width, inputs) for inputs, width in pairwise(self.layer_dims)]
        numbers = exact.normals(
            np.random.RandomState(seed), sum(width * inputs for width, inputs in shapes)
        ).astype(np.float32)
        self.weights, start = [], 0
        for width, inputs in shapes:
            draws = numbers[start : start + width * inputs].astype(np.float64)
            draws = draws.reshape(width, inputs)
            self.weights.append(INITIALISATIONS[initialisation](draws, float(inputs)))
            start += width * inputs
        self.biases = [np.zeros((width, 1)) for width, _ in shapes]

    @property
    def depth(self):
        """Number of layers with weights, L."""
        return len(self.weights)

    def forward(self, split):
        """Propagate images through the network.

        Parameters
        ----------
        split : Split of n images

        Returns
        -------
        activations : list of ndarray, shapes (n_l, n)
            Of the hidden layers 1 … L - 1.
        logits : ndarray, shape (1, n)
            What the sigmoid is applied to.

        Raises
        ------
        ParameterError
            If the images have not as many numbers as the network has inputs.
        """
        stack = Stack([self])
        passes = Propagation(stack, split)
        with np.errstate(invalid="ignore"):  # what is out of range is NaN
            grid = exact.integer_grid(self.layer_dims[0])
            sums = np.zeros((grid[1], self.layer_dims[1], len(split)))
            passes.add_products(slice(None), exact.slices(self.weights[0], -1, grid), sums)
            passes.drive(sums)
            passes.forward(stack.sliced()[0])
        # Zeros of either sign are the same number, but not the same bits.
        return [a[0] + 0.0 for a in passes.activations], passes.logits[0] + 0.0

    def predict_proba(self, split):
        """Probability that each image shows a cat, shape (n,)."""
        return exact.sigmoid(self.forward(split)[1])[0]

    def predict(self, split):
        """1 where the probability of a cat is above one half, else 0; int64, shape (n,)."""
        return (self.predict_proba(split) > 0.5).astype(np.int64)

    def accuracy(self, split):
        """Share of the images that `predict` gets right, 0 to 1.

        Raises
        ------
        ParameterError
            If there are no images.
        """
        if not len(split):
            raise ParameterError("there is no accuracy without images")
        return float(np.count_nonzero(self.predict(split) == split.labels) / len(split))

    def copy_from(self, other):
        """Take over the parameters of a network of the same widths."""
        pairs = [(self.weights, other.weights), (self.biases, other.biases)]
        for ours, others in pairs:
            for mine, theirs in zip(ours, others, strict=True):
                mine[...] = theirs

    def copy(self):
        """Return a network of its own with the same parameters."""
        twin = Network.__new__(Network)
        twin.layer_dims, twin.activation = self.layer_dims, self.activation
        twin.weights = [w.copy() for w in self.weights]
        twin.biases = [b.copy() for b in self.biases]
        return twin

    def digest(self):
        """sha256, in hexadecimal, of W1, b1, …, WL, bL as little-endian float64 bytes."""
        sha = hashlib.sha256()
        for weights, biases in zip(self.weights, self.biases, strict=True):
            sha.update(weights.astype("<f8").tobytes())
            sha.update(biases.astype("<f8").tobytes())
        return sha.hexdigest()

    def save(self, path):
        """Write the network to an HDF5 file, datasets ``weights/1`` … and ``biases/1`` ….

        The slope of leaky ReLUs is in a dataset ``slope``; without it, the activation is ReLU.

        Raises
        ------
        ParameterError
            If it cannot be written, or would be larger than `load` reads.
        """
        from ..storage.networks import write_layers

        write_layers(path, self.weights, self.biases, SLOPES[self.activation])

    @classmethod
    def load(cls, path):
        """Read a network that `save` has written.

        Raises
        ------
        ParameterError
            If the file cannot be read, or does not hold one float64 weight and bias array for
            each layer, in shapes that follow on from one another, or a slope that is not known.
        """
        from ..storage.networks import read_layers

        network = cls.__new__(cls)
        network.weights, network.biases, slope = read_layers(path)
        activations = [name for name, known in SLOPES.items() if known == slope]
        if not activations:
            raise ParameterError(f"{path} holds a slope of {slope}, which is not known")
        network.activation = activations[0]
        dims = [network.weights[0].shape[1], *(len(w) for w in network.weights)]
        try:
            network.layer_dims = _checked_dims(dims)
        except ParameterError as error:
            raise ParameterError(f"{path} does not hold a network: {error}") from None
        return network


def _checked_dims(layer_dims):
    dims = tuple(operator.index(width) for width in layer_dims)
    try:
        exact.integer_grid(max(dims[:1], default=1))
        exact.product_grid(max(dims[1:], default=1))
    except ValueError:  # not said: Python does not print whole numbers of any length
        raise ParameterError(
            "layer_dims must be at most 2**43 / 255 first and 2**25 then: wider sums are not exact"
        ) from None
    if sum(inputs * width for inputs, width in pairwise(dims)) > _MOST_WEIGHTS:
        raise ParameterError(
            f"layer_dims must ask for no more weights than a memory can hold, not {list(dims)}"
        )
    if len(dims) < 2 or min(dims) < 1:
        raise ParameterError(
            f"layer_dims must be two widths or more, each at least 1, not {list(dims)}"
        )
    if dims[-1] != 1:
        raise ParameterError(
            f"layer_dims must end with 1, the probability of a cat, not {dims[-1]}"
        )
    return dims
