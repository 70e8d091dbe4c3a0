"""What the networks of an arm answer to images that they have not seen, by every measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..studies.settings import fold_numbers
from . import crossed, scores
from .arms import held_out_logits
from .maps import losses

__all__ = ["MEASURES", "Answers", "compared", "from_folds", "from_test", "levels"]

MEASURES = ("accuracy", "AUC", "log loss", "overconfidence", "gap")
"""How answers are measured; of the first two more is better. The log loss is in nats."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers to unseen images: every seed of an arm answers every image once.

    Parameters
    ----------
    labels : ndarray of 0 and 1, shape (images,)
    logits : ndarray, shape (seeds, images)
        Where it is NaN there is no answer: it is wrong, and costs what 1/2 does.
    seen : ndarray, shape (seeds, images) or (seeds, 1)
        Share of right answers of the same seed's networks to images that they were trained on.
    """

    labels: np.ndarray
    logits: np.ndarray
    seen: np.ndarray

    @property
    def right(self):
        """Which answers are right, (seeds, images)."""
        return scores.right(self.logits, self.labels)

    def tables(self):
        """Return a table for each of `MEASURES`, (seeds, images), whose mean is the measure."""
        answered = np.where(np.isnan(self.logits), 0.0, self.logits)
        return {
            "accuracy": self.right.astype(np.float64),
            "AUC": scores.roc_parts(answered, self.labels),
            "log loss": losses(self.logits, self.labels),
            "overconfidence": scores.overconfidences(self.logits, self.labels),
            "gap": self.seen - self.right,
        }


def from_folds(results, labels, origin, **levels):
    """Take the answers of an arm out of a cross-validation.

    Parameters
    ----------
    results, labels, origin, **levels
        As for `held_out_logits`, of one division into folds.

    Returns
    -------
    Answers
        Each row from as many networks as there are folds. An image has been seen by all of them
        but one.
    """
    logits = held_out_logits(results, labels, origin, **levels)
    seen, times = np.zeros(logits.shape), np.zeros(logits.shape)
    seeds = list(dict.fromkeys(results.seeds[results.rows(**levels)].tolist()))
    for number in np.flatnonzero(results.rows(**levels)):
        run = results.plan.runs[number]
        settings = run.arm.settings
        numbers = fold_numbers(labels, origin, settings["folds"], settings["split_seed"])
        trained_on = numbers != settings["fold"]
        row = seeds.index(run.seed)
        answers = scores.right(results["train_logits"][number, -1:], labels)[0]
        seen[row, trained_on] += answers[trained_on]
        times[row, trained_on] += 1
    return Answers(labels, logits, seen / times)


def from_test(results, labels, **levels):
    """Take the answers of an arm to the test images.

    Parameters
    ----------
    results : StudyResults
    labels : ndarray of 0 and 1, shape (images,)
    **levels : str
        As `StudyResults.rows` takes them.

    Returns
    -------
    Answers
    """
    rows = results.rows(**levels)
    seen = np.nan_to_num(results["train_accuracy"][rows, -1:])
    return Answers(labels, results["test_logits"][rows, -1].astype(np.float64), seen)


def levels(arms, samples=crossed.SAMPLES):
    """Return how good arms are.

    Parameters
    ----------
    arms : dict of str to Answers
        To the same images, from as many seeds.
    samples : int
        Of the bootstrap.

    Returns
    -------
    dict of str to dict of str to Difference
        By arm and measure, over seeds and images.
    """
    return _over_both({name: one.tables() for name, one in arms.items()}, samples)


def compared(pairs, samples=crossed.SAMPLES):
    """Return by how much the first of each pair is above the second.

    Parameters
    ----------
    pairs : dict of str to (Answers, Answers)
        All of the same seeds, to the same images.
    samples : int

    Returns
    -------
    dict of str to dict of str to Difference
        By pair and measure.
    """
    tables = {}
    for name, (first, second) in pairs.items():
        one, other = first.tables(), second.tables()
        tables[name] = {measure: one[measure] - other[measure] for measure in MEASURES}
    return _over_both(tables, samples)


def _over_both(tables, samples):
    found = iter(
        crossed.differences(
            [by_measure[measure] for by_measure in tables.values() for measure in MEASURES], samples
        )
    )
    return {name: {measure: next(found) for measure in MEASURES} for name in tables}
