"""Drawn images of cats and of other things, for whoever has no photographs at hand.

Every image follows from a seed, and has the same bytes on every machine: the random numbers
are the uniform ones of `numpy.random.RandomState`, whose streams are frozen [1]_, and all
that is done with them is ``+ - * /``, square roots, comparisons and roundings, which
IEEE 754 defines to the last bit.

Pictures are painted by numbers: shapes write the number of an ink on a grid three times finer
than the pixels, and a pixel is the mean of its nine points.

Three things keep a linear classifier from telling cats by single pixels: an object is as
often darker as lighter than what is behind it, lines on it contrast with it either way, and
all kinds share one range of colours.

References
----------
.. [1] R. Kern, "NEP 19: Random number generator policy", 2018.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..errors import ParameterError
from .dataset import Dataset, Split

__all__ = [
    "BACKDROPS",
    "CAT_KINDS",
    "OTHER_KINDS",
    "SHAPES",
    "draw",
    "draw_factors",
    "drawn_parts",
    "load_drawn",
    "redraw",
]

SIDE = 64  # pixels
FINE = 3  # points to a pixel, along each side

CAT_KINDS = ("face", "whole")
OTHER_KINDS = ("moth", "dog", "car", "house", "tree", "mug")
SHAPES = ("ears", "discs", "disc", "nothing")  # kinds that only `redraw` draws, of one ink
BACKDROPS = ("plain", "gradient", "texture")
GROUND, COAT, SHADE, LIGHT, ACCENT, BLACK, WHITE, LINE = range(8)  # the inks

# What is drawn evenly between two bounds.
EVEN = {
    "pose": (-1.0, 1.0),
    "build": (0.0, 1.0),
    "stretch": (0.9, 1.1),
    "hue": (0.0, 6.0),
    "saturation": (0.0, 0.3),
    "lightness": (-1.0, 1.0),  # spread out over 0.1 … 0.9 in _factors
    "accent_hue": (0.0, 6.0),
    "background_hue": (0.0, 6.0),
    "background_saturation": (0.0, 0.3),
    "background_lightness": (0.43, 0.57),
    "backdrop_angle": (-90.0, 90.0),
    "backdrop_strength": (0.02, 0.1),
    "noise": (0.0, 0.08),
}
# What is mostly near a typical value and now and then far off: that value, and how far.
TAILED = {
    "x": (32.0, 8.0),
    "y": (32.0, 8.0),
    "rotation": (0.0, 45.0),
    "scale": (29.0, 12.0),
    "camouflage": (0.0, 1.0),  # its size is taken in _factors
}
# What is one of several, each as likely.
EITHER = np.array([0, 1], dtype=np.int64)
CHOSEN = {"variant": EITHER, "mirrored": EITHER, "backdrop": BACKDROPS}


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
    Split of n = n_cats + n_others images, 64 by 64 pixels
        With all that was drawn at random for an image, but its noise and its texture, in
        `factors`, arrays of shape (n,):

        kind
            Which of `CAT_KINDS` or `OTHER_KINDS`.
        variant
            0 or 1, the two forms of a kind: a face plain or with stripes, a whole cat
            sitting or standing, a moth or a butterfly, a dog's face or a whole dog, …
        pose, build
            Where a head turns, how a tail bends, where a door is, -1 … 1; from slender to
            broad, 0 … 1.
        x, y, scale
            The object's centre from the left and from the top, and half its size, in pixels.
        rotation, mirrored, stretch
            Degrees clockwise; 1 where left and right are swapped; width over height.
        hue, saturation, lightness, accent_hue
            The object's colour, the hue from red to red in 0 … 6, the others in 0 … 1; the
            hue of eyes, doors and the like.
        background_hue, background_saturation, background_lightness, camouflage
            The background's colour, and the share of the object's mixed into it, 0 … 1.
        red, green, blue, background_red, background_green, background_blue
            What this makes of the two colours, 0 … 1.
        contrast
            Root mean square difference of these two, 0 … 1.
        backdrop, backdrop_strength, backdrop_angle
            Which of `BACKDROPS`, how much it adds at most, of 1, and the direction of the
            gradient in degrees.
        noise
            The most by which noise changes a colour, of 1.

    Raises
    ------
    ParameterError
        If a number or the seed is out of its range.
    """
    n_cats = _checked("n_cats", n_cats, 0)
    n_others = _checked("n_others", n_others, 0)
    seed = _checked("seed", seed, 0)
    if n_cats + n_others == 0:
        raise ParameterError("n_cats and n_others are both 0: there is nothing to draw")
    return _split(*_part(n_cats, n_others, np.random.RandomState(seed)))


def load_drawn(n_train=209, n_test=50, seed=0):
    """Draw a training and a test set with as many cats as the photographs have.

    Parameters
    ----------
    n_train, n_test : int
        How many images, at least 1. Of the training images 72 in 209 are cats, of the test
        images 33 in 50, rounded.
    seed : int, 0 to 2**32 - 1
        Where the random numbers of both sets begin. Neither set depends on the other's size.

    Returns
    -------
    Dataset
        Named ``"drawn"``; for its factors see `draw`.

    Raises
    ------
    ParameterError
        If a number or the seed is out of its range.
    """
    return Dataset("drawn", *(_split(*part) for part in drawn_parts(n_train, n_test, seed)))


def drawn_parts(n_train, n_test, seed):
    """Prepare what `load_drawn` draws, which it, or whoever writes it to a file, then does.

    Parameters
    ----------
    n_train, n_test, seed : int
        As for `load_drawn`.

    Returns
    -------
    list of (labels, factors, images)
        For the training and for the test set; see `draw` for the first two. `images` is an
        iterator that draws one after the other.
    """
    n_train = _checked("n_train", n_train, 1)
    n_test = _checked("n_test", n_test, 1)
    seed = _checked("seed", seed, 0)
    parts = []
    for n, cats, of in ((n_train, 72, 209), (n_test, 33, 50)):
        n_cats = (2 * n * cats + of) // (2 * of)
        stream = np.random.RandomState(np.array([seed, len(parts)], dtype=np.int64))
        parts.append(_part(n_cats, n - n_cats, stream))
    return parts


def _checked(name, value, least):
    if not isinstance(value, (int, np.integer)) or not least <= value < 2**32:
        raise ParameterError(f"{name} must be a whole number in {least} … 2**32 - 1, not {value!r}")
    return int(value)


def _part(n_cats, n_others, random_state):
    labels = (np.arange(n_cats + n_others) < n_cats).astype(np.int64)
    labels = labels[random_state.permutation(len(labels))]
    factors = _factors(labels, random_state)
    images = (
        _image({name: column[i] for name, column in factors.items()}, random_state)
        for i in range(len(labels))
    )
    return labels, factors, images


def _split(labels, factors, images):
    room = np.empty((len(labels), SIDE, SIDE, 3), dtype=np.uint8)
    for i, image in enumerate(images):
        room[i] = image
    return Split(room, labels, factors)


def _factors(labels, random_state):
    """Draw the table of everything that makes an image, but texture and noise."""

    def uniform():
        return random_state.random_sample(len(labels))

    def one_of(choices):
        return np.array(choices)[(uniform() * len(choices)).astype(np.int64)]

    table = {"kind": np.where(labels == 1, one_of(CAT_KINDS), one_of(OTHER_KINDS))}
    for name, choices in CHOSEN.items():
        table[name] = one_of(choices)
    for name, (low, high) in EVEN.items():
        table[name] = low + (high - low) * uniform()
    for name, (typical, spread) in TAILED.items():
        w = 2.0 * uniform() - 1.0
        table[name] = typical + spread * (w * w * w * w * w)
    table["camouflage"] = np.abs(table["camouflage"])
    # most objects are dark or light: the middle is the background's
    w = table["lightness"]
    table["lightness"] = 0.5 + 0.4 * np.copysign(np.sqrt(np.abs(w)), w)
    return _mixed(table)


def _mixed(table):
    """Fill in the two colours, and how far apart they are."""
    coat = _rgb(table["hue"], table["saturation"], table["lightness"])
    ground = _rgb(*(table[f"background_{name}"] for name in ("hue", "saturation", "lightness")))
    ground = ground + table["camouflage"] * (coat - ground)
    for channel, name in enumerate(("red", "green", "blue")):
        table[name], table[f"background_{name}"] = coat[channel], ground[channel]
    red, green, blue = coat - ground
    table["contrast"] = np.sqrt((red * red + green * green + blue * blue) / 3.0)
    return table


def draw_factors(n_cats, n_others, seed):
    """Draw what makes images, without drawing them.

    Parameters
    ----------
    n_cats, n_others, seed : int
        As for `draw`, whose images have the same factors.

    Returns
    -------
    dict of str to ndarray of shape (n_cats + n_others,)
    """
    random_state = np.random.RandomState(seed)
    labels = (np.arange(n_cats + n_others) < n_cats).astype(np.int64)
    return _factors(labels[random_state.permutation(len(labels))], random_state)


def redraw(factors, seeds):
    """Draw images from their factors: with one of them changed, all else stays as it was.

    Parameters
    ----------
    factors : dict of str to ndarray of shape (n,)
        As `draw` describes them; the colours and the contrast are worked out anew. A kind may
        also be one of `SHAPES`: two triangles, as the ears of a cat; two discs of the same area;
        one disc of the area of both; the ground alone.
    seeds : ndarray of int, shape (n,)
        Where an image's texture and noise begin: images of one seed have the same.

    Returns
    -------
    Split
        Its factors are those given, with the colours as they now are.
    """
    factors = _mixed(dict(factors))
    images = np.empty((len(seeds), SIDE, SIDE, 3), dtype=np.uint8)
    for i, seed in enumerate(seeds):
        one = {name: column[i] for name, column in factors.items()}
        images[i] = _image(one, np.random.RandomState(seed))
    return Split(images, np.isin(factors["kind"], CAT_KINDS).astype(np.int64), factors)


def _rgb(hue, saturation, lightness):
    """Red, green and blue, 0 … 1, along a new first axis."""
    chroma = (1.0 - np.abs(2.0 * lightness - 1.0)) * saturation
    channels = []
    for offset in (0.0, 4.0, 2.0):
        wheel = hue + offset
        wheel = np.where(wheel >= 6.0, wheel - 6.0, wheel)
        share = np.clip(np.abs(wheel - 3.0) - 1.0, 0.0, 1.0)
        channels.append(lightness + chroma * (share - 0.5))
    return np.array(channels)


def _circle_point(degrees):
    """Cosine and sine of an angle up to 90 degrees, within 0.0003.

    With t about the tangent of half the angle, (1 - t²) / (1 + t²) and 2 t / (1 + t²) lie on
    the circle whatever t is; the system's own cosine differs between systems.
    """
    half = degrees * 0.008726646259971648  # pi / 360
    t = half * (15.0 - half * half) / (15.0 - 6.0 * half * half)
    return (1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t)


def _image(f, random_state):
    """Draw one image, of the factors `f`: uint8 of shape (64, 64, 3)."""
    canvas = _Canvas(f)
    PAINTERS[f["kind"]](canvas, f["variant"], f["pose"], f["build"])
    palette = _palette(f)
    backdrop = 255.0 * _backdrop(f, random_state)
    noise = 255.0 * f["noise"] * (2.0 * random_state.random_sample((SIDE, SIDE, 3)) - 1.0)
    points = np.bincount((PLACES + canvas.inks).ravel(), minlength=SIDE * SIDE * len(palette))
    points = points.reshape(SIDE, SIDE, len(palette)).astype(np.float64)  # of each ink, in a pixel
    # Sums of whole numbers: exact in any order.
    image = (points @ palette + points[..., GROUND, np.newaxis] * backdrop) / FINE**2 + noise
    return np.rint(np.clip(image, 0.0, 255.0)).astype(np.uint8)


def _palette(f):
    """Colour of every ink, whole numbers of shape (8, 3); of the ground there is none."""
    coat = np.array([f["red"], f["green"], f["blue"]])
    palette = np.zeros((8, 3))
    palette[COAT] = coat
    palette[SHADE] = 0.6 * coat
    palette[LIGHT] = 0.5 + 0.5 * coat
    palette[ACCENT] = _rgb(f["accent_hue"], 0.8, 0.5)
    palette[BLACK] = 0.1
    palette[WHITE] = 0.95
    palette[LINE] = 0.1 if f["lightness"] > 0.5 else 0.95
    return np.rint(255.0 * palette)


def _backdrop(f, random_state):
    """Draw what is behind the object: float64 in 0 … 1, shape (64, 64, 3)."""
    lattice = 2.0 * random_state.random_sample((9, 9)) - 1.0
    places = (np.arange(SIDE) + 0.5) / SIDE
    if f["backdrop"] == "plain":
        pattern = np.zeros((SIDE, SIDE))
    elif f["backdrop"] == "gradient":
        cosine, sine = _circle_point(f["backdrop_angle"])
        pattern = cosine * (2.0 * places - 1.0) + sine * (2.0 * places[:, np.newaxis] - 1.0)
    else:
        pattern = _between_nodes(lattice, places)
    colour = np.array([f[f"background_{name}"] for name in ("red", "green", "blue")])
    return np.clip(colour + f["backdrop_strength"] * pattern[..., np.newaxis], 0.0, 1.0)


def _between_nodes(lattice, places):
    """Interpolate a square lattice linearly, at `places` in 0 … 1 along both sides."""
    position = places * (len(lattice) - 1)
    node = position.astype(np.int64)
    share = position - node
    rows = lattice[node] + share[:, np.newaxis] * (lattice[node + 1] - lattice[node])
    return rows[:, node] + share * (rows[:, node + 1] - rows[:, node])


class _Canvas:
    """The fine grid of points, and where each lies in the object's own coordinates.

    An object fills the square from -1 to 1; u points to its right, v downwards.
    """

    def __init__(self, f):
        self.inks = np.full((SIDE * FINE, SIDE * FINE), GROUND, dtype=np.uint8)
        # Python's own numbers: a shape asks for some arithmetic on few of them.
        self.centre, self.scale = (float(f["x"]), float(f["y"])), float(f["scale"])
        self.cosine, self.sine = _circle_point(float(f["rotation"]))
        self.width = float(f["stretch"]) * (1.0 - 2.0 * float(f["mirrored"]))
        points = (np.arange(SIDE * FINE) + 0.5) / FINE
        x = (points - f["x"]) / f["scale"]
        y = (points[:, np.newaxis] - f["y"]) / f["scale"]
        self.u = self.cosine * x + self.sine * y
        self.u /= self.width
        self.v = self.cosine * y - self.sine * x

    def _around(self, left, top, right, bottom):
        """Cut the box out of the inks, u and v, so that small shapes cost little."""
        corners = [(u * self.width, v) for u in (left, right) for v in (top, bottom)]
        x = [self.centre[0] + self.scale * (self.cosine * u - self.sine * v) for u, v in corners]
        y = [self.centre[1] + self.scale * (self.sine * u + self.cosine * v) for u, v in corners]
        window = tuple(
            slice(max(int(FINE * min(place)), 0), max(int(FINE * max(place)) + 1, 0))
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
            along_u, along_v = u - start_u, v - start_v
            share = (along_u * du + along_v * dv) / (du * du + dv * dv)
            np.minimum(np.maximum(share, 0.0, out=share), 1.0, out=share)
            off_u, off_v = along_u - share * du, along_v - share * dv
            inks[off_u * off_u + off_v * off_v <= r * r] = ink

    def curve(self, ink, width, start, pull, end):
        """Draw a parabola from `start` to `end`, drawn towards `pull` on the way."""
        points = []
        for t in (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0):
            a, b, c = (1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t
            points.append(
                (a * start[0] + b * pull[0] + c * end[0], a * start[1] + b * pull[1] + c * end[1])
            )
        self.stroke(ink, width, *points)


# Where the numbers of a pixel's inks are counted, for each point of the fine grid.
PLACES = 8 * np.repeat(np.repeat(np.arange(SIDE * SIDE).reshape(SIDE, SIDE), FINE, 0), FINE, 1)

# The painters of the kinds. Later shapes cover earlier ones; `c` is the canvas.


def _placed(points, u, v, r, side=1.0):
    """Scale points by `r` around (u, v); side -1 swaps left and right."""
    return [(u + side * r * a, v + r * b) for a, b in points]


def _cat_head(c, u, v, r, turn, stripes):
    """Draw a cat's head of half-width `r` around (u, v)."""
    for side in (-1.0, 1.0):
        c.polygon(COAT, *_placed([(0.78, -1.1), (0.9, -0.05), (0.08, -0.62)], u, v, r, side))
        c.polygon(SHADE, *_placed([(0.71, -0.87), (0.79, -0.22), (0.28, -0.57)], u, v, r, side))
    c.ellipse(COAT, u, v, r, 0.82 * r)
    u = u + 0.18 * r * turn  # the middle of the face
    if stripes:
        for a in (-0.25, 0.0, 0.25):
            c.stroke(SHADE, 0.1 * r, *_placed([(a, -0.72), (0.8 * a, -0.4)], u, v, r))
    c.pair(LIGHT, 0.2 * r, v + 0.42 * r, 0.26 * r, 0.2 * r, u)
    for ink, ru, rv in ((WHITE, 0.24, 0.21), (ACCENT, 0.21, 0.18), (BLACK, 0.08, 0.18)):
        c.pair(ink, 0.42 * r, v - 0.08 * r, ru * r, rv * r, u)
    c.polygon(BLACK, *_placed([(-0.13, 0.2), (0.13, 0.2), (0.0, 0.36)], u, v, r))
    for side in (-1.0, 1.0):
        c.curve(BLACK, 0.06 * r, *_placed([(0.0, 0.36), (0.06, 0.56), (0.26, 0.5)], u, v, r, side))
        for near, far in ((0.34, 0.2), (0.41, 0.4), (0.48, 0.6)):  # whiskers
            c.stroke(LINE, 0.05 * r, *_placed([(0.34, near), (1.15, far)], u, v, r, side))


def _dog_head(c, u, v, r, turn):
    """Draw a dog's head of half-height `r` around (u, v)."""
    c.ellipse(COAT, u, v, 0.72 * r, 0.85 * r)
    c.pair(SHADE, 0.78 * r, v + 0.12 * r, 0.24 * r, 0.62 * r, u)
    u = u + 0.15 * r * turn  # the middle of the face
    c.ellipse(ACCENT, u, v + 0.95 * r, 0.14 * r, 0.2 * r)
    c.ellipse(LIGHT, u, v + 0.5 * r, 0.4 * r, 0.4 * r)
    c.ellipse(BLACK, u, v + 0.3 * r, 0.2 * r, 0.14 * r)
    c.stroke(BLACK, 0.06 * r, *_placed([(0.0, 0.4), (0.0, 0.65)], u, v, r))
    c.curve(BLACK, 0.06 * r, *_placed([(-0.26, 0.62), (0.0, 0.85), (0.26, 0.62)], u, v, r))
    c.pair(WHITE, 0.3 * r, v - 0.15 * r, 0.16 * r, 0.16 * r, u)
    c.pair(BLACK, 0.3 * r, v - 0.15 * r, 0.12 * r, 0.12 * r, u)


def _legs(c, swing):
    """Draw four legs seen from the side, the far ones shaded."""
    for u, ink in ((-0.28, SHADE), (0.6, SHADE), (-0.42, COAT), (0.45, COAT)):
        c.stroke(ink, 0.17, (u, 0.2), (u + 0.06 * swing, 0.86))


def _face(c, variant, pose, build):
    _cat_head(c, 0.0, 0.12, 0.74 + 0.12 * build, pose, variant)


def _whole(c, variant, pose, build):
    broad = 0.85 + 0.3 * build
    if variant:  # standing, seen from the side
        c.curve(COAT, 0.14, (0.55, 0.1), (1.0, 0.1), (0.85 + 0.12 * pose, -0.7))
        _legs(c, pose)
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
    else:  # a moth, upper wings with tips like a cat's ears
        c.pair(COAT, 0.38 * spread, 0.38, 0.38 * spread, 0.4)
        for side in (-1.0, 1.0):
            for ink, r in ((SHADE, spread), (COAT, 0.85 * spread)):
                wing = [(1.0, -0.8), (0.75, 0.45), (0.0, 0.45), (0.0, -0.25)]
                c.polygon(ink, *_placed(wing, 0.0, -0.03, r, side))
    c.pair(LIGHT, 0.5 * spread, -0.18, 0.2, 0.2)
    c.pair(ACCENT, 0.5 * spread, -0.18, 0.15, 0.15)
    c.pair(BLACK, 0.5 * spread, -0.18, 0.08, 0.08)
    c.pair(LIGHT, 0.38 * spread, 0.48, 0.1, 0.1)
    c.ellipse(LINE, 0.0, 0.12, 0.08 + 0.06 * build, 0.52)
    c.ellipse(LINE, 0.0, -0.38, 0.11, 0.11)


def _dog(c, variant, pose, build):
    if not variant:
        _dog_head(c, 0.0, -0.05, 0.85 + 0.1 * build, pose)
        return
    broad = 0.85 + 0.3 * build
    c.curve(COAT, 0.11, (0.6, 0.0), (0.85, -0.1), (0.95, -0.45 + 0.2 * pose))
    _legs(c, pose)
    c.ellipse(COAT, 0.08, 0.15, 0.62, 0.26 * broad)
    c.stroke(COAT, 0.3, (-0.4, 0.0), (-0.55, -0.4))
    c.ellipse(COAT, -0.55, -0.45, 0.26, 0.24)
    c.stroke(LIGHT, 0.22, (-0.7, -0.36), (-0.92, -0.33))
    c.ellipse(BLACK, -1.0, -0.38, 0.07, 0.06)
    c.ellipse(SHADE, -0.42, -0.32, 0.11, 0.28)
    c.ellipse(BLACK, -0.64, -0.5, 0.05, 0.05)


def _car(c, variant, pose, build):
    roof = -0.4 - 0.15 * build
    glass = roof + 0.09
    if variant:  # a van
        corners = [(-0.75, roof), (0.9, roof), (0.95, 0.4), (-0.95, 0.4), (-0.95, 0.0)]
        c.polygon(COAT, *corners)
        c.polygon(LINE, (-0.7, glass), (-0.5, glass), (-0.5, -0.05), (-0.85, -0.05))
        for left in (-0.43, 0.0, 0.43):
            c.box(LINE, left, glass, left + 0.36, -0.05)
    else:  # a saloon
        c.polygon(COAT, (-0.4, roof), (0.35, roof), (0.7, 0.0), (-0.7, 0.0))
        c.polygon(COAT, (-0.95, 0.0), (0.9, -0.05), (1.0, 0.4), (-1.0, 0.4))
        c.polygon(LINE, (-0.35, glass), (-0.04, glass), (-0.04, -0.02), (-0.55, -0.02))
        c.polygon(LINE, (0.04, glass), (0.32, glass), (0.55, -0.02), (0.04, -0.02))
    c.box(SHADE, -0.98, 0.28, 0.98, 0.4)
    c.pair(BLACK, 0.55, 0.4, 0.24, 0.24, 0.05 * pose)
    c.pair(LIGHT, 0.55, 0.4, 0.12, 0.12, 0.05 * pose)
    c.ellipse(ACCENT, -0.9, 0.14, 0.08, 0.08)


def _house(c, variant, pose, build):
    wide = 0.65 + 0.15 * build
    top = -0.15 - 0.2 * variant  # of the walls
    c.box(SHADE, 0.3, -0.9, 0.5, -0.2)
    c.box(COAT, -wide, top, wide, 0.9)
    c.polygon(SHADE, (0.15 * pose, top - 0.62), (wide + 0.18, top), (-wide - 0.18, top))
    door = 0.35 * pose
    c.box(ACCENT, door - 0.14, 0.4, door + 0.14, 0.9)
    c.ellipse(BLACK, door + 0.08, 0.66, 0.035, 0.035)
    for u in (-0.45, 0.45):
        for v in (0.15, -0.15) if variant else (0.25,):  # one floor or two
            c.box(LINE, u - 0.16, v - 0.12, u + 0.16, v + 0.14)
            c.box(COAT, u - 0.02, v - 0.1, u + 0.02, v + 0.1)


def _tree(c, variant, pose, build):
    c.polygon(SHADE, (-0.1, 0.1), (0.1, 0.1), (0.16, 0.95), (-0.16, 0.95))
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
    pull = (half + 0.75, -0.2 + 0.1 * pose)
    c.curve(SHADE, 0.14, (half - 0.1, -0.25), pull, (half - 0.12, deep - 0.4))
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
    for u in (-0.2, 0.15):  # steam
        c.curve(LIGHT, 0.07, (u, -0.6), (u + 0.25, -0.75), (u + 0.05 * pose, -0.95))


def _ears(c, variant, pose, build):
    for side in (-1.0, 1.0):
        c.polygon(COAT, *_placed([(0.7, -0.6), (0.95, 0.25), (0.2, 0.25)], 0.0, 0.0, 1.0, side))


def _discs(c, variant, pose, build):
    c.pair(COAT, 0.6, -0.03, 0.32, 0.32)  # an area of 0.32, as an ear's


def _disc(c, variant, pose, build):
    c.ellipse(COAT, 0.0, -0.03, 0.452, 0.452)


def _nothing(c, variant, pose, build):
    pass


PAINTERS = {
    "face": _face,
    "whole": _whole,
    "moth": _moth,
    "dog": _dog,
    "car": _car,
    "house": _house,
    "tree": _tree,
    "mug": _mug,
    "ears": _ears,
    "discs": _discs,
    "disc": _disc,
    "nothing": _nothing,
}
