"""What needs whole rows of the first layer: norms and means of its gradient, means of its update.

They are taken exactly, and outside the strips: no number depends on how the layer is cut.
"""

from __future__ import annotations

import numpy as np

from ...arithmetic import exact

__all__ = ["BLOCKABLE", "Blocking", "Centralising", "Clipping"]

BLOCKABLE = ("up", "down", "both")


class Clipping:
    """Shortens gradients that are longer than their member's `clip_norm`.

    The norm must be known before the first strip is updated. Its sums of squares are exact row by
    row, so that no number depends on the strips.
    """

    def __init__(self, stack, members):
        bounds = [np.inf if m.clip_norm is None else m.clip_norm for m in members]
        self.bounds = np.array(bounds)[:, np.newaxis]
        self.first = np.array([1 not in member.frozen_layers for member in members])
        self.rest = np.zeros(stack.rest.shape, bool)  # what is trained
        for trained, member in zip(self.rest, members, strict=True):
            layers = set(range(1, len(stack.layer_dims))) - member.frozen_layers
            for part in stack.parts_of(layers):
                trained[part] = True

    def keep(self, places):
        """Keep the members at these places."""
        self.bounds, self.first = self.bounds[places], self.first[places]
        self.rest = self.rest[places]

    def measure(self, first, rest, workers):
        """Take the norms of the gradient of all that a member trains."""
        rows = np.zeros(first.shape[:2])

        def add(place, number):
            rows[place] = _squares(first[place])[:, 0]

        clipped = np.isfinite(self.bounds[:, 0])
        workers.each(add, np.flatnonzero(clipped & self.first))
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.where(self.rest, rest * rest, 0.0)
            norms = np.sqrt(exact.total(np.concatenate([rows, squares], axis=1)))
            within = (norms <= self.bounds) | ~clipped[:, np.newaxis]
            self.factors = np.where(within, 1.0, self.bounds / norms)

    def apply(self, gradients):
        """Shorten gradients, shape (S, …), in place."""
        # One that is out of range is NaN.
        with np.errstate(invalid="ignore"):
            gradients *= self.factors.reshape(-1, *[1] * (gradients.ndim - 1))


def _squares(gradient):
    with np.errstate(over="ignore"):
        return exact.total(gradient * gradient)


class Centralising:
    """Takes the mean of each unit's first-layer gradient off it, for the members that want it.

    It must be known before the first strip is updated.

    References
    ----------
    H. Yong, J. Huang, X. Hua, L. Zhang, "Gradient Centralization: A New Optimization Technique
    for Deep Neural Networks", ECCV 2020, equation (1).
    """

    def __init__(self, members):
        self.wanted = np.array([member.centralise_gradient for member in members])

    def keep(self, places):
        """Keep the members at these places."""
        self.wanted = self.wanted[places]

    def measure(self, gradients, workers):
        """Take the means of gradients of shape (S, n_1, n_0)."""
        self.means = np.zeros((*gradients.shape[:2], 1))

        def take(place, number):
            self.means[place] = exact.total(gradients[place]) / gradients.shape[-1]

        workers.each(take, np.flatnonzero(self.wanted))

    def apply(self, gradients):
        """Take them off gradients of some pixels, shape (S, n_1, …), in place."""
        gradients -= self.means


class Blocking:
    """Takes the mean of each unit's first-layer update back, where it has the blocked sign.

    An intervention: of the mean of what an update adds to a unit's weights, the members do
    without the part that is positive ("up"), negative ("down"), or either ("both").
    """

    def __init__(self, members):
        blocked = [member.block_mean for member in members]
        self.up = np.array([block in ("up", "both") for block in blocked])
        self.down = np.array([block in ("down", "both") for block in blocked])

    def keep(self, places):
        """Keep the members at these places."""
        self.up, self.down = self.up[places], self.down[places]

    def begin(self, first, workers):
        """Remember the sums of the weights, shape (S, n_1, n_0), before an update."""
        self.before = self._totals(first, workers)

    def end(self, first, workers):
        """Take what is blocked back after it."""
        change = (self._totals(first, workers) - self.before) / first.shape[-1]
        blocked = np.zeros(change.shape, bool)
        blocked |= (change > 0) & self.up[:, np.newaxis, np.newaxis]
        blocked |= (change < 0) & self.down[:, np.newaxis, np.newaxis]

        def take(place, number):
            first[place] -= np.where(blocked[place], change[place], 0.0)

        workers.each(take, np.flatnonzero(blocked.any(axis=(1, 2))))

    def _totals(self, first, workers):
        totals = np.zeros((*first.shape[:2], 1))

        def take(place, number):
            totals[place] = exact.total(first[place])

        workers.each(take, np.flatnonzero(self.up | self.down))
        return totals
