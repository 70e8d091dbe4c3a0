r"""Which pixels an answer hangs on: the gradient of the logit, and whether it tells of anything.

Back from the logit, with :math:`\delta_L = 1`,

.. math::

    \delta_{l-1} = W_l^\top \delta_l \odot [A_{l-1} > 0], \qquad
    \partial z_L / \partial A_0 = W_1^\top \delta_1.

A map that looks the same whatever the weights are says nothing about what was learned [1]_.

References
----------
.. [1] J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim, "Sanity Checks for
   Saliency Maps", NeurIPS 2018.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from ...arithmetic import exact
from ...engine.propagation import SLOPES

__all__ = ["gradients", "rank_correlation", "sizes", "with_random_top"]


def gradients(network, split):
    """Differentiate the logit of every image with respect to its pixels.

    Parameters
    ----------
    network : Network
    split : Split of n images

    Returns
    -------
    ndarray, shape (n, height, width, 3)
        Of the pixels over 255.
    """
    activations, logits = network.forward(split)
    slope = SLOPES[network.activation]
    delta = np.ones_like(logits)
    for weights, a in zip(network.weights[:0:-1], activations[::-1], strict=True):
        delta = exact.product(weights.T, delta) * np.where(a > 0, 1.0, slope)
    return exact.product(network.weights[0].T, delta).T.reshape(split.images.shape)


def sizes(maps):
    """Return how much each pixel matters, whichever way: the sum over its three colours.

    Parameters
    ----------
    maps : ndarray, shape (n, height, width, 3)

    Returns
    -------
    ndarray, shape (n, height, width)
    """
    red, green, blue = np.moveaxis(np.abs(maps), -1, 0)
    return red + green + blue


def rank_correlation(first, second):
    """Correlate maps by ranks of their pixels (Spearman), image by image.

    Parameters
    ----------
    first, second : ndarray, shape (n, height, width)

    Returns
    -------
    ndarray, shape (n,)
        NaN where a map is the same everywhere, as that of a network without living units.
    """
    ranks = []
    for maps in (first, second):
        of_pixels = rankdata(maps.reshape(len(maps), -1), axis=1)
        ranks.append(of_pixels - (of_pixels.shape[1] + 1) / 2)
    a, b = ranks
    squares = (a * a).sum(axis=1) * (b * b).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return (a * b).sum(axis=1) / np.sqrt(squares)


def with_random_top(network, other, layers):
    """Return a network whose last so many layers are those of another."""
    mixed = network.copy()
    for place in range(network.depth - layers, network.depth):
        mixed.weights[place][...] = other.weights[place]
        mixed.biases[place][...] = other.biases[place]
    return mixed
