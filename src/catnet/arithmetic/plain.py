"""The same operations the ordinary way, for comparison only.

No number in the book's record comes from it. Its results depend on the BLAS, its kernel, the
number of threads and the processor, which is what `catnet.exact` is there to prevent.
"""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np

from . import exact

__all__ = [
    "Matrices",
    "arithmetic",
    "cut",
    "exp",
    "integer_grid",
    "integer_product",
    "largest",
    "log",
    "multiply",
    "product",
    "rounders",
    "sigmoid",
    "slices",
    "sum_slices",
    "total",
]


class Matrices:
    """Matrices whose numbers lie in one row, each its only slice."""

    def __init__(self, places, members):
        self.places = places

    def slices(self, rows):
        """Return the matrices of every row."""
        return [rows[:, place][np.newaxis] for place in self.places]


def slices(array, axis, grid, out=None, known=None):
    """Return the array as the only slice, as it is."""
    return array[np.newaxis]


def integer_grid(terms, largest=255):
    """Bits and number of the slices: one, of all bits."""
    return 53, 1


def largest(array, axis, scratch=None, signed=True):
    """Return zero: nothing is rounded by it."""
    return np.zeros([1] * array.ndim)


def rounders(largest, grid):
    """Return nothing: nothing is rounded by it."""


def cut(array, rounders, parts):
    """Return the array as the only slice, as it is."""
    return array[np.newaxis]


def sum_slices(parts, axis):
    """Sum the only slice along an axis, which stays."""
    return parts[0].sum(axis, keepdims=True)


def multiply(left, right, out=None, room=None):
    """Matrix product of two factors that are their only slice."""
    return np.matmul(left[0], right[0], out=out)


def integer_product(real, integers, largest=255):
    """Matrix product."""
    return real @ integers


def product(left, right):
    """Matrix product."""
    return left @ right


def total(array, axis=-1):
    """Sum along an axis, which stays, with length 1."""
    return array.sum(axis, keepdims=True)


def exp(x):
    """Exponential."""
    return np.exp(x)


def log(x):
    """Natural logarithm."""
    return np.log(x)


def sigmoid(z):
    """Logistic function ``1 / (1 + exp(-z))``, without overflow."""
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, t) / (1.0 + t)


@contextmanager
def arithmetic():
    """Put these functions in the place of those of `catnet.exact` while the context is open."""
    replaced = {name: getattr(exact, name) for name in __all__ if name != "arithmetic"}
    for name in replaced:
        setattr(exact, name, globals()[name])
    try:
        yield
    finally:
        for name, function in replaced.items():
            setattr(exact, name, function)
