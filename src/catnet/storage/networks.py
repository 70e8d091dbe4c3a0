"""A network's parameters in an HDF5 file: datasets weights/1, weights/2, … and biases/1, ….

Where there is a dataset `slope`, its one number is the slope of ReLUs that leak; else they do not.
Such a file may come from anyone, so it is read with the same care as the images.
"""

import io
from pathlib import Path

import numpy as np

from ..errors import DataError, ParameterError
from .hdf5 import ArraySpec, read_arrays, read_bytes

__all__ = ["read_layers", "write_layers"]

MAX_BYTES = 2**30
"""No file of parameters may be larger: 10,000 units on the photographs' 12,288 numbers."""

MATRIX = ArraySpec(np.float64, ((None, None),))
KINDS = ("weights", "biases")
SLOPE = ArraySpec(np.float64, ((1,),), optional=True)


def write_layers(path, weights, biases, slope=0.0):
    """Write a network's parameters to a file.

    Parameters
    ----------
    path : str or path
    weights : list of ndarray, shapes (n_l, n_{l-1})
    biases : list of ndarray, shapes (n_l, 1)
    slope : float
        Of the ReLUs where their argument is not above 0.

    Raises
    ------
    ParameterError
        If it cannot be written, or would be larger than `MAX_BYTES`.
    """
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for kind, arrays in zip(KINDS, (weights, biases), strict=True):
            for layer, array in enumerate(arrays, 1):
                file[f"{kind}/{layer}"] = array
        if slope:
            file["slope"] = np.array([slope])
    if content.getbuffer().nbytes > MAX_BYTES:
        raise ParameterError(f"a network of more than {MAX_BYTES} bytes is not saved")
    try:
        Path(path).write_bytes(content.getbuffer())
    except OSError as error:
        raise ParameterError(f"{path} cannot be written ({error.strerror or error})") from error


def read_layers(path):
    """Read the parameters that `write_layers` has written.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    weights : list of ndarray of float64, shapes (n_l, n_{l-1})
    biases : list of ndarray of float64, shapes (n_l, 1)
    slope : float

    Raises
    ------
    ParameterError
        If the file cannot be read, or does not hold one float64 weight and bias array for each
        layer, in shapes that follow on from one another.
    """
    try:
        content = read_bytes(Path(path), MAX_BYTES)
        wanted = {f"{kind}/*": MATRIX for kind in KINDS} | {"slope": SLOPE}
        arrays = read_arrays(content, str(path), wanted)
    except DataError as error:
        raise ParameterError(str(error)) from error
    try:
        weights, biases = (_in_order(arrays, kind) for kind in KINDS)
    except KeyError as missing:
        raise _no_network(path, f"it has no array {missing.args[0]}") from None
    widths = [len(w) for w in weights]
    follow_on = [w.shape[1] for w in weights[1:]] == widths[:-1]
    if not follow_on or [b.shape for b in biases] != [(n, 1) for n in widths]:
        shapes = [array.shape for array in (*weights, *biases)]
        raise _no_network(path, f"arrays of the shapes {shapes} do not follow on from one another")
    return weights, biases, float(arrays["slope"][0]) if "slope" in arrays else 0.0


def _in_order(arrays, kind):
    count = sum(name.startswith(f"{kind}/") for name in arrays)
    # exact sums look at the bits, so the order of the bytes must be the machine's
    return [arrays[f"{kind}/{layer}"].astype(np.float64) for layer in range(1, count + 1)]


def _no_network(path, reason):
    return ParameterError(f"{path} does not hold a network: {reason}")
