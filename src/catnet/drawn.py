"""Drawn images of cats and of other things, for whoever has no photographs at hand.

Every image follows from a seed, and has the same bytes on every machine: random numbers
come from `numpy.random.RandomState`, whose streams are frozen [1]_, and what follows is
additions, multiplications, divisions, square roots, comparisons and roundings of float64
arrays, which IEEE 754 defines to the last bit.

A picture is painted by numbers: shapes write the number of an ink on a grid three times
finer than the pixels, and a pixel is the mean of its nine points.

References
----------
.. [1] R. Kern, "NEP 19: Random number generator policy", 2018.
"""

from __future__ import annotations

import operator
from itertools import pairwise

import numpy as np

from .dataset import Dataset, Split
from .errors import ParameterError

__all__ = ["CAT_KINDS", "OTHER_KINDS", "draw", "load_drawn"]

SIDE = 64  # pixels
FINE = 3  # points a pixel, along each side

# What is drawn uniformly for each image, and between which bounds.
_RANGES = {
    "stretch": (0.85, 1.18),  # width over height
    "flip": (0.0, 2.0),  # floored: 1 where mirrored
    "variant": (0.0, 2.0),  # floored: which of the kind's two forms
    "pose": (-1.0, 1.0),  # where the head turns, how far the wings open, …
    "build": (0.0, 1.0),  # from slender to broad
    "hue": (0.0, 6.0),
    "saturation": (0.0, 0.7),
    "lightness": (-1.0, 1.0),
    "accent_hue": (0.0, 6.0),  # of eyes, doors, …
    "background_hue": (0.0, 6.0),
    "background_saturation": (0.0, 0.7),
    "background_lightness": (0.1, 0.9),
    "camouflage": (0.0, 1.0),  # share of the object's colour in the background's, below
    "backdrop": (0.0, 3.0),  # floored, an index into BACKDROPS
    "backdrop_strength": (0.05, 0.25),
    "backdrop_angle": (-1.0, 1.0),
    "noise": (0.0, 0.12),  # largest change of a pixel, of 1
}
# What is mostly near a typical value and at times far off: that value, and how far at most.
_TAILED = {
    "x": (32.0, 12.0),  # centre of the object, in pixels from the left
    "y": (32.0, 12.0),  # and from the top
    "rotation": (0.0, 60.0),  # degrees, clockwise
    "scale": (25.0, 13.0),  # half the object's size, in pixels
}
BACKDROPS = np.array(["plain", "gradient", "texture"])

GROUND, COAT, SHADE, LIGHT, ACCENT, BLACK, WHITE, LINE = range(8)  # inks


def draw(n_cats, n_others, seed):
    """Draw images of cats and of other things, in random order.

    Parameters
    ----------
    n_cats, n_others : int
        How many of each, at least 0 and not both 0.
    seed : int, 0 to 2**32 - 1
        Where the random numbers begin.

    Returns
    -------
    Split
        Images of shape (n, 64, 64, 3). 

    Raises
    ------
    ParameterError
        If a number or the seed is out of its range.
    """
    return _draw(n_cats, n_others, np.random.RandomState(_checked_seed(seed)))


def load_drawn(n_train=209, n_test=50, seed=0):
    """Draw a training and a test set."""
    _checked_seed(seed)
    train, test = (
        _draw(n_cats, n - n_cats, np.random.RandomState(np.array([seed, part], dtype=np.int64)))
        for part, (n, n_cats) in enumerate(
            [(n_train, (n_train * 72 + 104) // 209), (n_test, (n_test * 33 + 25) // 50)]
        )
    )
    return Dataset("drawn", train, test)


def _draw(n_cats, n_others, random_state):
    n_cats, n_others = operator.index(n_cats), operator.index(n_others)
    if n_cats < 0 or n_others < 0 or n_cats + n_others == 0:
        raise ParameterError(f"bad")
    labels = (np.arange(n_cats + n_others) < n_cats).astype(np.int64)
    labels = labels[random_state.permutation(len(labels))]
    factors = _factors(labels, random_state)
    images = np.empty((len(labels), SIDE, SIDE, 3), dtype=np.uint8)
    for i in range(len(labels)):
        images[i] = _image({name: column[i] for name, column in factors.items()}, random_state)
    return Split(images, labels, factors)


def _checked_seed(seed):
    if not 0 <= operator.index(seed) < 2**32:
        raise ParameterError(f"seed must be in 0 … 2**32 - 1, not {seed!r}")
    return seed


def _factors(labels, random_state):
    """Draw the table of what makes each image."""
    uniform = random_state.random_sample((len(_RANGES) + len(_TAILED) + 1, len(labels)))
    table = {
        name: low + (high - low) * u
        for (name, (low, high)), u in zip(_RANGES.items(), uniform, strict=False)
    }
    for (name, (typical, spread)), u in zip(_TAILED.items(), uniform[len(_RANGES) :], strict=False):
        w = 2.0 * u - 1.0
        table[name] = typical + spread * (w * w * w)
    cats, others = np.array(list(CAT_KINDS)), np.array(list(OTHER_KINDS))
    u = uniform[-1]
    kind = np.where(
        labels == 1,
        cats[(u * len(cats)).astype(np.int64)],
        others[(u * len(others)).astype(np.int64)],
    )
    w = table["lightness"]
    table["lightness"] = 0.5 + 0.4 * np.copysign(np.sqrt(np.abs(w)), w)
    for name in ("flip", "variant"):
        table[name] = table[name].astype(np.int64)
    table["backdrop"] = BACKDROPS[table["backdrop"].astype(np.int64)]
    c = table["camouflage"]
    table["camouflage"] = 0.9 * c * c
    coat = _rgb(table["hue"], table["saturation"], table["lightness"])
    ground = _rgb(
        table["background_hue"], table["background_saturation"], table["background_lightness"]
    )
    ground = ground + table["camouflage"] * (coat - ground)
    for channel, name in enumerate(["red", "green", "blue"]):
        table[name] = coat[channel]
        table["background_" + name] = ground[channel]
    d = coat - ground
    table["contrast"] = np.sqrt((d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / 3.0)
    return {"kind": kind, **table}


def _rgb(hue, saturation, lightness):
    """Red, green and blue in 0 … 1, stacked along a new first axis, of HSL colours."""
    chroma = (1.0 - np.abs(2.0 * lightness - 1.0)) * saturation
    wheel = (hue + np.array([[0.0], [4.0], [2.0]])) % 6.0
    return lightness + chroma * (np.clip(np.abs(wheel - 3.0) - 1.0, 0.0, 1.0) - 0.5)


def _circle_point(degrees):
    """Cosine and sine, without calling either: a rational point of the circle."""
    x = degrees * (0.017453292519943295 / 2.0)
    t = x * (15.0 - x * x) / (15.0 - 6.0 * x * x)
    return (1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t)


def _image(f, random_state):
    canvas = _Canvas(f)
    {**CAT_KINDS, **OTHER_KINDS}[f["kind"]](canvas, f["variant"], f["pose"], f["build"])
    coat = np.array([f["red"], f["green"], f["blue"]])
    palette = np.zeros((8, 3))
    palette[COAT] = coat
    palette[SHADE] = 0.6 * coat
    palette[LIGHT] = coat + 0.5 * (1.0 - coat)
    palette[ACCENT] = _rgb(f["accent_hue"], 0.8, 0.5)[:, 0]
    palette[BLACK] = 0.1
    palette[WHITE] = 0.95
    palette[LINE] = 0.1 if f["lightness"] > 0.5 else 0.95
    ground = _ground(f, random_state)
    noise = f["noise"] * (2.0 * random_state.random_sample((SIDE, SIDE, 3)) - 1.0)
    palette = np.rint(255.0 * palette).astype(np.int64)
    paint = np.zeros((SIDE, SIDE, 3), dtype=np.int64)
    bare = np.zeros((SIDE, SIDE, 1), dtype=np.int64)
    for i in range(FINE):
        for j in range(FINE):
            points = canvas.inks[i::FINE, j::FINE]
            paint += palette[points]
            bare[..., 0] += points == GROUND
    image = (paint + bare * (255.0 * ground)) / FINE**2 + 255.0 * noise
    return np.rint(np.clip(image, 0.0, 255.0)).astype(np.uint8)


def _ground(f, random_state):
    """The background without the object."""
    lattice = 2.0 * random_state.random_sample((9, 9)) - 1.0
    cosine, sine = _circle_point(90.0 * f["backdrop_angle"])
    middle = (np.arange(SIDE) + 0.5) / SIDE
    if f["backdrop"] == "gradient":
        pattern = 2.0 * (cosine * (middle - 0.5) + sine * (middle[:, np.newaxis] - 0.5))
    elif f["backdrop"] == "texture":
        pattern = _interpolated(lattice, middle)
    else:
        pattern = np.zeros((SIDE, SIDE))
    colour = np.array([f["background_red"], f["background_green"], f["background_blue"]])
    return np.clip(colour + f["backdrop_strength"] * pattern[..., np.newaxis], 0.0, 1.0)


def _interpolated(lattice, middle):
    """Bilinear."""
    place = middle * (len(lattice) - 1)
    low = place.astype(np.int64)
    share = place - low
    rows = lattice[low] + share[:, np.newaxis] * (lattice[low + 1] - lattice[low])
    return rows[:, low] + share * (rows[:, low + 1] - rows[:, low])


class _Canvas:
    """The fine grid of points, and where each lies in the object's own coordinates.

    An object fills the square from -1 to 1; u points to its right, v downwards.
    """

    def __init__(self, f):
        self.inks = np.full((SIDE * FINE, SIDE * FINE), GROUND, dtype=np.uint8)
        self.centre, self.scale = (f["x"], f["y"]), f["scale"]
        self.cosine, self.sine = _circle_point(f["rotation"])
        self.width = f["stretch"] * (1.0 - 2.0 * f["flip"])
        points = (np.arange(SIDE * FINE) + 0.5) / FINE
        x = (points - f["x"]) / f["scale"]
        y = (points[:, np.newaxis] - f["y"]) / f["scale"]
        self.u = (self.cosine * x + self.sine * y) / self.width
        self.v = self.cosine * y - self.sine * x

    def _around(self, left, top, right, bottom):
        """Views of the inks, u and v around a box, so that small shapes cost little."""
        u = np.array([left, left, right, right]) * self.width
        v = np.array([top, bottom, top, bottom])
        x = self.centre[0] + self.scale * (self.cosine * u - self.sine * v)
        y = self.centre[1] + self.scale * (self.sine * u + self.cosine * v)
        window = tuple(
            slice(max(int(FINE * place.min()), 0), max(int(FINE * place.max()) + 1, 0))
            for place in (y, x)
        )
        return self.inks[window], self.u[window], self.v[window]

    def ellipse(self, ink, u, v, ru, rv):
        """Fill the ellipse with centre (u, v) and half-axes ru, rv."""
        inks, du, dv = self._around(u - ru, v - rv, u + ru, v + rv)
        du, dv = (du - u) / ru, (dv - v) / rv
        inks[du * du + dv * dv <= 1.0] = ink

    def pair(self, ink, u, v, ru, rv, middle=0.0):
        """Fill two ellipses, at u to the left and to the right of `middle`."""
        self.ellipse(ink, middle - u, v, ru, rv)
        self.ellipse(ink, middle + u, v, ru, rv)

    def polygon(self, ink, *corners):
        """Fill a convex polygon; its corners go round either way."""
        us, vs = zip(*corners, strict=True)
        inks, u, v = self._around(min(us), min(vs), max(us), max(vs))
        sides = [
            (end_u - start_u) * (v - start_v) >= (end_v - start_v) * (u - start_u)
            for (start_u, start_v), (end_u, end_v) in pairwise(corners + corners[:1])
        ]
        inks[np.logical_and.reduce(sides) | ~np.logical_or.reduce(sides)] = ink

    def box(self, ink, left, top, right, bottom):
        """Fill a rectangle."""
        self.polygon(ink, (left, top), (right, top), (right, bottom), (left, bottom))

    def stroke(self, ink, width, *points):
        """Draw a line through points, round at its ends."""
        r = 0.5 * width
        for (start_u, start_v), (end_u, end_v) in pairwise(points):
            inks, u, v = self._around(
                min(start_u, end_u) - r,
                min(start_v, end_v) - r,
                max(start_u, end_u) + r,
                max(start_v, end_v) + r,
            )
            du, dv = end_u - start_u, end_v - start_v
            share = ((u - start_u) * du + (v - start_v) * dv) / (du * du + dv * dv)
            share = np.clip(share, 0.0, 1.0)
            off_u, off_v = u - start_u - share * du, v - start_v - share * dv
            inks[off_u * off_u + off_v * off_v <= r * r] = ink

    def curve(self, ink, width, start, pull, end):
        """A parabola"""
        self.stroke(ink, width, *(_between(start, pull, end, k / 6) for k in range(7)))


def _between(start, pull, end, t):
    a, b, c = (1 - t) * (1 - t), 2 * t * (1 - t), t * t
    return tuple(a * s + b * p + c * e for s, p, e in zip(start, pull, end, strict=True))


def _cat_head(c, u, v, r, turn, tabby):
    """Head of a cat, of half-width r."""
    for side in (-1.0, 1.0):
        tip = (u + side * 0.78 * r, v - 1.1 * r)
        foot, inner = (u + side * 0.9 * r, v - 0.05 * r), (u + side * 0.08 * r, v - 0.62 * r)
        ear = (tip, foot, inner) if side > 0 else (tip, inner, foot)
        c.polygon(COAT, *ear)
        middle = (u + side * 0.6 * r, v - 0.5 * r)
        c.polygon(SHADE, *((m + 0.62 * (p - m), n + 0.62 * (q - n)) for (p, q), (m, n) in
                           ((corner, middle) for corner in ear)))
    c.ellipse(COAT, u, v, r, 0.82 * r)
    turned = u + 0.18 * r * turn
    if tabby:
        for offset in (-0.25, 0.0, 0.25):
            c.stroke(SHADE, 0.1 * r, (turned + offset * r, v - 0.72 * r), (turned + 0.8 * offset * r, v - 0.4 * r))
    c.pair(LIGHT, 0.2 * r, v + 0.42 * r, 0.26 * r, 0.2 * r, turned)
    c.pair(WHITE, 0.42 * r, v - 0.08 * r, 0.24 * r, 0.21 * r, turned)
    c.pair(ACCENT, 0.42 * r, v - 0.08 * r, 0.21 * r, 0.18 * r, turned)
    c.pair(BLACK, 0.42 * r, v - 0.08 * r, 0.08 * r, 0.18 * r, turned)
    c.polygon(BLACK, (turned - 0.13 * r, v + 0.2 * r), (turned + 0.13 * r, v + 0.2 * r), (turned, v + 0.36 * r))
    for side in (-1.0, 1.0):
        c.curve(LINE, 0.06 * r, (turned, v + 0.36 * r), (turned + side * 0.06 * r, v + 0.56 * r), (turned + side * 0.26 * r, v + 0.5 * r))
        for slope in (-0.16, 0.02, 0.2):
            c.stroke(LINE, 0.05 * r, (turned + side * 0.34 * r, v + (0.4 + 0.4 * slope) * r),
                     (turned + side * 1.15 * r, v + (0.38 + 1.1 * slope) * r))


def _face(c, variant, pose, build):
    _cat_head(c, 0.0, 0.12, 0.74 + 0.12 * build, pose, variant)


def _whole(c, variant, pose, build):
    broad = 0.85 + 0.3 * build
    if variant:  # standing, seen from the side
        c.curve(COAT, 0.14, (0.55, 0.1), (1.0, 0.1), (0.85 + 0.12 * pose, -0.7))
        for u, ink in ((-0.28, SHADE), (0.6, SHADE), (-0.42, COAT), (0.45, COAT)):
            c.stroke(ink, 0.17, (u, 0.2), (u + 0.06 * pose, 0.85))
        c.ellipse(COAT, 0.08, 0.15, 0.62, 0.27 * broad)
        for u in (-0.05, 0.15, 0.35):
            c.stroke(SHADE, 0.06, (u, -0.04), (u + 0.04, 0.18))
        _cat_head(c, -0.55, -0.25 + 0.1 * pose, 0.38, -0.6, True)
    else:  # sitting, seen from the front
        c.curve(COAT, 0.16, (0.3, 0.8), (1.05, 0.85), (0.7 + 0.1 * pose, 0.1))
        c.ellipse(COAT, 0.0, 0.5, 0.46 * broad, 0.5)
        c.ellipse(COAT, 0.0, 0.15, 0.34 * broad, 0.42)
        c.ellipse(LIGHT, 0.0, 0.2, 0.18 * broad, 0.25)
        for side in (-1.0, 1.0):
            c.stroke(SHADE, 0.05, (side * 0.02, 0.5), (side * 0.02, 0.95))
            c.stroke(SHADE, 0.05, (side * 0.25, 0.55), (side * 0.22, 0.9))
        c.pair(LIGHT, 0.14, 0.92, 0.13, 0.08)
        _cat_head(c, 0.06 * pose, -0.38, 0.44, pose, False)


def _moth(c, variant, pose, build):
    spread = 0.85 + 0.12 * pose
    for side in (-1.0, 1.0):
        c.curve(LINE, 0.05, (side * 0.03, -0.35), (side * 0.1, -0.75), (side * 0.4, -0.85))
    if variant:  # a butterfly, round wings
        c.pair(SHADE, 0.42 * spread, 0.45, 0.4 * spread, 0.42)
        c.pair(COAT, 0.36 * spread, 0.42, 0.32 * spread, 0.35)
        c.pair(SHADE, 0.52 * spread, -0.28, 0.5 * spread, 0.5)
        c.pair(COAT, 0.5 * spread, -0.26, 0.42 * spread, 0.42)
        c.pair(LINE, 0.4, -0.85, 0.06, 0.06)
    else:
        c.pair(COAT, 0.38 * spread, 0.38, 0.38 * spread, 0.4)
        for side in (-1.0, 1.0):
            tip, foot, root = (side * spread, -0.75), (side * 0.75 * spread, 0.35), (0.0, -0.3)
            c.polygon(SHADE, *((tip, foot, (0.0, 0.35), root) if side > 0 else (tip, root, (0.0, 0.35), foot)))
            tip, foot, root = (side * 0.88 * spread, -0.6), (side * 0.66 * spread, 0.25), (0.0, -0.2)
            c.polygon(COAT, *((tip, foot, (0.0, 0.2), root) if side > 0 else (tip, root, (0.0, 0.2), foot)))
    c.pair(LIGHT, 0.5 * spread, -0.18, 0.2, 0.2)
    c.pair(ACCENT, 0.5 * spread, -0.18, 0.15, 0.15)
    c.pair(BLACK, 0.5 * spread, -0.18, 0.08, 0.08)
    c.pair(LIGHT, 0.38 * spread, 0.48, 0.1, 0.1)
    c.ellipse(LINE, 0.0, 0.12, 0.08 + 0.06 * build, 0.52)
    c.ellipse(LINE, 0.0, -0.38, 0.11, 0.11)


def _dog_head(c, u, v, r, turn):
    c.ellipse(COAT, u, v, 0.72 * r, 0.85 * r)
    turned = u + 0.15 * r * turn
    c.pair(SHADE, 0.78 * r, v + 0.12 * r, 0.24 * r, 0.62 * r, u)
    c.ellipse(ACCENT, turned, v + 0.95 * r, 0.14 * r, 0.2 * r)
    c.ellipse(LIGHT, turned, v + 0.5 * r, 0.4 * r, 0.4 * r)
    c.ellipse(BLACK, turned, v + 0.3 * r, 0.2 * r, 0.14 * r)
    c.stroke(BLACK, 0.06 * r, (turned, v + 0.4 * r), (turned, v + 0.65 * r))
    c.curve(BLACK, 0.06 * r, (turned - 0.26 * r, v + 0.62 * r), (turned, v + 0.85 * r), (turned + 0.26 * r, v + 0.62 * r))
    c.pair(WHITE, 0.3 * r, v - 0.15 * r, 0.16 * r, 0.16 * r, turned)
    c.pair(BLACK, 0.3 * r, v - 0.15 * r, 0.12 * r, 0.12 * r, turned)


def _dog(c, variant, pose, build):
    if not variant:
        _dog_head(c, 0.0, -0.05, 0.85 + 0.1 * build, pose)
        return
    broad = 0.85 + 0.3 * build
    c.curve(COAT, 0.11, (0.6, 0.0), (0.85, -0.1), (0.95, -0.45 + 0.2 * pose))
    for u, ink in ((-0.28, SHADE), (0.6, SHADE), (-0.42, COAT), (0.45, COAT)):
        c.stroke(ink, 0.17, (u, 0.2), (u + 0.06 * pose, 0.88))
    c.ellipse(COAT, 0.08, 0.15, 0.62, 0.26 * broad)
    c.stroke(COAT, 0.3, (-0.4, 0.0), (-0.55, -0.4))
    c.ellipse(COAT, -0.55, -0.45, 0.26, 0.24)
    c.stroke(LIGHT, 0.22, (-0.7, -0.36), (-0.92, -0.33))
    c.ellipse(BLACK, -1.0, -0.38, 0.07, 0.06)
    c.ellipse(SHADE, -0.42, -0.32, 0.11, 0.28)
    c.ellipse(BLACK, -0.64, -0.5, 0.05, 0.05)


def _car(c, variant, pose, build):
    roof = -0.35 - 0.15 * build
    if variant:  # a van
        c.polygon(COAT, (-0.75, roof - 0.1), (0.9, roof - 0.1), (0.95, 0.4), (-0.95, 0.4), (-0.95, 0.0))
        panes = [(-0.45, 0.0), (0.08, 0.4), (0.48, 0.8)]
        c.polygon(LINE, (-0.7, roof), (-0.5, roof), (-0.5, -0.05), (-0.85, -0.05))
        top = roof
    else:
        c.polygon(COAT, (-0.4, roof), (0.35, roof), (0.7, 0.0), (-0.7, 0.0))
        c.polygon(COAT, (-0.95, 0.0), (0.9, -0.05), (1.0, 0.4), (-1.0, 0.4))
        c.polygon(LINE, (-0.35, roof + 0.08), (-0.04, roof + 0.08), (-0.04, -0.02), (-0.55, -0.02))
        c.polygon(LINE, (0.04, roof + 0.08), (0.32, roof + 0.08), (0.55, -0.02), (0.04, -0.02))
        panes = []
        top = roof
    for left, right in panes:
        c.box(LINE, left, top, right, -0.05)
    c.box(SHADE, -0.98, 0.28, 0.98, 0.4)
    c.pair(BLACK, 0.55, 0.4, 0.24, 0.24, 0.05 * pose)
    c.pair(LIGHT, 0.55, 0.4, 0.12, 0.12, 0.05 * pose)
    c.ellipse(ACCENT, -0.9, 0.14, 0.08, 0.08)


def _house(c, variant, pose, build):
    wide = 0.65 + 0.15 * build
    top = -0.15 - 0.2 * variant
    c.box(SHADE, 0.3, -0.9, 0.5, -0.2)
    c.box(COAT, -wide, top, wide, 0.9)
    c.polygon(SHADE, (0.15 * pose, top - 0.62), (wide + 0.18, top), (-wide - 0.18, top))
    door = 0.35 * pose
    c.box(ACCENT, door - 0.14, 0.4, door + 0.14, 0.9)
    c.ellipse(BLACK, door + 0.08, 0.66, 0.035, 0.035)
    for u in (-0.45, 0.45):
        for v in (0.25 - 0.1 * variant, ) + ((-0.15,) if variant else ()):
            c.box(LINE, u - 0.16, v - 0.12, u + 0.16, v + 0.14)
            c.box(COAT, u - 0.02, v - 0.1, u + 0.02, v + 0.1)


def _tree(c, variant, pose, build):
    c.polygon(LINE, (-0.1, 0.1), (0.1, 0.1), (0.16, 0.95), (-0.16, 0.95))
    broad = 0.8 + 0.35 * build
    if variant:  # a fir
        for v, half in ((0.45, 0.72), (0.05, 0.56), (-0.35, 0.4)):
            c.polygon(SHADE, (0.0, v - 0.62), (half * broad, v + 0.08), (-half * broad, v + 0.08))
            c.polygon(COAT, (0.0, v - 0.62), (half * broad, v), (-half * broad, v))
    else:
        c.pair(SHADE, 0.4 * broad, 0.0, 0.42 * broad, 0.36)
        c.ellipse(COAT, 0.05 * pose, -0.4, 0.6 * broad, 0.5)
        c.pair(COAT, 0.38 * broad, -0.12, 0.4 * broad, 0.34)
        for u, v in ((-0.4, -0.1), (0.1, -0.55), (0.35, -0.15), (-0.2, -0.4), (0.02, -0.05)):
            c.ellipse(ACCENT, u + 0.1 * pose, v, 0.08, 0.08)


def _mug(c, variant, pose, build):
    deep = 0.75 - 0.25 * variant
    half = 0.5 + 0.1 * build + 0.1 * variant
    c.curve(SHADE, 0.14, (half - 0.1, -0.25), (half + 0.75, -0.2 + 0.1 * pose), (half - 0.12, deep - 0.4))
    if variant:  # a cup on a saucer
        c.ellipse(LIGHT, 0.0, 0.62, 0.95, 0.18)
        c.ellipse(SHADE, 0.0, 0.58, 0.6, 0.1)
        c.ellipse(COAT, 0.0, -0.35, half, 0.95)
        c.box(GROUND, -1.0, -1.4, 1.0, -0.45)
    else:
        c.box(COAT, -half, -0.45, half, deep)
        c.ellipse(COAT, 0.0, deep, half, 0.14)
        c.box(ACCENT, -half, 0.0, half, 0.25)
    c.ellipse(LIGHT, 0.0, -0.45, half, 0.15)
    c.ellipse(BLACK, 0.0, -0.43, 0.85 * half, 0.11)
    for u in (-0.2, 0.15):
        c.curve(LIGHT, 0.07, (u, -0.6), (u + 0.25, -0.75), (u + 0.05 * pose, -0.95))


CAT_KINDS = {"face": _face, "whole": _whole}
OTHER_KINDS = {
    "moth": _moth, "dog": _dog, "car": _car, "house": _house, "tree": _tree, "mug": _mug,
}
