"""A training in a file, to go on from: whatever ends it, the last state that was saved is there.

What comes out is what would have come without a stop, to the bit.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from ..errors import ParameterError

__all__ = ["SavedTraining"]

LISTS = ("costs", "validation_costs", "dead_units", "gradient_norms", "logit_ranges")


class SavedTraining:
    """The file of one training, a NumPy archive.

    Parameters
    ----------
    path : str or Path
        Written again at every save, under a temporary name first: a stop leaves the file whole.
    member : catnet.Member
    splits : list of Split
        What it is trained on, and what it is looked at with.
    """

    def __init__(self, path, member, splits):
        self.path, self.member = Path(path), member
        self.about = _about(member, splits)

    def read(self):
        """Return what is in the file, or None if there is none.

        Returns
        -------
        dict of str to ndarray, or None

        Raises
        ------
        ParameterError
            If it cannot be read, or is that of another training.
        """
        if not self.path.exists():
            return None
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                content = dict(archive)
            about = str(content["about"])
        except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ParameterError(
                f"{self.path} holds no training to go on from ({error}): remove it, or name "
                "another file"
            ) from None
        if about != self.about:
            raise ParameterError(
                f"{self.path} holds a training with other settings or images: name another file, "
                "or remove it to begin anew"
            )
        return content

    def write(self, updates, run, network, states):
        """Save a training.

        Parameters
        ----------
        updates : int
            How many it has taken.
        run : Run
        network : Network
            As it is now.
        states : list of (int, dict)
            See `Updates.states`.
        """
        content = {"about": self.about, "updates": updates, "lowest": run.lowest}
        content |= {name: np.array(getattr(run, name)) for name in LISTS}
        content |= _written("now", network)
        if run.kept is not None:
            content |= _written("kept", run.kept) | {"best_iteration": run.best_iteration}
        for place, (wait, state) in enumerate(states):
            content[f"{place} wait"] = wait
            content |= {f"{place} {name}": value for name, value in state.items()}
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(".part", f"{self.path.name}.", self.path.parent)
            with open(handle, "wb") as file:
                np.savez(file, **content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException as error:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise ParameterError(
                    f"{self.path} cannot be written ({error.strerror or error})"
                ) from error
            raise


def begin(content, run):
    """Give a run what was saved of it; return the number of updates and the optimizers' states."""
    _read(content, "now", run.network)
    for name in LISTS:
        setattr(run, name, content[name].tolist())
    run.lowest = float(content["lowest"])
    if "best_iteration" in content:
        run.kept, run.best_iteration = run.network.copy(), int(content["best_iteration"])
        _read(content, "kept", run.kept)
    states = []
    while f"{len(states)} wait" in content:
        begins = f"{len(states)} "
        state = {
            name.removeprefix(begins): value
            for name, value in content.items()
            if name.startswith(begins)
        }
        states.append((int(state.pop("wait")), state))
    return int(content["updates"]), states


def _written(when, network):
    return {f"{when}: {name}": array for name, array in _arrays(network)}


def _read(content, when, network):
    for name, array in _arrays(network):
        array[...] = content[f"{when}: {name}"]


def _arrays(network):
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        yield f"W{layer}", weights
        yield f"b{layer}", biases


def _about(member, splits):
    """Digest what a training follows from: of the images, how many there are, and the labels."""
    settings = [getattr(member, field.name) for field in fields(member)[1:]]
    network = member.network
    sha = hashlib.sha256(repr([network.digest(), network.activation, *settings]).encode())
    for split in splits:
        sha.update(repr(split.images.shape).encode())
        sha.update(split.labels.tobytes())
    return sha.hexdigest()
