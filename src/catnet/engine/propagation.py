r"""Propagation through a stack of networks, forward to the logits and back to the gradient.

With :math:`A_0 = P / 255`, the pixels :math:`P` being integers (less an offset, if the split
has one),

.. math::

    Z_l &= W_l A_{l-1} + b_l, \quad A_l = \max(0, Z_l), \\
    dZ_L &= w_y (\sigma(Z_L) - y) / m, \quad
    dZ_{l-1} = W_l^\top dZ_l \odot [A_{l-1} > 0], \\
    dW_l &= dZ_l A_{l-1}^\top, \quad db_l = \sum_i dZ_{l, i}.

the weights :math:`w` of the classes being 1 unless `weigh` sets others. With leaky ReLUs,
:math:`s Z_l` takes the place of 0 where :math:`Z_l` is not above it, and :math:`s = 0.01` that
of the 0 of :math:`[A_{l-1} > 0]`. With dropout :math:`A_l` and :math:`[A_l > 0]` are multiplied
with factors, 0 for what is left out.

Every product is one of `catnet.exact`, whose slices are made once where several products share
them.

References
----------
D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating
errors", Nature 323, 1986.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import prod

import numpy as np

from ..arithmetic import exact
from ..errors import ParameterError

__all__ = ["SLOPES", "Propagation"]

AT_ONCE = 2**17  # products of slices taken before they are added up: more leave the cache

SLOPES = {"relu": 0.0, "leaky_relu": 0.01}
"""Slope of each activation where its argument is not above 0."""


class Propagation:
    """What a stack of S networks makes of m images, in buffers that are made once.

    Parameters
    ----------
    stack : Stack
    split : Split of m images

    Attributes
    ----------
    driven : ndarray, shape (S, n_1, m)
        What the images drive the first layer with, W1 P / 255; see `drive`.
    activations : list of ndarray, shapes (S, n_l, m)
        Of the hidden layers 1 … L - 1, after `forward`.
    logits : ndarray, shape (S, 1, m)
        What the sigmoid is applied to, after `forward`.
    probabilities : ndarray, shape (S, 1, m)
        What it makes of them.
    weights, biases : lists of ndarray
        The gradient, in the shapes of the stack's; after `backward`. That of the first layer's
        weights is left out: None, see `first_gradient`.
    scaled : ndarray, shape (S, n_1, m)
        dZ1 / 255, what the images are multiplied with for it.

    Raises
    ------
    ParameterError
        If the images have not as many numbers as the networks have inputs.
    """

    def __init__(self, stack, split):
        inputs = prod(split.images.shape[1:])
        if inputs != stack.layer_dims[0]:
            raise ParameterError(
                f"layer_dims must begin with the images' {inputs} numbers, "
                f"not with {stack.layer_dims[0]}"
            )
        self.stack, self.split = stack, split
        self.slope = SLOPES[stack.activation]
        widths = stack.layer_dims[1:]
        self.driven = np.empty((len(stack), widths[0], len(split)))
        # All layers below one another, so that what is alike for all is done in one go; of each
        # unit the members, so that what is alike for all units is done in lines as long as a stack.
        outputs = _swap(np.empty((sum(widths), len(stack), len(split))))
        self.layers = [slice(*ends) for ends in pairwise(accumulate(widths, initial=0))]
        self.z = [outputs[:, layer] for layer in self.layers]
        self.activations, self.logits = self.z[:-1], self.z[-1]
        self.hidden = outputs[:, : -widths[-1]]
        self.errors = np.empty_like(outputs)  # dZ
        self.class_weights = self.image_weights = self.factors = None
        self.dz = [self.errors[:, layer] for layer in self.layers]
        self._room = _Room()
        self.rest = np.empty_like(stack.rest)
        self.weights, self.biases = stack.views(None, self.rest)

    def weigh(self, class_weights):
        """Weigh the errors of each class; a member's weights are a pair, or None for 1 and 1."""
        if any(pair is not None for pair in class_weights):
            table = np.array([(1.0, 1.0) if pair is None else pair for pair in class_weights])
            self.class_weights = table
            self.image_weights = table[:, np.newaxis, self.split.labels]

    def show(self, split):
        """Take other images, as many as before."""
        self.split = split
        if self.class_weights is not None:
            self.image_weights = self.class_weights[:, np.newaxis, split.labels]

    def add_products(self, pixels, sliced, sums):
        """Add the products of some pixels with their weights, which are exact sums.

        Parameters
        ----------
        pixels : slice
        sliced : ndarray, shape (count, S n_1, pixels)
            The first layer's weights, the members' one below the other, in slices.
        sums : ndarray, shape (count, S n_1, m)
        """
        for place, numbers in self.split.blocks(pixels):
            for part, total in zip(sliced, sums, strict=True):
                total[:, place] += part @ numbers

    def drive(self, sums, rows=slice(None)):
        """Take over the products of all pixels, for some rows of weights; see `add_products`."""
        total = sums[-1]
        for part in sums[-2::-1]:
            total = part + total
        members, width, images = self.driven.shape
        self.driven.reshape(members * width, images)[rows] = total / 255.0

    def forward(self, sliced, factors=None):
        """Go from the first layer to the logits.

        Parameters
        ----------
        sliced : list of ndarray
            The weights of the other layers; see `Stack.sliced`.
        factors : ndarray, shape (S, n_1 + … + n_{L-1}, m), optional
            What the activations of the hidden layers are multiplied with.
        """
        self.factors, signed = factors, self.slope > 0
        z = np.add(self.driven, self.stack.biases[0], out=self.z[0])
        for layer, weights in enumerate(sliced, start=1):
            # A zero may have either sign on some machines: no slice has it.
            a = np.maximum(z, self.slope * z if self.slope else 0.0, out=z)
            if factors is not None:
                a *= factors[:, self.layers[layer - 1]]
            z = self._multiply(weights, self._slices(a, -2, signed), self.z[layer])
            z += self.stack.biases[layer]
        self.probabilities = exact.sigmoid(self.logits)

    def backward(self, sliced):
        """Go back to the gradient of all parameters but the first layer's weights.

        `sliced` are the transposed weights of the other layers.
        """
        m = len(self.split)
        dz = np.subtract(self.probabilities, self.split.labels, out=self.dz[-1])
        dz /= m
        if self.image_weights is not None:
            dz *= self.image_weights
        for layer in range(len(sliced), 0, -1):
            dz = self._multiply(sliced[layer - 1], self._slices(dz, -2), self.dz[layer - 1])
            on = self.activations[layer - 1] > 0
            dz *= np.where(on, 1.0, self.slope) if self.slope else on
            if self.factors is not None:
                dz *= self.factors[:, self.layers[layer - 1]]
        first = self.layers[0].stop  # its weights have a way of their own: see `cut_first`
        lines = _swap(self.errors)
        grid = exact.total_grid(m)
        room = self._room.empty("slices", grid[1], *lines.shape)
        largest = exact.largest(lines, -1)
        totals = exact.sum_slices(exact.slices(lines, -1, grid, room, largest), -1)
        for biases, place in zip(self.biases, self.layers, strict=True):
            biases[...] = _swap(totals[place])
        errors = self._slices(self.errors[:, first:], -1, use="errors", largest=largest[first:])
        inputs = self._slices(self.hidden, -1, self.slope > 0).swapaxes(-1, -2)
        for layer, (below, this) in enumerate(pairwise(self.layers), start=1):
            left = errors[:, :, this.start - first : this.stop - first]
            self._multiply(left, inputs[..., below], self.weights[layer])
        self.scaled = np.divide(
            self.dz[0], 255.0, out=self._room.empty("scaled", *self.dz[0].shape)
        )

    def _slices(self, array, axis, signed=True, use="slices", largest=None):
        grid = exact.product_grid(array.shape[axis])
        lines, axis = _swap(array), -3 if axis == -2 else axis
        room = self._room.empty(use, grid[1], *lines.shape)
        if largest is None:
            largest = exact.largest(lines, axis, signed)
        return _swap(exact.slices(lines, axis, grid, room, largest))

    def _multiply(self, left, right, out):
        count, (members, units, columns) = len(left), out.shape
        of_one = count * count * units * columns
        some = min(max(AT_ONCE // max(of_one, 1), 1), members)
        room = _swap(self._room.empty("products", count, count, units, some, columns))
        if some == members:  # a lone network, say: it is spared the views
            return exact.multiply(left, right, out, room)
        for start in range(0, members, some):
            these = slice(start, start + some)
            result = out[these]
            exact.multiply(left[:, these], right[:, these], result, room[:, :, : len(result)])
        return out

    def cut_first(self):
        """Cut dZ1 / 255 into the slices that `first_gradient` takes."""
        grid = exact.integer_grid(len(self.split))
        room = self._room.empty("first errors", grid[1], *self.scaled.shape)
        self.first_errors = exact.slices(self.scaled, -1, grid, room)

    def first_gradient(self, pixels, out):
        """Give the gradient of the first layer's weights of some pixels, dZ1 P' / 255.

        Of all pixels it may be asked for piece by piece, once `cut_first` is done.

        Parameters
        ----------
        pixels : slice
        out : ndarray, shape (S, n_1, pixels)
            Where to put it. Its zeros may have either sign.
        """
        return self.to_pixels(self.first_errors, pixels, out)

    def to_pixels(self, parts, pixels, out):
        """Combine the images, by coefficients that are in slices, to weights of some pixels.

        Parameters
        ----------
        parts : ndarray, shape (count, …, m)
        pixels : slice
        out : ndarray, shape (…, pixels)
        """
        flat = out.reshape(-1, out.shape[-1])
        self._sum_blocks(parts[-1], pixels, flat)
        for part in parts[-2::-1]:
            flat += self._sum_blocks(part, pixels, np.empty_like(flat))
        return out

    def _sum_blocks(self, coefficients, pixels, out):
        """Multiply one slice with the images: a sum that is exact, block by block too."""
        coefficients = coefficients.reshape(len(out), coefficients.shape[-1])
        more = None
        for place, numbers in self.split.blocks(pixels):
            if place.start == 0:
                np.matmul(coefficients[:, place], numbers.T, out=out)
            else:
                more = np.empty_like(out) if more is None else more
                out += np.matmul(coefficients[:, place], numbers.T, out=more)
        return out


def _swap(array):
    """Swap the axes of the members and of their units."""
    return array.swapaxes(-2, -3)


class _Room:
    """Arrays that are made once; those for the same use have the same memory, one after the other.

    Memory that is fresh, or not in the cache, costs more than what is computed in it.
    """

    def __init__(self):
        self._memory, self._arrays = {}, {}

    def empty(self, use, *shape):
        """Return an array of a shape, which may hold anything."""
        found = self._arrays.get((use, shape))
        return self._make(use, shape) if found is None else found

    def _make(self, use, shape):
        size = prod(shape)
        if use not in self._memory or self._memory[use].size < size:
            self._memory[use] = np.empty(size)
            self._arrays = {key: array for key, array in self._arrays.items() if key[0] != use}
        self._arrays[use, shape] = self._memory[use][:size].reshape(shape)
        return self._arrays[use, shape]
