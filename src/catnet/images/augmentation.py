"""Images changed at random for every update, so that a network never sees quite the same again.

They stay integers: sums over them are as exact as over the images themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np

from ..errors import ParameterError

__all__ = ["Augmentation"]


@dataclass(frozen=True)
class Augmentation:
    """What is done to each image, each time it is shown.

    Parameters
    ----------
    mirror : bool
        Swap left and right of every other image.
    shift : int
        Move an image by up to so many pixels, across and down; its edges are drawn out over what
        falls free.
    brightness : int
        Add up to so much to all its numbers, or take it off, within 0 to 255.

    Raises
    ------
    ParameterError
        If one of them is out of its range.

    References
    ----------
    C. Shorten, T. M. Khoshgoftaar, "A Survey on Image Data Augmentation for Deep Learning",
    Journal of Big Data 6, 2019.
    """

    mirror: bool = False
    shift: int = 0
    brightness: int = 0

    def __post_init__(self):
        if not isinstance(self.mirror, bool):
            raise ParameterError(f"mirror must be True or False, not {self.mirror!r}")
        for name in ("shift", "brightness"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or not 0 <= value <= 255:
                raise ParameterError(f"{name} must be a whole number in 0 … 255, not {value!r}")

    def changed(self, split, random_state):
        """Return images changed at random.

        Parameters
        ----------
        split : Split
            Its offset, if it has one, is taken off the changed images.
        random_state : numpy.random.RandomState
            Four uniform numbers are drawn for each image, whatever is done with them.

        Returns
        -------
        Split
        """
        chances = random_state.random_sample((len(split), 4))
        mirrored = self.mirror & (chances[:, 0] < 0.5)
        across, down, brighter = _whole(chances[:, 1:], [self.shift, self.shift, self.brightness]).T
        images = split.images
        if self.mirror or self.shift:
            height, width = images.shape[1:3]
            edges = (self.shift, self.shift)
            wider = np.pad(images, ((0, 0), edges, edges, (0, 0)), "edge")
            images = np.empty_like(images)
            for place, (y, x) in enumerate(
                zip(self.shift - down, self.shift - across, strict=True)
            ):
                moved = wider[place, y : y + height, x : x + width]
                images[place] = moved[:, ::-1] if mirrored[place] else moved
        if self.brightness:
            steps = brighter[:, np.newaxis, np.newaxis, np.newaxis]
            more, less = (np.maximum(step, 0).astype(np.uint8) for step in (steps, -steps))
            images = np.minimum(images, 255 - more) + more  # within uint8
            images = np.maximum(images, less) - less
        return replace(split, images=images, factors={})


def _whole(chances, most):
    """Turn uniform numbers in [0, 1) into whole ones in -most … most."""
    most = np.array(most)
    return np.floor(chances * (2 * most + 1)).astype(np.int64) - most
