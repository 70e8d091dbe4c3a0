"""Reading in a process of its own, so that a file that kills its reader harms nothing else.

A file can be made that libhdf5 crashes on, or never comes back from. Such an end is then that of
a child process, and for the caller a sentence. The child is this Python and this package again,
started as a new program, so that the same holds on every system and in a notebook.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np

from ..errors import DataError

__all__ = ["read_apart"]

PROCESSES = sys.platform not in ("emscripten", "wasi") and bool(sys.executable)
"""Whether this Python can start another; if not, files are read in this process."""

SECONDS = 20  # of a processor's time, which a busy machine does not shorten
BYTES_A_SECOND = 20 * 2**20  # a large file may take longer
PATIENCE = 5  # times as long by the clock: for a hang that is not busy, or is on Windows
MEMORY = 2 * 2**30  # bytes of address space: what NumPy and h5py take, with room to spare

Arrays = dict[str, np.ndarray]


def read_apart(read: Callable[[Any], Arrays], content: bytes | BinaryIO, where: str) -> Arrays:
    """Return the arrays `read(content)`, read in a process of its own.

    Parameters
    ----------
    read : callable
        A function of a module, or a `functools.partial` of one: it is pickled. Its arrays are
        of numbers.
    content : bytes or binary file
        The file; or, if it is too large to be read whole, the file as it is open here. The
        process then has it open, too, and moves its place in it.
    where : str
        Its path or address, for the messages.

    Returns
    -------
    dict of str to ndarray
        Whether they are what was asked for is for the caller to check once more.

    Raises
    ------
    DataError
        As `read` does; or if it crashes, does not come to an end, or takes too much memory.
    """
    if not PROCESSES:
        return read(content)
    import subprocess  # here, because WebAssembly may lack what it imports

    whole = isinstance(content, bytes)
    size = len(content) if isinstance(content, bytes) else 0
    seconds = SECONDS + size // BYTES_A_SECOND
    limits = [str(seconds), str(MEMORY + 4 * size), str(int(whole))]
    given: dict[str, Any] = {"input": content} if whole else {"stdin": content}
    start = f"import sys; sys.path[:] = sys.argv[5:]; from {__name__} import answer; answer()"
    try:
        child = subprocess.run(
            [sys.executable, "-c", start, pickle.dumps(read).hex(), *limits, *sys.path],
            **given,
            capture_output=True,
            timeout=PATIENCE * seconds,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # each thread would take memory
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        raise _too_long(where, PATIENCE * seconds) from None
    except OSError as error:
        raise DataError(
            f"{where} cannot be read: no process can be started to do it "
            f"({error.strerror or error})"
        ) from error
    if child.returncode == 1:  # Python's own, with a traceback: not the file's doing
        last = child.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise DataError(f"{where} cannot be read: the process that was to do it failed ({last})")
    end = _end(child.returncode)
    if end == "SIGXCPU":
        raise _too_long(where, seconds)
    if end:
        raise DataError(f"{where} is damaged, or made to do harm: reading it crashes ({end})")
    return _unpack(child.stdout, where)


def _end(code: int) -> str:
    """Return what ended a process, by the name of the signal if it has one; nothing if nothing."""
    import signal

    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"status {code:#x}" if code else ""


def _too_long(where: str, seconds: int) -> DataError:
    return DataError(
        f"{where} is damaged, or made to do harm: reading it had not ended after {seconds} s"
    )


def _unpack(output: bytes, where: str) -> Arrays:
    """Return the arrays in what a child has written: nothing in it is taken on trust."""
    start = output.find(b"\n") + 1
    arrays: Arrays = {}
    try:
        says = json.loads(output[:start])
        if isinstance(says, str):
            raise DataError(says)
        for name, (dtype, shape) in says.items():
            array = np.frombuffer(output, dtype, math.prod(shape), start).reshape(shape)
            arrays[name] = array.copy()
            start += array.nbytes
    except (ValueError, TypeError, AttributeError, MemoryError) as error:
        raise DataError(f"{where} is damaged: reading it gives no sense ({error})") from error
    return arrays


def answer() -> None:
    """Do one reading: what the child process runs."""
    read = pickle.loads(bytes.fromhex(sys.argv[1]))
    file: Any = sys.stdin.buffer
    content = file.read() if sys.argv[4] == "1" else file.raw
    _bound(*map(int, sys.argv[2:4]))
    arrays: Arrays = {}
    says: str | dict
    try:
        arrays = read(content)
        says = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    except DataError as error:
        says = str(error)
    sys.stdout.buffer.write(json.dumps(says).encode() + b"\n")
    for array in arrays.values():
        sys.stdout.buffer.write(array.tobytes())
    sys.stdout.flush()


def _bound(seconds: int, memory: int) -> None:
    """Let the system end this process when it takes too much, even if nobody waits for it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.SetErrorMode(msvcrt.SEM_NOGPFAULTERRORBOX)  # no window that waits for a click
        return
    import resource

    for kind, limit in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # more than is allowed already, or not to be had here
            resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))
