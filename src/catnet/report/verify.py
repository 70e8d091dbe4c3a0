"""Training again what is recorded, and comparing every number to the last bit."""

from __future__ import annotations

from ..errors import CatnetError
from .running.execution import execute

__all__ = ["first_difference", "is_recorded", "summary", "verify"]


def verify(chapter, edition, kernels=None):
    """Run a chapter without its figures and compare with its record.

    Parameters
    ----------
    chapter : Chapter
    edition : Edition
    kernels : Kernels, optional

    Returns
    -------
    identical : bool
    sentence : str
        What was compared, or the first number that differs.

    Raises
    ------
    CatnetError
        If there is no record, or the chapter fails.
    """
    if not is_recorded(chapter, edition):
        return True, "trains nothing"
    recorded = chapter.recorded(edition)
    if recorded is None:
        options = "".join(f" --{name} {value}" for name, value in edition.parameters.items())
        raise CatnetError(
            f"{chapter.record_path(edition)} is missing: make it with "
            f"`{chapter.book.command} record {chapter.name}{options}`"
        )
    _, results = execute(chapter, dict(edition.parameters), figures=False, kernels=kernels)
    if results is None:
        return False, "differs: the chapter no longer shows its results"
    difference = first_difference(recorded, results)
    if difference:
        return False, f"differs: {difference}"
    return True, f"identical: {summary(results)}"


def is_recorded(chapter, edition):
    """Whether there is something to verify: a record, or results that should have one.

    A chapter that does not take the parameters of an edition has none of its own in it.
    """
    takes = edition.parameters.keys() <= chapter.parameters.keys()
    return takes and (chapter.record_path(edition).exists() or chapter.trains)


def first_difference(recorded, results):
    """Say where two `Results` first differ, or return None.

    Parameters
    ----------
    recorded, results : Results

    Returns
    -------
    str or None
        The run, what differs in it, and both values, in hexadecimal and in decimal.
    """
    if recorded.chapter != results.chapter:
        return f"the record is of {recorded.chapter}, this is {results.chapter}"
    for name in recorded.parameters | results.parameters:
        old, new = (r.parameters.get(name, "not there") for r in (recorded, results))
        if old != new:
            return f"parameter {name} is recorded as {old!r}, here it is {new!r}"
    if list(recorded.runs) != list(results.runs):
        return f"the runs recorded are {list(recorded.runs)}, here they are {list(results.runs)}"
    for name, old in recorded.runs.items():
        new = results.runs[name]
        for iteration, (a, b) in enumerate(zip(old.costs, new.costs, strict=False)):
            if float(a).hex() != float(b).hex():
                return f"{name}, cost of iteration {iteration}, {_both(a, b)}"
        if len(old.costs) != len(new.costs):
            return f"{name}, recorded {len(old.costs)} costs, here {len(new.costs)}"
        for what in ("train_accuracy", "test_accuracy"):
            a, b = getattr(old, what), getattr(new, what)
            if float(a).hex() != float(b).hex():
                return f"{name}, {what}, {_both(a, b)}"
        if old.digest != new.digest:
            return f"{name}, weights, recorded {old.digest}, here {new.digest}"
    return None


def summary(results):
    """Say how many numbers some results have: ``2000 costs, 2 accuracies, weights 3f9c…``."""
    if not results.runs:
        return "it trains nothing"
    runs = results.runs.values()
    costs = sum(len(run.costs) for run in runs)
    weights = ", ".join(f"{run.digest[:12]}…" for run in runs)
    return f"{costs} costs, {2 * len(runs)} accuracies, weights {weights}"


def _both(a, b):
    a, b = float(a), float(b)
    return f"recorded {a.hex()} ({a!r}), here {b.hex()} ({b!r})"
