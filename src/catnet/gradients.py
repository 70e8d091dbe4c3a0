"""The cost and its gradient by back-propagation."""

from __future__ import annotations

import numpy as np

from . import exact

__all__ = ["backpropagate", "cross_entropy"]

COST_EPSILON = 1e-6
"""What the article adds inside the logarithms of its cost."""


def cross_entropy(logits, labels, epsilon=COST_EPSILON):
    r"""Binary cross-entropy, the mean over the examples.

    .. math:: J = -\frac1m \sum_i y_i \ln(a_i + \epsilon) + (1 - y_i) \ln(1 - a_i + \epsilon)

    Parameters
    ----------
    logits : ndarray, shape (1, m)
    labels : ndarray of 0 and 1, shape (m,)
    epsilon : float
        Keeps the logarithm of an output of exactly 0 or 1 finite. `backpropagate` is the
        gradient of the cost without it, as the article's is: the two differ by about
        epsilon where an output is undecided, more where it is saturated.

    Returns
    -------
    float
        In nats. Infinite where epsilon is 0 and an output is wrong without any doubt.
    """
    a = exact.sigmoid(logits)
    right = np.where(labels == 1, a, 1.0 - a)
    logs = exact.log(right + epsilon)
    if logs.min(initial=0.0) == -np.inf:  # which `total` would make NaN
        return float(np.inf)
    return float(-exact.total(logs)[0, 0] / labels.size)


def backpropagate(network, split, activations, logits):
    """Gradient of the cross-entropy (with epsilon = 0) with respect to the parameters.

    It begins at the logits, where the derivative is ``(a - y) / m``: a saturated output
    then gives no 0/0.

    Parameters
    ----------
    network : Network
    split : Split of m images
    activations, logits
        What ``network.forward(split)`` returned.

    Returns
    -------
    weights, biases : lists of ndarray
        In the shapes of ``network.weights`` and ``network.biases``.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by
    back-propagating errors", Nature 323, 1986.
    """
    weights, biases = [], []
    dz = (exact.sigmoid(logits) - split.labels) / len(split)
    for layer in reversed(range(1, network.depth)):
        below = activations[layer - 1]
        weights.append(exact.product(dz, below.T))
        biases.append(exact.total(dz))
        dz = exact.product(network.weights[layer].T, dz) * (below > 0)
    weights.append(exact.integer_product(dz / 255.0, split.pixels.T))
    biases.append(exact.total(dz))
    return weights[::-1], biases[::-1]
