"""What of an image makes right answers to it likelier: log odds, with runs and images crossed."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from .comparisons import holm
from .factorial import Effect

__all__ = ["log_odds"]


def log_odds(right, factors):
    r"""Fit a logistic regression of answers on what is known of the images.

    All answers to an image have something in common, and so have all of a run. The covariance is
    clustered by both [1]_: with scores :math:`s_{ij}` of run i and image j and the inverse
    information H,

    .. math::

        V = H \Big[ \sum_j s_{\cdot j} s_{\cdot j}^\top + \sum_i s_{i \cdot} s_{i \cdot}^\top
            - \sum_{ij} s_{ij} s_{ij}^\top \Big] H.

    Parameters
    ----------
    right : ndarray of bool, shape (runs, images)
    factors : dict of str to ndarray, shape (images,)

    Returns
    -------
    list of Effect
        Change of the log odds with one standard deviation of each factor, with 95 % limits, and p
        by Wald's test with Holm's correction over the factors.

    References
    ----------
    .. [1] A. C. Cameron, J. B. Gelbach, D. L. Miller, "Robust Inference with Multiway Clustering",
       Journal of Business & Economic Statistics 29, 2011.
    """
    right = np.asarray(right, dtype=float)
    runs, images = right.shape
    columns = [np.asarray(column, dtype=float) for column in factors.values()]
    scaled = [(column - column.mean()) / column.std() for column in columns]
    design = np.column_stack([np.ones(images), *scaled])
    hits = right.sum(axis=0)
    # All answers to an image have the same factors: their number says as much as they do.
    counts = np.column_stack([hits, runs - hits])
    fit = GLM(counts, design, family=Binomial()).fit(tol=1e-12)
    odds = fit.fittedvalues
    information = runs * (design.T * (odds * (1 - odds))) @ design
    errors = right - odds
    by_image = design * errors.sum(axis=0)[:, np.newaxis]
    by_run = errors @ design
    by_both = (design.T * (errors**2).sum(axis=0)) @ design
    middle = by_image.T @ by_image + by_run.T @ by_run - by_both
    inverse = np.linalg.inv(information)
    deviations = np.sqrt(np.diag(inverse @ middle @ inverse))[1:]
    values = fit.params[1:]
    p_values = holm(2 * norm.sf(np.abs(values) / deviations))
    reach = norm.ppf(0.975) * deviations
    return [
        Effect(name, float(value), float(value - far), float(value + far), float(p))
        for name, value, far, p in zip(factors, values, reach, p_values, strict=True)
    ]
