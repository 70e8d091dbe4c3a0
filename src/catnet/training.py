"""The training loop, and what it remembers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import exact
from .errors import DivergenceError, ParameterError
from .gradients import COST_EPSILON, backpropagate, cross_entropy

__all__ = ["EarlyStopping", "History", "fit"]

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
        if self.patience < 1:
            raise ParameterError(f"patience must be at least 1, not {self.patience!r}")


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
    """

    costs: np.ndarray
    validation_costs: np.ndarray
    dead_units: np.ndarray
    gradient_norms: np.ndarray
    best_iteration: int | None = None


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
    frozen_layers : collection of int
        Layers, numbered from 1, that are not updated.
    validation : Split, optional
        Images whose cost is recorded as well.
    early_stopping : EarlyStopping, optional
        Stop by the validation cost, and keep the parameters that had the lowest.
    watch : collection of str
        What else to record: ``"dead_units"``, ``"gradient_norms"``.
    cost_epsilon : float
        Added inside the logarithms of the cost; the gradient does not know of it.
    progress : bool
        Show a progress bar on standard error.

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
    frozen_layers, watch = frozenset(frozen_layers), frozenset(watch)
    _check(network, num_iterations, frozen_layers, validation, early_stopping, watch)
    trained = [layer for layer in range(network.depth) if layer + 1 not in frozen_layers]
    parameters = [kind[layer] for kind in (network.weights, network.biases) for layer in trained]
    state = optimizer.start(parameters)
    costs, validation_costs, dead_units, gradient_norms = [], [], [], []
    best, lowest = None, np.inf

    def history():
        return History(
            np.array(costs),
            np.array(validation_costs),
            np.array(dead_units),
            np.array(gradient_norms),
            None if best is None else best[0],
        )

    for iteration in _counted(num_iterations, progress):
        activations, logits = network.forward(split)
        costs.append(cross_entropy(logits, split.labels, cost_epsilon))
        if not np.isfinite(costs[-1]):
            raise DivergenceError(
                f"training diverged: the cost of iteration {iteration} is {costs[-1]}; "
                "a lower learning_rate may help",
                history(),
            )
        if validation is not None:
            validation_logits = network.forward(validation)[1]
            validation_costs.append(
                cross_entropy(validation_logits, validation.labels, cost_epsilon)
            )
        weights, biases = backpropagate(network, split, activations, logits)
        if "dead_units" in watch:
            dead_units.append([float(np.mean(~(a > 0).any(axis=1))) for a in activations])
        if "gradient_norms" in watch:
            gradient_norms.append([_norm(w) for w in weights])
        if early_stopping is not None:
            if best is None or validation_costs[-1] < lowest:
                best, lowest = (iteration, network.copy()), np.fmin(validation_costs[-1], np.inf)
            elif iteration - best[0] >= early_stopping.patience:
                break
        gradients = [kind[layer] for kind in (weights, biases) for layer in trained]
        optimizer.update(parameters, gradients, state)
    if best is not None:
        network.copy_from(best[1])
    if not np.isfinite(network.forward(split)[1]).all():
        raise DivergenceError(
            "training diverged at its last update; a lower learning_rate may help", history()
        )
    return history()


def _norm(array):
    return float(np.sqrt(exact.total((array * array).reshape(1, -1))[0, 0]))


def _counted(num_iterations, progress):
    if not progress:
        return range(num_iterations)
    from tqdm.auto import trange

    return trange(num_iterations, unit="it", leave=False)


def _check(network, num_iterations, frozen_layers, validation, early_stopping, watch):
    if num_iterations < 1:
        raise ParameterError(f"num_iterations must be at least 1, not {num_iterations!r}")
    for layer in frozen_layers:
        if layer not in range(1, network.depth + 1):
            raise ParameterError(
                f"frozen layer {layer!r} is not there: the layers are 1 … {network.depth}"
            )
    if early_stopping is not None and validation is None:
        raise ParameterError("early_stopping needs a validation split to stop by")
    for name in watch:
        if name not in WATCHABLE:
            raise ParameterError(f"cannot watch {name!r}: it can be one of {', '.join(WATCHABLE)}")
