r"""Adam's first update against the spread of what it moves, from the images alone.

Before training a unit of the first layer gives image i the number :math:`z_i = w^\top x_i`, and
over all units :math:`z \sim N(0, X^\top X / n)` where the n weights are drawn with a variance of
1 / n. Adam's first update moves every weight by about :math:`\alpha`, whatever its gradient. Where
all inputs are positive the gradients of a unit's weights mostly agree in sign, so the update moves
:math:`z_i` by :math:`\mp\alpha \sum_k x_{ki}`: half of the units down, half of them up.
"""

from __future__ import annotations

import numpy as np

from ..arithmetic import exact

__all__ = ["predicted_share_off", "push_against_spread", "simulated_outputs"]


def push_against_spread(split, learning_rate):
    r"""How far Adam's first update moves a unit's outputs, in their standard deviations.

    .. math:: \rho_i = \alpha \sum_k x_{ki} \Big/ \sqrt{\tfrac1n \sum_k x_{ki}^2}

    Well below 1 the update changes little; from 1 on it decides, for a good part of the units,
    whether they are on or off, and the more alike the images are, the more for all of these at
    once.

    Parameters
    ----------
    split : Split of m images
    learning_rate : float
        :math:`\alpha`.

    Returns
    -------
    ndarray, shape (m,)
        Of either sign, where the images are centred.
    """
    pixels = split.pixels  # whole numbers, so these sums are exact in any order
    spread = np.sqrt((pixels * pixels).sum(axis=0) / len(pixels))
    return learning_rate * pixels.sum(axis=0) / spread


def simulated_outputs(split, units=10_000, seed=0):
    """Draw what units give the images before training: z of the notes above.

    Parameters
    ----------
    split : Split of m images
    units : int
    seed : int

    Returns
    -------
    ndarray, shape (units, m)
    """
    pixels = split.pixels
    # Products of whole numbers, which BLAS sums exactly.
    root = _cholesky((pixels.T @ pixels) / (255.0**2 * len(pixels)))
    normals = exact.normals(np.random.RandomState(seed), units * len(root))
    return exact.product(normals.reshape(units, -1), root.T)


def predicted_share_off(split, learning_rate, outputs):
    r"""Share of the first layer's units that are off for all images after Adam's first update.

    .. math:: \tfrac12 P\big(\max_i (z_i - \alpha \textstyle\sum_k x_{ki}) \le 0\big)

    Parameters
    ----------
    split : Split of m images
    learning_rate : float
    outputs : ndarray, shape (units, m)
        From `simulated_outputs`.

    Returns
    -------
    float
    """
    pushed = outputs - learning_rate * (split.pixels.sum(axis=0) / 255.0)
    return float(np.mean(pushed.max(axis=1) <= 0)) / 2


def _cholesky(matrix):
    """Lower triangular L with L L' = matrix, from operations that are the same everywhere.

    LAPACK's order of summation is not. A column without a remainder, as of an image that is there
    twice, stays zero.
    """
    rest, root = matrix.copy(), np.zeros_like(matrix)
    least = 1e-12 * matrix.diagonal().max(initial=0.0)
    for k in range(len(matrix)):
        if rest[k, k] > least:
            root[k:, k] = rest[k:, k] / np.sqrt(rest[k, k])
            rest[k:, k:] -= root[k:, k, np.newaxis] * root[k:, k]
    return root
