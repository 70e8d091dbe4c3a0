"""What moves all weights of a first-layer unit together: the mean of its gradient or its update.

Both are sums over a whole row, so they are taken exactly and outside the strips: no number
depends on how the layer is cut.
"""

from __future__ import annotations

import numpy as np

from ..arithmetic import exact

__all__ = ["BLOCKABLE", "Blocking", "Centralising"]

BLOCKABLE = ("up", "down", "both")


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
