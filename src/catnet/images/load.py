"""Datasets by their names."""

from __future__ import annotations

from ..errors import ParameterError
from .catvnoncat import load_catvnoncat
from .drawn import load_drawn

__all__ = ["load_data"]


def load_data(name="catvnoncat"):
    """Load a dataset by its name.

    Parameters
    ----------
    name : str
        ``"catvnoncat"``, the real images, or ``"drawn"``, the embedded ones.

    Returns
    -------
    Dataset

    Raises
    ------
    ParameterError
        If there is no dataset of that name.
    DataError
        If the real images cannot be had, or are not what they should be.
    """
    loaders = {"catvnoncat": load_catvnoncat, "drawn": load_drawn}
    if name not in loaders:
        raise ParameterError(f"dataset must be one of {', '.join(loaders)}, not {name!r}")
    return loaders[name]()
