"""The training loop, and what it remembers.

One loop trains one network or a stack of them: each member of a stack comes out with the bits
that training it alone gives, since every sum is exact and nothing else mixes members.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from ..errors import DivergenceError, ParameterError
from . import exact
from .gradients import COST_EPSILON, mean_costs
from .network import Network
from .optimizers import Adam, GradientDescent, as_float
from .propagation import Propagation
from .stack import Stack
from .updates import Updates
from .workers import Workers

__all__ = ["EarlyStopping", "History", "Member", "fit", "fit_stack"]

WATCHABLE = ("dead_units", "gradient_norms")


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the validation cost has not reached a new minimum for a while.

    Parameters
    ----------
    patience : int
        Iterations to wait after the lowest validation cost, at least 1.

    References
    ----------
    L. Prechelt, "Early Stopping: But When?", Neural Networks: Tricks of the Trade, 1998.
    """

    patience: int = 100

    def __post_init__(self):
        _check_count("patience", self.patience)


@dataclass
class History:
    """What a training run recorded; arrays have one row an iteration.

    Of an iteration at which the run diverged there is the cost alone.

    Attributes
    ----------
    costs : ndarray, shape (t,)
        Training cost before each update, in nats.
    validation_costs : ndarray, shape (t,) or (0,)
        Cost on the validation split before each update, if one was given.
    dead_units : ndarray, shape (t, L - 1) or (0,)
        Share of each hidden layer's units that are zero on all training images, if watched.
    gradient_norms : ndarray, shape (t, L) or (0,)
        Euclidean norm of each layer's weight gradient, if watched.
    best_iteration : int or None
        Number of updates behind the parameters that were kept, with early stopping.
    divergence : str or None
        How the run diverged, in a sentence, if it did.
    """

    costs: np.ndarray
    validation_costs: np.ndarray
    dead_units: np.ndarray
    gradient_norms: np.ndarray
    best_iteration: int | None = None
    divergence: str | None = None


@dataclass(frozen=True, eq=False)
class Member:
    """One network of a stack, and how it is trained.

    Parameters
    ----------
    network : Network
    optimizer : GradientDescent or Adam
    frozen_layers : collection of int
        Layers, numbered from 1, that are not updated.
    early_stopping : EarlyStopping, optional
        Stop by the validation cost, and keep the parameters that had the lowest.

    Raises
    ------
    ParameterError
        If there is no such layer.
    """

    network: Network
    optimizer: GradientDescent | Adam
    frozen_layers: Collection[int] = ()
    early_stopping: EarlyStopping | None = None

    def __post_init__(self):
        object.__setattr__(self, "frozen_layers", frozenset(self.frozen_layers))
        for layer in self.frozen_layers:
            if layer not in range(1, self.network.depth + 1):
                raise ParameterError(
                    f"frozen layer {layer!r} is not there: the layers are 1 … {self.network.depth}"
                )


def fit(
    network,
    split,
    optimizer,
    num_iterations,
    *,
    frozen_layers=(),
    validation=None,
    early_stopping=None,
    watch=(),
    cost_epsilon=COST_EPSILON,
    progress=False,
):
    """Train a network in place on all images at once.

    Parameters
    ----------
    network : Network
    split : Split
        The training images.
    optimizer : GradientDescent or Adam
    num_iterations : int
        How many updates, at least 1.
    frozen_layers, early_stopping
        As for `Member`.
    validation, watch, cost_epsilon, progress
        As for `fit_stack`.

    Returns
    -------
    History

    Raises
    ------
    ParameterError
        If an argument is out of its range.
    DivergenceError
        If the cost is NaN or infinite, and its `history` ends there; or if the last update left
        a network whose outputs are.
    """
    (history,) = fit_stack(
        [Member(network, optimizer, frozen_layers, early_stopping)],
        split,
        num_iterations,
        validation=validation,
        watch=watch,
        cost_epsilon=cost_epsilon,
        progress=progress,
    )
    if history.divergence:
        raise DivergenceError(history.divergence, history)
    return history


def fit_stack(
    members,
    split,
    num_iterations,
    *,
    validation=None,
    watch=(),
    cost_epsilon=COST_EPSILON,
    progress=False,
):
    """Train networks of the same widths in place, all at once on all images.

    Every network ends, and every history reads, as if it had been trained alone, to the bit. A
    member that diverges or stops early leaves the others alone.

    Parameters
    ----------
    members : sequence of Member
    split : Split
        The training images.
    num_iterations : int
        How many updates, at least 1.
    validation : Split, optional
        Images whose cost is recorded as well.
    watch : collection of str
        What else to record: ``"dead_units"``, ``"gradient_norms"``.
    cost_epsilon : float
        Added inside the logarithms of the cost; the gradient does not know of it.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    list of History
        In the order of the members; `divergence` says of a member that it diverged.

    Raises
    ------
    ParameterError
        If an argument is out of its range, the widths differ, or a network is given twice.
    """
    members, watch = list(members), frozenset(watch)
    splits = [split] if validation is None else [split, validation]
    cost_epsilon = as_float("cost_epsilon", cost_epsilon)
    _check(members, num_iterations, splits, watch, cost_epsilon)
    runs = [_Run(member) for member in members]
    with Workers() as workers:
        together = _Lockstep(runs, splits, workers)
        for iteration in _counted(num_iterations, progress):
            together.look(iteration, cost_epsilon)
            if all(run.divergence for run in together.runs):
                break
            together.step(watch)
            together.drop_ended()
            if not together.runs:
                break
        together.finish()
    return [run.history() for run in runs]


class _Run:
    """What becomes of one member."""

    def __init__(self, member):
        self.member, self.network = member, member.network
        self.costs, self.validation_costs = [], []
        self.dead_units, self.gradient_norms = [], []
        self.kept = self.best_iteration = self.divergence = None
        self.lowest = np.inf
        self.ended = False

    def look(self, iteration, stack, place, cost, validation_cost=None):
        """Take note of the costs before an update, and see whether to go on."""
        self.costs.append(cost)
        if not np.isfinite(cost):
            self.diverge(
                f"training diverged: the cost of iteration {iteration} is {cost}; "
                "a lower learning_rate may help"
            )
            stack.copy_to(place, self.network)
            return
        if validation_cost is not None:
            self.validation_costs.append(validation_cost)
        if self.member.early_stopping is None:
            return
        if self.kept is None or validation_cost < self.lowest:
            self.kept = self.kept or self.network.copy()
            stack.copy_to(place, self.kept)
            self.best_iteration, self.lowest = iteration, np.fmin(validation_cost, np.inf)
        elif iteration - self.best_iteration >= self.member.early_stopping.patience:
            self.ended = True
            self.network.copy_from(self.kept)

    def diverge(self, sentence):
        self.divergence, self.ended = sentence, True

    def history(self):
        return History(
            np.array(self.costs),
            np.array(self.validation_costs),
            np.array(self.dead_units),
            np.array(self.gradient_norms),
            self.best_iteration,
            self.divergence,
        )


class _Lockstep:
    """Runs that take their steps together, as a stack."""

    def __init__(self, runs, splits, workers):
        self.runs, self.splits = runs, splits
        self._gather()
        members = [run.member for run in runs]
        self.updates = Updates(self.stack, members, self.passes, workers)
        self.updates.drive()

    def _gather(self):
        self.stack = Stack([run.network for run in self.runs])
        self.passes = [Propagation(self.stack, split) for split in self.splits]

    def look(self, iteration, cost_epsilon):
        """Compute the costs before an update."""
        self._forward()
        costs = [
            mean_costs(p.probabilities[:, 0], p.split.labels, cost_epsilon) for p in self.passes
        ]
        for place, run in enumerate(self.runs):
            run.look(iteration, self.stack, place, *(float(kind[place]) for kind in costs))

    def step(self, watch):
        """Go back to the gradient, and update."""
        training = self.passes[0]
        with np.errstate(invalid="ignore"):
            training.backward(self.backward)
        sound = {place: run for place, run in enumerate(self.runs) if not run.divergence}
        if "dead_units" in watch:
            for place, run in sound.items():
                dead = [~(a[place] > 0).any(axis=1) for a in training.activations]
                run.dead_units.append([float(np.mean(units)) for units in dead])

        def note_norms(first):
            for place, run in sound.items():
                gradients = [w[place] for w in (first, *training.weights[1:])]
                run.gradient_norms.append([_norm(g) for g in gradients])

        self.updates.step(note_norms if "gradient_norms" in watch else None)

    def drop_ended(self):
        """Leave the runs that have ended behind."""
        places = [place for place, run in enumerate(self.runs) if not run.ended]
        if len(places) == len(self.runs):
            return
        for place in places:
            self.stack.copy_to(place, self.runs[place].network)
        self.runs = [self.runs[place] for place in places]
        if self.runs:
            self._gather()
            self.updates.keep(self.stack, self.passes, places)

    def finish(self):
        """Give the networks their parameters, and see whether these still give numbers."""
        going = {place: run for place, run in enumerate(self.runs) if not run.ended}
        if going:
            self._forward()
        for place, run in going.items():
            if run.kept is not None:
                run.network.copy_from(run.kept)
                continue
            self.stack.copy_to(place, run.network)
            if not np.isfinite(self.passes[0].logits[place]).all():
                run.diverge("training diverged at its last update; a lower learning_rate may help")

    def _forward(self):
        with np.errstate(invalid="ignore"):  # what is out of range is NaN, and shows in the cost
            forward, self.backward = self.stack.sliced()
            for propagation in self.passes:
                propagation.forward(forward)


def _norm(array):
    with np.errstate(over="ignore"):  # of what is out of range it is NaN
        return float(np.sqrt(exact.total((array * array).reshape(1, -1))[0, 0]))


def _counted(num_iterations, progress):
    if not progress:
        return range(num_iterations)
    from tqdm.auto import trange

    return trange(num_iterations, unit="it", leave=False)


def _check_count(name, value):
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ParameterError(f"{name} must be at least 1, a whole number, not {value!r}")


def _check(members, num_iterations, splits, watch, cost_epsilon):
    if not members:
        raise ParameterError("there is no network to train")
    if len({id(member.network) for member in members}) < len(members):
        raise ParameterError("a network is given twice: train a copy() of it as well")
    for network in (member.network for member in members):
        if not all(np.asarray(a).flags.writeable for a in (*network.weights, *network.biases)):
            raise ParameterError("a network is read-only: train a copy() of it")
    _check_count("num_iterations", num_iterations)
    if not 0 <= cost_epsilon < np.inf:
        raise ParameterError(f"cost_epsilon must be 0 or above and finite, not {cost_epsilon!r}")
    if not all(len(split) for split in splits):
        raise ParameterError("there are no images in a split")
    if len(splits) == 1 and any(member.early_stopping is not None for member in members):
        raise ParameterError("early_stopping needs a validation split to stop by")
    for name in watch:
        if name not in WATCHABLE:
            raise ParameterError(f"cannot watch {name!r}: it can be one of {', '.join(WATCHABLE)}")
