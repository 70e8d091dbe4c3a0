"""What training comes to in a few sha256 digests, the same on every machine.

``python -m catnet.digests`` prints them. It needs NumPy alone, and the real images only if
asked for them with ``--real``.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json

import numpy as np

from . import load_data
from .arithmetic import exact, plain
from .engine.network import Network
from .engine.optimizers import Adam, GradientDescent
from .engine.schedules import Cosine, StepDecay
from .engine.training import Member, fit, fit_stack
from .images.augmentation import Augmentation

__all__ = ["digests", "main"]

LAYER_DIMS = ([12288, 20, 7, 5, 1], [12288, 1], [12288, 33, 16, 9, 4, 1])  # the article's first
OPTIMIZERS = (GradientDescent(), Adam())
ITERATIONS = 50
WITH_OPTIONS = 10  # iterations: enough for each of them to have acted


def digests(dataset, layer_dims=LAYER_DIMS, iterations=ITERATIONS):
    """Train networks on a dataset, and digest the images, the arithmetic and each training.

    Parameters
    ----------
    dataset : str
        ``"drawn"`` or ``"catvnoncat"``.
    layer_dims : sequence of lists of int
        One network is trained for each of them and each optimizer.
    iterations : int
        For how long.

    Returns
    -------
    dict of str to str
        Hexadecimal sha256 by what was digested; ``all`` is that of those before it.
    """
    data = load_data(dataset)
    splits = (data.train, data.test)
    found = {f"{dataset} images": _sha256(*(a for s in splits for a in (s.images, s.labels)))}
    found["functions"] = _sha256(*_function_values())
    found["products"] = _sha256(*_product_values())
    for dims in layer_dims:
        for optimizer in OPTIMIZERS:
            network = Network(dims, seed=0)
            costs = fit(network, data.train, optimizer, iterations).costs
            predictions = [network.predict(split) for split in splits]
            name = f"{dataset} {dims} {type(optimizer).__name__} x {iterations}"
            found[name] = _sha256(network.digest().encode(), costs, *predictions)
    found[f"{dataset}, all x {iterations}"] = _sha256(
        *(digest.encode() for digest in found.values())
    )
    stack = [Member(Network(layer_dims[0], seed), GradientDescent()) for seed in range(3)]
    histories = fit_stack(stack, data.train, iterations, sample_space=True)
    pieces = [(m.network.digest().encode(), h.costs) for m, h in zip(stack, histories, strict=True)]
    found[f"{dataset} sample space x {iterations}"] = _sha256(*(p for pair in pieces for p in pair))
    found[f"{dataset} options x {WITH_OPTIONS}"] = _sha256(
        *_values_with_options(data, layer_dims[0])
    )
    found[f"{dataset} mini-batches x {WITH_OPTIONS}"] = _sha256(
        *_values_by_batches(data, layer_dims[0])
    )
    return found


def _values_by_batches(data, layer_dims):
    """Yield what training by mini-batches comes to, with all that is random on the way."""
    changes = Augmentation(mirror=True, shift=4, brightness=20)
    schedule, steps = Cosine(2 * WITH_OPTIONS, 0.1), StepDecay(4, 0.5)
    nesterov = {"momentum": 0.9, "nesterov": True, "l2": 0.01}
    for optimizer in (
        GradientDescent(schedule=schedule, **nesterov),
        Adam(l2=0.01, weight_decay=0.1, schedule=steps),
    ):
        network = Network(layer_dims, 0, "he")
        options = {"batch_size": 64, "dropout": 0.2, "augmentation": changes}
        yield fit(network, data.train, optimizer, WITH_OPTIONS, **options).costs
        yield network.digest().encode()
        yield network.predict_proba(data.test)


def _values_with_options(data, layer_dims):
    """Yield what training with every option comes to, as many at once as go together."""
    rates = {"layer_rates": (0.5, *[2.0] * (len(layer_dims) - 2)), "hold_first_layer": 3}
    for by, activation, optimizer, more in (
        ("128", "relu", GradientDescent(warmup=5), {"clip_norm": 0.2}),
        ("mean", "leaky_relu", Adam(warmup=5, amsgrad=True), {"clip_norm": 0.2}),
        ("128", "relu", Adam(), {"centralise_gradient": True} | rates),
        ("mean", "relu", Adam(), {"block_mean": "up"}),
    ):
        centred, network = data.centred(by), Network(layer_dims, 0, "he", activation)
        options = {"class_weights": (0.75, 1.5)} | more
        yield fit(network, centred.train, optimizer, WITH_OPTIONS, **options).costs
        yield network.digest().encode()
        yield network.predict_proba(centred.test)


def _function_values():
    """Yield exp, log and sigmoid over their whole ranges and beyond, and normal numbers."""
    random_state = np.random.RandomState(0)
    ends = [0.0, -0.0, 1.0, np.inf, -np.inf]
    x = np.append(1500.0 * random_state.random_sample(20000) - 760.0, ends)
    powers = random_state.randint(-1080, 1025, 20000).astype(np.int32)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        positive = np.append(np.ldexp(random_state.random_sample(20000), powers), ends[:4])
        yield exact.exp(x)
        yield exact.exp(x / 1000.0)
        yield exact.log(positive)
        yield exact.log(1.0 + x / 10000.0)
        yield exact.sigmoid(x / 10.0)
    yield exact.normals(random_state, 20001)


def _product_values():
    """Yield products and sums short and long: those with more slices than training takes too."""
    random_state = np.random.RandomState(1)
    for length in (1, 2, 209, 8192, 8193, 40000):
        left = random_state.random_sample((3, length)) - 0.5
        right = random_state.random_sample((length, 5)) - 0.5
        left[1] *= 1e-9
        yield exact.product(left, right)
        yield exact.integer_product(left, np.floor(510.0 * right))
        yield exact.total(left)
        yield exact.total(right, axis=0)


def _sha256(*pieces):
    sha = hashlib.sha256()
    for piece in pieces:
        if isinstance(piece, np.ndarray):
            piece = piece.astype(piece.dtype.newbyteorder("<")).tobytes()
        sha.update(piece)
    return sha.hexdigest()


def main(argv=None):
    """Print the digests; see ``python -m catnet.digests --help``."""
    parser = argparse.ArgumentParser(
        prog="python -m catnet.digests",
        description="Train for a moment, and print digests that are the same on every machine.",
    )
    parser.add_argument("--real", action="store_true", help="on the real images too")
    parser.add_argument(
        "--quick", action="store_true", help="10 iterations of the article's network only"
    )
    parser.add_argument(
        "--plain", action="store_true", help="with plain arithmetic, for comparison"
    )
    parser.add_argument("--json", action="store_true", help="print them as one JSON object")
    arguments = parser.parse_args(argv)
    found = {}
    with plain.arithmetic() if arguments.plain else contextlib.nullcontext():
        for dataset in ("drawn", "catvnoncat") if arguments.real else ("drawn",):
            found |= digests(dataset, *((LAYER_DIMS[:1], 10) if arguments.quick else ()))
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        width = max(map(len, found))
        for name, digest in found.items():
            print(f"{name:<{width}}  {digest}")


if __name__ == "__main__":
    main()
