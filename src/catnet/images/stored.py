"""Images that stay in their file: rows of bytes that are read when they are asked for.

They are read, not mapped into memory: pages of a map count as the process's own, and one that a
file has lost kills the process. That the file is still the one that was opened is seen after
every read, from its size and the time of its last change.
"""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import numpy as np

from ..errors import DataError

__all__ = ["ImageFile", "StoredImages", "joined"]


class ImageFile:
    """A file that is open for reading, by any number of threads, as long as it stays as it is.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    file : binary file
    size : int
        Its bytes.

    Raises
    ------
    DataError
        If it cannot be opened, or is not a regular file.
    """

    def __init__(self, path):
        self.path = Path(os.path.abspath(path))
        try:
            status = os.stat(path)  # before it is opened: a pipe would wait for its other end
            if stat.S_ISDIR(status.st_mode):
                raise DataError(f"{path} is a folder, not an HDF5 file")
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{path} is a device or a pipe, not an HDF5 file")
            self.file = open(path, "rb", buffering=0)  # noqa: SIM115 (as long as its images)
            self._opened = self._status()
        except FileNotFoundError:
            raise DataError(
                f"{path} is not there: name a file of images, or draw one with "
                "`catnet draw FILE.h5`"
            ) from None
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror or error})") from error
        self.size, _ = self._opened
        self._lock = threading.Lock()

    def __del__(self):
        if hasattr(self, "file"):
            self.file.close()

    def _status(self):
        status = os.fstat(self.file.fileno())
        return status.st_size, status.st_mtime_ns

    def fill(self, out, start):
        """Fill an array of bytes with those of the file from `start` on.

        Raises
        ------
        DataError
            If the file ends before that, or cannot be read.
        """
        room = memoryview(out).cast("B")
        while room:
            try:
                count = self._read_into(room, start)
            except OSError as error:
                raise DataError(
                    f"{self.path} can no longer be read ({error.strerror or error}): see to it "
                    "that the file is in reach, and start again"
                ) from error
            if not count:
                self.check()
                raise DataError(f"{self.path} ends before its images do: it is truncated")
            room, start = room[count:], start + count

    def _read_into(self, room, start):
        if hasattr(os, "preadv"):  # does without a place in the file that threads would share
            return os.preadv(self.file.fileno(), [room], start)
        with self._lock:
            self.file.seek(start)
            return self.file.readinto(room)

    def check(self):
        """Refuse to go on with a file that is not as it was when it was opened.

        Raises
        ------
        DataError
        """
        try:
            now = self._status()
        except OSError as error:
            raise DataError(
                f"{self.path} is no longer there ({error.strerror or error}): bring it back, and "
                "start again"
            ) from error
        if now == self._opened:
            return
        size, _ = now
        if size < self.size:
            what = f"truncated, from {self.size:,} bytes to {size:,},"
        elif size > self.size:
            what = f"made longer, from {self.size:,} bytes to {size:,},"
        else:
            what = "altered"
        raise DataError(
            f"{self.path} was {what} while its images were in use: bring the file back as it was, "
            "and start again; what was saved before holds"
        )


class StoredImages:
    """Images in a file, in the place of an array of them: ``images[index]`` reads some.

    Parameters
    ----------
    file : ImageFile
    starts : ndarray of int64, shape (n,)
        Where each image starts in the file, in bytes.
    shape : tuple of int
        Of one image, or of one row of bytes.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, file, starts, shape):
        self.file, self.starts = file, starts
        self.shape = (len(starts), *shape)
        self.ndim = len(self.shape)
        self.width = int(np.prod(shape, dtype=np.int64))  # bytes of an image
        self.size = self.nbytes = len(starts) * self.width

    @classmethod
    def at(cls, file, offset, shape):
        """Return n images that lie in the file one after the other, `shape` beginning with n."""
        n, *rest = shape
        width = int(np.prod(rest, dtype=np.int64))
        return cls(file, offset + width * np.arange(n, dtype=np.int64), tuple(rest))

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, key):
        """Read some images: those of an integer, a slice, or an array of integers or a mask.

        A second slice says which bytes of each, where they are rows (`reshape`); those alone
        are read.
        """
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        if not isinstance(columns, slice) or (self.ndim > 2 and columns != slice(None)):
            raise IndexError("images in a file are read whole: take some first, then parts of them")
        starts = self.starts[rows]
        if starts.ndim == 0:
            return self._read(starts[np.newaxis], 0, self.width).reshape(self.shape[1:])
        start, stop, step = columns.indices(self.width)
        if step != 1:
            raise IndexError("of the bytes of an image in a file, only neighbours can be read")
        found = self._read(starts, start, max(start, stop))
        return found if self.ndim == 2 else found.reshape(len(starts), *self.shape[1:])

    def _read(self, starts, low, high):
        """Read the bytes from `low` to `high` of each image."""
        found = np.empty((len(starts), high - low), np.uint8)
        if found.size and high - low == self.width and (np.diff(starts) == self.width).all():
            self.file.fill(found, int(starts[0]))
        elif found.size:
            for row, start in zip(found, (starts + low).tolist(), strict=True):
                self.file.fill(row, start)
        self.file.check()
        return found

    def __array__(self, dtype=None, copy=None):
        """Read all of them into memory."""
        if copy is False:
            raise ValueError("images in a file are copied where they become an array")
        found = self[:]
        return found if dtype is None else found.astype(dtype)

    def reshape(self, *shape):
        """Return the same images, each of another shape."""
        n, *rest = shape[0] if len(shape) == 1 else shape
        if n != len(self) or int(np.prod(rest, dtype=np.int64)) != self.width:
            raise ValueError(f"images of shape {self.shape} have no shape {(n, *rest)}")
        return StoredImages(self.file, self.starts, tuple(rest))

    def take(self, index):
        """Return some of them, which stay in the file."""
        return StoredImages(self.file, self.starts[index], self.shape[1:])

    def tobytes(self):
        """Read all of them into memory, as bytes."""
        return self[:].tobytes()


def joined(some, others):
    """Return images followed by others, in memory unless all lie in one file.

    Parameters
    ----------
    some, others : ndarray or StoredImages
    """
    stored = isinstance(some, StoredImages) and isinstance(others, StoredImages)
    if stored and some.file is others.file:
        return StoredImages(some.file, np.append(some.starts, others.starts), some.shape[1:])
    return np.concatenate([np.asarray(some), np.asarray(others)])
