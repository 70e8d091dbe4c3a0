"""The images of studies: by a name that stands for all of them, to the last byte."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from ..images.causes import drawn_with_versions, photographs_changed
from ..images.drawn import load_drawn
from ..images.named import load_data

__all__ = ["DATASETS", "digest", "images_of"]

ASKED = 2000
"""Test images of the larger drawn sets: they are the same whatever the number of the others."""


def _larger(n_train):
    return lambda: load_drawn(n_train, ASKED)


DATASETS = {
    "catvnoncat": lambda: load_data("catvnoncat"),
    "drawn": lambda: load_data("drawn"),
    # All images in one set, for cross-validation; see `Dataset.pooled`.
    "catvnoncat-pooled": lambda: load_data("catvnoncat").pooled(),
    "drawn-pooled": lambda: load_data("drawn").pooled(),
    # So many drawn images to train on.
    "drawn-2000": _larger(2000),
    "drawn-10000": _larger(10_000),
    "drawn-50000": _larger(50_000),
    # Test images with one thing changed; see `catnet.images.causes`.
    "drawn-causes": drawn_with_versions,
    "catvnoncat-changed": photographs_changed,
}
"""What loads the images of each name that a plan may give."""


@lru_cache(maxsize=1)
def images_of(name):
    """Load a dataset once in this process.

    Parameters
    ----------
    name : str
        One of `DATASETS`.

    Returns
    -------
    images : Dataset
    digest : str
        sha256 of its images and labels.
    """
    images = DATASETS[name]()
    return images, digest(images)


def digest(images):
    """Return the sha256 of the images and labels of a dataset."""
    sha = hashlib.sha256()
    for split in (images.train, images.test):
        sha.update(f"{split.images.shape}".encode())
        for piece in split.pieces():
            sha.update(piece.tobytes())
        sha.update(split.labels.astype("<i8").tobytes())
    return sha.hexdigest()
