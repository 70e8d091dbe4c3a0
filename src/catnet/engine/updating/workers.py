"""Threads that share the work of a training step, in the place of the BLAS's own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import numpy as np

__all__ = ["Workers"]

BUFFER = 256
"""Numbers in the buffer of NumPy's element-wise functions, which by default holds 8192.

Where one operand has a number for each line, such as the grid that it is rounded to, NumPy copies
lines into the buffer as long as two fit, to make one long loop of them. Of short lines that is
worth it, of the images' and the pixels' the copies cost more than the loops. It changes no bit.
"""


class _Blas:
    """Its threads, which all trainings of this process share: the last to end gives them back."""

    def __init__(self):
        self._lock, self._users = threading.Lock(), 0

    @contextmanager
    def one_thread(self):
        """Let it use one thread in each of ours; yields how many it would use."""
        from threadpoolctl import ThreadpoolController

        with self._lock:
            if not self._users:
                blas = ThreadpoolController().select(user_api="blas")
                counts = [library.num_threads for library in blas.lib_controllers]
                self._count, self._limit = max(counts, default=1), blas.limit(limits=1)
            self._users += 1
        try:
            yield self._count
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._limit.restore_original_limits()


_blas = _Blas()


class Workers:
    """As many threads as the BLAS would use, this one among them; the BLAS then uses one in each.

    Which thread does what changes no result. A context manager: leaving it ends the threads and
    gives the BLAS its own again. Without threadpoolctl, which talks to the BLAS, there is one
    worker, and the BLAS stays as it is; the same where it is not entered.

    Attributes
    ----------
    count : int
        How many threads there are.
    stopped : bool
        Whether one of them failed or was stopped, so that the others should end.
    """

    def __init__(self):
        self.count, self._open = 1, ExitStack()
        self.stopped = False

    def __enter__(self):
        self._open.callback(np.setbufsize, np.setbufsize(BUFFER))
        try:
            self.count = self._open.enter_context(_blas.one_thread())
        except ImportError:
            return self
        if self.count > 1:
            pool = ThreadPoolExecutor(self.count - 1, "catnet", np.setbufsize, (BUFFER,))
            self._pool = self._open.enter_context(pool)
        return self

    def __exit__(self, *exception):
        self._open.close()

    def each(self, function, items):
        """Call ``function(item, number)`` for every item, `number` being that of the thread."""

        def share(number):
            for item in items[number :: self.count]:
                function(item, number)

        needed = min(self.count, len(items))
        others = [self._pool.submit(share, number) for number in range(1, needed)]
        try:
            share(0)
            for other in others:
                other.result()
        except BaseException:
            self.stopped = True  # long work in another thread looks at this
            raise
