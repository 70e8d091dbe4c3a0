r"""Runs and images crossed: what of a result is the luck of the seeds, and what of the images.

Every run answers every image, so a table of right answers has two sources of chance: which seeds
were taken, and which images. No number of the one makes up for the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arithmetic import exact

__all__ = [
    "Components",
    "Difference",
    "components",
    "components_resampled",
    "counts_resampled",
    "difference",
    "resampled",
]

SAMPLES = 10_000
BLOCK = 500  # samples that are looked at together: thousands of images would fill the memory


@dataclass(frozen=True)
class Difference:
    """A mean over runs and images that are both drawn from more.

    Parameters
    ----------
    value : float
    low, high : float
        95 % limits.
    low_90, high_90 : float
        90 % limits: two one-sided tests at 5 % find the value within a margin if these are [1]_.

    References
    ----------
    .. [1] D. J. Schuirmann, "A Comparison of the Two One-Sided Tests Procedure and the Power
       Approach for Assessing the Equivalence of Average Bioavailability", Journal of
       Pharmacokinetics and Biopharmaceutics 15, 1987.
    """

    value: float
    low: float
    high: float
    low_90: float
    high_90: float

    def verdict(self, margin=0.05):
        """Judge it: above 0, below, else within the margin of 0, else undecided."""
        if self.low > 0:
            return "supported"
        if self.high < 0:
            return "contradicted"
        return "equal" if -margin < self.low_90 and self.high_90 < margin else "undecided"

    def __str__(self):
        points = 100 * np.array([self.value, self.low, self.high])
        text = "{:+.1f} points ({:+.1f} to {:+.1f})".format(*points)
        return text.replace("-", "\N{MINUS SIGN}")


def difference(values, samples=SAMPLES, seed=0):
    """Return the mean of a table, and how far it is known, by a pigeonhole bootstrap [1]_.

    Parameters
    ----------
    values : ndarray, shape (runs, images)
        Such as one arm's right answers less another's, row by row of the same seed.
    samples : int
        How often runs and images are drawn anew, each from their own, with replacement.
    seed : int

    Returns
    -------
    Difference
        With percentile limits.

    References
    ----------
    .. [1] A. B. Owen, "The Pigeonhole Bootstrap", Annals of Applied Statistics 1, 2007.
    """
    values = np.asarray(values, dtype=np.float64)
    runs, images = values.shape
    random_state = np.random.RandomState(seed)
    by_image = exact.product(counts_resampled(random_state, samples, runs), values)
    sums = exact.total(by_image * counts_resampled(random_state, samples, images))[:, 0]
    limits = np.quantile(sums / values.size, [0.025, 0.975, 0.05, 0.95]).tolist()
    return Difference(float(exact.total(values.reshape(1, -1))[0, 0] / values.size), *limits)


def resampled(tables, samples=SAMPLES, seed=0):
    """Return the means of many tables, and what they are when runs and images are drawn anew.

    The same runs and images are drawn for all, as `difference` draws them: what is asked of
    differences of the tables' means can be asked of the differences of their samples.

    Parameters
    ----------
    tables : sequence of ndarray, each of shape (runs, images)
    samples, seed : int

    Returns
    -------
    means : ndarray, shape (tables,)
    drawn : ndarray, shape (samples, tables)
    """
    tables = np.asarray(tables, dtype=np.float64)
    count, runs, images = tables.shape
    rows = tables.reshape(-1, images)
    random_state = np.random.RandomState(seed)
    by_run = counts_resampled(random_state, samples, runs)[:, np.newaxis]
    sums = np.empty((samples, count))
    for start in range(0, samples, BLOCK):
        block = slice(start, min(start + BLOCK, samples))
        by_image = counts_resampled(random_state, block.stop - start, images)
        of_runs = exact.product(by_image, rows.T).reshape(-1, count, runs)
        sums[block] = exact.total(of_runs * by_run[block])[..., 0]
    return exact.total(tables.reshape(count, -1))[:, 0] / (runs * images), sums / (runs * images)


@dataclass(frozen=True)
class Components:
    """Components of the variance of right answers, or of many samples of them.

    Parameters
    ----------
    images, seeds, rest : float or ndarray
    """

    images: float | np.ndarray
    seeds: float | np.ndarray
    rest: float | np.ndarray

    def standard_error(self, seeds, images):
        """Return that of an accuracy over so many seeds (or infinity) and images."""
        with np.errstate(divide="ignore"):
            return np.sqrt(
                self.images / images + self.seeds / seeds + self.rest / (np.multiply(seeds, images))
            )


def components(right):
    """Return the components of variance of a table of right answers.

    By analysis of variance of the random two-way layout without repetition: what the mean squares
    of rows, columns and rest have as expectation is set equal to what they are [1]_.

    Parameters
    ----------
    right : ndarray of bool or float, shape (seeds, images)

    Returns
    -------
    Components
        None below 0.

    References
    ----------
    .. [1] S. R. Searle, G. Casella, C. E. McCulloch, "Variance Components", Wiley, 1992,
       chapter 4.
    """
    found = _components(right, np.ones((1, np.shape(right)[1])))
    return Components(*(float(part[0]) for part in (found.images, found.seeds, found.rest)))


def components_resampled(right, samples=SAMPLES, seed=0):
    """Return those of tables whose images are drawn anew: `Components` of arrays."""
    random_state = np.random.RandomState(seed)
    return _components(right, counts_resampled(random_state, samples, np.shape(right)[1]))


def _components(right, counts):
    """Components for each row of counts of images."""
    right = np.asarray(right, dtype=np.float64)
    seeds, images = right.shape
    image_means = right.sum(axis=0) / seeds  # of whole numbers: exact, as all these sums
    seed_means = exact.product(counts, right.T) / images
    mean = seed_means.sum(axis=1, keepdims=True) / seeds
    between_images = seeds * (counts * (image_means - mean) ** 2).sum(axis=1)
    between_seeds = images * ((seed_means - mean) ** 2).sum(axis=1)
    everything = (counts @ (right**2).sum(axis=0)) - seeds * images * mean[:, 0] ** 2
    rest = (everything - between_images - between_seeds) / ((seeds - 1) * (images - 1))
    return Components(
        np.maximum(between_images / (images - 1) - rest, 0.0) / seeds,
        np.maximum(between_seeds / (seeds - 1) - rest, 0.0) / images,
        rest,
    )


def counts_resampled(random_state, samples, size):
    """Draw samples of some things, and count: how often each is in each, (samples, size)."""
    drawn = random_state.randint(size, size=(samples, size))
    drawn += size * np.arange(samples)[:, np.newaxis]
    counts = np.bincount(drawn.ravel(), minlength=samples * size)
    return counts.reshape(samples, size).astype(np.float64)
