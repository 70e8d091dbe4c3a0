"""Who trains: processes of this machine, or a cluster's (see `catnet.studies.cluster`)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import CatnetError
from ..report.machine import THREADS

__all__ = ["Crew", "processes"]


@dataclass(frozen=True)
class Crew:
    """Who trains.

    Parameters
    ----------
    submit : callable
        Called with a function and its arguments, returns a `concurrent.futures.Future`.
    workers : callable
        Returns how many there are at the moment.
    ahead : int
        How many stacks for each of them it is good to have submitted: one, or more if it takes
        time to reach them.
    """

    submit: Callable
    workers: Callable[[], int]
    ahead: int = 1


@contextmanager
def processes(count):
    """Have so many processes train, each with one thread.

    They end at once when this is left by an error, and when this process ends in whatever way: a
    process of a pool otherwise waits for ever for one that was killed.

    Parameters
    ----------
    count : int

    Yields
    ------
    Crew

    Raises
    ------
    CatnetError
        If one of the processes is killed.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks
    heard, alive = context.Pipe(duplex=False)
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ |= dict.fromkeys(THREADS, "1")  # read by each process when it starts
    pool = ProcessPoolExecutor(count, context, _begin, (heard,))
    try:
        yield Crew(pool.submit, lambda: count)
    except BrokenProcessPool:
        raise CatnetError(
            "a process that was training was killed, perhaps for want of memory: what is finished "
            "is kept; run it again, with fewer --workers if need be"
        ) from None
    except BaseException:
        alive.close()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        alive.close()
        heard.close()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(heard):
    """Begin a process: let it end as soon as nobody holds the other end of a pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that started it
    threading.Thread(target=_end_with, args=(heard,), daemon=True).start()


def _end_with(heard):
    try:
        heard.recv_bytes()
    except (EOFError, OSError):
        pass
    os._exit(1)
