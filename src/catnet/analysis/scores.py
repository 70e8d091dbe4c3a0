"""How good the outputs of networks are: a score for every run, by the standard names."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from ..arithmetic import exact

__all__ = ["accuracy", "area_under_roc", "balanced_accuracy", "log_loss", "log_losses", "right"]


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
