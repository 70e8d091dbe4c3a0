"""The datasets that have a name, or a file."""

from __future__ import annotations

import os

from ..errors import ParameterError
from .catvnoncat import load_catvnoncat
from .drawn import load_drawn
from .files.own import load_file

__all__ = ["load_data"]


def load_data(name="catvnoncat"):
    """Load a dataset by its name, or from a file.

    Parameters
    ----------
    name : str or Path
        ``"catvnoncat"``, the real images, or ``"drawn"``, the embedded ones; or the path of an
        HDF5 file with images of one's own, which ends in ``.h5`` or ``.hdf5`` or holds a
        separator. See `catnet.images.files.own` for what such a file holds.

    Returns
    -------
    Dataset

    Raises
    ------
    ParameterError
        If there is no dataset of that name.
    DataError
        If the real images cannot be had, or are not what they should be; or a file is not.
    """
    text = os.fspath(name) if isinstance(name, os.PathLike) else name
    if isinstance(text, str) and (
        text.endswith((".h5", ".hdf5")) or any(mark in text for mark in ("/", os.sep))
    ):
        return load_file(text)
    loaders = {"catvnoncat": load_catvnoncat, "drawn": load_drawn}
    if name not in loaders:
        raise ParameterError(
            f"dataset must be one of {', '.join(loaders)}, or a file such as FILE.h5, not {name!r}"
        )
    return loaders[name]()
