"""Maps of settings: what networks do on a grid of two of them, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import wilcoxon

from ..arithmetic import exact
from .comparisons import holm
from .crossed import SAMPLES, Difference, difference
from .outcomes import outcomes
from .scores import log_losses

__all__ = ["Cell", "Lead", "against", "better", "cells", "losses", "none_better", "table"]

LEARNING = ("learns", "converged")
NO_ANSWER = float(exact.log(np.array([2.0]))[0])
"""Log loss, in nats, of an answer that is not there: that of one who says 1/2."""


@dataclass(frozen=True, eq=False)
class Cell:
    """The runs of one cell, in the order of their seeds.

    Parameters
    ----------
    levels : dict of str to str
        Of each factor, as the plan writes them.
    seeds : ndarray of int, shape (runs,)
    learns : ndarray of bool, shape (runs,)
        Whether a run ends as one that learns, or has converged.
    losses : ndarray, shape (runs, images)
        Log loss of every answer in the test, in nats.
    train_loss : ndarray, shape (runs,)
        Mean log loss of the images trained on.
    """

    levels: dict[str, str]
    seeds: np.ndarray
    learns: np.ndarray
    losses: np.ndarray
    train_loss: np.ndarray

    @property
    def loss(self):
        """Mean log loss in the test of each run, in nats."""
        return _means(self.losses)

    def take(self, chosen):
        """Return the cell with some of its runs, by a mask or their places."""
        runs = (self.seeds, self.learns, self.losses, self.train_loss)
        return Cell(self.levels, *(values[chosen] for values in runs))


@dataclass(frozen=True)
class Lead:
    """How a cell compares with another one.

    Parameters
    ----------
    difference : Difference
        Of the log losses, over seeds and images: below 0 where it is better.
    p : float
        Of Wilcoxon's signed-rank test of the losses by seed, corrected by Holm's procedure.
    """

    difference: Difference
    p: float

    @property
    def better(self):
        """Whether it is better by the rule of the plans."""
        return self.p < 0.05 and self.difference.high < 0


def losses(logits, labels):
    """Return each answer's log loss, as `log_losses`; where there is no answer, `NO_ANSWER`."""
    logits = np.asarray(logits, dtype=np.float64)
    return np.where(np.isnan(logits), NO_ANSWER, log_losses(logits, labels))


def cells(results, labels):
    """Take the cells of a map out of the results of a study.

    Parameters
    ----------
    results : StudyResults
        Of a plan that keeps the outputs at the end.
    labels : (ndarray, ndarray)
        Of the training and of the test images.

    Returns
    -------
    list of Cell
        In the order of the plan's arms.
    """
    learns = np.isin(outcomes(results), LEARNING)
    found, start = [], 0
    for arm in results.plan.arms:
        rows = slice(start, start := start + len(arm.seeds))
        train, test = (
            losses(results[f"{kind}_logits"][rows, -1], of)
            for kind, of in zip(("train", "test"), labels, strict=True)
        )
        seeds = results.seeds[rows]
        found.append(Cell(arm.levels, seeds, learns[rows], test, _means(train)))
    return found


def against(others, usual, samples=SAMPLES):
    """Compare cells with the usual one of the same seeds.

    Parameters
    ----------
    others : sequence of Cell
    usual : Cell or sequence of Cell
        One for all, or one for each.
    samples : int
        Of the bootstrap.

    Returns
    -------
    list of Lead
        Holm's correction is for all of these.
    """
    partners = [usual] * len(others) if isinstance(usual, Cell) else list(usual)
    pairs = list(zip(others, partners, strict=True))
    corrected = holm([_signed_ranks(cell.loss - other.loss) for cell, other in pairs])
    return [
        Lead(difference(cell.losses - other.losses, samples), float(p))
        for (cell, other), p in zip(pairs, corrected, strict=True)
    ]


def better(leads):
    """Return which of these are better, by number."""
    return [number for number, lead in enumerate(leads) if lead.better]


def none_better(leads, margin=0.05):
    """Whether no interval reaches so far below 0 that anything of note could be better."""
    return all(lead.difference.low >= -margin for lead in leads)


def table(some, rows, columns, value):
    """Lay cells out as a map.

    Parameters
    ----------
    some : sequence of Cell
    rows, columns : (str, sequence of str)
        A factor, and its levels in order; `some` has one cell for each pair of levels.
    value : callable
        Called with a cell.

    Returns
    -------
    ndarray of float, shape (rows, columns)
    """
    by_levels = {(cell.levels[rows[0]], cell.levels[columns[0]]): cell for cell in some}
    return np.array([[value(by_levels[row, column]) for column in columns[1]] for row in rows[1]])


def _signed_ranks(differences):
    """Wilcoxon's p, two-sided; 1 where there is no difference at all."""
    if not differences.any():
        return 1.0
    return float(wilcoxon(differences).pvalue)


def _means(values):
    return exact.total(values)[:, 0] / values.shape[1]
