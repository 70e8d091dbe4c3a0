"""What is kept of every run, and how it is made."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from ..arithmetic import exact
from ..engine.gradients import cross_entropy
from ..engine.optimizers import GradientDescent
from ..engine.training import fit_stack
from ..errors import DataError
from .datasets import images_of
from .plan import parse_plan
from .settings import divided, member, prepared

__all__ = ["COLLAPSED", "columns", "grid", "train"]

COLLAPSED = 1e-4
"""Largest less smallest logit of the images trained on, up to which a network is constant."""


def grid(plan):
    """Return the iterations whose cost is kept, those before which it is taken; int32."""
    return np.arange(0, plan.iterations, plan.costs_every, dtype=np.int32)


def columns(plan, sizes):
    """Describe what is kept of a run; every entry is an array with the runs along its first axis.

    Looked at are the networks after the plan's snapshots, and last the network as it ended: K
    times. Numbers that are not there, after a divergence or an earlier end, are NaN or -1.

    ``digest``
        `Network.digest` of the network as it ended, in ASCII; empty if it diverged.
    ``updates``
        Number of updates behind that network: fewer than the iterations with early stopping.
    ``diverged_at``
        Number of updates after which its outputs were no numbers, or -1.
    ``collapsed_at``
        Lowest number of updates after which the network was constant: the logits of all images it
        is trained on lay within `COLLAPSED`. Looked at after every update, from 0 on; -1 if never,
        and where an update has other images than the next.
    ``constant_from``
        The lowest number after which it was so until the end of training, or -1.
    ``costs``, shape (G,)
        Training cost before update `grid`.
    ``cost``, ``train_accuracy``, ``test_accuracy``, ``logit_range``, shape (K,)
        Training cost; shares of the images; largest less smallest logit. All but
        ``test_accuracy`` on the images trained on.
    ``dead_units``, shape (K, H)
        How many units of each hidden layer are zero on all images trained on.
    ``on_share``, shape (K, H)
        Share of the pairs of a unit and an image trained on in which the unit is above zero.
    ``train_logits``, ``test_logits``, shape (K, m) and (K, n), or (1, …), or (0, …)
        Outputs on all images, those held out too, as the plan says; float32. The probability of a
        cat is their sigmoid, of which the logarithm is finite where float32 would give 0 or 1.

    Parameters
    ----------
    plan : Plan
    sizes : (int, int)
        How many training and test images there are.

    Returns
    -------
    dict of str to (dtype, shape, object)
        Type and shape of a run's entry, and what it holds where there is nothing.
    """
    looks = len(plan.snapshots) + 1
    hidden = max(len(arm.settings["layer_dims"]) for arm in plan.arms) - 2
    outputs = {"end": 1, "test": 1, "snapshots": looks, "none": 0}[plan.logits]
    of_training = 0 if plan.logits == "test" else outputs
    train, test = sizes
    return {
        "digest": ("S64", (), b""),
        "updates": ("<i4", (), -1),
        "diverged_at": ("<i4", (), -1),
        "collapsed_at": ("<i4", (), -1),
        "constant_from": ("<i4", (), -1),
        "costs": ("<f8", (len(grid(plan)),), np.nan),
        "cost": ("<f8", (looks,), np.nan),
        "train_accuracy": ("<f8", (looks,), np.nan),
        "test_accuracy": ("<f8", (looks,), np.nan),
        "logit_range": ("<f8", (looks,), np.nan),
        "dead_units": ("<i4", (looks, hidden), -1),
        "on_share": ("<f8", (looks, hidden), np.nan),
        "train_logits": ("<f4", (of_training, train), np.nan),
        "test_logits": ("<f4", (outputs, test), np.nan),
    }


def train(name, text, numbers, images_digest):
    """Train some runs of a study that can be a stack; it does not matter which.

    All it needs is small, so that it can be sent anywhere.

    Parameters
    ----------
    name, text : str
        The study's name, and its plan.
    numbers : list of int
        Which runs.
    images_digest : str or None
        Of the images that it must be trained on, if that is known.

    Returns
    -------
    dict of str to ndarray
        The `columns` of these runs and their ``number``; ``images``, the digest of what they were
        trained on; and ``seconds``, how long it took.

    Raises
    ------
    DataError
        If the images are others here.
    """
    start = time.monotonic()
    plan = parse_plan(name, text)
    images, digest = images_of(plan.dataset)
    if images_digest not in (None, digest):
        raise DataError(
            f"the images {plan.dataset} are not those that the results of {name} were made with: "
            f"sha256 {digest[:12]}… instead of {images_digest[:12]}…"
        )
    runs = [plan.runs[number] for number in numbers]
    shared = runs[0].arm.settings
    images = prepared(images, shared)
    training, held_out = divided(images.train, shared)
    members = [member(run.arm.settings, run.seed, training.labels) for run in runs]
    histories = _fit(members, training, held_out, plan.snapshots, shared)
    part = {"number": np.array(numbers, dtype="<i8")}
    for column, (kind, shape, nothing) in columns(plan, _sizes(images)).items():
        part[column] = np.full((len(runs), *shape), nothing, dtype=kind)
    for row, (one, history) in enumerate(zip(members, histories, strict=True)):
        entry = {column: values[row : row + 1] for column, values in part.items()}
        if one.sees_its_own_images:
            history.logit_ranges = np.full(len(history.costs), np.nan)  # of a few images
        _record(entry, plan, shared, one.network, history, training, images)
    return part | {"images": np.array(digest), "seconds": np.array(time.monotonic() - start)}


def _fit(members, training, held_out, snapshots, settings):
    """Train members; where Adam is to be followed by gradient descent, in two parts."""
    adam = settings["adam_updates"]
    if not adam:
        return _part(members, training, held_out, snapshots, settings, settings["sample_space"])
    before = _part(members, training, held_out, snapshots, settings | {"iterations": adam}, False)
    going = [place for place, history in enumerate(before) if not history.divergence]
    later = settings | {"iterations": settings["iterations"] - adam}
    rest = [number - adam for number in snapshots if number >= adam]
    descent = GradientDescent(settings["descent_rate"])
    others = [replace(members[place], optimizer=descent) for place in going]
    after = _part(others, training, held_out, rest, later, settings["sample_space"])
    for place, history in zip(going, after, strict=True):
        joined = {
            name: np.append(getattr(before[place], name), getattr(history, name))
            for name in ("costs", "validation_costs", "logit_ranges")
        }
        kept = {number + adam: network for number, network in history.snapshots.items()}
        before[place] = replace(history, **joined, snapshots=before[place].snapshots | kept)
    return before


def _part(members, training, held_out, snapshots, settings, sample_space):
    if not members:
        return []
    return fit_stack(
        members,
        training,
        settings["iterations"],
        validation=held_out if settings["patience"] else None,
        watch=("logit_ranges",),
        snapshots=[number for number in snapshots if number < settings["iterations"]],
        cost_epsilon=settings["cost_epsilon"],
        sample_space=sample_space,
    )


def _sizes(images):
    return len(images.train), len(images.test)


def _record(entry, plan, settings, network, history, training, images):
    """Fill in the entry of a run."""
    iterations, made = settings["iterations"], len(history.costs)
    costs = np.where(np.isnan(history.costs), np.nan, history.costs)  # NaNs have signs
    kept = grid(plan)[grid(plan) < made]
    entry["costs"][0, : len(kept)] = costs[kept]
    for place, number in enumerate(plan.snapshots):
        if number in history.snapshots:
            _look(entry, plan, place, history.snapshots[number], settings, training, images)
    ranges = history.logit_ranges
    if history.divergence:
        at_a_cost = not np.isfinite(costs[-1])
        entry["diverged_at"][0] = made - 1 if at_a_cost else iterations
    else:
        stopped = history.best_iteration is not None
        entry["updates"][0] = history.best_iteration if stopped else iterations
        entry["digest"][0] = network.digest().encode()
        last = len(plan.snapshots)
        _look(entry, plan, last, network, settings, training, images)
        if not stopped:
            ranges = np.append(ranges, entry["logit_range"][0, last])
    constant = ranges <= COLLAPSED
    if constant.any():
        entry["collapsed_at"][0] = np.argmax(constant)
    if not history.divergence and constant[-1]:
        others = np.flatnonzero(~constant)
        entry["constant_from"][0] = others[-1] + 1 if len(others) else 0


def _look(entry, plan, place, network, settings, training, images):
    """Note what a network does, as the look of this place."""
    activations, logits = network.forward(training)
    entry["cost"][0, place] = cross_entropy(logits, training.labels, settings["cost_epsilon"])
    entry["logit_range"][0, place] = np.ptp(logits)
    entry["train_accuracy"][0, place] = _accuracy(logits, training)
    for layer, a in enumerate(activations):
        on = a > 0
        entry["dead_units"][0, place, layer] = np.count_nonzero(~on.any(axis=1))
        entry["on_share"][0, place, layer] = np.count_nonzero(on) / on.size
    entry["test_accuracy"][0, place] = _accuracy(network.forward(images.test)[1], images.test)
    looks = len(plan.snapshots) + 1
    for column, of in (("train_logits", images.train), ("test_logits", images.test)):
        row = place - (looks - entry[column].shape[1])  # the last ones are kept
        if row >= 0:
            outputs = network.forward(of)[1]
            with np.errstate(over="ignore", under="ignore"):
                entry[column][0, row] = outputs[0]


def _accuracy(logits, split):
    """Share of right answers, as `Network.accuracy` counts them."""
    answers = exact.sigmoid(logits)[0] > 0.5
    return np.count_nonzero(answers == split.labels) / len(split)
