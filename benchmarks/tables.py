"""What is measured: for each table, groups of setups that take turns with each other."""

from __future__ import annotations

from dataclasses import replace

from turns import Setup

__all__ = [
    "EXACT",
    "OPTIMIZERS",
    "OTHERS",
    "PLAIN",
    "PRODUCTS",
    "SAMPLE_SPACE",
    "TABLES",
    "exact",
    "products",
]

OPTIMIZERS = ("Adam", "gradient descent")
PRODUCTS, EXACT, PLAIN = "two bare products", "ours, exact", "ours, plain"
SAMPLE_SPACE = "ours, in sample space"
OTHERS = (
    "NumPy, the article's way",
    "PyTorch",
    "PyTorch, fused",
    "PyTorch, compiled",
    "JAX, jit",
    "scikit-learn",
)


def products(setup):
    """Return the products that a setup's time is a multiple of: those of one network in float64."""
    return replace(setup, contender=PRODUCTS, optimizer="Adam", dtype="float64", stack=1, turn=None)


def exact(setup):
    """Return the training whose costs a setup must reach."""
    return replace(setup, contender=EXACT, dtype="float64", stack=1, turn=None)


def _everyone():
    setups = [Setup(PRODUCTS), Setup(PRODUCTS, dtype="float32")]
    for optimizer in OPTIMIZERS:
        setups += [Setup(name, optimizer) for name in (EXACT, PLAIN)]
        for dtype in ("float64", "float32"):
            setups += [Setup(name, optimizer, dtype) for name in OTHERS]
    return setups


def _ours(**setting):
    return [Setup(name, **setting) for name in (PRODUCTS, EXACT, PLAIN)]


def _stacks(*sizes):
    return [Setup(EXACT, optimizer, stack=size) for optimizer in OPTIMIZERS for size in sizes]


TABLES = {
    "step": [_everyone()],
    "threads": [_ours(threads=1) + _ours(threads=2)],
    "images": [_ours(images=images) for images in (209, 1000, 5000, 20000)],
    "width": [sum((_ours(layer_dims=(12288, width, 1)) for width in (5, 20, 80, 320)), [])],
    "depth": [
        sum((_ours(layer_dims=(12288, *[20] * hidden, 1)) for hidden in (1, 2, 4, 8, 16)), [])
    ],
    "stack": [
        [
            Setup(PRODUCTS),
            *_stacks(1, 2, 4, 8, 16, 32),
            Setup(SAMPLE_SPACE, "gradient descent", stack=200, turn=100),
        ]
    ],
}
