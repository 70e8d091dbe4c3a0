"""Gradient descent and Adam: how a gradient changes an array.

An optimizer knows arrays only. `start` makes the state one training run needs,
`update` changes the parameters in place. Nothing of an array's size is allocated on the way:
fresh memory costs more than the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from numbers import Integral

import numpy as np

from ..errors import ParameterError
from .checks import as_float
from .schedules import Cosine, StepDecay

__all__ = ["Adam", "GradientDescent"]


class _Settings:
    """Makes every field a Python number, once: float32 ones would give other bits."""

    learning_rate: float
    warmup: int
    l2: float
    weight_decay: float
    schedule: StepDecay | Cosine | None

    def __post_init__(self):
        for name, kind in ((setting.name, setting.type) for setting in fields(self)):  # as written
            value = getattr(self, name)
            truth = isinstance(value, bool | np.bool_)
            if kind == "bool":
                if not truth:
                    raise ParameterError(f"{name} must be True or False, not {value!r}")
                value = bool(value)
            elif kind == "int":
                if truth or not isinstance(value, Integral) or value < 0:
                    raise ParameterError(f"{name} must be a whole number from 0, not {value!r}")
                value = int(value)
            elif kind == "float":
                value = as_float(name, value)
            elif value is not None and not isinstance(value, StepDecay | Cosine):
                raise ParameterError(f"{name} must be a StepDecay or a Cosine, not {value!r}")
            object.__setattr__(self, name, value)
        if not 0 < self.learning_rate < np.inf:
            raise ParameterError(
                f"learning_rate must be above 0 and finite, not {self.learning_rate!r}"
            )
        for name in ("l2", "weight_decay"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ParameterError(
                    f"{name} must be 0 or above and finite, not {getattr(self, name)!r}"
                )

    @property
    def shrinks(self):
        """Whether parameters get smaller without a gradient, too; biases are to be left alone."""
        return self.l2 > 0 or self.weight_decay > 0

    def for_biases(self):
        """Return the same without what is for weights only."""
        return replace(self, l2=0.0, weight_decay=0.0)

    def _rate(self, state):
        """Return the learning rate of the step that follows, and count it if that matters."""
        if state.steps >= self.warmup and self.schedule is None:
            return self.learning_rate
        state.steps += 1
        rate = self.learning_rate
        if state.steps < self.warmup:
            rate *= state.steps / self.warmup
        return rate if self.schedule is None else rate * self.schedule.at(state.steps - 1)

    def _shrink(self, theta, g, rate, room):
        """Add the gradient of the penalty, and take the decoupled decay off the weights."""
        if self.l2:
            g += np.multiply(self.l2, theta, out=room)
        if self.weight_decay:
            theta *= 1 - rate * self.weight_decay


@dataclass
class State:
    """How many steps a run has taken, where the learning rate depends on it."""

    steps: int = 0


@dataclass
class MomentumState(State):
    """The velocity of a run of gradient descent with momentum."""

    v: list[np.ndarray] = field(default_factory=list)


def new_scratch(parameters, count):
    """Return room for `count` arrays of the size of the largest parameter."""
    return np.empty((count, max((theta.size for theta in parameters), default=0)))


def _room(scratch, theta):
    """Return a part of the room in the shape of a parameter."""
    return scratch[: theta.size].reshape(theta.shape)


@dataclass(frozen=True)
class GradientDescent(_Settings):
    r"""Gradient descent, :math:`\theta \leftarrow \theta - \alpha g`, and with momentum.

    Parameters
    ----------
    learning_rate : float
        :math:`\alpha > 0`.
    warmup : int
        Over so many updates the learning rate rises to that, in equal steps: update t has
        :math:`\alpha\, t / n` [1]_. With 0 it is the same from the first on.
    momentum : float
        :math:`\mu` in [0, 1). Above 0, :math:`v \leftarrow \mu v + g` takes the place of
        :math:`g` [2]_.
    nesterov : bool
        Then :math:`\mu v + g` does, in the form of [3]_ for parameters that are looked at ahead.
    l2 : float
        :math:`\lambda`, at least 0, of a penalty :math:`\lambda / 2 \sum W^2` in the cost:
        :math:`\lambda W` is added to the gradients of weights, in place. The costs that are
        recorded are those without it, so that they can be compared.
    weight_decay : float
        :math:`\lambda'`, at least 0, by which weights shrink beside the gradient,
        :math:`W \leftarrow W - \alpha \lambda' W`, with the step's own :math:`\alpha` [4]_.
        Biases have neither penalty nor decay.
    schedule : StepDecay or Cosine, optional
        What the learning rate is multiplied with, update by update.

    Raises
    ------
    ParameterError
        If one of them is out of its range.

    References
    ----------
    .. [1] P. Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour",
       arXiv:1706.02677, 2017.
    .. [2] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods",
       USSR Computational Mathematics and Mathematical Physics 4, 1964.
    .. [3] I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and
       momentum in deep learning", ICML 2013.
    .. [4] I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
    """

    learning_rate: float = 0.0075
    warmup: int = field(default=0, kw_only=True)
    momentum: float = field(default=0.0, kw_only=True)
    nesterov: bool = field(default=False, kw_only=True)
    l2: float = field(default=0.0, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)
    schedule: StepDecay | Cosine | None = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if not 0 <= self.momentum < 1:
            raise ParameterError(f"momentum must be in [0, 1), not {self.momentum!r}")
        if self.nesterov and not self.momentum:
            raise ParameterError("nesterov needs a momentum above 0")

    @property
    def settles(self):
        """Whether a parameter without a gradient that a step left as it was stays so.

        With momentum the next step is that many times the last one, at the same rate; see `Adam`.
        """
        same_rate = self.warmup == 0 and self.schedule is None
        return not self.shrinks and (self.momentum == 0 or same_rate)

    def start(self, parameters):
        """Return the state of a run that has not taken a step."""
        if not self.momentum:
            return State()
        return MomentumState(v=[np.zeros_like(theta) for theta in parameters])

    def keep(self, state, members):
        """Return the state of these members only, of parameters that have an axis of members."""
        return replace(state, v=[v[members] for v in state.v]) if self.momentum else replace(state)

    def update(self, parameters, gradients, state, scratch=None):
        """Take one step: change every array of `parameters` in place.

        Parameters
        ----------
        parameters, gradients : lists of ndarray
            With `l2`, the gradients are changed, too.
        state : State
        scratch : ndarray, optional
            Room to work in, from `new_scratch`; made for this step where there is none.
        """
        scratch = new_scratch(parameters, 1) if scratch is None else scratch
        rate = self._rate(state)
        velocities = state.v if self.momentum else gradients
        for theta, g, v in zip(parameters, gradients, velocities, strict=True):
            step = _room(scratch[0], theta)
            if self.shrinks:
                self._shrink(theta, g, rate, step)
            if self.momentum:
                v *= self.momentum
                v += g
            if self.nesterov:
                np.multiply(self.momentum, v, out=step)
                step += g
                step *= rate
            else:
                np.multiply(rate, v, out=step)
            theta -= step


@dataclass
class AdamState(State):
    """Moving averages of a run with Adam, and the powers of its decay rates.

    The powers are carried as running products: ``beta1**t`` by the system's `pow` is not
    the same number everywhere. `largest` is `v` itself, but for AMSGrad.
    """

    m: list[np.ndarray] = field(default_factory=list)
    v: list[np.ndarray] = field(default_factory=list)
    largest: list[np.ndarray] = field(default_factory=list)
    beta1_power: float = 1.0
    beta2_power: float = 1.0


@dataclass(frozen=True)
class Adam(_Settings):
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
    warmup, l2, weight_decay, schedule
        As for `GradientDescent`. With `weight_decay` this is AdamW [2]_; with `l2` the penalty's
        gradient is divided by :math:`\sqrt{\hat v}` like the rest.
    amsgrad : bool
        Take the largest :math:`v` so far for :math:`v` in the last formula [1]_. The correction
        :math:`1 - \beta_2^t` stays, as in PyTorch; the paper has none.

    Raises
    ------
    ParameterError
        If one of them is out of its range.

    References
    ----------
    .. [1] S. J. Reddi, S. Kale, S. Kumar, "On the Convergence of Adam and Beyond", ICLR 2018.
    .. [2] I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019,
       Algorithm 2, the decay times the learning rate.
    """

    learning_rate: float = 0.0075
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    warmup: int = field(default=0, kw_only=True)
    amsgrad: bool = field(default=False, kw_only=True)
    l2: float = field(default=0.0, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)
    schedule: StepDecay | Cosine | None = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ParameterError(f"{name} must be in [0, 1), not {getattr(self, name)!r}")
        if not 0 <= self.epsilon < np.inf:
            raise ParameterError(f"epsilon must be 0 or above and finite, not {self.epsilon!r}")

    @property
    def settles(self):
        r"""Whether a parameter without a gradient that a step left as it was stays so.

        With :math:`f(\beta) = \beta (1 - \beta^t) / (1 - \beta^{t+1})`, a step without a gradient
        is at most :math:`f(\beta_1) / \sqrt{f(\beta_2)}` times the one before. Where
        :math:`\beta_1 \le \beta_2` that is below 1: once steps are too small for a bit to change,
        all that follow are.
        """
        same_rate = self.warmup == 0 and self.schedule is None
        return self.beta1 <= min(self.beta2, 0.9999) and same_rate and not self.shrinks

    def start(self, parameters):
        """Return the state of a run that has not taken a step: averages of zero."""
        m, v = ([np.zeros_like(theta) for theta in parameters] for _ in range(2))
        largest = [np.zeros_like(theta) for theta in parameters] if self.amsgrad else v
        return AdamState(m=m, v=v, largest=largest)

    def keep(self, state, members):
        """Return the state of these members only, of parameters that have an axis of members."""
        m, v = ([average[members] for average in kind] for kind in (state.m, state.v))
        largest = [average[members] for average in state.largest] if self.amsgrad else v
        return replace(state, m=m, v=v, largest=largest)

    def update(self, parameters, gradients, state, scratch=None):
        """Take one step: change every array of `parameters`, and `state`, in place.

        Parameters
        ----------
        parameters, gradients : lists of ndarray
            With `l2`, the gradients are changed, too.
        state : AdamState
        scratch : ndarray, optional
            As for `GradientDescent.update`.
        """
        scratch = new_scratch(parameters, 2) if scratch is None else scratch
        rate, beta1, beta2 = self._rate(state), self.beta1, self.beta2
        state.beta1_power *= beta1
        state.beta2_power *= beta2
        averages = state.m, state.v, state.largest
        for theta, g, m, v, largest in zip(parameters, gradients, *averages, strict=True):
            step, root = _room(scratch[0], theta), _room(scratch[1], theta)
            if self.shrinks:
                self._shrink(theta, g, rate, step)
            m *= beta1
            m += np.multiply(1 - beta1, g, out=step)
            v *= beta2
            v += np.multiply(1 - beta2, np.multiply(g, g, out=step), out=step)
            if self.amsgrad:
                np.maximum(largest, v, out=largest)
            m_hat = np.divide(m, 1 - state.beta1_power, out=step)
            v_hat = np.divide(largest, 1 - state.beta2_power, out=root)
            np.sqrt(v_hat, out=root)
            root += self.epsilon
            if self.epsilon == 0:
                root[root == 0] = 1.0  # no gradient so far: 0/0 is no step
            np.multiply(rate, m_hat, out=step)
            step /= root
            theta -= step
