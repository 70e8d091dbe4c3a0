"""Any number of images to train on, made of a thousand that the package draws."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from catnet import Split, draw

DRAWN = Path(__file__).resolve().parents[1] / "_build" / "benchmark-images.npz"
CATS, OTHERS = 344, 656  # cats are as frequent as in the article's training set


def prepare():
    """Draw the thousand, which takes ten seconds, and keep them."""
    if not DRAWN.exists():
        drawn = draw(CATS, OTHERS, seed=0)
        DRAWN.parent.mkdir(exist_ok=True)
        unfinished = DRAWN.with_name(f"{os.getpid()}-{DRAWN.name}")
        np.savez(unfinished, images=drawn.images, labels=drawn.labels)
        unfinished.replace(DRAWN)


def load(count):
    """Return a Split of `count` images.

    From the second thousand on they are the first ones again, each thousand moved sideways by a
    few pixels more: what comes out on the right comes in on the left.
    """
    with np.load(DRAWN) as file:
        drawn, labels = file["images"], file["labels"]
    images = np.empty((count, *drawn.shape[1:]), dtype=np.uint8)
    for start in range(0, count, len(drawn)):
        some = images[start : start + len(drawn)]
        some[...] = np.roll(drawn[: len(some)], 3 * start // len(drawn), axis=2)
    return Split(images, np.resize(labels, count))
