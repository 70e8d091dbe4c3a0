"""How good the outputs of networks are: a score for every run, by the standard names."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from ..arithmetic import exact

__all__ = [
    "accuracy",
    "area_under_roc",
    "balanced_accuracy",
    "log_loss",
    "log_losses",
    "overconfidence",
    "overconfidences",
    "right",
    "roc_parts",
]


def right(logits, labels):
    """Tell which answers are right.

    Parameters
    ----------
    logits : ndarray, shape (runs, images)
        Cat where the probability is above 1/2, as `Network.accuracy` counts. Where it is NaN, as
        after a divergence, there is no answer, and it is wrong.
    labels : ndarray of 0 and 1, shape (images,)

    Returns
    -------
    ndarray of bool, shape (runs, images)
    """
    logits = np.asarray(logits, dtype=np.float64)
    answers = exact.sigmoid(logits) > 0.5
    return (answers == (labels == 1)) & ~np.isnan(logits)


def accuracy(logits, labels):
    """Return the share of right answers of each run; see `right` for shapes."""
    return right(logits, labels).sum(axis=1) / labels.size


def balanced_accuracy(logits, labels):
    """Return the mean of the shares right among cats and among others, of each run."""
    hits = right(logits, labels)
    return sum(hits[:, labels == y].sum(axis=1) / np.sum(labels == y) for y in (0, 1)) / 2


def area_under_roc(logits, labels):
    """Return the area under the ROC curve of each run: 1/2 where all images are told alike.

    The Mann-Whitney statistic over the number of pairs of a cat and another image; ties count
    half.
    """
    cats = labels == 1
    ranks = rankdata(logits, axis=1)[:, cats].sum(axis=1)
    return (ranks - cats.sum() * (cats.sum() + 1) / 2) / (cats.sum() * (~cats).sum())


def roc_parts(logits, labels):
    """Return each image's part in the area under the ROC curve: their mean is the area.

    The area is a mean over pairs, not over images. To first order it changes with the images as
    the mean of these does [1]_.

    Parameters
    ----------
    logits : ndarray, shape (runs, images)
        None of them NaN.
    labels : ndarray of 0 and 1, shape (images,)

    Returns
    -------
    ndarray, shape (runs, images)

    References
    ----------
    .. [1] E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the Areas under Two or
       More Correlated Receiver Operating Characteristic Curves: A Nonparametric Approach",
       Biometrics 44, 1988.
    """
    logits = np.asarray(logits, dtype=np.float64)
    in_order = np.empty(logits.shape)  # share of the other class that an image is told apart from
    for label in (0, 1):
        some, others = labels == label, labels != label
        for row, of in zip(in_order, logits, strict=True):
            rivals = np.sort(of[others])
            below = sum(np.searchsorted(rivals, of[some], side) for side in ("left", "right"))
            shares = below / (2 * len(rivals))
            row[some] = shares if label else 1.0 - shares
    area = area_under_roc(logits, labels)[:, np.newaxis]
    weights = np.where(labels == 1, np.mean(labels == 1), np.mean(labels == 0))
    return area + (in_order - area) / weights


def log_losses(logits, labels):
    r"""Return each answer's minus log probability of what is right, in nats; see `right`.

    From the logit, :math:`\ln(1 + e^{-s})` with s towards the right answer, so that it stays
    finite where a probability rounds to 0.
    """
    s = np.where(labels == 1, 1.0, -1.0) * np.asarray(logits, dtype=np.float64)
    return np.maximum(-s, 0.0) + exact.log(1.0 + exact.exp(-np.abs(s)))


def log_loss(logits, labels):
    """Return the mean of `log_losses` of each run."""
    return exact.total(log_losses(logits, labels))[:, 0] / labels.size


def overconfidences(logits, labels):
    """Return, for each answer, the probability it is given with less 1 if it is right.

    Where there is no answer, the probability is 1/2.
    """
    sizes = np.abs(np.asarray(logits, dtype=np.float64))
    return exact.sigmoid(np.where(np.isnan(sizes), 0.0, sizes)) - right(logits, labels)


def overconfidence(logits, labels):
    """Return by how much each run is surer of its answers than it is right: 0 if calibrated.

    The mean probability of what is answered less the share of right answers [1]_: all that
    differs between the two, without bins.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural
       Networks", ICML 2017.
    """
    return exact.total(overconfidences(logits, labels))[:, 0] / labels.size
