"""Sets of one's own: images in an HDF5 file, in the article's format.

A file holds ``train_set_x``, ``train_set_y``, ``test_set_x`` and ``test_set_y``, and may hold
``list_classes``; or, as the article's own, it holds the first two, and a file beside it, with
"test" for "train" in its name, the others. Images may have any size. Where they lie in a file as
they are, one after the other, a large set stays there.

Nobody vouches for such a file: what it declares is examined in a process of its own, see
`catnet.storage.hdf5`. The images themselves are bytes and can do no harm.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...storage.hdf5 import MAX_BYTES, ArraySpec, find_arrays, read_arrays
from ..dataset import WHOLE, Dataset, Split
from ..stored import ImageFile, StoredImages

__all__ = ["load_file"]

CLASSES = "list_classes"
UNPACKED = 2**28  # bytes that packed images may have: 21,845 of 64 by 64 pixels
REWRITE = "write them again with h5py, without chunks and compression"


def load_file(path):
    """Load the images of a file.

    Parameters
    ----------
    path : str or Path
        The file, or that of the training images if there are two.

    Returns
    -------
    Dataset
        Named after the file. Beyond 16 million numbers (`catnet.images.dataset.WHOLE`), images
        that are not packed stay in the file.

    Raises
    ------
    DataError
        If the file is not there, or not what it should be.
    """
    path = Path(path).expanduser()
    file, found = _look(path, ("train", "test"))
    files = {"train": (file, found), "test": (file, found)}
    if "train_set_x" not in found:
        raise _lacks(path, found, "train_set_x")
    if "test_set_x" not in found:
        files["test"] = _look(_beside(path, found), ("test",))
    places = {
        part: _place(part, file, found, f"{part}_set_x") for part, (file, found) in files.items()
    }
    sizes = {part: place[2:] for part, place in places.items()}
    if sizes["train"] != sizes["test"]:
        raise DataError(
            f"the images of {path} are {_by(sizes['train'])} to train on, but "
            f"{_by(sizes['test'])} to test with: both must have one size"
        )
    stays = sum(math.prod(place[1:]) for place in places.values()) > WHOLE
    splits = {
        part: _split(part, file, found, places[part], stays)
        for part, (file, found) in files.items()
    }
    for file, _ in files.values():
        file.check()  # what was found is of the file as it was opened
    return Dataset(path.stem, splits["train"], splits["test"], _classes(path, files["train"][1]))


def _look(path, parts):
    """Open a file, and find what it holds for these parts of a set."""
    file = ImageFile(path)
    names = {CLASSES: False}
    for part in parts:
        names |= {f"{part}_set_x": True, f"{part}_set_y": False, f"{part}_factors/*": False}
    return file, find_arrays(file.file, file.size, str(path), names)


def _beside(path, found):
    """Return the path of the test images, which lie in a file beside that of the others."""
    if "train" not in path.name:
        raise _lacks(path, found, "test_set_x")
    other = path.with_name(path.name.replace("train", "test"))
    if not other.exists():
        raise DataError(
            f"{path} holds no test_set_x, and there is no {other.name} beside it: put the test "
            "images into either"
        )
    return other


def _lacks(path, found, name):
    held = ", ".join(sorted(found)) or "nothing of the kind"
    return DataError(
        f"{path} has no array {name} (it holds {held}): a set of images has train_set_x, "
        "train_set_y, test_set_x and test_set_y"
    )


def _by(size):
    return " by ".join(str(n) for n in size[:2])


def _place(part, file, found, name):
    """Return where the images of a part start, or -1, and their shape."""
    if name not in found:
        raise _lacks(file.path, found, name)
    if f"{part}_set_y" not in found:
        raise _lacks(file.path, found, f"{part}_set_y")
    offset, *shape = found[name].tolist()
    if shape[3] != 3 or min(shape) < 1:
        raise DataError(
            f"{name} of {file.path} must be images of shape (n, height, width, 3), at least one, "
            f"but is of shape {tuple(shape)}"
        )
    return offset, *shape


def _split(part, file, found, place, stays):
    offset, *shape = place
    if offset < 0:
        images = _unpack(file, f"{part}_set_x", tuple(shape))
    else:
        images = StoredImages.at(file, offset, shape)
        if not stays:
            images = images[:]
    return Split(images, _labels(part, file, found, shape[0]), _factors(part, found, shape[0]))


def _unpack(file, name, shape):
    """Read images that are packed, from a file that is small enough to be read whole."""
    if file.size > MAX_BYTES:
        raise DataError(
            f"{name} of {file.path} does not lie in the file as it is, but packed: that is read "
            f"from files of up to {MAX_BYTES:,} bytes only, and this one has {file.size:,}; "
            f"{REWRITE}"
        )
    if math.prod(shape) > UNPACKED:
        raise DataError(
            f"{name} of {file.path} would unpack to {math.prod(shape):,} bytes; {REWRITE}"
        )
    content = np.empty(file.size, np.uint8)
    file.fill(content, 0)
    wanted = {name: ArraySpec(np.uint8, (shape,))}
    return read_arrays(content.tobytes(), str(file.path), wanted)[name]


def _labels(part, file, found, n):
    name = f"{part}_set_y"
    labels = found[name]
    ArraySpec(np.integer, ((n,), (n, 1), (1, n))).check(
        name, str(file.path), labels.dtype, labels.shape
    )
    wrong = np.flatnonzero(~np.isin(labels, (0, 1)))
    if wrong.size:
        raise DataError(
            f"label {wrong[0]} in {name} of {file.path} is {labels.flat[wrong[0]]}; labels must "
            "be 0 or 1"
        )
    return labels.reshape(n).astype(np.int64)


def _factors(part, found, n):
    """Return what a file that `catnet draw` wrote says of how its images were made."""
    prefix = f"{part}_factors/"
    factors = {
        name.removeprefix(prefix): values.astype(str) if values.dtype.kind == "S" else values
        for name, values in found.items()
        if name.startswith(prefix)
    }
    return {name: values for name, values in factors.items() if values.shape == (n,)}


def _classes(path, found):
    if CLASSES not in found:
        return Dataset.classes
    names = found[CLASSES]
    if names.shape != (2,) or names.dtype.kind != "S":
        raise DataError(f"{CLASSES} of {path} must be two texts, the names of labels 0 and 1")
    return tuple(name.decode("utf-8", "replace") for name in names.tolist())
