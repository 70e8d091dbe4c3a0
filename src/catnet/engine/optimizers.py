"""Gradient descent and Adam: how a gradient changes an array.

An optimizer knows arrays only. `start` makes the state one training run needs,
`update` changes the parameters in place. Nothing of an array's size is allocated on the way:
fresh memory costs more than the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Real

import numpy as np

from ..errors import ParameterError

__all__ = ["Adam", "GradientDescent"]


def as_float(name, value):
    """Return a number that a user set as a Python float; what is no number is refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise ParameterError(f"{name} must be a number, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ParameterError(f"{name} must be finite: float64 has no number as large") from None


class _Numbers:
    """Makes every field a Python float, once: float32 ones would give other bits."""

    def __post_init__(self):
        for name in (field.name for field in fields(self)):
            object.__setattr__(self, name, as_float(name, getattr(self, name)))
        if not 0 < self.learning_rate < np.inf:
            raise ParameterError(
                f"learning_rate must be above 0 and finite, not {self.learning_rate!r}"
            )


def new_scratch(parameters, count):
    """Return room for `count` arrays of the size of the largest parameter."""
    return np.empty((count, max((theta.size for theta in parameters), default=0)))


def _room(scratch, theta):
    """Return a part of the room in the shape of a parameter."""
    return scratch[: theta.size].reshape(theta.shape)


@dataclass(frozen=True)
class GradientDescent(_Numbers):
    r"""Gradient descent, :math:`\theta \leftarrow \theta - \alpha g`.

    Parameters
    ----------
    learning_rate : float
        :math:`\alpha > 0`.

    Raises
    ------
    ParameterError
        If the learning rate is out of its range.
    """

    learning_rate: float = 0.0075

    def start(self, parameters):
        """Return the state of a run that has not taken a step: none is needed."""
        return None

    def keep(self, state, members):
        """Return the state of these members only, of parameters that have an axis of members."""
        return None

    def update(self, parameters, gradients, state, scratch=None):
        """Take one step: change every array of `parameters` in place.

        Parameters
        ----------
        parameters, gradients : lists of ndarray
        state
            What `start` returned.
        scratch : ndarray, optional
            Room to work in, from `new_scratch`; made for this step where there is none.
        """
        scratch = new_scratch(parameters, 1) if scratch is None else scratch
        for theta, g in zip(parameters, gradients, strict=True):
            step = _room(scratch[0], theta)
            theta -= np.multiply(self.learning_rate, g, out=step)


@dataclass
class AdamState:
    """Moving averages of a run with Adam, and the powers of its decay rates.

    The powers are carried as running products: ``beta1**t`` by the system's `pow` is not
    the same number everywhere.
    """

    m: list[np.ndarray]
    v: list[np.ndarray]
    beta1_power: float = 1.0
    beta2_power: float = 1.0


@dataclass(frozen=True)
class Adam(_Numbers):
    r"""Adam, Algorithm 1 of Kingma and Ba, *Adam: A Method for Stochastic Optimization* (2015).

    .. math::

        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
        \theta \leftarrow \theta - \alpha
        \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    learning_rate : float
        :math:`\alpha > 0`.
    beta1, beta2 : float
        Decay rates of the averages of the gradient and of its square, in [0, 1).
    epsilon : float
        Added to the denominator, at least 0. With 0, a parameter that has not had a gradient yet
        does not move.

    Raises
    ------
    ParameterError
        If one of them is out of its range.
    """

    learning_rate: float = 0.0075
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self):
        super().__post_init__()
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ParameterError(f"{name} must be in [0, 1), not {getattr(self, name)!r}")
        if not 0 <= self.epsilon < np.inf:
            raise ParameterError(f"epsilon must be 0 or above and finite, not {self.epsilon!r}")

    def start(self, parameters):
        """Return the state of a run that has not taken a step: averages of zero."""
        m, v = ([np.zeros_like(theta) for theta in parameters] for _ in range(2))
        return AdamState(m, v)

    def keep(self, state, members):
        """Return the state of these members only, of parameters that have an axis of members."""
        m, v = ([average[members] for average in kind] for kind in (state.m, state.v))
        return AdamState(m, v, state.beta1_power, state.beta2_power)

    def update(self, parameters, gradients, state, scratch=None):
        """Take one step: change every array of `parameters`, and `state`, in place.

        Parameters
        ----------
        parameters, gradients : lists of ndarray
        state : AdamState
        scratch : ndarray, optional
            As for `GradientDescent.update`.
        """
        scratch = new_scratch(parameters, 2) if scratch is None else scratch
        beta1, beta2 = self.beta1, self.beta2
        state.beta1_power *= beta1
        state.beta2_power *= beta2
        for theta, g, m, v in zip(parameters, gradients, state.m, state.v, strict=True):
            step, root = _room(scratch[0], theta), _room(scratch[1], theta)
            m *= beta1
            m += np.multiply(1 - beta1, g, out=step)
            v *= beta2
            v += np.multiply(1 - beta2, np.multiply(g, g, out=step), out=step)
            m_hat = np.divide(m, 1 - state.beta1_power, out=step)
            v_hat = np.divide(v, 1 - state.beta2_power, out=root)
            np.sqrt(v_hat, out=root)
            root += self.epsilon
            if self.epsilon == 0:
                root[root == 0] = 1.0  # no gradient so far: 0/0 is no step
            np.multiply(self.learning_rate, m_hat, out=step)
            step /= root
            theta -= step
