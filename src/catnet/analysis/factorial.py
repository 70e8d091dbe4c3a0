"""Which of several two-valued factors decide an outcome, and which only together."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass

import numpy as np
from statsmodels.genmod.cov_struct import Exchangeable
from statsmodels.genmod.families import Binomial, Gaussian
from statsmodels.genmod.generalized_estimating_equations import GEE

from .comparisons import holm

__all__ = ["Effect", "effects"]


@dataclass(frozen=True)
class Effect:
    """What a factor, or two together, do to an outcome.

    Parameters
    ----------
    name : str
        Two factors that interact are joined by " × ".
    value, low, high : float
        Coefficient and its 95 % limits.
    p : float
        Wald's, corrected for the number of effects by Holm's procedure.
    """

    name: str
    value: float
    low: float
    high: float
    p: float


def effects(outcome, factors, clusters):
    """Fit main effects and all interactions of two by generalised estimating equations [1]_.

    Exchangeable working correlation within a cluster, robust covariance.

    Parameters
    ----------
    outcome : ndarray of bool, shape (runs,)
    factors : dict of str to ndarray of bool, shape (runs,)
        Coded -1/2 and 1/2.
    clusters : ndarray of int, shape (runs,)
        Runs of one are not independent: such as those that share a seed.

    Returns
    -------
    list of Effect
        Without the intercept.
    scale : str
        ``"log odds"``, of a logistic regression; or ``"share"``, of the same model with an
        identity link, where a cell has none or all, so that its odds are not finite, or where the
        logistic fit does not converge.

    References
    ----------
    .. [1] K.-Y. Liang, S. L. Zeger, "Longitudinal Data Analysis Using Generalized Linear Models",
       Biometrika 73, 1986.
    """
    coded = {name: np.where(on, 0.5, -0.5) for name, on in factors.items()}
    terms = dict(coded)
    for (a, left), (b, right) in itertools.combinations(coded.items(), 2):
        terms[f"{a} × {b}"] = left * right
    design = np.column_stack([np.ones(len(outcome)), *terms.values()])
    order = np.argsort(clusters, kind="stable")
    outcome, design = np.asarray(outcome, dtype=float)[order], design[order]
    clusters = np.asarray(clusters)[order]
    _, cells = np.unique(np.column_stack(list(coded.values()))[order], axis=0, return_inverse=True)
    shares = np.bincount(cells.ravel(), outcome) / np.bincount(cells.ravel())
    fit, scale = None, "share"
    if 0 < shares.min() and shares.max() < 1:
        fit, scale = _fit(outcome, design, clusters, Binomial()), "log odds"
    if fit is None or not fit.converged:
        fit, scale = _fit(outcome, design, clusters, Gaussian()), "share"
    low, high = fit.conf_int().T
    corrected = holm(fit.pvalues[1:])
    return [
        Effect(name, float(fit.params[place]), float(low[place]), float(high[place]), float(p))
        for place, (name, p) in enumerate(zip(terms, corrected, strict=True), 1)
    ], scale


def _fit(outcome, design, clusters, family):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says of itself whether it converged
        return GEE(outcome, design, clusters, family=family, cov_struct=Exchangeable()).fit()
