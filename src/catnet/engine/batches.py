"""Which images a network is shown at an update, and which of its units are left out.

Everything here follows from a member's seed and the number of the update, by `RandomState`, whose
streams are frozen [1]_: it does not matter what else is trained beside it, nor what came before.

References
----------
.. [1] R. Kern, "NEP 19: Random number generator policy", 2018.
"""

from __future__ import annotations

import numpy as np

__all__ = ["Batches", "kept_units"]

ORDER, CHANGES, UNITS = range(3)  # what random numbers are for: a stream each


def _random(member, purpose, number):
    return np.random.RandomState([member.seed, purpose, number])


class Batches:
    """The images of each update, as one member sees them: a part of them, or changed, or both.

    Every epoch goes through all images once, in a new order; the last batch of an epoch is smaller
    where the images do not come out even [1]_.

    Parameters
    ----------
    member : catnet.Member
    split : Split
        All images to train on.

    Attributes
    ----------
    in_epoch : int
        How many updates an epoch has.

    References
    ----------
    .. [1] L. Bottou, "Stochastic Gradient Descent Tricks", Neural Networks: Tricks of the Trade,
       2nd edition, 2012.
    """

    def __init__(self, member, split):
        self.member, self.split = member, split
        self.size = min(member.batch_size or len(split), len(split))
        self.in_epoch = -(-len(split) // self.size)
        self._epoch = None

    def at(self, update):
        """Return the images of an update, counted from 0, as a `Split`."""
        epoch, place = divmod(update, self.in_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = _random(self.member, ORDER, epoch).permutation(len(self.split))
        batch = self.split.batch(self._order[place * self.size : (place + 1) * self.size])
        if self.member.augmentation is not None:
            random_state = _random(self.member, CHANGES, update)
            batch = self.member.augmentation.changed(batch, random_state)
        return batch


def kept_units(members, update, units, images):
    """Return what dropout multiplies the activations of hidden units with.

    A unit is left out for an image with probability p, the others are multiplied with 1 / (1 - p)
    ("inverted"), so that nothing need be done when the network is asked [1]_.

    Parameters
    ----------
    members : sequence of catnet.Member
    update : int
        Its number, from 0.
    units, images : int
        How many hidden units a member has, and how many images it is shown.

    Returns
    -------
    ndarray of float64, shape (members, units, images), or None
        None where no member has dropout.

    References
    ----------
    .. [1] N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: A
       Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014.
    """
    if not any(member.dropout for member in members):
        return None
    factors = np.ones((len(members), units, images))
    for place, member in enumerate(members):
        if member.dropout:
            chance = _random(member, UNITS, update).random_sample((units, images))
            factors[place] = np.where(chance < member.dropout, 0.0, 1 / (1 - member.dropout))
    return factors
