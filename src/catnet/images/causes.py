"""Test images that are asked for a cause: each several times, with one thing changed.

Networks are trained on the first 209 photographs or on drawn images, as ever; what is asked lies in
the test sets. Tables of what each image is can be had without the images.
"""

from __future__ import annotations

import numpy as np

from .catvnoncat import load_catvnoncat
from .changes import CHANGES, GROUND_CHANGES
from .dataset import Dataset, Split
from .drawn import CAT_KINDS, OTHER_KINDS, SHAPES, draw_factors, load_drawn, redraw
from .labels import known_labels
from .outlines import OUTLINES, mask

__all__ = [
    "VERSIONS",
    "drawn_table",
    "drawn_with_versions",
    "photograph_table",
    "photographs_changed",
    "texture_seeds",
]

SEED = 12  # of the drawings that are asked
AS_DRAWN = 500  # cats, and as many others
BASES = 60  # of either, the first ones, that are there in all versions

VERSIONS = {
    "upright": {"rotation": 0.0},
    "turned": {"rotation": 40.0},
    "middle size": {"scale": 29.0},
    "near": {"scale": 41.0},
    "far": {"scale": 18.0},
    "in the middle": {"x": 32.0, "y": 32.0},
    "aside": {"x": 40.0, "y": 40.0},
    "clear": {"camouflage": 0.0},
    "camouflaged": {"camouflage": 0.7},
    "frontal": {"pose": 0.0},
    "head turned": {"pose": 1.0},
    "no noise": {"noise": 0.0},
    "noise": {"noise": 0.08},
    "plain ground": {"backdrop": "plain"},
    "textured ground": {"backdrop": "texture", "backdrop_strength": 0.1},
    "dark": {"lightness": 0.2},
    "light": {"lightness": 0.8},
    "unmirrored": {"mirrored": 0},
    "mirrored": {"mirrored": 1},
    "first form": {"variant": 0},
    "second form": {"variant": 1},
}
"""What is made of every base, by the name of the version: its factors, but these."""

ON_LIGHT = {"lightness": 0.1, "background_lightness": 0.57}
ON_DARK = {"lightness": 0.9, "background_lightness": 0.43}
# Photographs have lighter and darker grounds than drawn images.
ON_LIGHTER = {"lightness": 0.1, "background_lightness": 0.85}
ON_DARKER = {"lightness": 0.9, "background_lightness": 0.15}


def texture_seeds(numbers):
    """Where the textures of bases begin: apart from all that `load_drawn` draws."""
    return 2**31 + np.asarray(numbers)


def _version(factors, places, change, settings):
    """Take some rows of a table, with some factors changed; `base` stays."""
    table = {name: column[places] for name, column in factors.items()}
    for name, value in settings.items():
        table[name] = np.full(len(places), value)
    table["base"] = np.asarray(places)
    table["change"] = np.full(len(places), change)
    return table


def _joined(tables):
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def _shapes(factors, places, kinds, grounds):
    """Make versions that show other things, clear of their plain ground, upright."""
    plain = {"camouflage": 0.0, "backdrop": "plain", "rotation": 0.0, "noise": 0.02}
    return [
        _version(
            factors,
            places,
            f"{word} {kind}",
            plain | {"kind": kind, "variant": variant, "scale": 29.0} | lights,
        )
        for word, lights in grounds.items()
        for kind, variant in kinds
    ]


def drawn_table():
    """Describe the drawings that are asked.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        The factors of `catnet.images.drawn.draw`, but the colours that follow from them; ``base``,
        which images are one drawing; and ``change``, what was made of it:

        ``"none"``
            As drawn: 500 cats and 500 others.
        a name of `VERSIONS`
            Of the first 60 cats and the first 60 others.
        ``"as moth 0"``, ``"as face 1"``, …
            The same 60 others as each kind and form.
        ``"dark discs"``, ``"light ears"``, …
            The same 60 as a shape of `catnet.images.drawn.SHAPES`, upright, of middle size, on a
            plain ground.
    """
    factors = draw_factors(AS_DRAWN, AS_DRAWN, SEED)
    cat = np.isin(factors["kind"], CAT_KINDS)
    cats, others = np.flatnonzero(cat)[:BASES], np.flatnonzero(~cat)[:BASES]
    both = np.concatenate([cats, others])
    tables = [_version(factors, np.arange(len(cat)), "none", {})]
    tables += [_version(factors, both, name, changed) for name, changed in VERSIONS.items()]
    for kind in (*OTHER_KINDS, "face"):
        for form in (0, 1):
            changed = {"kind": kind, "variant": form}
            tables.append(_version(factors, others, f"as {kind} {form}", changed))
    shapes = [(shape, 0) for shape in SHAPES]
    tables += _shapes(factors, others, shapes, {"dark": ON_LIGHT, "light": ON_DARK})
    return _joined(tables)


def drawn_with_versions():
    """Draw 2,000 images to train on, and those of `drawn_table` to ask.

    Returns
    -------
    Dataset
        Whose test images' factors are the table's.
    """
    table = drawn_table()
    test = redraw(table, texture_seeds(table["base"]))
    return Dataset("drawn-causes", load_drawn(2000, 1).train, test)


def _shape_table():
    """Drawings for the networks that were trained on photographs: 24 grounds, places, colours."""
    factors = draw_factors(0, 24, SEED)
    kinds = [(shape, 0) for shape in SHAPES]
    kinds += [("moth", 0), ("moth", 1), ("face", 0), ("dog", 0), ("car", 0), ("house", 0)]
    grounds = {"dark": ON_LIGHTER, "light": ON_DARKER}
    tables = _shapes(factors, np.arange(24), kinds, grounds)
    return _joined(
        [
            table | {"change": np.full(24, f"{table['change'][0]} {table['variant'][0]}")}
            for table in tables
        ]
    )


def photograph_table():
    """Describe the changed photographs and the drawings that are asked.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        ``image``, the number of the test image, or -1 for a drawing; ``change``, of `CHANGES`, or
        of `GROUND_CHANGES` for images with an outline; or the drawing's lightness, kind and form,
        as ``"dark moth 0"``; ``base``, the image, or 50 and up for a drawing's place and colours;
        and ``label``.
    """
    labels = known_labels()[1]
    images = np.arange(len(labels))
    outlined = np.array(list(OUTLINES))
    image = np.concatenate([images] * len(CHANGES) + [outlined] * len(GROUND_CHANGES))
    sizes = [len(images)] * len(CHANGES) + [len(outlined)] * len(GROUND_CHANGES)
    change = np.repeat([*CHANGES, *GROUND_CHANGES], sizes)
    shapes = _shape_table()
    return {
        "image": np.append(image, np.full(len(shapes["base"]), -1)),
        "change": np.append(change, shapes["change"]),
        "base": np.append(image, len(labels) + shapes["base"]),
        "label": np.append(labels[image], np.isin(shapes["kind"], CAT_KINDS).astype(np.int64)),
    }


def photographs_changed():
    """Load the training photographs, and make those of `photograph_table` to ask.

    Returns
    -------
    Dataset
        Whose test images' factors are the table's.

    Raises
    ------
    DataError
        If the photographs cannot be had.
    """
    data, table = load_catvnoncat(), photograph_table()
    shapes = _shape_table()
    masks = {number: mask(number) for number in OUTLINES}
    made = []
    for number, change in zip(table["image"], table["change"], strict=True):
        if number < 0:
            break
        image = data.test.images[number]
        made.append(
            CHANGES[change](image)
            if change in CHANGES
            else GROUND_CHANGES[change](image, masks[number])
        )
    drawings = redraw(shapes, texture_seeds(shapes["base"])).images
    images = np.concatenate([np.array(made), drawings])
    return Dataset("catvnoncat-changed", data.train, Split(images, table["label"], table))
