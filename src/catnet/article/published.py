"""The numbers the article published, read from the file that records them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from ..book import find_book

__all__ = ["PublishedRun", "published_article", "published_run"]


@dataclass(frozen=True, eq=False)
class PublishedRun:
    """One of the article's training runs.

    Attributes
    ----------
    optimizer : str
        ``"gradient_descent"`` or ``"adam"``.
    iterations : ndarray of int64
        Where the article prints a cost.
    costs : ndarray of float64
        The printed costs, in nats.
    train_accuracy, test_accuracy : float or None
        Shares of the images, 0 to 1; None where the article gives none.
    """

    optimizer: str
    iterations: np.ndarray
    costs: np.ndarray
    train_accuracy: float | None
    test_accuracy: float | None


def _content():
    path = find_book().root / "book" / "published.json"
    return json.loads(path.read_text(encoding="utf-8"))


def published_article():
    """Return what is known of the article: author, date, versions, network, as a dict."""
    return _content()["article"]


def published_run(name):
    """Return one of the article's runs by its name in ``book/published.json``.

    Raises
    ------
    KeyError
        If the article has no run of that name.
    """
    run = _content()["runs"][name]
    percent = [run.get("train_accuracy"), run.get("test_accuracy")]
    return PublishedRun(
        run["optimizer"],
        np.array([int(iteration) for iteration in run["costs"]]),
        np.array(list(run["costs"].values())),
        *(None if value is None else value / 100.0 for value in percent),
    )
