"""Spikes of a cost: where they are, whether an arm has fewer, and runs looked at again.

What counts as a spike was laid down in ``studies/spikes.toml`` before the first result.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.stats import binomtest

from ...arithmetic import exact
from ...engine.optimizers import new_scratch
from ...engine.propagation import Propagation
from ...engine.stack import Stack
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


def replay(networks, split, adam, num_iterations, looks=(), look=None):
    """Train networks of the same widths in place, as `catnet.fit` does, and look on the way.

    Parameters
    ----------
    networks : sequence of Network
        End with the same bits as by `fit`.
    split : Split
    adam : Adam
    num_iterations : int
    looks : sequence of collection of int
        Before which updates to look at each of them; by default at none.
    look : callable
        Called with a network as it was before the update, and with what the update divides the
        gradients by, sqrt(v-hat) + epsilon, in the layout of `curvature.flat`.

    Returns
    -------
    list of Replay
        In the order of the networks.
    """
    stack = Stack(networks)
    passes = Propagation(stack, split)
    inputs = stack.first.shape[-1]
    rows, grid = stack.first.reshape(-1, inputs), exact.integer_grid(inputs)
    sums = np.empty((grid[1], len(rows), len(split)))
    parts, first = np.empty((grid[1], *rows.shape)), np.empty_like(stack.first)
    parameters = [stack.first, stack.rest]
    state, scratch = adam.start(parameters), new_scratch(parameters, 2)
    found = [([], [], [], {}) for _ in networks]
    for iteration in range(num_iterations):
        sums.fill(0.0)
        passes.add_products(slice(None), exact.slices(rows, -1, grid, parts), sums)
        passes.drive(sums)
        forward, backward = stack.sliced()
        passes.forward(forward)
        passes.backward(backward)
        passes.cut_first()
        passes.first_gradient(slice(None), first)
        gradients = [first, *passes.weights[1:], *passes.biases]
        asked = {}
        for place, (logits, on, squares, _) in enumerate(found):
            logits.append(passes.logits[place, 0] + 0.0)
            above = [(a[place] > 0).any(axis=1) for a in passes.activations]
            on.append(np.concatenate([*above, []]).astype(bool))
            squares.append(squared_norm(*(g[place] for g in gradients)))
            if looks and iteration in looks[place]:
                asked[place] = networks[place].copy()
                stack.copy_to(place, asked[place])
        adam.update(parameters, [first, passes.rest], state, scratch)
        for place, before in asked.items():
            weights, biases = stack.views(*state.largest)
            v = flat([w[place] for w in weights], [b[place] for b in biases])
            divisors = np.sqrt(v / (1 - state.beta2_power)) + adam.epsilon
            found[place][-1][iteration] = look(before, divisors)
    for place, network in enumerate(networks):
        stack.copy_to(place, network)
    return [Replay(*map(np.array, arrays), seen) for *arrays, seen in found]
