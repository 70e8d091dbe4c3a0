"""Gradient descent and Adam: how a gradient changes an array.

An optimizer knows arrays only. `start` makes the state one training run needs,
`update` changes the parameters in place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import ParameterError

__all__ = ["Adam", "GradientDescent"]


def _positive(name, value):
    if not (0 < value < np.inf):
        raise ParameterError(f"{name} must be above 0 and finite, not {value!r}")


@dataclass(frozen=True)
class GradientDescent:
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

    def __post_init__(self):
        _positive("learning_rate", self.learning_rate)

    def start(self, parameters):
        """Return the state of a run that has not taken a step: none is needed."""
        return None

    def update(self, parameters, gradients, state):
        """Take one step: change every array of `parameters` in place."""
        for theta, g in zip(parameters, gradients, strict=True):
            theta -= self.learning_rate * g


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
class Adam:
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
        _positive("learning_rate", self.learning_rate)
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ParameterError(f"{name} must be in [0, 1), not {getattr(self, name)!r}")
        if not 0 <= self.epsilon < np.inf:
            raise ParameterError(f"epsilon must be 0 or above and finite, not {self.epsilon!r}")

    def start(self, parameters):
        """Return the state of a run that has not taken a step: averages of zero."""
        m, v = ([np.zeros_like(p) for p in parameters] for _ in range(2))
        return AdamState(m, v)

    def update(self, parameters, gradients, state):
        """Take one step: change every array of `parameters`, and `state`, in place."""
        state.beta1_power *= self.beta1
        state.beta2_power *= self.beta2
        for theta, g, m, v in zip(parameters, gradients, state.m, state.v, strict=True):
            m *= self.beta1
            m += (1 - self.beta1) * g
            v *= self.beta2
            v += (1 - self.beta2) * (g * g)
            m_hat = m / (1 - state.beta1_power)
            v_hat = v / (1 - state.beta2_power)
            denominator = np.sqrt(v_hat) + self.epsilon
            if self.epsilon == 0:
                denominator[denominator == 0] = 1.0  # no gradient so far: 0/0 is no step
            theta -= self.learning_rate * m_hat / denominator
