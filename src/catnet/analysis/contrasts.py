"""Differences between answers to some images and to others, with limits and a p-value.

Runs and images are both drawn from more: all limits are those of a pigeonhole bootstrap [1]_.

References
----------
.. [1] A. B. Owen, "The Pigeonhole Bootstrap", Annals of Applied Statistics 1, 2007.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arithmetic import exact
from .comparisons import holm
from .crossed import SAMPLES, counts_resampled

__all__ = ["Contrast", "between_arms", "between_groups", "corrected", "mean_of", "paired"]


@dataclass(frozen=True)
class Contrast:
    """A difference of shares.

    Parameters
    ----------
    value : float
    low, high : float
        95 % limits, percentiles of the samples.
    low_90, high_90 : float
        90 % limits.
    p : float
        Two-sided: twice the smaller share of samples on either side of 0, which has at least one.
    """

    value: float
    low: float
    high: float
    low_90: float
    high_90: float
    p: float

    def verdict(self, level=0.05):
        """Judge it: ``"supported"`` above 0, ``"contradicted"`` below, by limits and p, both."""
        if self.p >= level or self.low <= 0 <= self.high:
            return "undecided"
        return "supported" if self.low > 0 else "contradicted"

    def verdict_same(self, margin=0.05):
        """Judge whether there is none: within a margin of 0, by the 90 % limits [1]_.

        References
        ----------
        .. [1] D. J. Schuirmann, "A Comparison of the Two One-Sided Tests Procedure and the Power
           Approach for Assessing the Equivalence of Average Bioavailability", Journal of
           Pharmacokinetics and Biopharmaceutics 15, 1987.
        """
        if -margin < self.low_90 and self.high_90 < margin:
            return "supported"
        return "contradicted" if self.verdict() != "undecided" else "undecided"

    def __str__(self):
        points = 100 * np.array([self.value, self.low, self.high])
        text = "{:+.1f} points ({:+.1f} to {:+.1f})".format(*(points + 0.0))
        return text.replace("-", "\N{MINUS SIGN}")


def paired(first, second, samples=SAMPLES, seed=0):
    """Compare what runs say of images with what the same runs say of versions of them.

    Parameters
    ----------
    first, second : ndarray of bool or float, shape (runs, images)
    samples, seed : int

    Returns
    -------
    Contrast
        Of the mean of `first` less that of `second`.
    """
    return _contrast(*_means(np.asarray(first, float) - second, samples, seed))


def between_groups(first, second, samples=SAMPLES, seed=0):
    """Compare what runs say of some images with what the same runs say of others.

    Parameters
    ----------
    first, second : ndarray of bool or float, shapes (runs, some images) and (runs, others)
        The images of each are drawn anew from among themselves.
    samples, seed : int

    Returns
    -------
    Contrast
    """
    (a, of_a), (b, of_b) = (
        _means(np.asarray(values, float), samples, seed, apart)
        for apart, values in enumerate((first, second))
    )
    return _contrast(a - b, of_a - of_b)


def between_arms(first, second, samples=SAMPLES, seed=0):
    """Compare what some runs say of images with what others say of the same.

    Parameters
    ----------
    first, second : ndarray of bool or float, shapes (some runs, images) and (others, images)
        The runs of each are drawn anew from among themselves.
    samples, seed : int

    Returns
    -------
    Contrast
    """
    random_state = np.random.RandomState(seed)
    images = counts_resampled(random_state, samples, np.shape(first)[1])
    value, drawn = 0.0, np.zeros(samples)
    for sign, values in ((1, first), (-1, second)):
        values = np.asarray(values, float)
        runs = counts_resampled(random_state, samples, len(values))
        value += sign * float(exact.total(values.reshape(1, -1))[0, 0]) / values.size
        drawn += sign * exact.total(exact.product(runs, values) * images)[:, 0] / values.size
    return _contrast(value, drawn)


def mean_of(tables):
    """Return the mean of tables of the same shape, entry by entry."""
    return sum(np.asarray(table, float) for table in tables) / len(tables)


def corrected(contrasts):
    """Correct the p-values of contrasts for their number, by Holm's procedure.

    Parameters
    ----------
    contrasts : dict of str to Contrast

    Returns
    -------
    dict of str to Contrast
    """
    p_values = holm([one.p for one in contrasts.values()])
    return {
        name: replace(one, p=float(p))
        for (name, one), p in zip(contrasts.items(), p_values, strict=True)
    }


def _means(values, samples, seed, apart=0):
    """Mean of a table, and those of tables whose runs and images are drawn anew.

    With the same seed the runs are the same ones, whatever `apart` says of the images.
    """
    runs, images = values.shape
    drawn = counts_resampled(np.random.RandomState(seed), samples, runs)
    others = np.random.RandomState(np.array([seed, 1 + apart], dtype=np.int64))
    sums = exact.product(drawn, values) * counts_resampled(others, samples, images)
    whole = float(exact.total(values.reshape(1, -1))[0, 0]) / values.size
    return whole, exact.total(sums)[:, 0] / values.size


def _contrast(value, drawn):
    limits = np.quantile(drawn, [0.025, 0.975, 0.05, 0.95]).tolist()
    fewest = min(np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0))
    return Contrast(float(value), *limits, min(1.0, 2 * (fewest + 1) / (drawn.size + 1)))
