"""The first seed whose run shows what the article shows.

The article's runs were not seeded, so none of them can be repeated to the digit. What it found
can be: how training came out, and how many images the trained network got right.
"""

from __future__ import annotations

import math

import numpy as np

from ..book import find_book
from ..errors import CatnetError
from ..report.files import json_text, write_text
from ..report.running.execution import execute
from .published import published_run

__all__ = ["criterion", "outcome", "recorded_search", "search"]

STUCK = -math.log(0.5 + 1e-6)  # the cost when every output is one half
# Between the article's last costs: its converged runs end at or below 0.0078, its slow one at 0.34.
CONVERGED = 0.05
IMAGES = {"train_accuracy": 209, "test_accuracy": 50}


def outcome(iterations, costs):
    """Class of a cost curve, for the article's curves and our own alike.

    Parameters
    ----------
    iterations, costs : array_like of equal length
        All iterations, or those for which the article prints a cost.

    Returns
    -------
    str
        ``"flat"`` if from iteration 100 on every cost is that of an output stuck at one half;
        ``"converged"`` if the last is below 0.05; ``"slow"`` if it is below the first;
        else ``"no progress"``.
    """
    iterations, costs = np.asarray(iterations), np.asarray(costs)
    late = costs[iterations >= 100]
    if len(late) and np.all(np.abs(late - STUCK) <= 1e-9):
        return "flat"
    if costs[-1] < CONVERGED:
        return "converged"
    return "slow" if costs[-1] < costs[0] else "no progress"


def criterion(chapter):
    """Say what a run must show to be taken for a chapter.

    Parameters
    ----------
    chapter : Chapter

    Returns
    -------
    dict
        ``outcome`` and, where the article gives them, ``train_accuracy`` and
        ``test_accuracy``, shares from 0 to 1.

    Raises
    ------
    CatnetError
        If the article has no run of the chapter's name.
    """
    try:
        published = published_run(chapter.slug)
    except KeyError:
        raise CatnetError(
            f"chapter {chapter.name} has no seed of its own to search for; chapters 2 to 6 have one"
        ) from None
    wanted = {"outcome": outcome(published.iterations, published.costs)}
    for name in IMAGES:
        if getattr(published, name) is not None:
            wanted[name] = getattr(published, name)
    return wanted


def search(chapter, limit=100, *, report=print):
    """Run a chapter with seed 0, 1, … until one meets its criterion, and record all of them.

    Parameters
    ----------
    chapter : Chapter
    limit : int
        How many seeds to try at most.
    report : callable
        Called with a line for every seed tried.

    Returns
    -------
    int
        The seed.

    Raises
    ------
    CatnetError
        If no seed below the limit meets the criterion, or the chapter has none; nothing is
        recorded then.
    """
    wanted = criterion(chapter)
    tried = []
    for seed in range(limit):
        _, results = execute(chapter, {"seed": seed}, figures=False, main_run_only=True)
        if results is None:
            raise CatnetError(
                f"chapter {chapter.name} shows no `catnet.Results` to judge a seed by"
            )
        run = next(iter(results.runs.values()))
        found = {
            "outcome": outcome(range(len(run.costs)), run.costs),
            "train_accuracy": run.train_accuracy,
            "test_accuracy": run.test_accuracy,
        }
        matches = _meets(found, wanted)
        tried.append(
            {
                "seed": seed,
                "outcome": found["outcome"],
                "final_cost": float(run.costs[-1]),
                "train_accuracy": run.train_accuracy,
                "test_accuracy": run.test_accuracy,
                "digest": run.digest,
                "matches": matches,
            }
        )
        report(
            f"seed {seed}: {found['outcome']}, last cost {float(run.costs[-1])!r}, "
            f"accuracy {run.train_accuracy:.1%} in training, {run.test_accuracy:.1%} in the test"
            f"{': as in the article' if matches else ''}"
        )
        if matches:
            _save(chapter, {"criterion": wanted, "tried": tried, "seed": seed})
            return seed
    raise CatnetError(
        f"none of the seeds 0 … {limit - 1} shows what the article's run in chapter {chapter.name} "
        f"shows ({', '.join(f'{name} {value}' for name, value in wanted.items())}); "
        "nothing was recorded; try more with --limit"
    )


def recorded_search(chapter):
    """Read what `search` has recorded for a chapter.

    Parameters
    ----------
    chapter : str
        Its name.

    Returns
    -------
    dict
        ``criterion``, ``tried`` (a list with the outcome of every seed) and ``seed``.

    Raises
    ------
    CatnetError
        If no search is recorded.
    """
    content = find_book().recorded_searches()
    if chapter not in content:
        raise CatnetError(f"no search is recorded for {chapter}: run `catnet seeds {chapter}`")
    return content[chapter]


def _meets(found, wanted):
    # Accuracies are printed in per cent: what they say is a number of images.
    return found["outcome"] == wanted["outcome"] and all(
        round(found[name] * images) == round(wanted[name] * images)
        for name, images in IMAGES.items()
        if name in wanted
    )


def _save(chapter, entry):
    content = chapter.book.recorded_searches() | {chapter.name: entry}
    write_text(chapter.book.searches, json_text(dict(sorted(content.items()))))
