"""Shares of runs, and differences between arms that share their seeds, with their limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap, norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

__all__ = [
    "Paired",
    "Share",
    "clustered_interval",
    "compare",
    "holm",
    "images_needed",
    "share",
    "smallest_lead",
    "verdict",
    "verdict_of_all",
]


@dataclass(frozen=True)
class Share:
    """A share of runs.

    Parameters
    ----------
    count, of : int
    low, high : float
        Wilson's 95 % limits [1]_.

    References
    ----------
    .. [1] E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
       Journal of the American Statistical Association 22, 1927.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self):
        """The share itself."""
        return self.count / self.of

    def __str__(self):
        return f"{100 * self.value:.0f} % ({100 * self.low:.0f} to {100 * self.high:.0f} %)"


def share(hits):
    """Return the share of true entries of a boolean array, as a `Share`."""
    hits = np.asarray(hits, dtype=bool)
    low, high = proportion_confint(int(hits.sum()), hits.size, method="wilson")
    return Share(int(hits.sum()), hits.size, float(low), float(high))


@dataclass(frozen=True)
class Paired:
    """The difference of two shares whose runs are pairs, such as of the same seed.

    Parameters
    ----------
    difference : float
    low, high : float
        95 % limits: Newcombe's method 10 [1]_.
    first_only, second_only : int
        Pairs that are a hit in one arm alone.
    p : float
        Of McNemar's exact test, two-sided.

    References
    ----------
    .. [1] R. G. Newcombe, "Improved Confidence Intervals for the Difference between Binomial
       Proportions Based on Paired Data", Statistics in Medicine 17, 1998.
    """

    difference: float
    low: float
    high: float
    first_only: int
    second_only: int
    p: float

    def __str__(self):
        points = 100 * np.array([self.difference, self.low, self.high])
        text = "{:+.0f} points ({:+.0f} to {:+.0f})".format(*points)
        return text.replace("-", "\N{MINUS SIGN}")


def compare(first, second):
    """Compare two arms.

    Parameters
    ----------
    first, second : ndarray of bool, shape (pairs,)
        Hits; entries of the same place belong together.

    Returns
    -------
    Paired
        Of the share of `first` less that of `second`. statsmodels 0.15 does not have the interval
        yet; its next release does, as ``confint_proportions_paired``.

    Raises
    ------
    ValueError
        If they are not of the same length, or empty.
    """
    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise ValueError(f"arms of {first.shape} and {second.shape} runs are no pairs")
    n = first.size
    both, one = int((first & second).sum()), int((first & ~second).sum())
    other = int((~first & second).sum())
    neither = n - both - one - other
    a, b = share(first), share(second)
    # The correlation of the two, its numerator corrected for continuity where it is positive.
    product = float((both + one) * (other + neither) * (both + other) * (one + neither))
    excess = both * neither - one * other
    excess = max(excess - n / 2, 0.0) if excess > 0 else float(excess)
    phi = excess / np.sqrt(product) if product else 0.0

    def width(up, down):
        return float(np.sqrt(max(up**2 - 2 * phi * up * down + down**2, 0.0)))

    difference = a.value - b.value
    table = [[both, one], [other, neither]]
    return Paired(
        difference,
        max(difference - width(a.value - a.low, b.high - b.value), -1.0),
        min(difference + width(a.high - a.value, b.value - b.low), 1.0),
        one,
        other,
        float(mcnemar(table, exact=True).pvalue),
    )


def holm(p_values):
    """Correct p-values for their number by Holm's step-down procedure.

    References
    ----------
    S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
    Statistics 6, 1979.
    """
    return multipletests(list(p_values), method="holm")[1]


def clustered_interval(statistic, clusters, samples=2000, seed=0):
    """95 % percentile interval of a statistic, from bootstrap samples of whole clusters.

    Parameters
    ----------
    statistic : callable
        Called with numbers of clusters, some of them several times; returns a float.
    clusters : int
        How many there are.
    samples : int
    seed : int

    Returns
    -------
    low, high : float
    """
    result = bootstrap(
        (np.arange(clusters),),
        statistic,
        n_resamples=samples,
        vectorized=False,
        method="percentile",
        random_state=np.random.RandomState(seed),
    )
    return tuple(float(limit) for limit in result.confidence_interval)


def verdict(low, high, threshold=0.0):
    """Judge by an interval: ``"supported"`` above the threshold, ``"contradicted"`` below it."""
    if low > threshold:
        return "supported"
    return "contradicted" if high < threshold else "undecided"


def verdict_of_all(verdicts):
    """Judge what is claimed of several cases: of all or, if one speaks against it, not at all."""
    verdicts = set(verdicts)
    if "contradicted" in verdicts:
        return "contradicted"
    return "supported" if verdicts == {"supported"} else "undecided"


def smallest_lead(level=0.05):
    """Return by how many images one of two must lead, for McNemar's exact test to see it at all.

    Where every image on which they differ speaks for one of them, p is 2 to the power of 1 less
    their number.
    """
    lead = 1
    while mcnemar([[0, lead], [0, 0]], exact=True).pvalue >= level:
        lead += 1
    return lead


def images_needed(difference, disagreement, power=0.8, level=0.05):
    """Return how many images, answered by both, tell two accuracies apart.

    Parameters
    ----------
    difference : float
        Of the accuracies.
    disagreement : float
        Share of the images on which one is right and the other wrong.
    power, level : float
        Probability of a significant McNemar test; level of that test, two-sided.

    Returns
    -------
    int
        By the normal approximation [1]_.

    References
    ----------
    .. [1] R. J. Connor, "Sample Size for Testing Differences in Proportions for the Paired-Sample
       Design", Biometrics 43, 1987.
    """
    root = norm.ppf(1 - level / 2) * np.sqrt(disagreement)
    root += norm.ppf(power) * np.sqrt(disagreement - difference**2)
    return int(np.ceil((root / difference) ** 2))
