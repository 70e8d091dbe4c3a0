"""The results of a study on disk, and why a kill at any moment does not harm them.

A stack of runs that is finished becomes a file of its own in ``studies/NAME.parts``. It is
written under another name, forced to the disk, and only then renamed, which a file system does
whole or not at all; so a file of that name is complete. There is no list of what is done, no
counter and no file that grows: what is done is what these files hold, looked at anew at each
start. A kill, in the middle of a write too, or a loss of power costs what was being trained. An
HDF5 file that results are appended to would not bear that: its metadata is written piece by
piece, and one that was open for writing when the power went may not open again.

Once all runs are there, ``studies/NAME.h5`` is made of them, in the plan's order and with fixed
options, without times: its bytes depend on the plan and the results alone (and on the versions of
HDF5 and zlib that write it), not on which runs were trained together, where, in which order, or
how often that was interrupted. It, too, gets its name only when it is complete, and only then are
the parts removed. A run that is in two parts, as after two commands at once where there are no
locks, counts once; two that differ are an error, since they cannot.
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from contextlib import contextmanager

import numpy as np

from ..errors import CatnetError
from .records import columns, grid

__all__ = ["Store"]

FORMAT = 1
CHUNK = 2**18  # bytes of a piece that is compressed, about


class Store:
    """Where the results of a study are.

    Parameters
    ----------
    folder : Path
        That of all studies.
    plan : Plan

    Attributes
    ----------
    final : Path
        The file of a study that is complete.
    parts : Path
        The folder of what is finished until then.
    """

    def __init__(self, folder, plan):
        self.plan = plan
        self.final = folder / f"{plan.name}.h5"
        self.parts = folder / f"{plan.name}.parts"

    @contextmanager
    def locked(self):
        """Keep a second command from training the same runs, where the system has locks.

        The system gives a lock back when the process ends, however it ends.

        Raises
        ------
        CatnetError
            If another one is at work.
        """
        self.parts.mkdir(parents=True, exist_ok=True)
        with (self.parts / "lock").open("a") as file:
            try:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except ImportError:
                pass
            except BlockingIOError:
                raise CatnetError(
                    f"another `catnet study {self.plan.name}` is at work here: wait for it or "
                    "stop it"
                ) from None
            try:
                half_written = f".{self.final.name}.*.tmp"
                for leftover in (*self.parts.glob(".*.tmp"), *self.final.parent.glob(half_written)):
                    leftover.unlink(missing_ok=True)
                yield
            finally:
                if self.final.exists():
                    shutil.rmtree(self.parts, ignore_errors=True)

    def read(self):
        """Read all that is finished.

        Returns
        -------
        dict of str to ndarray
            The `columns` of the finished runs and their ``number``, in order; empty if there are
            none. ``images`` is the digest of what they were trained on, ``seconds`` how long all
            of them took, as far as it is known.

        Raises
        ------
        CatnetError
            If they were made by another plan, differ from one another, or cannot be read.
        """
        if self.final.exists():
            return self._read_final()
        parts = [self._read_part(path) for path in sorted(self.parts.glob("*.npz"))]
        if not parts:
            return {}
        if len({str(part["images"]) for part in parts}) > 1:
            raise CatnetError(f"{self.parts} has results of different images: remove some of them")
        seconds = sum(float(part["seconds"]) for part in parts)
        joined = {
            name: np.concatenate([part[name] for part in parts])
            for name in parts[0]
            if parts[0][name].ndim
        }
        order = np.argsort(joined["number"], kind="stable")
        joined = {name: values[order] for name, values in joined.items()}
        twice = np.flatnonzero(np.diff(joined["number"]) == 0)
        for place in twice:
            if entry_bytes(joined, place) != entry_bytes(joined, place + 1):
                key = self.plan.runs[joined["number"][place]].key
                raise CatnetError(
                    f"{self.parts} has two results of {key} that differ: `catnet study "
                    f"{self.plan.name} --repeat {key}` says which is right"
                )
        joined = {name: np.delete(values, twice, axis=0) for name, values in joined.items()}
        return joined | {"images": parts[0]["images"], "seconds": np.array(seconds)}

    def add(self, part):
        """Keep a finished stack.

        Parameters
        ----------
        part : dict of str to ndarray
            What `train` returned.
        """
        content = io.BytesIO()
        np.savez(content, **part, plan=np.array(self.plan.digest))
        self.parts.mkdir(parents=True, exist_ok=True)
        first, last = part["number"][0], part["number"][-1]
        name = f"{first}-{last}-{len(part['number'])}-{os.urandom(4).hex()}.npz"
        _write(self.parts / name, content.getvalue())

    def finish(self, results):
        """Make the final file of what `read` returned, if all runs are there.

        Parameters
        ----------
        results : dict of str to ndarray

        Returns
        -------
        bool
            Whether it is there now.
        """
        if not self.final.exists() and results and len(results["number"]) == len(self.plan.runs):
            _write(self.final, self._final_bytes(results))
        return self.final.exists()

    def _refuse_other(self, digest, path):
        if digest != self.plan.digest:
            raise CatnetError(
                f"studies/{self.plan.name}.toml is not the plan that {path} was made by. A plan "
                "stays as it was once there are results: put it back (`git checkout`), and give "
                f"the new one a name of its own, as in studies/{self.plan.name}-2.toml"
            )

    def _read_part(self, path):
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                part = dict(file)
            digest = str(part.pop("plan"))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise CatnetError(
                f"{path} cannot be read ({error!s:.100}): remove it, and what it held is trained "
                "again"
            ) from None
        self._refuse_other(digest, path)
        return part

    def _read_final(self):
        import h5py

        try:
            with h5py.File(self.final, "r") as file:
                digest = file.attrs["plan_sha256"]
                results = {name: file["runs"][name][...] for name in file["runs"]}
                images = file.attrs["images_sha256"]
        except (OSError, KeyError) as error:
            raise CatnetError(
                f"{self.final} cannot be read ({error!s:.100}): put it back (`git checkout`), or "
                "remove it, and all of it is trained again"
            ) from None
        self._refuse_other(digest, self.final)
        return results | {"images": np.array(images), "seconds": np.array(np.nan)}

    def _final_bytes(self, results):
        import h5py

        plan = self.plan
        sizes = results["train_logits"].shape[2], results["test_logits"].shape[2]
        content = io.BytesIO()
        with h5py.File(content, "w") as file:
            file.attrs["format"] = FORMAT
            file.attrs["plan_sha256"] = plan.digest
            file.attrs["images_sha256"] = str(results["images"])
            file["plan"] = plan.text
            file["arms"] = np.array([arm.name.encode() for arm in plan.arms])
            file["cost_iterations"] = grid(plan)
            file["snapshots"] = np.array(plan.snapshots, dtype="<i4")
            runs = file.create_group("runs")
            places = {arm.name: place for place, arm in enumerate(plan.arms)}
            table = {
                "number": results["number"].astype("<i8"),
                "arm": np.array([places[run.arm.name] for run in plan.runs], dtype="<i4"),
                "seed": np.array([run.seed for run in plan.runs], dtype="<u4"),
            }
            table |= {name: results[name] for name in columns(plan, sizes)}
            for name, values in table.items():
                options = {}
                if values.size:
                    rows = max(1, CHUNK // max(1, values[0].nbytes))
                    options = {
                        "chunks": (min(len(values), rows), *values.shape[1:]),
                        "compression": "gzip",
                        "compression_opts": 9,
                        "shuffle": True,
                    }
                runs.create_dataset(name, data=values, track_times=False, **options)
        return content.getvalue()


def entry_bytes(results, place):
    """Return a run's entry as bytes by column, so that NaNs are alike when their bits are."""
    return {
        name: values[place].tobytes()
        for name, values in results.items()
        if values.ndim and name not in ("number", "arm", "seed")
    }


def _write(path, content):
    """Write a file so that it is there whole, even after a loss of power, or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # the folder, which has the name, must reach the disk, too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
