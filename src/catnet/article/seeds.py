"""The first seed whose run shows what the article shows.

The article's runs were not seeded, so none of them can be repeated to the digit. What it found
can be: how training came out, and how many images the trained network got right.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from ..book import find_book
from ..engine.training import fit_stack
from ..errors import CatnetError
from ..images.named import load_data
from ..report.files import json_text, write_text
from ..report.results import Run
from ..report.running.execution import execute
from .main_run import member
from .published import published_run

__all__ = ["criterion", "outcome", "recorded_search", "search"]

STUCK = -math.log(0.5 + 1e-6)  # the cost when every output is one half
# Between the article's last costs: its converged runs end at or below 0.0078, its slow one at 0.34.
CONVERGED = 0.05
IMAGES = {"train_accuracy": 209, "test_accuracy": 50}

NEEDED = ("dataset", "seed", "layer_dims", "num_iterations")  # of a chapter's parameters
# Seeds trained together: as many as were tried before, so that no search trains more than twice
# what it needs to; beyond 16 a stack is hardly faster for its size.
SMALLEST, LARGEST = 2, 16


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


def search(chapter, limit=100, *, report=print, progress=False):
    """Train a chapter's run from seed 0, 1, … until one meets its criterion, and record all.

    What is trained is what the chapter's parameters and the article's optimizer say, many seeds
    at once. The chapter itself then runs once with the seed that was found, and must come to the
    same.

    Parameters
    ----------
    chapter : Chapter
    limit : int
        How many seeds to try at most.
    report : callable
        Called with a line for every seed tried.
    progress : bool
        Show a progress bar on standard error, if that is a terminal.

    Returns
    -------
    int
        The seed.

    Raises
    ------
    CatnetError
        If no seed below the limit meets the criterion, the chapter has none, or it trains
        something else than its parameters say; nothing is recorded then.
    """
    wanted = criterion(chapter)
    tried = []
    for seed, costs, run in _trained(chapter, limit, progress):
        attempt = _attempt(seed, run, wanted)
        tried.append(attempt)
        line = f"seed {seed}: {attempt['outcome']}, last cost {float(costs[-1])!r}"
        if run is not None:
            line += f", accuracy {run.train_accuracy:.1%} in training, "
            line += f"{run.test_accuracy:.1%} in the test"
        report(line + (": as in the article" if attempt["matches"] else ""))
        if attempt["matches"]:
            _confirm(chapter, attempt, wanted, progress)
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


def _trained(chapter, limit, progress):
    """Train from seed 0, 1, …; yield each, its costs and its `Run`, None where it diverged."""
    for name in NEEDED:
        if name not in chapter.parameters:
            raise CatnetError(
                f"chapter {chapter.name} has no parameter {name}, which a search for its seed "
                "needs: declare it in the cell tagged parameters"
            )
    values = chapter.complete({"seed": 0})
    optimizer = published_run(chapter.slug).optimizer
    images = load_data(values["dataset"])
    bar = progress and sys.stderr is not None and sys.stderr.isatty()
    seeds = range(0)
    while seeds.stop < limit:
        count = min(max(SMALLEST, seeds.stop), LARGEST)
        seeds = range(seeds.stop, min(seeds.stop + count, limit))
        members = [member(values | {"seed": seed}, optimizer) for seed in seeds]
        histories = fit_stack(members, images.train, values["num_iterations"], progress=bar)
        for seed, trained, history in zip(seeds, members, histories, strict=True):
            run = None if history.divergence else Run.of(trained.network, history, images)
            yield seed, history.costs, run


def _attempt(seed, run, wanted):
    """Return what is recorded of a seed."""
    if run is None:  # of a network that gives no numbers there are none to compare
        numbers = dict.fromkeys(("final_cost", "train_accuracy", "test_accuracy", "digest"))
        return {"seed": seed, "outcome": "diverged", **numbers, "matches": False}
    found = {
        "seed": seed,
        "outcome": outcome(range(len(run.costs)), run.costs),
        "final_cost": float(run.costs[-1]),
        "train_accuracy": run.train_accuracy,
        "test_accuracy": run.test_accuracy,
        "digest": run.digest,
    }
    return found | {"matches": _meets(found, wanted)}


def _meets(found, wanted):
    # Accuracies are printed in per cent: what they say is a number of images.
    return found["outcome"] == wanted["outcome"] and all(
        round(found[name] * images) == round(wanted[name] * images)
        for name, images in IMAGES.items()
        if name in wanted
    )


def _confirm(chapter, attempt, wanted, progress):
    """Run the chapter itself with a seed, and see that it comes to the same."""
    seed = attempt["seed"]
    _, results = execute(
        chapter, {"seed": seed}, figures=False, main_run_only=True, progress=progress
    )
    run = None if results is None else next(iter(results.runs.values()))
    if _attempt(seed, run, wanted) != attempt:
        raise CatnetError(
            f"chapter {chapter.name} trains something else than its parameters say: with seed "
            f"{seed} its main run does not come to what a network trained by them comes to; "
            "nothing was recorded; let its cell tagged main-run use every parameter as it is named"
        )


def _save(chapter, entry):
    content = chapter.book.recorded_searches() | {chapter.name: entry}
    write_text(chapter.book.searches, json_text(dict(sorted(content.items()))))
