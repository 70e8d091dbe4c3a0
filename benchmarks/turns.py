"""Contenders that take turns on one machine, each in a process of its own.

Neither pytest-benchmark nor asv fits what is asked here, which is a ratio: both time one thing
to its end and then the next, so that a machine that slows down meanwhile changes the ratio.
Here everyone waits in a process and takes a short turn, round after round, each round in
another order; a ratio is that of two turns of the same round, given as its median and quartiles
over the rounds. Processes keep the libraries' threads and memory apart, and let the system say
how much memory each took.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import statistics
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass

# Threads that have nothing to do look out for work for some 25 ms before they sleep.
PAUSE = 0.05
CORES = os.cpu_count() or 1
KERNEL_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Setup:
    """What one process trains, and how.

    Parameters
    ----------
    contender : str
        A key of `contenders.CONTENDERS`.
    optimizer : str
        ``"Adam"`` or ``"gradient descent"``.
    dtype : str
        ``"float64"`` or ``"float32"``.
    images : int
    layer_dims : tuple of int
    stack : int
        How many networks are trained at once.
    threads : int or None
        None leaves it to the library.
    turn : int or None
        Steps to a turn where a step is not two products of the first layer's size.
    """

    contender: str
    optimizer: str = "Adam"
    dtype: str = "float64"
    images: int = 209
    layer_dims: tuple = (12288, 20, 7, 5, 1)
    stack: int = 1
    threads: int | None = None
    turn: int | None = None

    @property
    def steps(self):
        """Steps to a turn: about a third of a second of them, at least three."""
        if self.turn is not None:
            return self.turn
        work = self.images * max(20, self.layer_dims[1]) * self.stack
        return max(3, 160_000 // work)

    @property
    def warm_up(self):
        """Steps before them that are not counted."""
        return max(1, self.steps // 4)


@dataclass
class Measurement:
    """What came out for one setup.

    Attributes
    ----------
    setup : Setup
    seconds : list of float
        A step's time in each round.
    costs : list of float
        Before each of the first steps; empty where nothing is trained.
    peak_memory : int
        Bytes, of the whole process, by the system's account.
    """

    setup: Setup
    seconds: list
    costs: list
    peak_memory: int = 0

    @property
    def milliseconds(self):
        """Quartiles of the time of a step."""
        return quartiles([1e3 * second for second in self.seconds])

    def ratio(self, other):
        """Quartiles of how many times longer it takes than another, round by round."""
        return quartiles([a / b for a, b in zip(self.seconds, other.seconds, strict=True)])

    def distance(self, other):
        """Largest difference of two costs, relative to the other's; None without costs."""
        pairs = zip(self.costs, other.costs, strict=False)
        return max((abs(a - b) / b for a, b in pairs), default=None)


class NotMeasuredError(Exception):
    """A contender cannot run here; the message says why."""


class _Worker:
    """A process with a contender in it that is ready to take turns."""

    def __init__(self, setup):
        self.setup = setup
        self.pipe, theirs = multiprocessing.get_context("spawn").Pipe()
        self.process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(theirs, setup), daemon=True
        )
        with environment(setup.threads):
            self.process.start()
        theirs.close()
        self.costs = None

    def wait(self):
        """Wait until it is ready; keep the costs that it has trained to."""
        self.costs = self._answer()

    def take_turn(self):
        """Return the seconds that a step took."""
        self.pipe.send("turn")
        return self._answer()

    def end(self):
        """End the process; return the most memory it had, in bytes."""
        self.pipe.send("end")
        peak = self._answer()
        self.process.join()
        return peak

    def _answer(self):
        try:
            answer = self.pipe.recv()
        except EOFError:
            self.process.join()
            answer = NotMeasuredError(
                f"the process of {self.setup.contender} ended with status {self.process.exitcode}"
            )
        if isinstance(answer, Exception):
            raise answer
        return answer


def take_turns(setups, rounds, tell=lambda sentence: None):
    """Measure contenders against each other.

    Parameters
    ----------
    setups : sequence of Setup
    rounds : int
        How many turns everyone takes.
    tell : callable
        Is handed a short sentence on what is being done.

    Returns
    -------
    measurements : dict of Setup to Measurement
    missing : dict of Setup to str
        Those that could not be measured, and why.
    """
    workers, missing, starting, waiting = [], {}, [], list(setups)
    while starting or waiting:
        while waiting and len(starting) < CORES:  # side by side: nothing is timed yet
            starting.append(_Worker(waiting.pop(0)))
        worker = starting.pop(0)
        tell(
            f"starting {len(workers) + len(missing) + 1} of {len(setups)}: {worker.setup.contender}"
        )
        try:
            worker.wait()
            workers.append(worker)
        except NotMeasuredError as error:
            missing[worker.setup] = str(error)
    measurements = {w.setup: Measurement(w.setup, [], w.costs) for w in workers}
    order = random.Random(0)
    for number in range(1, rounds + 1):
        tell(f"round {number} of {rounds}")
        for worker in order.sample(workers, len(workers)):
            time.sleep(PAUSE)
            measurements[worker.setup].seconds.append(worker.take_turn())
    for worker in workers:
        measurements[worker.setup].peak_memory = worker.end()
    return measurements, missing


def quartiles(numbers):
    """Return the first quartile, the median and the third."""
    return statistics.quantiles(numbers, n=4, method="inclusive")


@contextmanager
def environment(threads=None):
    """Leave the BLAS its own choice of kernel; limit the threads of what is started meanwhile."""
    before = dict(os.environ)
    for name in KERNEL_VARIABLES + THREAD_VARIABLES:
        os.environ.pop(name, None)
    if threads is not None:
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name in THREAD_VARIABLES + KERNEL_VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(before)


def _serve(pipe, setup):
    """Be a worker: make the contender, say what it trains to, and time a turn at each request."""
    if setup.threads is not None and hasattr(os, "sched_setaffinity"):
        # Libraries that count the cores count no more than these.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: setup.threads])
    try:
        from contenders import CONTENDERS

        contender = CONTENDERS[setup.contender](setup)
        contender.begin()
        pipe.send(contender.train(setup.warm_up + setup.steps))
    except Exception as error:  # whatever a library cannot do here is no fault of the others
        pipe.send(NotMeasuredError(str(error).strip().partition("\n")[0] or type(error).__name__))
        return
    while pipe.recv() == "turn":
        pipe.send(contender.seconds())
    pipe.send(_peak_memory())


def _peak_memory():
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
