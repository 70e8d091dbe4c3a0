"""The runs of one arm of a study, at one moment, and what they answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..studies.settings import fold_numbers
from .outcomes import outcomes

__all__ = ["Arm", "arm", "held_out_logits"]

COLUMNS = ("seeds", "states", "cost", "train_logits", "test_logits")


@dataclass(frozen=True, eq=False)
class Arm:
    """Runs that differ in their seed alone, all after as many updates.

    Parameters
    ----------
    name : str
    seeds : ndarray of int, shape (runs,)
    states : ndarray of str, shape (runs,)
        See `catnet.analysis.outcomes.outcomes`.
    cost : ndarray, shape (runs,)
        Training cost, in nats.
    train_logits, test_logits : ndarray, shape (runs, images)
        The first without images where the plan keeps only the second.
    """

    name: str
    seeds: np.ndarray
    states: np.ndarray
    cost: np.ndarray
    train_logits: np.ndarray
    test_logits: np.ndarray

    def __len__(self):
        return len(self.seeds)

    def take(self, chosen):
        """Return the arm with some of its runs, by a mask or their places."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in COLUMNS})


def arm(name, results, updates=None, **levels):
    """Take an arm out of the results of a study.

    Parameters
    ----------
    name : str
        What it is to be called.
    results : StudyResults
    updates : int, optional
        Of one of the plan's snapshots; by default the networks as they ended.
    **levels : str
        As `StudyResults.rows` takes them.

    Returns
    -------
    Arm
    """
    rows, look = results.rows(**levels), results.look(updates)
    kept = look - len(results.plan.snapshots) - 1  # outputs are kept of the last looks
    of_training = results["train_logits"][rows]
    return Arm(
        name,
        results.seeds[rows],
        outcomes(results, updates)[rows],
        results["cost"][rows, look],
        of_training[:, kept] if of_training.shape[1] else np.empty((rows.sum(), 0)),
        results["test_logits"][rows, kept],
    )


def held_out_logits(results, labels, origin, **levels):
    """Put together what networks say of the images that they have not seen.

    Parameters
    ----------
    results : StudyResults
        Of a cross-validation: every fold, in one or more repetitions.
    labels, origin : ndarray of int, shape (images,)
        See `catnet.images.labels.pooled_labels`.
    **levels : str
        As `StudyResults.rows` takes them.

    Returns
    -------
    ndarray, shape (repetitions * seeds, images)
        Each row from as many networks as there are folds.
    """
    runs = [results.plan.runs[number] for number in np.flatnonzero(results.rows(**levels))]
    places = {}
    for run in runs:
        places.setdefault((run.arm.settings["split_seed"], run.seed), len(places))
    found = np.full((len(places), len(labels)), np.nan)
    for run in runs:
        settings = run.arm.settings
        row = places[settings["split_seed"], run.seed]
        numbers = fold_numbers(labels, origin, settings["folds"], settings["split_seed"])
        out = numbers == settings["fold"]
        found[row, out] = results["train_logits"][run.number, -1, out]
    return found
