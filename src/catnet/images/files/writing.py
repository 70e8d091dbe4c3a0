"""A file of drawn images, of any number, in the format that `catnet.images.files.own` reads.

The same count and seed give the same bytes on every machine: there is no time in the file, its
format is HDF5's oldest, and the images follow from the seed.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from itertools import islice
from pathlib import Path

import numpy as np

from ...errors import DataError, ParameterError
from ..dataset import Dataset
from ..drawn import SIDE, drawn_parts

__all__ = ["write_drawn"]

PIECE = 256  # images in memory at once
REST = 2**20  # bytes of the file that are neither images nor anything of each


def write_drawn(path, n_train, n_test=1000, seed=0, *, force=False, progress=False):
    """Draw images as `load_drawn` does, the very same, and write them to a file piece by piece.

    The file appears when all is written; until then it has another name.

    Parameters
    ----------
    path : str or Path
        It ends in ``.h5`` or ``.hdf5``.
    n_train, n_test, seed : int
        As for `load_drawn`.
    force : bool
        Replace a file that is there.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    list of str
        Lines that say what was written.

    Raises
    ------
    ParameterError
        If a number is out of its range, or the file has another ending or is there.
    DataError
        If there is no room, or the file cannot be written.
    """
    from tqdm.auto import tqdm

    path = Path(path).expanduser()
    if path.suffix not in (".h5", ".hdf5"):
        raise ParameterError(f"a file of images ends in .h5 or .hdf5, not as {str(path)!r}")
    parts = dict(zip(("train", "test"), drawn_parts(n_train, n_test, seed), strict=True))
    _refuse_existing(path, force)
    temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex}.part")
    try:
        try:
            _require_room(path, parts)
            temporary.touch(exist_ok=False)
            with tqdm(
                total=n_train + n_test, unit="image", leave=False, disable=not progress
            ) as bar:
                _write(temporary, parts, bar)
            _refuse_existing(path, force)  # again: drawing took a while
            os.replace(temporary, path)
        except (OSError, RuntimeError) as error:  # h5py's say it in the midst of more
            number = re.search(r"errno = (\d+)", str(error))
            reason = os.strerror(int(number[1])) if number else getattr(error, "strerror", None)
            raise DataError(
                f"{path} cannot be written ({reason or error}): make room there, or name a file in "
                "a folder where you may write"
            ) from error
    finally:
        temporary.unlink(missing_ok=True)
    cats = {part: int(labels.sum()) for part, (labels, *_) in parts.items()}
    return [
        f"{path}: {n_train:,} images to train on ({cats['train']:,} of them cats) and {n_test:,} "
        f"to test with ({cats['test']:,}), {path.stat().st_size / 1e6:,.1f} MB",
        f"They are load_drawn({n_train}, {n_test}, {seed}); load_data({str(path)!r}) reads them.",
    ]


def _refuse_existing(path, force):
    if path.is_dir():
        raise ParameterError(f"{path} is a folder: name a file in it")
    if path.exists() and not force:
        raise ParameterError(f"{path} is there already: name another file, or add --force")


def _require_room(path, parts):
    needed = REST
    for labels, factors, _ in parts.values():
        columns = sum(values.dtype.itemsize for values in (labels, *factors.values()))
        needed += len(labels) * (SIDE * SIDE * 3 + columns)
    usage = shutil.disk_usage(path.parent)
    if usage.total and usage.free < needed:  # some systems of files do not tell
        raise DataError(
            f"{path} takes {needed / 1e6:,.0f} MB, and only {usage.free / 1e6:,.0f} MB are free "
            "there: make room, draw fewer, or name a file elsewhere"
        )


def _write(path, parts, bar):
    import h5py

    with h5py.File(path, "w", libver="earliest") as file:

        def create(name, values):
            file.create_dataset(name, data=values, track_times=False)

        create("list_classes", np.array([name.encode() for name in Dataset.classes]))
        for part, (labels, factors, images) in parts.items():
            shape = (len(labels), SIDE, SIDE, 3)
            place = file.create_dataset(f"{part}_set_x", shape, np.uint8, track_times=False)
            for start in range(0, len(labels), PIECE):
                piece = np.array(list(islice(images, PIECE)))
                place[start : start + len(piece)] = piece
                bar.update(len(piece))
            create(f"{part}_set_y", labels.astype("<i8"))
            for name, values in factors.items():
                kind = "S" if values.dtype.kind == "U" else values.dtype.newbyteorder("<")
                create(f"{part}_factors/{name}", values.astype(kind))
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
