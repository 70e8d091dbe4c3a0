"""What the networks of an arm answer to images that they have not seen, by every measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...studies.settings import fold_numbers
from .. import crossed, scores
from ..arms import held_out_logits
from ..maps import losses

__all__ = ["MEASURES", "Answers", "Measured", "from_folds", "from_test"]

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


class Measured:
    """Arms of the same seeds, measured on the same images, and how far that is known.

    Parameters
    ----------
    arms : dict of str to Answers
    samples : int
        Of a pigeonhole bootstrap over seeds and images, one for all arms.
    measures : sequence of str
        Of `MEASURES`, those that will be asked for.
    """

    def __init__(self, arms, samples=crossed.SAMPLES, measures=MEASURES):
        self.arms = arms
        tables = {}
        for name, one in arms.items():
            of_arm = one.tables()
            tables |= {(name, measure): of_arm[measure] for measure in measures}
        means, drawn = crossed.resampled(list(tables.values()), samples)
        self._places = {key: place for place, key in enumerate(tables)}
        self._means, self._drawn = means, drawn

    def of(self, measure, arm, less=None):
        """Return a measure of an arm, or by how much it is above that of another one.

        Parameters
        ----------
        measure : str
        arm, less : str
            Names of arms.

        Returns
        -------
        Difference
        """
        return self._limited(measure, [arm], [] if less is None else [less])

    def between(self, measure, first, second):
        """Return by how much the difference of a pair of arms is above that of a second pair.

        Parameters
        ----------
        measure : str
        first, second : (str, str)
            Of each the first less the second.

        Returns
        -------
        Difference
        """
        return self._limited(measure, [first[0], second[1]], [first[1], second[0]])

    def _limited(self, measure, more, less):
        value, drawn = 0.0, 0.0
        for arm, sign in [*((arm, 1) for arm in more), *((arm, -1) for arm in less)]:
            place = self._places[arm, measure]
            value = value + sign * self._means[place]
            drawn = drawn + sign * self._drawn[:, place]
        limits = np.quantile(drawn, [0.025, 0.975, 0.05, 0.95]).tolist()
        return crossed.Difference(float(value), *limits)
