"""Numbers that a user set, as Python's own: others would give other bits, or have a largest."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np

from ..errors import ParameterError

__all__ = ["as_count", "as_float"]


def as_float(name, value):
    """Return a number as a float; what is no number is refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise ParameterError(f"{name} must be a number, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ParameterError(f"{name} must be finite: float64 has no number as large") from None


def as_count(name, value):
    """Return a whole number of at least 1 as an int; anything else is refused."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ParameterError(f"{name} must be at least 1, a whole number, not {value!r}")
    return int(value)
