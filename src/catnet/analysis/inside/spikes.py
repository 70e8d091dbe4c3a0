"""Spikes of a cost: where they are, whether an arm has fewer, and runs looked at again.

What counts as a spike was laid down in ``studies/spikes.toml`` before the first result.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.stats import binomtest

from ...engine.gradients import backpropagate
from ...engine.optimizers import new_scratch
from .curvature import flat, squared_norm

__all__ = [
    "BEFORE",
    "Fewer",
    "Replay",
    "Spike",
    "calm",
    "compare_counts",
    "find_spikes",
    "in_spikes",
    "replay",
    "returns",
    "suddenness",
]

FIRST = 100  # iterations before this one are the start, with ups and downs of its own
ABSOLUTE, RELATIVE = 0.02, 0.1
BEFORE = 25  # iterations before a spike that are not calm any more


@dataclass(frozen=True)
class Spike:
    """A rise of the cost above the lowest so far.

    Parameters
    ----------
    begin : int
        The first iteration whose cost is above the bound.
    top : int
        The iteration with the highest cost.
    end : int or None
        The first iteration whose cost is not above it any more; None where the run ended before.
    height : float
        Cost at the top less the lowest before, in nats.
    """

    begin: int
    top: int
    end: int | None
    height: float


def in_spikes(costs, absolute=ABSOLUTE, relative=RELATIVE):
    """Say of every iteration whether its cost is above the bound.

    Parameters
    ----------
    costs : ndarray, shape (t,)
        Before every update, in nats; NaN after a divergence.
    absolute, relative : float
        The bound is the lowest cost of all iterations before, plus `absolute` or `relative` times
        that cost, whichever is more.

    Returns
    -------
    ndarray of bool, shape (t,)
    """
    lowest = np.minimum.accumulate(costs)[:-1]
    bound = lowest + np.maximum(absolute, relative * lowest)
    return np.append(False, costs[1:] > bound)


def find_spikes(costs, absolute=ABSOLUTE, relative=RELATIVE):
    """Find the spikes that begin at iteration 100 or later.

    Parameters
    ----------
    costs, absolute, relative
        As for `in_spikes`.

    Returns
    -------
    list of Spike
    """
    above = in_spikes(costs, absolute, relative)
    found = []
    for begin in np.flatnonzero(above[1:] & ~above[:-1]) + 1:
        if begin < FIRST:
            continue
        ends = np.flatnonzero(~above[begin:])
        end = int(begin + ends[0]) if len(ends) else None
        top = begin + np.argmax(costs[begin:end])
        height = float(costs[top] - costs[:begin].min())
        found.append(Spike(int(begin), int(top), end, height))
    return found


def calm(costs):
    """Say which iterations from 100 on are in no spike, and not in the 25 before one begins."""
    quiet = ~in_spikes(costs)
    quiet[:FIRST] = False
    for spike in find_spikes(costs):
        quiet[spike.begin - BEFORE : spike.begin] = False
    return quiet


@dataclass(frozen=True)
class Fewer:
    """How the numbers of spikes of two arms compare, pair by pair.

    Parameters
    ----------
    fewer, more, ties : int
        Pairs in which the first arm has fewer, more, as many.
    p : float
        Of the exact sign test, two-sided; ties do not count.
    """

    fewer: int
    more: int
    ties: int
    p: float

    @property
    def pairs(self):
        """How many there are."""
        return self.fewer + self.more + self.ties


def compare_counts(first, second):
    """Compare the numbers of spikes of two arms; entries of the same place belong together."""
    first, second = np.asarray(first), np.asarray(second)
    fewer, more = int((first < second).sum()), int((first > second).sum())
    p = float(binomtest(fewer, fewer + more).pvalue) if fewer + more else 1.0
    return Fewer(fewer, more, first.size - fewer - more, p)


def returns(on):
    """Say at which iterations a unit comes back that was off for all images before.

    Parameters
    ----------
    on : ndarray of bool, shape (t, units)
        Which units are above 0 for some image.

    Returns
    -------
    ndarray of bool, shape (t,)
    """
    return np.append(False, (on[1:] & ~on[:-1]).any(axis=1))


def suddenness(squares, beta2):
    """Return how many times as large a squared gradient is as what v-hat remembers of those before.

    Parameters
    ----------
    squares : ndarray, shape (t,)
        Squared norm of every gradient: what v sums up to is their moving average.
    beta2 : float

    Returns
    -------
    ndarray, shape (t,)
        The first is NaN.
    """
    found = np.full(len(squares), np.nan)
    average, power = 0.0, 1.0
    for t, square in enumerate(squares):
        if average > 0:
            found[t] = square / (average / (1 - power))
        average = beta2 * average + (1 - beta2) * square
        power *= beta2
    return found


@dataclass(frozen=True, eq=False)
class Replay:
    """A run that was trained again and looked at; arrays have one row an iteration.

    Parameters
    ----------
    logits : ndarray, shape (t, m)
        Of the training images, before each update.
    on : ndarray of bool, shape (t, units)
        Which hidden units are above 0 for some image.
    squares : ndarray, shape (t,)
        Squared norm of the gradient.
    looks : dict of int to object
        What `look` returned, by the number of updates before it.
    """

    logits: np.ndarray
    on: np.ndarray
    squares: np.ndarray
    looks: dict[int, object] = field(default_factory=dict)


def replay(network, split, adam, num_iterations, looks=(), look=None):
    """Train a network in place with Adam, as `catnet.fit` does, and look at it on the way.

    Parameters
    ----------
    network : Network
        Ends with the same bits as by `fit`.
    split : Split
    adam : Adam
    num_iterations : int
    looks : collection of int
        Before which updates to look.
    look : callable
        Called with a network as it was before the update, and with what the update divides the
        gradients by, sqrt(v-hat) + epsilon, in the layout of `curvature.flat`.

    Returns
    -------
    Replay
    """
    parameters = [*network.weights, *network.biases]
    state, scratch = adam.start(parameters), new_scratch(parameters, 2)
    logits, on, squares, seen = [], [], [], {}
    for iteration in range(num_iterations):
        activations, outputs = network.forward(split)
        gradients = backpropagate(network, split, activations, outputs)
        logits.append(outputs[0])
        on.append(np.concatenate([(a > 0).any(axis=1) for a in activations]))
        squares.append(squared_norm(*gradients[0], *gradients[1]))
        before = network.copy() if iteration in looks else None
        adam.update(parameters, [*gradients[0], *gradients[1]], state, scratch)
        if before is not None:
            v_hat = flat(state.largest, []) / (1 - state.beta2_power)
            seen[iteration] = look(before, np.sqrt(v_hat) + adam.epsilon)
    return Replay(np.array(logits), np.array(on), np.array(squares), seen)
