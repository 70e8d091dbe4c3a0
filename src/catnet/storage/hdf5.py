"""Arrays out of an HDF5 file that nobody vouches for.

The file is read whole, up to a limit, and handed to h5py from memory: what was checked is what
is read. Whatever the file declares (links, storage, filters, shapes, chunks) is looked at before
any of its data are, and nothing outside it is ever opened. Because libhdf5 itself can be made to
crash, all this happens in a process of its own, unless the file is known by its bytes.

Of a larger file, `find_arrays` says where in it an array lies, so that others can read the bytes:
nothing of the array is loaded for that.
"""

from __future__ import annotations

import io
import math
import stat
import zlib
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import DataError
from .apart import read_apart

__all__ = ["MAX_BYTES", "ArraySpec", "find_arrays", "read_arrays", "read_bytes"]

MAX_BYTES = 8 * 2**20
"""No file of images, and no chunk once unpacked, may be larger; the real ones have 0.6 and 2.6
million."""

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SIGNED_AT = (0, 512, 1024, 2048)
SIGNED = SIGNED_AT[-1] + len(SIGNATURE)  # bytes from the start that say whether it is one
SHUFFLE, DEFLATE, FLETCHER32, LZF = 2, 1, 3, 32000
# The order matters: a stream that is stored as it is can be measured before HDF5 unpacks it.
# Fletcher32 only adds a checksum, and may stand anywhere.
PIPELINES = {(), (SHUFFLE,), (DEFLATE,), (LZF,), (SHUFFLE, DEFLATE), (SHUFFLE, LZF)}
CHECKSUM_BYTES = 4


@dataclass(frozen=True)
class ArraySpec:
    """What an array must be.

    Parameters
    ----------
    kind : type of NumPy scalar
        `numpy.uint8` for just that, `numpy.integer` for any integer.
    shapes : tuple of tuple of (int or None)
        The shapes it may have; None is any length. An array of any length must lie in the file
        as it is, not packed: only so is its size known to be honest.
    optional : bool
        Whether a file may do without.
    """

    kind: type
    shapes: tuple[tuple[int | None, ...], ...]
    optional: bool = False

    @property
    def is_open(self) -> bool:
        """Whether any length will do."""
        return any(None in shape for shape in self.shapes)

    def check(self, name: str, where: str, dtype: np.dtype, shape: tuple[int, ...] | None) -> None:
        """Refuse an array of another type or shape; the shape None is that of no array at all."""
        fits = shape is not None and any(
            len(shape) == len(allowed)
            and all(a in (None, n) for a, n in zip(allowed, shape, strict=True))
            for allowed in self.shapes
        )
        if not fits or not np.issubdtype(dtype, self.kind):
            shapes = " or ".join(str(allowed).replace("None", "any") for allowed in self.shapes)
            claimed = math.prod(shape or (0,)) * dtype.itemsize
            raise DataError(
                f"{name} of {where} must be {self.kind.__name__} of shape {shapes}, "
                f"but is {dtype} of shape {shape}"
                + (f", a claim of {claimed / 1e9:,.0f} GB" if claimed >= 1e9 else "")
            )


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return the content of a regular file of at most `limit` bytes.

    Raises
    ------
    DataError
        If it cannot be read, is not a regular file, or is larger.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise DataError(f"{path} is a folder, not an HDF5 file")
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{path} is a device or a pipe, not an HDF5 file")
        with path.open("rb") as file:
            content = file.read(min(status.st_size, limit) + 1)  # takes room for all it asks for
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from error
    if len(content) > limit:
        raise DataError(f"{path} is larger than {limit} bytes, more than is read here")
    return content


def read_arrays(
    content: bytes, where: str, wanted: Mapping[str, ArraySpec], *, known: bool = False
) -> dict[str, np.ndarray]:
    """Return the arrays `wanted` of an HDF5 file, without following any link out of it.

    Parameters
    ----------
    content : bytes
        The file.
    where : str
        Its path or address, for the messages.
    wanted : mapping of str to ArraySpec
        Names of arrays, or patterns such as `"weights/*"` for one array or more; what else the
        file holds is left alone.
    known : bool
        Whether these very bytes are known to be harmless, so that this process may read them.

    Returns
    -------
    dict of str to ndarray
        Each of the shape and type its `ArraySpec` asks for.

    Raises
    ------
    DataError
        If it is not an HDF5 file, is damaged, crashes libhdf5, links out of itself, claims more
        than it may, or does not hold these arrays.
    """
    _check_signature(content, where)
    read = partial(_read, where=where, wanted=dict(wanted))
    if known:
        return read(content)
    arrays = read_apart(read, content, where)
    for name, array in arrays.items():  # a library led astray may have given anything
        for pattern, spec in wanted.items():
            if fnmatchcase(name, pattern):
                spec.check(name, where, array.dtype, array.shape)
    return arrays


def find_arrays(file: BinaryIO, size: int, where: str, names: Mapping[str, bool]) -> dict:
    """Say where in an HDF5 file some arrays lie, without loading them; and load what is small.

    Parameters
    ----------
    file : binary file
        Open for reading; its place is moved.
    size : int
        Its bytes.
    where : str
        Its path, for the messages.
    names : mapping of str to bool
        Names of arrays, or patterns such as `"factors/*"`, and whether it is only asked where they
        lie. Those that the file lacks are left out.

    Returns
    -------
    dict of str to ndarray
        Of an array that is only looked for, which is one of uint8: its first byte in the file,
        then its shape; -1 in place of the byte if it does not lie there as it is. Other arrays
        themselves.

    Raises
    ------
    DataError
        As `read_arrays` does.
    """
    file.seek(0)
    _check_signature(file.read(SIGNED), where)
    found = read_apart(partial(_find, size=size, where=where, names=dict(names)), file, where)
    for name, place in found.items():  # a library led astray may have given anything
        if any(only and fnmatchcase(name, pattern) for pattern, only in names.items()):
            offset, *shape = place.tolist()
            if offset >= 0 and not 0 <= math.prod(shape) <= size - offset:
                raise DataError(
                    f"{name} of {where} would lie beyond the file's end: it is truncated or damaged"
                )
    return found


def _find(
    file: BinaryIO, size: int, where: str, names: Mapping[str, bool]
) -> dict[str, np.ndarray]:
    import h5py

    found: dict[str, np.ndarray] = {}
    with _opened(file, where) as content:
        held = _refuse_links(content, where)
        for pattern, only in names.items():
            for name in (name for name in held if fnmatchcase(name, pattern)):
                dataset, plan, layout = _examine(content, name, where)
                if not only:
                    found[name] = _small_array(dataset, plan, layout, name, size, where)
                    continue
                ArraySpec(np.uint8, ((None,) * 4,)).check(name, where, dataset.dtype, dataset.shape)
                whole = layout == h5py.h5d.CONTIGUOUS
                whole = whole and dataset.id.get_storage_size() == dataset.nbytes
                offset = dataset.id.get_offset() if whole else None
                found[name] = np.array([-1 if offset is None else offset, *dataset.shape])
    return found


def _small_array(dataset, plan, layout, name: str, size: int, where: str) -> np.ndarray:
    """Read numbers or short texts of which there is one an image, or fewer."""
    import h5py

    text = h5py.check_string_dtype(dataset.dtype) is not None
    if not text and dataset.dtype.kind not in "iuf":
        raise DataError(f"{name} of {where} must be numbers or texts, but is {dataset.dtype}")
    if dataset.shape is None or dataset.nbytes > size:
        raise DataError(f"{name} of {where} claims more bytes than the file has")
    if layout == h5py.h5d.CHUNKED:
        _check_chunks(dataset, plan, name, size, where)
    values = dataset[()]
    return values.astype("S64") if values.dtype.kind == "O" else values


def _read(content: bytes, where: str, wanted: Mapping[str, ArraySpec]) -> dict[str, np.ndarray]:
    with _opened(io.BytesIO(content), where) as file:
        held = _refuse_links(file, where)
        arrays: dict[str, np.ndarray] = {}
        room = len(content)
        for pattern, spec in wanted.items():
            found = [name for name in held if fnmatchcase(name, pattern)]
            for name in found or ([] if spec.optional else [pattern]):
                arrays[name] = _read_array(file, held, name, spec, room, where)
                if spec.is_open:
                    room -= arrays[name].nbytes  # no two of them may be the same bytes
        return arrays


@contextmanager
def _opened(content: BinaryIO, where: str):
    """Open an HDF5 file, and say in a sentence what goes wrong with it."""
    try:
        import h5py
    except ImportError as error:
        raise DataError(f"{where} cannot be read without h5py: run `pip install h5py`") from error
    try:
        with h5py.File(content, "r") as file:
            yield file
    except DataError:
        raise
    except Exception as error:  # h5py turns what libhdf5 trips over into a dozen types
        detail = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{where} is a truncated or damaged HDF5 file ({detail})") from error


def _check_signature(content: bytes, where: str) -> None:
    # HDF5 allows a block of the user's own before the signature.
    if any(content[start : start + 8] == SIGNATURE for start in SIGNED_AT):
        return
    head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not content:
        problem = "is empty"
    elif head.startswith(b"version https://git-lfs"):
        problem = "is a Git LFS pointer (a few lines that stand for the file), not the file itself"
    elif head.startswith(b"<"):
        problem = "is a web page saved under this name, not an HDF5 file"
    else:
        problem = f"is not an HDF5 file (it begins with {content[:16]!r})"
    raise DataError(f"{where} {problem}")


def _refuse_links(file, where: str) -> list[str]:
    """Return all names in the file, once no link of it leads anywhere by name."""
    from h5py import h5l

    names: list[str] = []
    links: list[tuple[str, int]] = []

    def visit(name, info):
        text = name.decode("utf-8", "replace")
        text = text if text.isprintable() else ascii(text)
        if info.type != h5l.TYPE_HARD:
            links.append((text, info.type))
            return True  # stops the visit
        names.append(text)
        return None

    file.id.links.visit(visit, info=True)
    for name, kind in links:
        which = "a soft link" if kind == h5l.TYPE_SOFT else "an external link (to another file)"
        raise DataError(f"{where} holds {which}, {name!r}, which is not followed")
    return names


def _read_array(
    file, names: list[str], name: str, spec: ArraySpec, room: int, where: str
) -> np.ndarray:
    import h5py

    if name not in names:
        held = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        raise DataError(f"{where} has no array {name} (it holds: {held or 'nothing'})")
    dataset, plan, layout = _examine(file, name, where)
    spec.check(name, where, dataset.dtype, dataset.shape)
    if spec.is_open and not dataset.nbytes == dataset.id.get_storage_size() <= room:
        raise DataError(f"{name} of {where} does not lie in the file as {dataset.nbytes} bytes")
    if layout == h5py.h5d.CHUNKED:
        _check_chunks(dataset, plan, name, room, where)
    return dataset[()]


def _examine(file, name: str, where: str):
    """Return an array of a file, its plan and its layout, once its data lie in the file."""
    import h5py

    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        raise DataError(f"{name} of {where} is not an array but a {type(dataset).__name__.lower()}")

    # Storage first: of a virtual dataset, asking for the shape already opens other files.
    plan = dataset.id.get_create_plist()
    layout = plan.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        raise DataError(f"{name} of {where} is a virtual dataset: its data are in other files")
    if plan.get_external_count():
        raise DataError(f"{name} of {where} is in external storage: its data are in other files")
    return dataset, plan, layout


def _check_chunks(dataset, plan, name: str, room: int, where: str) -> None:
    """Refuse chunks that would not stay small once unpacked, or that share their bytes."""
    filters = [plan.get_filter(i) for i in range(plan.get_nfilters())]
    codes = [code for code, *_ in filters]
    if tuple(code for code in codes if code != FLETCHER32) not in PIPELINES:
        used = ", ".join(ascii(label.decode("utf-8", "replace")) for *_, label in filters)
        raise DataError(
            f"{name} of {where} is packed with filters that are not read here ({used}); "
            "gzip, lzf, shuffle and fletcher32 are"
        )
    limit = math.prod(plan.get_chunk()) * dataset.dtype.itemsize
    if limit > MAX_BYTES:
        raise DataError(f"{name} of {where} has chunks of {limit} bytes, more than its data need")

    stored: list = []
    dataset.id.chunk_iter(stored.append)
    if sum(chunk.size for chunk in stored) > room:
        raise DataError(f"{name} of {where} claims more bytes than the file has")
    packer = next((code for code in codes if code in MEASURES), None)
    if packer is None:
        return
    position = codes.index(packer)
    checksums = CHECKSUM_BYTES * codes[position:].count(FLETCHER32)
    for chunk in stored:
        if not chunk.filter_mask >> position & 1:  # else it is stored as it is
            _, raw = dataset.id.read_direct_chunk(chunk.chunk_offset)
            stream = raw[: len(raw) - checksums]
            if MEASURES[packer](stream, limit + CHECKSUM_BYTES * len(filters)):
                raise DataError(
                    f"{name} of {where} has a chunk that would unpack to more than the {limit} "
                    "bytes it declares"
                )


def _deflate_exceeds(raw: bytes, limit: int) -> bool:
    try:
        return len(zlib.decompressobj().decompress(raw, limit + 1)) > limit
    except zlib.error:
        return False  # HDF5 will say so


def _lzf_exceeds(raw: bytes, limit: int) -> bool:
    """Add up the lengths that an LZF stream announces, without unpacking it."""
    size, i = 0, 0
    while i < len(raw) and size <= limit:
        control = raw[i]
        if control < 32:  # as many bytes as they are, and one
            size += control + 1
            i += control + 2
        elif control < 224:  # bytes that were there before
            size += (control >> 5) + 2
            i += 2
        else:  # more of them: the next byte is added
            size += 9 + (raw[i + 1] if i + 1 < len(raw) else 0)
            i += 3
    return size > limit


MEASURES = {DEFLATE: _deflate_exceeds, LZF: _lzf_exceeds}
