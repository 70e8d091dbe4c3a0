"""What the test photographs show, as seen by one observer: outlines, poses, who is close.

Drawn and noted by hand on pictures six times as large, before any network of the studies that use
them was trained, so that nobody could know which images these get wrong. An outline is coarse: a
pixel or two off, fur and whiskers cut. Cats that fill the picture, or end where one cannot say,
have none. There are corners here and no pixels.
"""

from __future__ import annotations

import numpy as np

__all__ = ["BUTTERFLIES", "CLOSE", "OUTLINES", "UNUSUAL_POSE", "mask"]

BUTTERFLIES = (5, 13, 27, 45)
"""Test images of butterflies; there is no moth."""

UNUSUAL_POSE = (1, 18, 19, 26, 28, 37)
"""Cats that neither sit nor look up: lying, asleep, head down, seen from below or from above."""

CLOSE = (3, 15, 18, 23, 37, 48)
"""Cats whose head fills the picture, so that ears or chin lie outside."""

# Polygons of (x, y): pixels from the left and from the top. Several polygons are joined.
OUTLINES = {
    0: (
        "8,15 12,19 18,19 24,15 23,29 21,39 19,47 19,64 1,64 4,48 5,33",
        "45,11 49,15 54,15 60,11 57,20 57,29 53,36 54,44 53,64 29,64 34,50 39,37 40,25 42,16",
    ),
    1: ("19,2 30,5 37,12 40,20 46,27 41,29 42,42 36,50 26,49 15,48 11,39 1,38 1,32 9,23 11,12",),
    2: ("15,9 23,15 37,12 45,4 47,25 48,39 45,53 30,61 0,62 0,18 16,18",),
    4: ("32,3 37,13 40,12 49,7 48,19 50,33 45,40 40,48 40,57 27,60 13,54 8,35 15,25 27,21 28,8",),
    5: ("50,24 45,19 32,27 29,34 40,41 49,34",),
    6: (
        "26,9 32,9 39,8 42,1 47,3 47,11 52,21 55,29 50,44 48,57 62,62 62,64 7,64 9,52 19,38 30,29 "
        "32,21 28,18",
    ),
    7: ("18,10 22,15 29,15 35,10 35,25 34,35 36,48 16,51 16,40 18,29 18,19",),
    8: ("17,2 22,4 29,9 39,11 51,4 49,19 52,35 51,46 41,57 35,64 0,64 0,21 5,12 16,8",),
    9: ("4,2 12,3 19,12 30,12 35,8 42,1 43,8 40,19 41,31 38,44 35,55 38,64 13,64 9,48 6,31 7,15",),
    10: ("18,4 28,9 36,11 46,10 47,19 50,31 52,44 53,64 0,64 0,19 7,16 17,15",),
    11: ("11,2 26,4 35,4 49,0 54,8 55,23 58,42 61,64 5,64 16,48 15,27 13,10",),
    12: ("3,1 11,7 29,4 45,6 47,17 49,29 54,42 55,53 46,64 0,64 0,29 5,19",),
    13: ("0,21 24,25 30,21 36,24 61,21 61,34 55,42 49,52 34,49 26,53 11,50 4,33",),
    17: ("8,6 19,13 30,11 43,12 53,0 51,14 55,33 50,48 36,52 19,48 13,39 14,25",),
    19: (
        "14,9 18,9 29,4 29,18 27,29 32,35 48,35 54,37 48,41 33,46 33,52 40,61 31,64 0,64 0,34 "
        "12,27 13,18",
    ),
    20: ("14,15 21,16 30,15 36,10 36,23 45,25 51,38 52,48 21,57 18,44 20,35 18,25",),
    23: ("8,0 51,0 59,14 62,29 64,35 64,64 0,64 11,52 7,44 2,35 5,25 5,12",),
    24: ("10,6 18,12 28,11 37,7 35,19 32,29 49,33 64,44 64,64 14,64 10,44 10,29 11,19",),
    25: ("22,0 29,5 37,6 48,1 46,14 42,29 41,44 46,61 35,64 26,57 17,48 17,29 19,14",),
    26: ("4,4 15,0 32,1 40,15 50,18 45,29 59,49 44,54 36,55 27,44 27,34 13,27 0,29 0,19",),
    27: ("3,30 21,29 24,24 30,26 53,24 46,39 37,46 38,56 26,46 18,51 11,41",),
    32: ("22,0 28,0 34,8 45,12 59,5 64,4 64,64 24,64 27,56 18,49 13,43 12,36 15,25 21,14",),
    33: ("11,11 19,10 26,9 40,8 50,1 53,12 56,27 52,39 49,48 47,64 4,64 5,46 11,37 15,27 11,18",),
    40: ("26,0 32,9 43,13 52,10 61,9 54,19 48,33 48,64 35,64 34,50 18,35 24,25 23,10",),
    42: ("3,18 9,23 19,20 30,23 45,21 57,25 63,35 62,46 40,51 34,54 24,54 15,46 6,36",),
    45: ("5,36 27,30 35,23 40,30 56,30 52,41 37,48 25,48 10,46",),
    46: ("15,2 24,9 39,8 47,5 53,10 51,25 56,35 56,57 51,64 0,64 0,50 10,33 10,21",),
    47: (
        "0,21 13,22 18,20 27,21 37,16 40,13 43,21 62,24 61,35 50,35 62,48 50,48 37,45 31,50 24,49 "
        "16,35 0,33",
    ),
}
"""Corners, by the number of the test image."""


def mask(image, side=64):
    """Return which pixels lie within an image's outline.

    Parameters
    ----------
    image : int
        One of `OUTLINES`.
    side : int
        Pixels along each side.

    Returns
    -------
    ndarray of bool, shape (side, side)
        By the middles of pixels, in whole numbers of half pixels.
    """
    inside = np.zeros((side, side), dtype=bool)
    middles = 2 * np.arange(side) + 1
    x, y = middles, middles[:, np.newaxis]
    for polygon in OUTLINES[image]:
        corners = [tuple(2 * int(number) for number in c.split(",")) for c in polygon.split()]
        within = np.zeros((side, side), dtype=bool)
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            if y0 == y1:
                continue
            crosses = (y0 > y) != (y1 > y)  # a ray to the right, once for every side it meets
            falls = 1 if y1 > y0 else -1
            within ^= crosses & (falls * (x - x0) * (y1 - y0) < falls * (x1 - x0) * (y - y0))
        inside |= within
    return inside
