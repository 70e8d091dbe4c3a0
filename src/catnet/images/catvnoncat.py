"""The real images, cat / non-cat: where they are, how they come, whether they are right.

They carry no licence, so they are not part of this project. They are looked for in the folder
that the environment variable CATNET_DATA names, then in the user's cache, and then downloaded
from public copies into that cache. The digests of the arrays say whether they are the ones,
whatever file carries them; that of a file, only that it may be opened without precautions.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..storage.hdf5 import MAX_BYTES, ArraySpec, read_arrays, read_bytes
from .dataset import Dataset, Split
from .download import download

__all__ = ["Location", "data_command", "find_images", "load_catvnoncat", "named_folder"]

VARIABLE = "CATNET_DATA"
SIDE = 64  # pixels


@dataclass(frozen=True)
class Part:
    """One of the two files: what it holds, and its sha256 and that of its arrays, as bytes."""

    name: str
    count: int
    file_sha256: str
    images_sha256: str
    labels_sha256: str

    @property
    def file(self) -> str:
        return f"{self.name}_catvnoncat.h5"


PARTS = (
    Part(
        "train",
        209,
        "fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242",
        "5a22f47625d19c47045c085a17fdb1a263bae0fa9c67020fd40112e19dadc2c3",
        "217e8c93aff2ec2a3f6137ab9f997236d8382a26856546b1fbf30ccd4bf7610e",
    ),
    Part(
        "test",
        50,
        "6a9d39ce52fa85953c5834695b8534a30ed8cfd54971fb2f080b5a24d002b951",
        "c23d288e4a7ad7ab5b8b8e69e1aaefc683de77cbd020598fd6b4acdccbebabf3",
        "7bfaabd03cfd57ee3f50dc1569bf1b72c548f7877d2f7ed9611ec69e697b8909",
    ),
)

GITHUB = "https://raw.githubusercontent.com"
MIRRORS = (
    f"{GITHUB}/Hiren2002/Logistic-Regression/a6139a838a0e624f4ab923377df0c5d3386fdf1f/datasets",
    f"{GITHUB}/giuseppefutia/word2vec/c8a26537fe6ac0bb9b0fe979696d1457d2bc4092/datasets",
    f"{GITHUB}/ramakris/coursera-deeplearning/c79617ebb9ff38e765e821f80352adee93f19357"
    "/neuralnetworks/week4/datasets",
)
"""Folders on the web that hold both files, tried one after the other."""

STALE = 600  # seconds after which a temporary file has no living owner

BOTH = " and ".join(part.file for part in PARTS)
GO_ON = (
    f"Try again with a connection, or set {VARIABLE} to a folder that holds {BOTH}, "
    "or run `catnet data --from DIR` on such a folder, "
    'or use the embedded images with dataset "drawn".'
)


@dataclass(frozen=True)
class Location:
    """A folder with both files.

    Parameters
    ----------
    folder : Path
    origin : str
        Why this one: `"CATNET_DATA"` or `"cache"`.
    """

    folder: Path
    origin: str

    @property
    def remedy(self) -> str:
        """What to do when a file in it is not right."""
        if self.origin == VARIABLE:
            return f"Put the right file there, or let {VARIABLE} name another folder, or unset it."
        return "Run `catnet data` to replace it."


def named_folder() -> Path | None:
    """Return the folder that CATNET_DATA names, as a path that holds in any folder, or None.

    Raises
    ------
    DataError
        If CATNET_DATA is set but empty.
    """
    named = os.environ.get(VARIABLE)
    if named is None:
        return None
    if not named.strip():
        raise DataError(f"{VARIABLE} is set but empty: let it name a folder, or unset it")
    return Path(os.path.abspath(os.path.expanduser(named)))


def find_images() -> Location | None:
    """Return where the images would be loaded from without a download, None if nowhere.

    Whether the files are right is only seen on loading them.

    Raises
    ------
    DataError
        If CATNET_DATA is set but does not name a folder with both files.
    """
    folder = named_folder()
    if folder is not None:
        _require_files(folder, f"{VARIABLE} names {folder}", f"Put {BOTH} there, or unset it.")
        return Location(folder, VARIABLE)
    cache = _cache()
    if all(os.path.exists(cache / part.file) for part in PARTS):
        return Location(cache, "cache")
    return None


def load_catvnoncat(progress: bool | None = None) -> Dataset:
    """Return the real images, 209 to train on and 50 to test with.

    They come from the folder CATNET_DATA names, else from the user's cache, else from a public
    copy, which then stays in the cache.

    Parameters
    ----------
    progress : bool, optional
        Draw a progress bar on standard error during a download. By default, only where that is
        a terminal.

    Returns
    -------
    Dataset
        Images of shape (n, 64, 64, 3) uint8, labels of shape (n,) int64, 1 for a cat.

    Raises
    ------
    DataError
        If they are nowhere to be had, or not the ones.
    """
    location = find_images()
    if location is None:
        location = Location(_cache(), "cache")
        for part in PARTS:
            if not os.path.exists(location.folder / part.file):
                _fetch(part, location.folder, progress)
    train, test = (_read(part, location) for part in PARTS)
    return Dataset("catvnoncat", train, test, ("non-cat", "cat"))


def data_command(source: Path | None = None, progress: bool | None = None) -> list[str]:
    """Do what `catnet data [--from DIR]` does.

    Without a source: check the images, and bring those into the cache that are missing or wrong
    there; but where CATNET_DATA names a folder, only check that one. With a source: check the
    files in it and put them into the cache.

    Parameters
    ----------
    source : Path, optional
        A folder with both files.
    progress : bool, optional
        As for `load_catvnoncat`.

    Returns
    -------
    list of str
        Lines that say where the images are, to be printed on standard output.

    Raises
    ------
    DataError
        If they are nowhere to be had, not the ones, or cannot be written.
    """
    cache = Location(_cache(), "cache")
    if source is not None:
        _take(Path(source), cache.folder)
        lines = [f"Taken from {source} into the cache.", *_report(cache)]
        if VARIABLE in os.environ:
            lines.append(f"But {VARIABLE} is set, and what it names is used instead: unset it.")
        return lines
    location = find_images()
    if location is not None and location.origin == VARIABLE:
        return _report(location)
    fetched = [part.file for part in PARTS if _mend(part, cache.folder, progress)]
    news = [f"Downloaded {' and '.join(fetched)}."] if fetched else []
    return news + _report(cache)


def _cache() -> Path:
    try:
        import pooch
    except ImportError as error:
        raise DataError(
            "the images cannot be looked for in the cache without pooch: run `pip install pooch`, "
            f"or set {VARIABLE} to a folder that holds {BOTH}"
        ) from error
    return Path(pooch.os_cache("catnet"))


def _require_files(folder: Path, subject: str, remedy: str) -> None:
    # os.path rather than Path: a folder that may not be looked into is as good as not there.
    if not os.path.isdir(folder):
        which = "not a folder" if os.path.exists(folder) else "not there"
        raise DataError(f"{subject}, which is {which}. {remedy}")
    missing = [part.file for part in PARTS if not os.path.exists(folder / part.file)]
    if missing:
        raise DataError(f"{subject}, which lacks {' and '.join(missing)}. {remedy}")


def _report(location: Location) -> list[str]:
    lines = []
    for part in PARTS:
        split = _read(part, location)
        lines.append(
            f"{location.folder / part.file}: right ({len(split)} images, "
            f"{int(split.labels.sum())} of them cats)"
        )
    which = f"the folder {VARIABLE} names" if location.origin == VARIABLE else "the cache"
    return [*lines, f"The images are loaded from {which}."]


def _read(part: Part, location: Location) -> Split:
    path = location.folder / part.file
    try:
        return _decode(part, read_bytes(path), str(path))
    except DataError as error:
        raise DataError(f"{error}. {location.remedy}") from error


def _decode(part: Part, content: bytes, where: str) -> Split:
    """Return the images of a file, or say why they are not the ones."""
    x, y = f"{part.name}_set_x", f"{part.name}_set_y"
    n = part.count
    arrays = read_arrays(
        content,
        where,
        {
            x: ArraySpec(np.uint8, ((n, SIDE, SIDE, 3),)),
            y: ArraySpec(np.integer, ((n,), (n, 1), (1, n))),
        },
        known=hashlib.sha256(content).hexdigest() == part.file_sha256,
    )
    labels = arrays[y].reshape(n)
    wrong = np.flatnonzero(~np.isin(labels, (0, 1)))
    if wrong.size:
        raise DataError(
            f"label {wrong[0]} in {y} of {where} is {labels[wrong[0]]}; labels must be 0 or 1"
        )
    labels = labels.astype("<i8")
    for name, array, expected in (
        (x, arrays[x], part.images_sha256),
        (y, labels, part.labels_sha256),
    ):
        found = hashlib.sha256(array.tobytes()).hexdigest()
        if found != expected:
            raise DataError(
                f"{name} of {where} is altered, or of another set: its sha256 is "
                f"{found[:12]}..., not {expected[:12]}..."
            )
    return Split(arrays[x], labels.astype(np.int64, copy=False))


def _mend(part: Part, cache: Path, progress: bool | None) -> bool:
    """Fetch a file that is missing or wrong in the cache; say whether that was so."""
    path = cache / part.file
    wrong = ""
    if os.path.exists(path):
        try:
            _decode(part, read_bytes(path), str(path))
            return False
        except DataError as error:
            wrong = f"{error}. And "
    try:
        _fetch(part, cache, progress)
        return True
    except DataError as error:
        raise DataError(f"{wrong}{error}") from error


def _take(source: Path, cache: Path) -> None:
    """Put both files of a folder into the cache, once both are right."""
    remedy = "Name another folder, or leave out --from to download the images."
    _require_files(source, f"--from names {source}", remedy)
    contents = {}
    for part in PARTS:
        path = source / part.file
        try:
            contents[part.file] = read_bytes(path)
            _decode(part, contents[part.file], str(path))
        except DataError as error:
            raise DataError(f"{error}. {remedy}") from error
    _make_folder(cache)
    for file, content in contents.items():
        _write(cache / file, content)


def _fetch(part: Part, cache: Path, progress: bool | None) -> None:
    """Download a file into the cache from the first public copy that is right."""
    _make_folder(cache)  # before the download: it may not be possible
    failures = []
    for mirror in MIRRORS:
        url = f"{mirror}/{part.file}"
        try:
            content = download(url, MAX_BYTES, progress)
            _decode(part, content, url)
        except DataError as error:
            failures.append(str(error))
        else:
            _write(cache / part.file, content)
            return
    raise DataError(f"{part.file} could not be downloaded: {'; '.join(failures)}. {GO_ON}")


def _make_folder(folder: Path) -> None:
    """Make the cache, and clear it of what a killed process may have left."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("*.part"):
            if time.time() - leftover.stat().st_mtime > STALE:
                leftover.unlink()
    except FileNotFoundError:
        pass  # another process was faster
    except OSError as error:
        raise _unwritable(folder, error) from error


def _write(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then move it into place."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(".part", f"{path.name}.", path.parent)
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path} cannot be written ({error.strerror or error}). Make room there or allow writing, "
        f"or set {VARIABLE} to a folder that holds {BOTH}."
    )
