"""A stack: the parameters of networks of the same widths in arrays that are trained at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..arithmetic import exact
from ..errors import ParameterError

__all__ = ["Stack"]


class Stack:
    """The parameters of S networks, in arrays with the members along their first axis.

    Parameters
    ----------
    networks : sequence of Network
        At least one, all of the same widths and activation. Their parameters are copied.

    Attributes
    ----------
    layer_dims : tuple of int
    activation : str
    first : ndarray, shape (S, n_1, n_0)
        Weights of the first layer, which are nearly all there are.
    rest : ndarray, shape (S, r)
        All other parameters of a member in one row: b1, W2, b2, …, WL, bL.
    weights, biases : lists of ndarray, shapes (S, n_l, n_{l-1}) and (S, n_l, 1)
        Views of `first` and `rest`.

    Raises
    ------
    ParameterError
        If the widths or activations differ, or a parameter is not as `Network` describes it.
    """

    def __init__(self, networks):
        self.layer_dims, self.activation = networks[0].layer_dims, networks[0].activation
        for network in networks:
            if network.layer_dims != self.layer_dims:
                raise ParameterError(
                    "networks of one stack need the same layer_dims, not "
                    f"{list(self.layer_dims)} and {list(network.layer_dims)}"
                )
            if network.activation != self.activation:
                raise ParameterError(
                    "networks of one stack need the same activation, not "
                    f"{self.activation} and {network.activation}"
                )
            _check_arrays(network)
        first = np.stack([network.weights[0] for network in networks])
        rest = np.zeros((len(networks), self.places(self.layer_dims)[-1][-1].stop))
        weights, biases = self.views(first, rest)
        for member, network in enumerate(networks):
            for mine, theirs in zip(weights[1:], network.weights[1:], strict=True):
                mine[member] = theirs
            for mine, theirs in zip(biases, network.biases, strict=True):
                mine[member] = theirs
        # 0.0 is added so that no weight is -0.0: then the sign of a gradient's zero never shows.
        self._hold(first + 0.0, rest + 0.0)

    def _hold(self, first, rest):
        self.first, self.rest = first, rest
        self.weights, self.biases = self.views(first, rest)
        numbers = np.arange(rest.shape[1])
        matrices = []
        for layer, (weights, _) in enumerate(self.places(self.layer_dims)[1:], start=1):
            matrix = numbers[weights].reshape(self.weights[layer].shape[1:])
            matrices += [matrix, matrix.T]
        self._matrices = exact.Matrices(matrices, len(first))

    def take(self, places):
        """Return a stack of the members at these places."""
        smaller = Stack.__new__(Stack)
        smaller.layer_dims, smaller.activation = self.layer_dims, self.activation
        smaller._hold(self.first[places], self.rest[places])
        return smaller

    def __len__(self):
        return len(self.first)

    @staticmethod
    def places(layer_dims):
        """Return where a layer's parameters lie in a row of `rest`.

        Returns
        -------
        list of (slice, slice)
            Of the weights and of the biases of layer 1 … L; layer 1 has no weights there.
        """
        places, start = [], 0
        for layer, (inputs, width) in enumerate(pairwise(layer_dims)):
            end = start + (width * inputs if layer else 0)
            places.append((slice(start, end), slice(end, end + width)))
            start = end + width
        return places

    def views(self, first, rest):
        """Return weights and biases, by layer, as views of arrays laid out like these."""
        weights, biases = [first], []
        pairs = zip(pairwise(self.layer_dims), self.places(self.layer_dims), strict=True)
        for layer, ((inputs, width), (of_weights, of_biases)) in enumerate(pairs):
            if layer:
                weights.append(rest[:, of_weights].reshape(-1, width, inputs))
            biases.append(rest[:, of_biases].reshape(-1, width, 1))
        return weights, biases

    def sliced(self):
        """Return the weights of layers 2 … L in slices, all cut in one go.

        Returns
        -------
        forward, backward : lists of ndarray
            Of layer l at place l - 2: the weights, shape (count, S, n_l, n_{l-1}), in slices
            along their rows; and their transposes, in slices along the rows of these.
        """
        views = self._matrices.slices(self.rest)
        return views[0::2], views[1::2]

    def parts_of(self, layers, weights=True, biases=True):
        """Return the parts of a row of `rest` that are of these layers, as few as can be."""
        parts = []
        for layer, both in enumerate(self.places(self.layer_dims), start=1):
            for place, wanted in zip(both, (weights, biases), strict=True):
                if layer not in layers or not wanted or place.start == place.stop:
                    continue
                if parts and parts[-1].stop == place.start:
                    place = slice(parts.pop().start, place.stop)
                parts.append(place)
        return parts

    def copy_to(self, member, network):
        """Give a network the parameters of a member."""
        for mine, theirs in zip(
            [*self.weights, *self.biases], [*network.weights, *network.biases], strict=True
        ):
            theirs[...] = mine[member]


def _check_arrays(network):
    """See that nobody has given a network arrays of another kind: float32 has other bits."""
    shapes = [(width, inputs) for inputs, width in pairwise(network.layer_dims)]
    for kind, arrays, expected in (
        ("weights", network.weights, shapes),
        ("biases", network.biases, [(width, 1) for width, _ in shapes]),
    ):
        found = [(getattr(a, "dtype", type(a).__name__), np.shape(a)) for a in arrays]
        if found != [(np.dtype(np.float64), shape) for shape in expected]:
            raise ParameterError(
                f"{kind} must be float64 arrays of shapes {', '.join(map(str, expected))}, not "
                f"{', '.join(f'{dtype} {shape}' for dtype, shape in found)}"
            )
