"""Searches for settings that were tried within the folds that judge them: `studies/search.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from ..errors import CatnetError
from ..studies.settings import fold_numbers
from .maps import losses

__all__ = ["Found", "Searches", "load_searches", "mean_interval"]


@dataclass(frozen=True)
class Found:
    """What a search found within one outer fold.

    Parameters
    ----------
    fold : int
    scores : list of float
        Of every trial, in order: log loss of inner folds' images, in nats.
    setting : dict of str to object
        The one with the lowest score, and its ``iterations``.
    score, again, outer : float
        Its score; the score when it was asked again with other seeds and other inner folds; and
        its log loss on the outer fold, which it was not tuned on.
    """

    fold: int
    scores: list[float]
    setting: dict[str, object]
    score: float
    again: float
    outer: float


@dataclass(frozen=True, eq=False)
class Searches:
    """All searches of one method.

    Parameters
    ----------
    method : str
    found : list of Found
        By outer fold.
    logits : ndarray, shape (seeds, images)
        Of all images, each by networks that were not tuned on it.
    """

    method: str
    found: list[Found]
    logits: np.ndarray


def load_searches(path, plan, labels, origin):
    """Read what `studies/search.py` wrote.

    Parameters
    ----------
    path : Path
    plan : Plan
        Of the study of that name.
    labels, origin : ndarray of int, shape (images,)
        See `catnet.images.labels.pooled_labels`.

    Returns
    -------
    dict of str to Searches
        By method.

    Raises
    ------
    CatnetError
        If a search is not finished, or they were made by another plan.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["plan"] != plan.digest:
        raise CatnetError(f"{path.name} was made by another plan than {plan.name}.toml")
    settings = plan.arms[0].settings
    folds = settings["folds"]
    numbers = fold_numbers(labels, origin, folds, settings["split_seed"])
    methods: dict[str, Searches] = {}
    for entry in sorted(content["searches"], key=lambda entry: entry["fold"]):
        if "logits" not in entry:
            break
        method, fold = entry["method"], entry["fold"]
        rows = np.array([[float(z) for z in row.split()] for row in entry["logits"]])
        nothing = np.full((len(rows), len(labels)), np.nan)
        one = methods.setdefault(method, Searches(method, [], nothing))
        one.logits[:, numbers == fold] = rows
        scores = [trial["score"] for trial in entry["trials"]]
        outer = float(losses(rows, labels[numbers == fold]).mean())
        again = entry["score_again"]
        one.found.append(Found(fold, scores, entry["chosen"], min(scores), again, outer))
    if not methods or any(len(one.found) < folds for one in methods.values()):
        raise CatnetError(f"{path.name} is not complete: `make search` goes on with it")
    return methods


def mean_interval(values):
    """Mean of a few independent numbers, and Student's 95 % limits: (mean, low, high)."""
    values = np.asarray(values, dtype=np.float64)
    mean, error = values.mean(), values.std(ddof=1) / np.sqrt(values.size)
    reach = float(t.ppf(0.975, values.size - 1)) * error
    return float(mean), float(mean - reach), float(mean + reach)
