"""Training: the one loop.

One loop trains one network or a stack of them: each member of a stack comes out with the bits
that training it alone gives, since every sum is exact and nothing else mixes members.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..errors import DivergenceError, ParameterError
from .checks import as_count, as_float
from .gradients import COST_EPSILON
from .lockstep import WATCHABLE, History, Lockstep, Run
from .network import Network
from .optimizers import Adam, GradientDescent
from .saved import SavedTraining
from .updating.sample_space import SampleSpace
from .updating.updates import Updates
from .updating.whole_rows import BLOCKABLE
from .updating.workers import Workers

__all__ = ["EarlyStopping", "History", "Member", "fit", "fit_stack"]

PART = 50  # members that take their steps together in sample space, at most


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
        as_count("patience", self.patience)


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
    clip_norm : float, optional
        Shorten the gradient g of all that is trained to this Euclidean norm, ``g * (clip_norm /
        norm)``, where it is longer [1]_. A gradient of 1e67 or more is then out of range: the run
        diverges.
    class_weights : pair of float, optional
        What the gradient of images with label 0 and with label 1 is multiplied with: of m images
        with m_0 and m_1 of a class, ``(m / (2 * m_0), m / (2 * m_1))`` gives both classes the
        same say. The costs that are recorded stay those of all images alike.
    layer_rates : sequence of float, optional
        What the learning rate is multiplied with in each layer.
    hold_first_layer : int
        Number of updates that the first layer is left as it was drawn. Its optimizer begins only
        then, with its warm-up and its schedule.
    centralise_gradient : bool
        Take the mean off the gradient of each first-layer unit's weights [2]_.
    block_mean : str, optional
        An intervention on cause and effect, not a remedy: the mean of what an update adds to the
        weights of a first-layer unit is taken back where it is positive (``"up"``), negative
        (``"down"``), or either (``"both"``).
    batch_size : int, optional
        How many images an update is taken from, drawn anew for every epoch; by default all. The
        number of iterations stays that of updates.
    dropout : float
        Share of the hidden units, in [0, 1), that is left out at random for each image and update
        [3]_. The costs that are recorded stay those of the whole network.
    augmentation : Augmentation, optional
        How the images of each update are changed; see `catnet.Augmentation`.
    seed : int, 0 to 2**32 - 1
        Where the random numbers for all of this begin. They are others than those of the
        network's own seed, so the two may be the same.

    Raises
    ------
    ParameterError
        If there is no such layer, or a number is out of its range.

    References
    ----------
    .. [1] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
       networks", ICML 2013.
    .. [2] H. Yong, J. Huang, X. Hua, L. Zhang, "Gradient Centralization: A New Optimization
       Technique for Deep Neural Networks", ECCV 2020.
    .. [3] N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: A
       Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014.
    """

    network: Network
    optimizer: GradientDescent | Adam
    frozen_layers: Collection[int] = ()
    early_stopping: EarlyStopping | None = None
    clip_norm: float | None = None
    class_weights: tuple[float, float] | None = None
    layer_rates: tuple[float, ...] | None = None
    hold_first_layer: int = 0
    centralise_gradient: bool = False
    block_mean: str | None = None
    batch_size: int | None = None
    dropout: float = 0.0
    augmentation: Any = None
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "frozen_layers", frozenset(self.frozen_layers))
        for layer in self.frozen_layers:
            if layer not in range(1, self.network.depth + 1):
                raise ParameterError(
                    f"frozen layer {layer!r} is not there: the layers are 1 … {self.network.depth}"
                )
        if self.clip_norm is not None:
            object.__setattr__(self, "clip_norm", _positive("clip_norm", self.clip_norm))
        if self.class_weights is not None:
            weights = tuple(_positive("a class weight", weight) for weight in self.class_weights)
            if len(weights) != 2:
                raise ParameterError(f"class_weights must be two numbers, not {len(weights)}")
            object.__setattr__(self, "class_weights", weights)
        if self.layer_rates is not None:
            rates = tuple(_positive("a layer's rate", rate) for rate in self.layer_rates)
            if len(rates) != self.network.depth:
                raise ParameterError(
                    f"layer_rates must be {self.network.depth} numbers, one a layer, not "
                    f"{len(rates)}"
                )
            object.__setattr__(self, "layer_rates", rates)
        if self.hold_first_layer:
            held = as_count("hold_first_layer", self.hold_first_layer)
            object.__setattr__(self, "hold_first_layer", held)
        if self.block_mean not in (None, *BLOCKABLE):
            raise ParameterError(
                f"block_mean must be one of {', '.join(BLOCKABLE)}, not {self.block_mean!r}"
            )
        if self.centralise_gradient and self.clip_norm is not None:
            raise ParameterError("centralise_gradient and clip_norm do not go together")
        if self.batch_size is not None:
            object.__setattr__(self, "batch_size", as_count("batch_size", self.batch_size))
        object.__setattr__(self, "dropout", as_float("dropout", self.dropout))
        if not 0 <= self.dropout < 1:
            raise ParameterError(f"dropout must be in [0, 1), not {self.dropout!r}")
        if not isinstance(self.seed, Integral) or not 0 <= self.seed < 2**32:
            raise ParameterError(f"seed must be in 0 … 2**32 - 1, not {self.seed!r}")
        object.__setattr__(self, "seed", int(self.seed))

    @property
    def sees_its_own_images(self):
        """Whether an update is taken from other images than those of the other members."""
        return self.batch_size is not None or self.augmentation is not None

    @property
    def settles(self):
        """Whether a unit of the first layer that is off, and at rest, stays so; see `Adam`."""
        random = self.sees_its_own_images or self.dropout > 0
        return self.optimizer_of(1).settles and not random

    def optimizer_of(self, layer):
        """Return the optimizer of a layer, numbered from 1: with the learning rate it has there."""
        factor = 1.0 if self.layer_rates is None else self.layer_rates[layer - 1]
        if factor == 1.0:
            return self.optimizer
        return replace(self.optimizer, learning_rate=self.optimizer.learning_rate * factor)


def _positive(name, value):
    number = as_float(name, value)
    if not 0 < number < np.inf:
        raise ParameterError(f"{name} must be above 0 and finite, not {number!r}")
    return number


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
    snapshots=(),
    cost_epsilon=COST_EPSILON,
    sample_space=False,
    progress=False,
    save_to=None,
    save_every=1000,
    **options,
):
    """Train a network in place, on all images at once or by mini-batches.

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
    validation, watch, snapshots, cost_epsilon, sample_space, progress, save_to, save_every
        As for `fit_stack`.
    **options
        What else `Member` takes: ``batch_size``, ``dropout``, ``clip_norm``, ``seed``, …

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
        [Member(network, optimizer, frozen_layers, early_stopping, **options)],
        split,
        num_iterations,
        validation=validation,
        watch=watch,
        snapshots=snapshots,
        cost_epsilon=cost_epsilon,
        sample_space=sample_space,
        progress=progress,
        save_to=save_to,
        save_every=save_every,
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
    snapshots=(),
    cost_epsilon=COST_EPSILON,
    sample_space=False,
    progress=False,
    on_costs=None,
    save_to=None,
    save_every=1000,
):
    """Train networks of the same widths and activation in place, all at once.

    Every network ends, and every history reads, as if it had been trained alone, to the bit. A
    member that diverges or stops early leaves the others alone. Members with mini-batches or
    augmentation, whose images differ, take their turns.

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
        What else to record: ``"dead_units"``, ``"gradient_norms"``, ``"logit_ranges"``.
    snapshots : collection of int
        Numbers of updates, below `num_iterations`, after which a copy of every network is kept
        in its history.
    cost_epsilon : float
        Added inside the logarithms of the cost; the gradient does not know of it.
    sample_space : bool
        Train in the space of the images: for `GradientDescent` without what needs the first
        layer's gradient itself, and much faster where images are few. Costs then agree with
        those of the direct way to some nine digits at first, but not to the bit; see
        `catnet.engine.updating.sample_space`.
    progress : bool
        Show a progress bar on standard error.
    on_costs : callable, optional
        Called with a member's number, from 0, and its next training costs, a list of float:
        while it trains, some iterations at a time, as they become known.
    save_to : str or Path, optional
        A file that the training of one member is saved to, to go on from there if it is begun
        again: with the bits that it would have had without a stop, and the whole history.
    save_every : int
        After how many updates it is saved.

    Returns
    -------
    list of History
        In the order of the members; `divergence` says of a member that it diverged.

    Raises
    ------
    ParameterError
        If an argument is out of its range, the widths or activations differ, a network is given
        twice, or `save_to` holds another training or cannot be written.
    """
    members, watch, snapshots = list(members), frozenset(watch), frozenset(snapshots)
    splits = [split] if validation is None else [split, validation]
    cost_epsilon = as_float("cost_epsilon", cost_epsilon)
    _check(members, num_iterations, splits, watch, snapshots, cost_epsilon)
    saved = None
    if save_to is not None:
        _check_saving(members, snapshots, sample_space, save_every)
        saved = SavedTraining(save_to, members[0], splits)
    runs = [Run(member) for member in members]
    if on_costs is not None:
        for number, run in enumerate(runs):
            run.on_costs = partial(on_costs, number)
    alike = [run for run in runs if not run.member.sees_its_own_images]
    others = [run for run in runs if run.member.sees_its_own_images]
    with Workers() as workers, _bar(num_iterations * len(runs), progress) as bar:

        def train(together):
            iteration = together.taken
            if iteration > num_iterations:
                raise ParameterError(
                    f"{save_to} has had {iteration} updates, more than the {num_iterations} that "
                    "are asked for"
                )
            bar.update(iteration)
            for iteration in range(together.taken, num_iterations):
                if workers.stopped:
                    break
                together.look(iteration, cost_epsilon)
                if all(run.divergence for run in together.runs):
                    break
                if iteration in snapshots:
                    together.keep_snapshots(iteration)
                together.step(watch, iteration)
                bar.update(len(together.runs))
                together.drop_ended()
                if not together.runs:
                    break
                if saved is not None and (iteration + 1) % save_every == 0:
                    together.save(iteration, cost_epsilon)
            together.see(iteration, cost_epsilon)
            together.finish()

        if sample_space:
            count = -(-len(runs) // PART)
            count = min(-(-count // workers.count) * workers.count, len(runs))
            parts = [runs[place::count] for place in range(count)]
            workers.each(lambda part, number: train(Lockstep(part, splits, SampleSpace)), parts)
        else:
            for together in filter(None, [alike, *([run] for run in others)]):
                train(Lockstep(together, splits, partial(Updates, workers=workers), saved))
    return [run.history() for run in runs]


def _bar(total, progress):
    """Return a progress bar over the iterations of all members, or what stands for none."""
    if not progress:
        return nullcontext(SimpleNamespace(update=lambda iterations: None))
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="it", leave=False)


def _check_saving(members, snapshots, sample_space, save_every):
    as_count("save_every", save_every)
    if len(members) > 1 or snapshots or sample_space:
        raise ParameterError("save_to is for one member, without snapshots and sample_space")


def _check(members, num_iterations, splits, watch, snapshots, cost_epsilon):
    if not members:
        raise ParameterError("there is no network to train")
    if len({id(member.network) for member in members}) < len(members):
        raise ParameterError("a network is given twice: train a copy() of it as well")
    for network in (member.network for member in members):
        if not all(np.asarray(a).flags.writeable for a in (*network.weights, *network.biases)):
            raise ParameterError("a network is read-only: train a copy() of it")
    as_count("num_iterations", num_iterations)
    if not 0 <= cost_epsilon < np.inf:
        raise ParameterError(f"cost_epsilon must be 0 or above and finite, not {cost_epsilon!r}")
    if not all(len(split) for split in splits):
        raise ParameterError("there are no images in a split")
    if len(splits) == 1 and any(member.early_stopping is not None for member in members):
        raise ParameterError("early_stopping needs a validation split to stop by")
    for name in watch:
        if name not in WATCHABLE:
            raise ParameterError(f"cannot watch {name!r}: it can be one of {', '.join(WATCHABLE)}")
    for updates in snapshots:
        if updates not in range(num_iterations):
            raise ParameterError(
                f"there is no snapshot after {updates!r} updates: the numbers are "
                f"0 … {num_iterations - 1}"
            )
