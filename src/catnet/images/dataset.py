"""Labelled images: a `Split` is a set of them, a `Dataset` a pair of splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ..errors import DataError, ParameterError
from .stored import StoredImages, joined

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
    images : ndarray of uint8 or StoredImages, shape (n, height, width, 3)
        Red, green and blue, 0 to 255. A set larger than memory stays in its file, and gives the
        same numbers.
    labels : ndarray of int64, shape (n,)
        1 for a cat, 0 for anything else. A row (1, n), as the course's own loader makes, or a
        column (n, 1) is taken as well.
    factors : dict of str to ndarray of shape (n,), optional
        What is known of how each image was made; empty for photographs.
    offset : ndarray of uint8, shape (height, width, 3), optional
        What is taken off every image for the network; the images stay as they are.

    Raises
    ------
    DataError
        If a type, a shape or a label is not as above.
    """

    images: np.ndarray | StoredImages
    labels: np.ndarray
    factors: dict[str, np.ndarray] = field(default_factory=dict)
    offset: np.ndarray | None = None

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
        if self.offset is not None and (
            self.offset.dtype != np.uint8 or self.offset.shape != self.images.shape[1:]
        ):
            raise DataError(
                f"the offset must be uint8 of shape {self.images.shape[1:]}, like one image, not "
                f"{self.offset.dtype} of shape {self.offset.shape}"
            )

    def __len__(self):
        return len(self.images)

    @cached_property
    def pixels(self):
        """Flattened images, (height·width·3, n) float64 that are integers 0 to 255.

        Less the offset, if there is one: then integers -255 to 255. Kept as integers so that the
        first layer's sums can be exact. Eight times as large as the images, and kept once it was
        asked for: see `blocks`.
        """
        return self._numbers(slice(None), slice(None))

    @cached_property
    def _flat(self):
        """Images by rows, (n, height·width·3) uint8: a copy only where they lie in another way.

        Of images in a file it takes those bytes of each row that it is asked for.
        """
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
        if self.images.size <= WHOLE and not isinstance(self.images, StoredImages):
            yield slice(0, len(self)), self.pixels[pixels]
            return
        for place in self._places():
            yield place, self._numbers(place, pixels)

    def _places(self):
        for start in range(0, len(self), BLOCK):
            yield slice(start, min(start + BLOCK, len(self)))

    def pieces(self):
        """Go through the images as they are, some hundred at a time.

        Yields
        ------
        ndarray of uint8, shape (images of the piece, height, width, 3)
        """
        for place in self._places():
            yield self.images[place]

    def _numbers(self, place, pixels):
        numbers = self._flat[place, pixels].astype(np.float64)
        if self.offset is not None:
            numbers -= self.offset.ravel()[pixels]
        return numbers.T

    @property
    def features(self):
        """The article's inputs, (height·width·3, n) float64: pixels / 255, within [-1, 1]."""
        return self.pixels / 255.0

    def take(self, index):
        """Return the split of the examples that `index` (integers or a mask) selects.

        Those of images in a file stay in it; `batch` reads some.
        """
        stored = isinstance(self.images, StoredImages)
        return Split(
            self.images.take(index) if stored else self.images[index],
            self.labels[index],
            {name: values[index] for name, values in self.factors.items()},
            self.offset,
        )

    def batch(self, index):
        """Return the images that `index` (integers, a slice or a mask) selects, in memory.

        Wherever these images lie: for training on some at a time. The offset is kept, factors
        are not.
        """
        return Split(np.asarray(self.images[index]), self.labels[index], {}, self.offset)

    def mean_image(self):
        """Mean of the images, rounded to integers (halves up): uint8, (height, width, 3)."""
        if not len(self):
            raise DataError("no images have no mean")
        sums = np.zeros(self.images.shape[1:], np.int64)
        for piece in self.pieces():
            sums += piece.sum(axis=0, dtype=np.int64)
        return ((2 * sums + len(self)) // (2 * len(self))).astype(np.uint8)

    def centred(self, offset):
        """Return the split of the same images less an offset, for the network.

        Inputs that are all positive push all weights of a unit the same way [1]_. Pixels less
        whole numbers stay whole, and within ±255: the sums over them are as exact as before,
        with the same bits for the weights.

        Parameters
        ----------
        offset : ndarray of uint8, shape (height, width, 3)
            What to take off. A network needs the same in whatever it is shown: the mean that is
            taken off test images is that of the training images (`Dataset.centred`).

        References
        ----------
        .. [1] Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller, "Efficient BackProp", Neural
           Networks: Tricks of the Trade, 1998.
        """
        return replace(self, offset=offset)

    def shrunk(self, side):
        """Return the same images, smaller: each pixel is the mean of a square, halves up.

        Parameters
        ----------
        side : int
            Height and width, of which those of the images are multiples.

        Returns
        -------
        Split
            Without an offset; in memory.

        Raises
        ------
        ParameterError
            If they are not.
        """
        n, height, width, channels = self.images.shape
        if side < 1 or height % side or width % side:
            raise ParameterError(
                f"images of {height} by {width} pixels cannot be shrunk to a side of {side!r}"
            )
        squares = (side, height // side, side, width // side, channels)
        area = (height // side) * (width // side)
        images = np.empty((n, side, side, channels), np.uint8)
        for place in self._places():
            piece = self.images[place]
            sums = piece.reshape(len(piece), *squares).sum(axis=(2, 4), dtype=np.int64)
            images[place] = (2 * sums + area) // (2 * area)
        return replace(self, images=images, offset=None)


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

    def centred(self, by):
        """Return the same images less an offset, the same for training and test images.

        Parameters
        ----------
        by : str
            ``"128"`` for the middle of the range, then pixels are -128 to 127; or ``"mean"``
            for the mean training image, rounded to integers.

        Returns
        -------
        Dataset

        Raises
        ------
        ParameterError
            If it is neither.
        """
        if by not in ("128", "mean"):
            raise ParameterError(f'by must be "128" or "mean", not {by!r}')
        if by == "mean":
            offset = self.train.mean_image()
        else:
            offset = np.full(self.train.images.shape[1:], 128, np.uint8)
        return replace(self, train=self.train.centred(offset), test=self.test.centred(offset))

    def shrunk(self, side):
        """Return the same images in another size; see `Split.shrunk`."""
        return replace(self, train=self.train.shrunk(side), test=self.test.shrunk(side))

    def pooled(self):
        """Return the same images with all of them for training, each that is there twice once.

        Returns
        -------
        Dataset
            The training images, then those test images that are not among them. The factor
            ``origin`` says which is which: 0 or 1. The test images stay as well. All are in
            memory, unless they lie in one file.
        """
        both = self.train, self.test
        labels = np.concatenate([split.labels for split in both])
        origin = np.repeat([0, 1], [len(split) for split in both])
        contents = (
            hashlib.sha256(image.tobytes()).digest()
            for split in both
            for piece in split.pieces()
            for image in piece
        )
        seen: dict[bytes, int] = {}
        for place, content in enumerate(contents):
            seen.setdefault(content, place)
        first = list(seen.values())
        everything = Split(joined(self.train.images, self.test.images), labels, {"origin": origin})
        return replace(self, train=everything.take(first))
