"""Threads that share the passes over large arrays, as the BLAS shares its products."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

__all__ = ["Workers", "cores"]


class Workers:
    """A few threads, this one among them, each with its share of a list.

    Which thread does what changes no result. A context manager: leaving it ends the threads.

    Parameters
    ----------
    count : int
        How many, at least 1.
    """

    def __init__(self, count):
        self.count = count
        self._pool = ThreadPoolExecutor(count - 1, "catnet") if count > 1 else None

    def each(self, function, items):
        """Call ``function(item, number)`` for every item, `number` being that of the thread."""

        def share(number):
            for item in items[number :: self.count]:
                function(item, number)

        others = [self._pool.submit(share, number) for number in range(1, self.count)]
        share(0)
        for other in others:
            other.result()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._pool is not None:
            self._pool.shutdown()


def cores():
    """Return how many threads the BLAS is told to use, else the cores this process may use."""
    if sys.platform in ("emscripten", "wasi"):
        return 1  # no threads there
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").isdecimal():
            return max(1, int(os.environ[name]))
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
