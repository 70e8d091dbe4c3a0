"""Training again what is recorded, and comparing every number to the last bit."""

from __future__ import annotations

import platform
from pathlib import Path

from ..errors import CatnetError
from ..images.catvnoncat import find_images
from . import chapters
from .execution import execute, trains
from .record import read_record, record_path

__all__ = [
    "available_dataset",
    "first_difference",
    "is_recorded",
    "machine",
    "summary",
    "verify",
]


def available_dataset():
    """Name the dataset to verify with: the real images where they are at hand."""
    return "catvnoncat" if find_images() is not None else "drawn"


def verify(chapter, dataset):
    """Run a chapter without its figures and compare with its record.

    Parameters
    ----------
    chapter : str
    dataset : str
        ``"catvnoncat"`` or ``"drawn"``.

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
    chapter = chapters.find(chapter)
    if not is_recorded(chapter, dataset):
        return True, "trains nothing"
    recorded = read_record(chapter, dataset)
    if recorded is None:
        option = " --dataset drawn" if dataset == "drawn" else ""
        raise CatnetError(
            f"{record_path(chapter, dataset)} is missing: make it with "
            f"`catnet record {chapter}{option}`"
        )
    given = {"dataset": "drawn"} if dataset == "drawn" else None
    _, results = execute(chapter, given, figures=False)
    if results is None:
        return False, "differs: the chapter no longer shows its results"
    difference = first_difference(recorded, results)
    if difference:
        return False, f"differs: {difference}"
    return True, f"identical: {summary(results)}"


def is_recorded(chapter, dataset):
    """Whether there is something to verify: a record, or results that should have one."""
    return record_path(chapter, dataset).exists() or trains(chapter)


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


def machine():
    """Say in one line what this machine computes with: processor, BLAS, NumPy, Python."""
    import numpy as np
    from threadpoolctl import threadpool_info

    blas = [
        f"{pool['internal_api']} {pool['version']}, kernel {pool.get('architecture', 'unknown')}, "
        f"{pool['num_threads']} thread{'s' if pool['num_threads'] != 1 else ''}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return (
        f"{_processor()}; {' and '.join(blas) or 'a BLAS unknown to threadpoolctl'}; "
        f"NumPy {np.__version__}; Python {platform.python_version()}"
    )


def _both(a, b):
    a, b = float(a), float(b)
    return f"recorded {a.hex()} ({a!r}), here {b.hex()} ({b!r})"


def _processor():
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()
