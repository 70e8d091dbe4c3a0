"""The cost and its gradient by back-propagation."""

from __future__ import annotations

import numpy as np

from ..arithmetic import exact
from .propagation import Propagation
from .stack import Stack

__all__ = ["backpropagate", "cross_entropy", "cross_entropy_from_logits"]

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
    return float(mean_costs(exact.sigmoid(logits), labels, epsilon)[0])


def cross_entropy_from_logits(logits, labels):
    r"""Binary cross-entropy without any epsilon, as frameworks compute it: from the logits.

    .. math:: J = \frac1m \sum_i \max(-s_i, 0) + \ln(1 + e^{-|s_i|}), \quad
        s_i = (2 y_i - 1) z_i

    No probability is rounded to 0 or 1 on the way, so no logarithm is of 0. Its gradient is the
    one of `backpropagate`.

    Parameters
    ----------
    logits : ndarray, shape (1, m)
    labels : ndarray of 0 and 1, shape (m,)

    Returns
    -------
    float
        In nats. Infinite only where a logit is.

    References
    ----------
    P. Blanchard, D. J. Higham, N. J. Higham, "Accurately computing the log-sum-exp and softmax
    functions", IMA Journal of Numerical Analysis 41, 2021.
    """
    signed = np.where(labels == 1, logits, -logits)
    t = exact.exp(-np.abs(signed))
    u = 1.0 + t
    # ln(1 + t): what 1 + t rounds away comes back as a factor (Kahan).
    tiny = u == 1.0
    rest = np.where(tiny, t, exact.log(u) * t / np.where(tiny, 1.0, u - 1.0))
    costs = np.maximum(-signed, 0.0) + rest
    if np.isposinf(costs).any():
        return np.inf  # `total` would make it NaN
    return float(exact.total(costs)[0, 0]) / labels.size


def mean_costs(probabilities, labels, epsilon):
    """`cross_entropy` of probabilities, shape (…, m), for all of a stack: shape (…,)."""
    right = np.where(labels == 1, probabilities, 1.0 - probabilities)
    logs = exact.log(right + epsilon)
    costs = -exact.total(logs)[..., 0] / labels.size
    # Infinite logarithms have a sum, too; `total` makes it NaN.
    return np.where(logs.min(-1, initial=0.0) == -np.inf, np.inf, costs)


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
    stack = Stack([network])
    passes = Propagation(stack, split)
    for mine, theirs in zip(passes.activations, activations, strict=True):
        mine[0] = theirs
    passes.logits[0] = logits
    passes.probabilities = exact.sigmoid(passes.logits)
    with np.errstate(invalid="ignore"):  # what is out of range is NaN
        passes.backward(stack.sliced()[1])
        passes.cut_first()
    first = passes.first_gradient(slice(None), np.empty_like(stack.first))
    weights = [w[0] for w in (first, *passes.weights[1:])]
    # One BLAS writes -0.0 where another writes 0.0.
    return [w + 0.0 for w in weights], [b[0] for b in passes.biases]
