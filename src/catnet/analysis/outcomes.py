"""What became of a network, classed by what it answers and not by its cost."""

from __future__ import annotations

import numpy as np

from ..studies.records import COLLAPSED as CONSTANT

__all__ = ["CONSTANT", "STATES", "outcomes"]

CONVERGED = 0.05
"""Training cost, in nats, below which a network has converged."""

STATES = ("constant", "never says cat", "learns", "converged", "diverged")
"""In the order in which they are drawn; each run is in one of them."""


def outcomes(results, updates=None):
    """Class the runs of a study by their answers on the training images.

    Parameters
    ----------
    results : StudyResults
    updates : int, optional
        Of the look; by default the network as it ended. Its outputs must have been kept; where
        those on the training images were not, what a network says of the test images counts.

    Returns
    -------
    ndarray of str, shape (runs,)
        Of `STATES`. ``"constant"``: all logits within `CONSTANT`. Else ``"never says cat"``: no
        probability above 1/2. Else ``"converged"``, the cost being below `CONVERGED`, or
        ``"learns"``. ``"diverged"`` where there are no answers.
    """
    look = results.look(updates)
    logits = results["train_logits"]
    if not logits.shape[1]:
        logits = results["test_logits"]
    highest = logits[:, look - len(results.plan.snapshots) - 1].max(axis=1)
    spread, cost = results["logit_range"][:, look], results["cost"][:, look]
    with np.errstate(invalid="ignore"):
        conditions = [np.isnan(spread), spread <= CONSTANT, highest <= 0, cost < CONVERGED]
    names = ["diverged", "constant", "never says cat", "converged"]
    return np.select(conditions, names, default="learns")
