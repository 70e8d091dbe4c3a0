"""The settings of a run: what a plan may say, and what training makes of it.

A new setting is a line in `SETTINGS` and a use in `prepared`, `member` or `divided`; if networks
that differ in it cannot be trained in one stack, also a name in `SHARED`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arithmetic import exact
from ..engine.gradients import COST_EPSILON
from ..engine.network import INITIALISATIONS, Network
from ..engine.optimizers import Adam, GradientDescent
from ..engine.propagation import SLOPES
from ..engine.schedules import Cosine, StepDecay
from ..engine.training import EarlyStopping, Member
from ..engine.updating.whole_rows import BLOCKABLE
from ..errors import ParameterError
from ..images.augmentation import Augmentation
from ..report.parameters import Interval

__all__ = [
    "SETTINGS",
    "SHARED",
    "Setting",
    "checked",
    "divided",
    "fold_numbers",
    "member",
    "prepared",
    "steps_of",
]

KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    list: "a list of whole numbers",
}
POSITIVE = Interval(0, math.inf, False, False, "(0, inf)")
NOT_NEGATIVE = Interval(0, math.inf, True, False, "[0, inf)")
FROM_ONE = Interval(1, math.inf, True, False, "[1, inf)")
SHARE = Interval(0, 1, True, False, "[0, 1)")
SEEDS = Interval(0, 2**32, True, False, "[0, 2**32)")


@dataclass(frozen=True)
class Setting:
    """One setting.

    Parameters
    ----------
    kind : type
        A key of `KINDS`.
    default : object
        A list is written as a tuple.
    interval : Interval, optional
        Where a number must be, or every element of a list.
    choices : tuple of str
        What a text may be.
    """

    kind: type
    default: object
    interval: Interval | None = None
    choices: tuple[str, ...] = ()

    def read(self, value, where):
        """Check a value that a plan gives, and return it in its normal form.

        Parameters
        ----------
        value : object
            As TOML has it.
        where : str
            Whose value it is, for the sentence.

        Returns
        -------
        object
            A whole number given for a float has become one, a list a tuple.

        Raises
        ------
        ParameterError
            If it has another type or is out of range.
        """
        if self.kind is float and type(value) is int:
            value = float(value) if abs(value) < 2**53 else math.inf
        elements = value if type(value) is list else [value]
        element_kind = int if self.kind is list else self.kind
        if (
            (type(value) is list) != (self.kind is list)
            or any(type(element) is not element_kind for element in elements)
            or (self.interval and not all(element in self.interval for element in elements))
            or (self.choices and value not in self.choices)
        ):
            must_be = " or ".join(f'"{c}"' for c in self.choices) or KINDS[self.kind]
            if self.interval is not None:
                must_be += f" in {self.interval.notation}"
            raise ParameterError(f"{where} must be {must_be}, not {value!r:.80}")
        return tuple(value) if self.kind is list else value


SETTINGS = {
    # Of the images: how many are trained on, the first ones, 0 for all; the side they are shrunk
    # to, 0 for as they are; and what is taken off them.
    "train_images": Setting(int, 0, NOT_NEGATIVE),
    "image_side": Setting(int, 0, NOT_NEGATIVE),
    "centring": Setting(str, "none", choices=("none", "128", "mean")),
    # Of the network as it begins. "share" is the logit of the share of cats.
    "layer_dims": Setting(list, (12288, 20, 7, 5, 1), FROM_ONE),
    "initialisation": Setting(str, "article", choices=tuple(INITIALISATIONS)),
    "activation": Setting(str, "relu", choices=tuple(SLOPES)),
    "output_bias": Setting(str, "zero", choices=("zero", "share")),
    # An intervention: the weights of the first half of the first layer's units less `push_by`
    # ("down"), those of the second half plus it ("up"), or both.
    "push": Setting(str, "none", choices=("none", "down", "up", "both")),
    "push_by": Setting(float, 0.0, NOT_NEGATIVE),
    # Of the training; see `catnet.Member` and the optimizers.
    "optimizer": Setting(str, "adam", choices=("adam", "gradient descent")),
    "learning_rate": Setting(float, 0.0075, POSITIVE),
    "beta1": Setting(float, 0.9, SHARE),
    "beta2": Setting(float, 0.999, SHARE),
    "epsilon": Setting(float, 1e-8, NOT_NEGATIVE),
    "warmup": Setting(int, 0, NOT_NEGATIVE),
    "amsgrad": Setting(bool, False),
    "momentum": Setting(float, 0.0, SHARE),
    "nesterov": Setting(bool, False),
    "l2": Setting(float, 0.0, NOT_NEGATIVE),
    "weight_decay": Setting(float, 0.0, NOT_NEGATIVE),
    # A cosine runs over all iterations, down to 0.
    "schedule": Setting(str, "none", choices=("none", "step", "cosine")),
    "schedule_every": Setting(int, 0, NOT_NEGATIVE),
    "schedule_factor": Setting(float, 0.1, Interval(0, 1, False, True, "(0, 1]")),
    "clip_norm": Setting(float, 0.0, NOT_NEGATIVE),
    "class_weights": Setting(str, "none", choices=("none", "balanced")),
    "first_layer_rate": Setting(float, 1.0, POSITIVE),
    "upper_layers_rate": Setting(float, 1.0, POSITIVE),
    "hold_first_layer": Setting(int, 0, NOT_NEGATIVE),
    "centralise_gradient": Setting(bool, False),
    "block_mean": Setting(str, "none", choices=("none", *BLOCKABLE)),
    "frozen_layers": Setting(list, (), FROM_ONE),
    # What an update is taken from: so many images, 0 for all; mirrored, moved and lightened at
    # random; without a share of the hidden units. The seed of it all is the run's.
    "batch_size": Setting(int, 0, NOT_NEGATIVE),
    "mirror": Setting(bool, False),
    "shift": Setting(int, 0, NOT_NEGATIVE),
    "brightness": Setting(int, 0, NOT_NEGATIVE),
    "dropout": Setting(float, 0.0, SHARE),
    # Updates of Adam after which gradient descent takes over, and its learning rate; 0 for never.
    "adam_updates": Setting(int, 0, NOT_NEGATIVE),
    "descent_rate": Setting(float, 0.0, NOT_NEGATIVE),
    "iterations": Setting(int, 2000, Interval(1, 10**7, True, False, "[1, 10**7)")),
    "sample_space": Setting(bool, False),
    "cost_epsilon": Setting(float, COST_EPSILON, NOT_NEGATIVE),
    # Early stopping, where patience is above 0, by the images held out: the same share of the
    # cats and of the others, drawn by a seed of their own.
    "patience": Setting(int, 0, NOT_NEGATIVE),
    "held_out": Setting(float, 0.0, SHARE),
    "split_seed": Setting(int, 0, SEEDS),
    # Cross-validation: of so many folds, drawn by `split_seed`, the one that is held out.
    "folds": Setting(int, 0, NOT_NEGATIVE),
    "fold": Setting(int, 0, NOT_NEGATIVE),
}

SHARED = (
    "train_images",
    "image_side",
    "centring",
    "layer_dims",
    "activation",
    "adam_updates",
    "descent_rate",
    "iterations",
    "sample_space",
    "cost_epsilon",
    "held_out",
    "split_seed",
    "folds",
    "fold",
)
"""What all networks of a stack have in common."""


def checked(settings, where):
    """See whether settings fit together.

    Parameters
    ----------
    settings : dict of str to object
        All of `SETTINGS`.
    where : str
        Whose they are, for the sentence.

    Returns
    -------
    dict of str to object
        The same.

    Raises
    ------
    ParameterError
        If they contradict one another.
    """
    dims = settings["layer_dims"]
    if len(dims) < 2 or dims[-1] != 1:
        raise ParameterError(f"{where}: layer_dims must be two widths or more, the last of them 1")
    if max(settings["frozen_layers"], default=1) >= len(dims):
        raise ParameterError(
            f"{where}: frozen_layers says {list(settings['frozen_layers'])}, but there are "
            f"{len(dims) - 1} layers"
        )
    switches = settings["adam_updates"]
    if switches and settings["optimizer"] != "adam":
        raise ParameterError(f'{where}: adam_updates is for the optimizer "adam" only')
    if (switches == 0) != (settings["descent_rate"] == 0):
        raise ParameterError(f"{where}: adam_updates and descent_rate go together")
    if switches >= settings["iterations"]:
        raise ParameterError(f"{where}: adam_updates must be below the iterations")
    if switches and settings["patience"]:
        raise ParameterError(f"{where}: adam_updates and patience do not go together")
    for name in ("l2", "weight_decay", "schedule") if switches else ():
        if settings[name] != SETTINGS[name].default:  # the descent that follows has none
            raise ParameterError(f"{where}: adam_updates and {name} do not go together")
    if settings["sample_space"] and settings["optimizer"] != "gradient descent" and not switches:
        raise ParameterError(f'{where}: sample_space is for the optimizer "gradient descent" only')
    changes = {name: settings[name] for name in ("mirror", "shift", "brightness")}
    Augmentation(**changes)
    if settings["sample_space"] and (settings["batch_size"] or any(changes.values())):
        raise ParameterError(f"{where}: sample_space needs the same images at every update")
    if settings["train_images"] and settings["centring"] == "mean":
        raise ParameterError(f'{where}: the "mean" would be that of all images, not train_images')
    if (settings["push"] == "none") != (settings["push_by"] == 0):
        raise ParameterError(f"{where}: push and push_by go together")
    if (settings["schedule"] == "step") != (settings["schedule_every"] > 0):
        raise ParameterError(f'{where}: schedule_every goes with the schedule "step"')
    if (settings["momentum"] or settings["nesterov"]) and settings["optimizer"] == "adam":
        raise ParameterError(f'{where}: momentum is for the optimizer "gradient descent" only')
    if settings["nesterov"] and not settings["momentum"]:
        raise ParameterError(f"{where}: nesterov needs a momentum above 0")
    if settings["sample_space"] and (settings["l2"] or settings["weight_decay"]):
        raise ParameterError(f"{where}: sample_space has no l2 and no weight_decay")
    folds = settings["folds"]
    if settings["held_out"] and folds:
        raise ParameterError(f"{where}: held_out and folds do not go together")
    if (folds or settings["held_out"]) and settings["centring"] == "mean":
        raise ParameterError(f'{where}: the "mean" would be that of the images held out, too')
    if folds == 1 or settings["fold"] >= max(folds, 1):
        raise ParameterError(f"{where}: folds must be 2 or more, and fold below that")
    if settings["patience"] and not (settings["held_out"] or folds):
        raise ParameterError(f"{where}: patience needs images to stop by: let held_out be above 0")
    return settings


def prepared(images, settings):
    """Return the images as a run's network sees them, where it does not change them itself.

    Parameters
    ----------
    images : Dataset
    settings : dict of str to object

    Returns
    -------
    Dataset
    """
    if settings["image_side"]:
        images = images.shrunk(settings["image_side"])
    return images if settings["centring"] == "none" else images.centred(settings["centring"])


def member(settings, seed, labels):
    """Make the network of a run, and say how it is trained.

    Parameters
    ----------
    settings : dict of str to object
    seed : int
    labels : ndarray of 0 and 1
        Of the training images.

    Returns
    -------
    Member
    """
    dims = settings["layer_dims"]
    network = Network(dims, seed, settings["initialisation"], settings["activation"])
    cats = float(np.mean(labels == 1))
    if settings["output_bias"] == "share":
        network.biases[-1][...] = exact.log(np.array([cats / (1 - cats)]))
    half = len(network.weights[0]) // 2
    if settings["push"] in ("down", "both"):
        network.weights[0][:half] -= settings["push_by"]
    if settings["push"] in ("up", "both"):
        network.weights[0][half:] += settings["push_by"]
    patience, clip_norm = settings["patience"], settings["clip_norm"]
    changes = {name: settings[name] for name in ("mirror", "shift", "brightness")}
    rates = settings["first_layer_rate"], *[settings["upper_layers_rate"]] * (len(dims) - 2)
    return Member(
        network,
        _optimizer(settings),
        settings["frozen_layers"],
        EarlyStopping(patience) if patience else None,
        clip_norm=clip_norm or None,
        class_weights=_balanced(cats) if settings["class_weights"] == "balanced" else None,
        layer_rates=None if set(rates) == {1.0} else rates,
        hold_first_layer=settings["hold_first_layer"],
        centralise_gradient=settings["centralise_gradient"],
        block_mean=None if settings["block_mean"] == "none" else settings["block_mean"],
        batch_size=settings["batch_size"] or None,
        dropout=settings["dropout"],
        augmentation=Augmentation(**changes) if any(changes.values()) else None,
        seed=seed,
    )


def _optimizer(settings):
    schedule: StepDecay | Cosine | None = None
    if settings["schedule"] == "step":
        schedule = StepDecay(settings["schedule_every"], settings["schedule_factor"])
    elif settings["schedule"] == "cosine":
        schedule = Cosine(settings["iterations"])
    names = ["learning_rate", "warmup", "l2", "weight_decay"]
    if settings["optimizer"] == "adam":
        names += ["beta1", "beta2", "epsilon", "amsgrad"]
        return Adam(**{name: settings[name] for name in names}, schedule=schedule)
    names += ["momentum", "nesterov"]
    return GradientDescent(**{name: settings[name] for name in names}, schedule=schedule)


def _balanced(cats):
    return 0.5 / (1 - cats), 0.5 / cats


def divided(split, settings):
    """Divide the training images into those to train on and those held out.

    Parameters
    ----------
    split : Split
    settings : dict of str to object

    Returns
    -------
    training : Split
    held_out : Split or None

    Raises
    ------
    ParameterError
        If none is left on one side.
    """
    if settings["train_images"]:
        if settings["train_images"] > len(split):
            raise ParameterError(
                f"train_images {settings['train_images']} is more than the {len(split)} there are"
            )
        split = split.take(np.arange(settings["train_images"]))
    if settings["folds"]:
        origin = split.factors.get("origin", np.zeros_like(split.labels))
        numbers = fold_numbers(split.labels, origin, settings["folds"], settings["split_seed"])
        out = numbers == settings["fold"]
        return split.take(~out), split.take(out)
    if not settings["held_out"]:
        return split, None
    random_state = np.random.RandomState(settings["split_seed"])
    out = np.zeros(len(split), dtype=bool)
    for label in (0, 1):
        images = random_state.permutation(np.flatnonzero(split.labels == label))
        out[images[: round(settings["held_out"] * len(images))]] = True
    if out.all() or not out.any():
        raise ParameterError(f"held_out {settings['held_out']} leaves no image on one side")
    return split.take(~out), split.take(out)


def fold_numbers(labels, origin, folds, seed):
    """Deal images out to folds, within each class and each origin.

    Parameters
    ----------
    labels, origin : ndarray of int, shape (n,)
    folds, seed : int

    Returns
    -------
    ndarray of int, shape (n,)
        The fold of every image.
    """
    random_state = np.random.RandomState(seed)
    strata = 2 * origin + labels
    numbers, dealt = np.zeros(len(strata), dtype=int), 0
    for stratum in np.unique(strata):
        images = random_state.permutation(np.flatnonzero(strata == stratum))
        numbers[images] = (dealt + np.arange(len(images))) % folds
        dealt += len(images)
    return numbers


def steps_of(settings):
    """Estimate how much work a run is, in weights that are updated once."""
    dims = settings["layer_dims"]
    weights = dims[0] * dims[1]
    # Beside the first layer there are hundreds of small operations; in sample space only these.
    return settings["iterations"] * ((weights // 20 if settings["sample_space"] else weights) + 2e4)
