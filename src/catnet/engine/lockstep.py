"""Runs that take their steps together, and what each remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from ..arithmetic import exact
from .batches import Batches, kept_units
from .gradients import mean_costs
from .network import Network
from .propagation import Propagation
from .saved import begin
from .stack import Stack

__all__ = ["WATCHABLE", "History", "Lockstep", "Run"]

WATCHABLE = ("dead_units", "gradient_norms", "logit_ranges")
UNSEEN = 2**13  # outputs whose costs are computed together: more of them leave the cache
WAITING = 8  # iterations that wait for it at least: what the first brings to the cache serves all


@dataclass
class History:
    """What a training run recorded; arrays have one row an iteration.

    Of an iteration at which the run diverged there is the cost alone.

    Attributes
    ----------
    costs : ndarray, shape (t,)
        Training cost before each update, in nats: of the images that the update is taken from,
        by the whole network, without any penalty.
    validation_costs : ndarray, shape (t,) or (0,)
        Cost on the validation split before each update, if one was given; with mini-batches,
        before the first update of each epoch.
    dead_units : ndarray, shape (t, L - 1) or (0,)
        Share of each hidden layer's units that are above 0 on no training image, if watched.
    gradient_norms : ndarray, shape (t, L) or (0,)
        Euclidean norm of each layer's weight gradient, before any clipping, if watched.
    logit_ranges : ndarray, shape (t,) or (0,)
        Largest less smallest logit of the training images, if watched: near 0 where the network
        gives one answer to all.
    best_iteration : int or None
        Number of updates behind the parameters that were kept, with early stopping.
    divergence : str or None
        How the run diverged, in a sentence, if it did.
    snapshots : dict of int to Network
        The network after so many updates, for those numbers that were asked for and reached.
    """

    costs: np.ndarray
    validation_costs: np.ndarray
    dead_units: np.ndarray
    gradient_norms: np.ndarray
    logit_ranges: np.ndarray
    best_iteration: int | None = None
    divergence: str | None = None
    snapshots: dict[int, Network] = field(default_factory=dict)


class Run:
    """What becomes of one member.

    Parameters
    ----------
    member : catnet.Member

    Attributes
    ----------
    on_costs : callable or None
        Called with the costs that are taken note of.
    """

    def __init__(self, member):
        self.member, self.network = member, member.network
        self.on_costs = None
        self.costs, self.validation_costs = [], []
        self.dead_units, self.gradient_norms, self.logit_ranges = [], [], []
        self.snapshots = {}
        self.kept = self.best_iteration = self.divergence = None
        self.lowest = np.inf
        self.ended = False

    def look(self, iteration, updates, place, costs, validation_costs=()):
        """Take note of costs, the last of them before update `iteration`; see whether to go on."""
        self.costs += costs
        if self.on_costs is not None:
            self.on_costs(costs)
        if not isfinite(costs[-1]):
            self.diverge(
                f"training diverged: the cost of iteration {iteration} is {costs[-1]}; "
                "a lower learning_rate may help"
            )
            updates.copy_to(place, self.network)
            self.validation_costs += validation_costs[:-1]
            return
        self.validation_costs += validation_costs
        if self.member.early_stopping is None or not validation_costs:
            return
        if self.kept is None or validation_costs[-1] < self.lowest:
            self.kept = self.kept or self.network.copy()
            updates.copy_to(place, self.kept)
            self.best_iteration, self.lowest = iteration, np.fmin(validation_costs[-1], np.inf)
        elif iteration - self.best_iteration >= self.member.early_stopping.patience:
            self.ended = True
            self.network.copy_from(self.kept)

    def diverge(self, sentence):
        """Take note of how the run diverged, and end it."""
        self.divergence, self.ended = sentence, True

    def history(self):
        """Return what was recorded."""
        return History(
            np.array(self.costs),
            np.array(self.validation_costs),
            np.array(self.dead_units),
            np.array(self.gradient_norms),
            np.array(self.logit_ranges),
            self.best_iteration,
            self.divergence,
            self.snapshots,
        )


class Lockstep:
    """Runs that take their steps together, as a stack.

    Parameters
    ----------
    runs : list of Run
        Those that go on; others are left behind.
    splits : list of Split
        The training images, and the validation images if there are any.
    updates : callable
        Makes what updates a stack of members: `Updates` or `SampleSpace`.
    saved : SavedTraining, optional
        The file of the one run; if there is something in it, the run goes on from there.

    Attributes
    ----------
    taken : int
        How many updates had been taken before.
    """

    def __init__(self, runs, splits, updates, saved=None):
        self.runs, self.splits, self.unseen = runs, splits, []
        self.saved, self.taken = saved, 0
        content = None if saved is None else saved.read()
        if content is not None:
            self.taken, states = begin(content, runs[0])
        member = runs[0].member
        self.batches = Batches(member, splits[0]) if member.sees_its_own_images else None
        self._begin(Stack([run.network for run in runs]))
        self.updates = updates(self.stack, [run.member for run in runs], self.passes)
        if content is not None:
            self.updates.begin(states)
        self.updates.drive()

    def _begin(self, stack):
        self.stack = stack
        if self.batches is None:
            self.passes = [Propagation(stack, split) for split in self.splits]
            self.passes[0].weigh([run.member.class_weights for run in self.runs])
        else:
            self.by_size = {}
            self.validation = [Propagation(stack, split) for split in self.splits[1:]]
            self.passes = self._passes(self.taken)

    def _passes(self, iteration):
        """Return the propagations of an iteration with images of its own."""
        batch = self.batches.at(iteration)
        if len(batch) not in self.by_size:
            training = self.by_size[len(batch)] = Propagation(self.stack, batch)
            training.weigh([run.member.class_weights for run in self.runs])
        self.by_size[len(batch)].show(batch)
        looks = iteration % self.batches.in_epoch == 0
        return [self.by_size[len(batch)], *(self.validation if looks else [])]

    def look(self, iteration, cost_epsilon):
        """Look at the outputs before an update."""
        self._forward()
        self.unseen.append([(p.probabilities[:, 0], p.split.labels) for p in self.passes])
        # Logarithms are taken of many iterations at once, where none of them decides anything.
        if (
            len(self.unseen) >= max(_together(self.unseen[0][0][0]), WAITING)
            or cost_epsilon == 0
            or self.batches is not None
            or any(run.member.early_stopping is not None for run in self.runs)
            or np.isnan(self.passes[0].logits).any()
        ):
            self.see(iteration, cost_epsilon)

    def see(self, iteration, cost_epsilon):
        """Compute the costs that have not been seen yet, the last of them of this iteration."""
        if not self.unseen:
            return
        costs = []
        for looks in zip(*self.unseen, strict=True):
            probabilities, labels = zip(*looks, strict=True)
            some = _together(probabilities[0])
            parts = [
                mean_costs(np.stack(probabilities[start : start + some]), labels[0], cost_epsilon)
                for start in range(0, len(probabilities), some)
            ]
            costs.append(np.concatenate(parts))
        self.unseen = []
        each = zip(self.runs, *(kind.T.tolist() for kind in costs), strict=True)
        for place, (run, *kinds) in enumerate(each):
            run.look(iteration, self.updates, place, *kinds)

    def step(self, watch, iteration):
        """Go back to the gradient, and update."""
        training = self.passes[0]
        sound = {place: run for place, run in enumerate(self.runs) if not run.divergence}
        if "dead_units" in watch:
            for place, run in sound.items():
                dead = [~(a[place] > 0).any(axis=1) for a in training.activations]
                run.dead_units.append([float(np.mean(units)) for units in dead])

        if "logit_ranges" in watch:
            with np.errstate(over="ignore", invalid="ignore"):
                ranges = np.ptp(training.logits[:, 0], axis=1)
            for place, run in sound.items():
                run.logit_ranges.append(float(ranges[place]))

        def note_norms(first):
            for place, run in sound.items():
                gradients = [w[place] for w in (first, *training.weights[1:])]
                run.gradient_norms.append([_norm(g) for g in gradients])

        self._backward(iteration)
        look = note_norms if "gradient_norms" in watch else None
        if self.batches is None:
            self.updates.step(look)
        else:
            self.updates.step(look, lambda: self._passes(iteration + 1))
            self.passes = self.updates.propagations

    def _backward(self, iteration):
        """Go back to the gradient; with dropout, of the outputs without some units."""
        training, members = self.passes[0], [run.member for run in self.runs]
        images = training.split
        factors = kept_units(members, iteration, training.hidden.shape[1], len(images))
        with np.errstate(invalid="ignore"):
            if factors is not None:
                training.forward(self.forward, factors)
            training.backward(self.backward)

    def save(self, iteration, cost_epsilon):
        """Save the one run, after update `iteration`."""
        self.see(iteration, cost_epsilon)
        (run,) = self.runs
        if not run.ended:
            self.updates.copy_to(0, run.network)
            self.saved.write(iteration + 1, run, run.network, self.updates.states())

    def keep_snapshots(self, iteration):
        """Keep the networks as they are before update `iteration`."""
        for place, run in enumerate(self.runs):
            if not run.divergence:
                run.snapshots[iteration] = run.network.copy()
                self.updates.copy_to(place, run.snapshots[iteration])

    def drop_ended(self):
        """Leave the runs that have ended behind."""
        places = [place for place, run in enumerate(self.runs) if not run.ended]
        if len(places) == len(self.runs):
            return
        self.runs = [self.runs[place] for place in places]
        if self.runs:
            self.updates.write_back()
            self._begin(self.stack.take(places))
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
            self.updates.copy_to(place, run.network)
            if not np.isfinite(self.passes[0].logits[place]).all():
                run.diverge("training diverged at its last update; a lower learning_rate may help")

    def _forward(self):
        with np.errstate(invalid="ignore"):  # what is out of range is NaN, and shows in the cost
            self.forward, self.backward = self.stack.sliced()
            for propagation in self.passes:
                propagation.forward(self.forward)


def _together(probabilities):
    """Return how many iterations with so many outputs have their costs computed together."""
    return max(UNSEEN // probabilities.size, 1)


def _norm(array):
    with np.errstate(over="ignore"):  # of what is out of range it is NaN
        return float(np.sqrt(exact.total((array * array).reshape(1, -1))[0, 0]))
