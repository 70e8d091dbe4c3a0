r"""How the cost curves where a network is: products with its Hessian, and the sharpness.

Pearlmutter's operator :math:`R\{f\}`, the derivative of f when the parameters move along a
direction :math:`(V_l, c_l)`, goes through the passes like any derivative [1]_. With
:math:`\phi'` the slope of the activation, 1 or that of its other side,

.. math::

    R\{Z_l\} &= V_l A_{l-1} + W_l R\{A_{l-1}\} + c_l, \quad
    R\{A_l\} = \phi'(Z_l) \odot R\{Z_l\}, \\
    R\{dZ_L\} &= a (1 - a) \odot R\{Z_L\} / m, \\
    R\{dZ_{l-1}\} &= (V_l^\top dZ_l + W_l^\top R\{dZ_l\}) \odot \phi'(Z_{l-1}), \\
    R\{dW_l\} &= R\{dZ_l\} A_{l-1}^\top + dZ_l R\{A_{l-1}\}^\top, \quad
    R\{db_l\} = \sum_i R\{dZ_{l, i}\},

and :math:`(R\{dW_l\}, R\{db_l\})` is the Hessian times the direction, as exactly as the gradient
is the gradient; differences of gradients would leave half of the digits. Where a unit is at the
corner of its ReLU the second derivative is taken for 0, like the first.

An optimizer that divides the gradient by D takes steps as if the Hessian were
:math:`D^{-1/2} H D^{-1/2}`. Above its stability threshold, the largest eigenvalue makes the steps
along its eigenvector grow from one to the next [2]_.

References
----------
.. [1] B. A. Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation 6, 1994.
.. [2] J. M. Cohen et al., "Adaptive Gradient Methods at the Edge of Stability",
   arXiv:2207.14484, 2022.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...arithmetic import exact
from ...engine.propagation import SLOPES

__all__ = ["Hessian", "Sharpness", "flat", "sharpness", "squared_norm", "stability_threshold"]


def flat(weights, biases):
    """Return parameters, or what has their shapes, as one row: W1, …, WL, b1, …, bL."""
    return np.concatenate([array.ravel() for array in (*weights, *biases)])


class Hessian:
    """The second derivatives of the training cost, without the epsilon that is printed with it.

    Parameters
    ----------
    network : Network
        As it is now: what becomes of it later changes nothing here.
    split : Split of m images

    Attributes
    ----------
    size : int
        Number of parameters, and of rows and columns.
    """

    def __init__(self, network, split):
        self.split, self.weights = split, [w.copy() for w in network.weights]
        self.size = flat(network.weights, network.biases).size
        slope, m = SLOPES[network.activation], len(split)
        self.activations, logits = network.forward(split)
        self.slopes = [np.where(a > 0, 1.0, slope) for a in self.activations]
        a = exact.sigmoid(logits)
        self.curvature = a * exact.sigmoid(-logits) / m  # a (1 - a) / m, also where a is 1
        dz = (a - split.labels) / m
        self.dz = [dz]
        for weights, slopes in zip(self.weights[:0:-1], self.slopes[::-1], strict=True):
            dz = exact.product(weights.T, dz) * slopes
            self.dz.insert(0, dz)
        # Units of the first layer that are off for every image have no part in it.
        seen = self.slopes[0].any(axis=1) if self.slopes else np.ones(1, dtype=bool)
        self.seen = np.flatnonzero(seen)

    def times(self, direction):
        """Return the product with a direction, both laid out as `flat` does.

        Parameters
        ----------
        direction : ndarray, shape (size,)

        Returns
        -------
        ndarray, shape (size,)
        """
        v, c = self._views(direction)
        depth, pixels, seen = len(v), self.split.pixels, self.seen
        moved = np.zeros_like(self.dz[0])  # R{Z_l}
        moved[seen] = exact.integer_product(v[0][seen], pixels) / 255.0
        moved += c[0]
        below = []  # R{A_l}
        for layer in range(1, depth):
            below.append(self.slopes[layer - 1] * moved)
            moved = exact.product(v[layer], self.activations[layer - 1])
            moved += exact.product(self.weights[layer], below[-1])
            moved += c[layer]
        result = np.zeros(self.size)
        of_weights, of_biases = self._views(result)
        error = self.curvature * moved  # R{dZ_l}
        for layer in range(depth - 1, 0, -1):
            of_weights[layer][...] = exact.product(error, self.activations[layer - 1].T)
            of_weights[layer][...] += exact.product(self.dz[layer], below[layer - 1].T)
            of_biases[layer][...] = exact.total(error)
            error_below = exact.product(v[layer].T, self.dz[layer])
            error_below += exact.product(self.weights[layer].T, error)
            error = error_below * self.slopes[layer - 1]
        of_weights[0][seen] = exact.integer_product(error[seen] / 255.0, pixels.T)
        of_biases[0][...] = exact.total(error)
        return result

    def _views(self, row):
        """Return views of a row as weights and biases."""
        shapes = [w.shape for w in self.weights] + [(len(w), 1) for w in self.weights]
        ends = np.cumsum([0, *(np.prod(shape) for shape in shapes)])
        views = [
            row[start:end].reshape(shape)
            for (start, end), shape in zip(pairwise(ends), shapes, strict=True)
        ]
        return views[: len(self.weights)], views[len(self.weights) :]


@dataclass(frozen=True)
class Sharpness:
    """The eigenvalue of largest magnitude, as far as power iteration has come.

    Parameters
    ----------
    value : float
        Rayleigh's quotient: never above the largest eigenvalue.
    residual : float
        Norm of what the vector lacks of an eigenvector, over `value`: an eigenvalue lies within
        this share of it.
    """

    value: float
    residual: float


def sharpness(hessian, divisors=None, steps=20, seed=0):
    """Find the largest eigenvalue of a Hessian, or of what an optimizer sees of it.

    Parameters
    ----------
    hessian : Hessian
    divisors : ndarray, shape (hessian.size,), optional
        D, what the optimizer divides each gradient by, laid out as `flat` does; without it, 1.
    steps : int
        Products with the Hessian.
    seed : int
        Of the normal numbers that the vector begins with.

    Returns
    -------
    Sharpness
    """
    vector = exact.normals(np.random.RandomState(seed), hessian.size)
    vector /= np.sqrt(squared_norm(vector))
    root = None if divisors is None else np.sqrt(divisors)
    for step in range(steps):
        if root is None:
            image = hessian.times(vector)
        else:
            image = hessian.times(vector / root)
            image /= root
        square = squared_norm(image)
        if step == steps - 1:
            value = float(exact.total(vector * image)[0])
            rest = np.sqrt(max(square - value * value, 0.0))
            return Sharpness(value, float(rest / abs(value)) if value else 0.0)
        if not square:
            return Sharpness(0.0, 0.0)
        vector = np.divide(image, np.sqrt(square), out=vector)
    raise ValueError("power iteration needs one step at least")


def squared_norm(*arrays):
    """Return the sum of the squares of all numbers of some arrays."""
    return float(sum(exact.total((array * array).ravel())[0] for array in arrays))


def stability_threshold(optimizer):
    r"""Return the sharpness above which an optimizer's steps grow, on a quadratic cost.

    Of gradient descent it is :math:`2 / \alpha`, with an average of the gradient's over time
    :math:`(2 + 2 \beta_1) / ((1 - \beta_1) \alpha)`; for Adam that of the preconditioned Hessian
    counts.

    Parameters
    ----------
    optimizer : GradientDescent or Adam
    """
    beta1 = getattr(optimizer, "beta1", 0.0)
    return (2.0 + 2.0 * beta1) / ((1.0 - beta1) * optimizer.learning_rate)
