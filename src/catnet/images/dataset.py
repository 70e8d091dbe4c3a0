"""Labelled images: a `Split` is a set of them, a `Dataset` a pair of splits."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..errors import DataError

__all__ = ["Dataset", "Split"]

WHOLE = 2**24
"""Numbers up to which a set is kept as float64 (128 MiB): 1,365 images of 64 by 64 pixels."""

BLOCK = 256
"""Images in a block of a larger set."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
        Red, green and blue, 0 to 255.
    labels : ndarray of int64, shape (n,)
        1 for a cat, 0 for anything else. A row (1, n), as the course's own loader makes, or a
        column (n, 1) is taken as well.
    factors : dict of str to ndarray of shape (n,), optional
        What is known of how each image was made; empty for photographs.

    Raises
    ------
    DataError
        If a type, a shape or a label is not as above.
    """

    images: np.ndarray
    labels: np.ndarray
    factors: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[3] != 3:
            raise DataError(
                "images must be uint8 of shape (n, height, width, 3), not "
                f"{self.images.dtype} of shape {self.images.shape}"
            )
        n = len(self.images)
        if self.labels.shape in ((1, n), (n, 1)):
            object.__setattr__(self, "labels", self.labels.reshape(n))
        if self.labels.dtype != np.int64 or self.labels.shape != self.images.shape[:1]:
            raise DataError(
                f"labels must be int64 of shape ({len(self.images)},), one an image, not "
                f"{self.labels.dtype} of shape {self.labels.shape}"
            )
        if not np.isin(self.labels, (0, 1)).all():
            wrong = int(np.flatnonzero(~np.isin(self.labels, (0, 1)))[0])
            raise DataError(f"labels must be 0 or 1; label {wrong} is {int(self.labels[wrong])}")
        for name, values in self.factors.items():
            if values.shape != self.labels.shape:
                raise DataError(
                    f"factor {name} must have shape ({len(self)},), one an image, not "
                    f"{values.shape}"
                )

    def __len__(self):
        return len(self.images)

    @cached_property
    def pixels(self):
        """Flattened images, (height·width·3, n) float64 that are integers 0 to 255.

        Kept as integers so that the first layer's sums can be exact. Eight times as large as
        the images, and kept once it was asked for: see `blocks`.
        """
        return self._flat.astype(np.float64).T

    @cached_property
    def _flat(self):
        """Images by rows, (n, height·width·3) uint8: a copy only where they lie in another way."""
        return self.images.reshape(len(self), int(np.prod(self.images.shape[1:])))

    def blocks(self, pixels=slice(None)):
        """Go through the images in blocks, so that large sets are never float64 as a whole.

        Parameters
        ----------
        pixels : slice
            Which rows of `pixels`.

        Yields
        ------
        place : slice
            Which images.
        numbers : ndarray of float64, shape (pixels, images of the block)
            As in `pixels`.
        """
        if self.images.size <= WHOLE:
            yield slice(0, len(self)), self.pixels[pixels]
            return
        for start in range(0, len(self), BLOCK):
            place = slice(start, min(start + BLOCK, len(self)))
            yield place, self._flat[place, pixels].astype(np.float64).T

    @property
    def features(self):
        """The article's inputs, (height·width·3, n) float64 in [0, 1]: pixels / 255."""
        return self.pixels / 255.0

    def take(self, index):
        """Return the split of the examples that `index` (integers or a mask) selects."""
        return Split(
            self.images[index],
            self.labels[index],
            {name: values[index] for name, values in self.factors.items()},
        )


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test images of one origin.

    Parameters
    ----------
    name : str
        `"catvnoncat"`, `"drawn"`, or any other for a set of one's own.
    train, test : Split
    classes : tuple of str
        The names of label 0 and of label 1.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, str] = ("non-cat", "cat")
