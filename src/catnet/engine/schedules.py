"""Learning rates that fall on the way: what the rate is multiplied with at each update."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

from ..errors import ParameterError
from .checks import as_count

__all__ = ["Cosine", "StepDecay"]

# Of cos(y), in powers of y**2, by Taylor: the next term is below 2**-60 up to pi / 2.
_COSINE = [1.0]
for _n in range(1, 13):
    _COSINE.append(-_COSINE[-1] / ((2 * _n - 1) * (2 * _n)))
_PI = 3.141592653589793


@dataclass(frozen=True)
class StepDecay:
    """Multiply the rate with a factor after every so many updates.

    Parameters
    ----------
    every : int
        At least 1.
    factor : float
        In (0, 1].

    Raises
    ------
    ParameterError
        If one of them is out of its range.
    """

    every: int
    factor: float = 0.1

    def __post_init__(self):
        object.__setattr__(self, "every", as_count("every", self.every))
        object.__setattr__(self, "factor", _share("factor", self.factor, above=True))

    def at(self, update):
        """Return what the rate of an update, counted from 0, is multiplied with."""
        # The system's `pow` is not the same number everywhere; squares and products are.
        product, power, times = 1.0, self.factor, update // self.every
        while times:
            if times % 2:
                product *= power
            power *= power
            times //= 2
        return product


@dataclass(frozen=True)
class Cosine:
    """Let the rate fall along half a cosine, and stay at the end [1]_.

    Parameters
    ----------
    updates : int
        Over so many, at least 1.
    floor : float
        What share of the rate is left, in [0, 1].

    Raises
    ------
    ParameterError
        If one of them is out of its range.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
       ICLR 2017, equation (5), without restarts.
    """

    updates: int
    floor: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "updates", as_count("updates", self.updates))
        object.__setattr__(self, "floor", _share("floor", self.floor))

    def at(self, update):
        """Return what the rate of an update, counted from 0, is multiplied with."""
        share = min(update, self.updates) / self.updates
        return self.floor + (1.0 - self.floor) * (0.5 * (1.0 + _cosine_of_half_turns(share)))


def _cosine_of_half_turns(x):
    """Return cos(pi x), 0 <= x <= 1, by additions and multiplications: the same everywhere."""
    if x > 0.5:
        return -_cosine_of_half_turns(1.0 - x)
    square, result = (_PI * x) * (_PI * x), 0.0
    for coefficient in reversed(_COSINE):
        result = result * square + coefficient
    return result


def _share(name, value, above=False):
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1 or (above and value == 0):
        raise ParameterError(f"{name} must be in {'(' if above else '['}0, 1], not {value!r}")
    return float(value)
