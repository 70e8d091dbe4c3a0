"""Photographs with one thing changed: moved, turned, scaled, recoloured.

Whole numbers throughout, so that a changed image has the same bytes everywhere. What falls free
at an edge is filled with the nearest pixel.
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "CHANGES",
    "GROUND_CHANGES",
    "brightened",
    "grey",
    "ground_shift",
    "mirrored",
    "moved",
    "rotated",
    "scaled",
    "silhouette",
    "swapped",
    "with_ground",
]

ONE = 2**16  # of fixed-point numbers
TURNS = {15: (63303, 16962), 30: (56756, 32768)}  # degrees: cosine and sine, of ONE
DARK, LIGHT = 40, 215


def moved(image, across, down):
    """Move an image by whole pixels, to the right and downwards.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
    across, down : int

    Returns
    -------
    ndarray of uint8, of the same shape
    """
    rows = np.clip(np.arange(image.shape[0]) - down, 0, image.shape[0] - 1)
    columns = np.clip(np.arange(image.shape[1]) - across, 0, image.shape[1] - 1)
    return image[rows[:, np.newaxis], columns]


def rotated(image, degrees):
    """Turn an image clockwise around its middle, by plus or minus one of `TURNS`."""
    cosine, sine = TURNS[abs(degrees)]
    return _mapped(image, cosine, sine if degrees > 0 else -sine)


def scaled(image, numerator, denominator):
    """Enlarge an image around its middle by a fraction, or make it smaller."""
    return _mapped(image, (ONE * denominator + numerator // 2) // numerator, 0)


def _mapped(image, cosine, sine):
    """Look up every pixel at (cosine x + sine y, cosine y - sine x) from the middle, over ONE.

    Between the four nearest pixels linearly, with weights of 256ths.
    """
    height, width = image.shape[:2]
    x = 2 * np.arange(width, dtype=np.int64) - (width - 1)  # in half pixels
    y = (2 * np.arange(height, dtype=np.int64) - (height - 1))[:, np.newaxis]
    from_left = cosine * x + sine * y + (width - 1) * ONE
    from_top = cosine * y - sine * x + (height - 1) * ONE
    # 256ths of a pixel, halves up, within the image
    from_left = np.clip((from_left + 2**8) >> 9, 0, 256 * (width - 1))
    from_top = np.clip((from_top + 2**8) >> 9, 0, 256 * (height - 1))
    left, share = from_left >> 8, (from_left & 255)[..., np.newaxis]
    top, down = from_top >> 8, (from_top & 255)[..., np.newaxis]
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    whole = image.astype(np.int64)
    above = (256 - share) * whole[top, left] + share * whole[top, right]
    below = (256 - share) * whole[bottom, left] + share * whole[bottom, right]
    return (((256 - down) * above + down * below + 2**15) >> 16).astype(np.uint8)


def mirrored(image):
    """Swap left and right."""
    return image[:, ::-1]


def swapped(image):
    """Swap red and blue."""
    return image[..., ::-1]


def grey(image):
    """Take the colour out: 77 parts of red, 150 of green and 29 of blue, of 256."""
    luminance = (image.astype(np.int64) @ np.array([77, 150, 29]) + 128) >> 8
    return np.repeat(luminance[..., np.newaxis], 3, axis=2).astype(np.uint8)


def brightened(image, by):
    """Add a number to all of an image's, or take it off, within 0 to 255."""
    return np.clip(image.astype(np.int64) + by, 0, 255).astype(np.uint8)


CHANGES = {
    "none": lambda image: image,
    "left 4": lambda image: moved(image, -4, 0),
    "right 4": lambda image: moved(image, 4, 0),
    "up 4": lambda image: moved(image, 0, -4),
    "down 4": lambda image: moved(image, 0, 4),
    "left 8": lambda image: moved(image, -8, 0),
    "right 8": lambda image: moved(image, 8, 0),
    "up 8": lambda image: moved(image, 0, -8),
    "down 8": lambda image: moved(image, 0, 8),
    "scaled 3/4": lambda image: scaled(image, 3, 4),
    "scaled 5/4": lambda image: scaled(image, 5, 4),
    "turned -30": lambda image: rotated(image, -30),
    "turned -15": lambda image: rotated(image, -15),
    "turned 15": lambda image: rotated(image, 15),
    "turned 30": lambda image: rotated(image, 30),
    "mirrored": mirrored,
    "red and blue swapped": swapped,
    "grey": grey,
    "darker": lambda image: brightened(image, -40),
    "lighter": lambda image: brightened(image, 40),
}
"""What is done to every photograph, by name."""


def ground_shift(image, inside):
    """Return the mean colour of an object less that of what is behind it: int64, shape (3,).

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
    inside : ndarray of bool, shape (height, width)
        Where the object is.
    """
    whole = image.astype(np.int64)
    sums = [(whole[where].sum(axis=0), where.sum()) for where in (inside, ~inside)]
    means = [(2 * total + n) // (2 * n) for total, n in sums]  # halves up
    return means[0] - means[1]


def with_ground(image, inside, shift):
    """Add a colour to what is behind an object, within 0 to 255; its pattern stays."""
    changed = np.clip(image.astype(np.int64) + shift, 0, 255).astype(np.uint8)
    return np.where(inside[..., np.newaxis], image, changed)


def silhouette(inside, dark=True):
    """Draw an outline alone: dark on a light ground, or light on a dark one."""
    object_, ground = (DARK, LIGHT) if dark else (LIGHT, DARK)
    one = np.where(inside, object_, ground).astype(np.uint8)
    return np.repeat(one[..., np.newaxis], 3, axis=2)


GROUND_CHANGES = {
    # The ground's mean colour becomes the object's; or moves as far the other way.
    "ground like it": lambda image, inside: with_ground(image, inside, ground_shift(image, inside)),
    "ground unlike it": lambda image, inside: with_ground(
        image, inside, -ground_shift(image, inside)
    ),
    "ground grey": lambda image, inside: np.where(inside[..., np.newaxis], image, np.uint8(128)),
    "dark silhouette": lambda image, inside: silhouette(inside),
    "light silhouette": lambda image, inside: silhouette(inside, dark=False),
}
"""What is done to photographs with an outline, by name."""
