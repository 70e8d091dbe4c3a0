"""Chapters side by side, as many at once as there are cores, with one display for all."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass

from ...errors import CatnetError
from ..machine import THREADS, cores
from .execution import Kernels

__all__ = ["Plan", "seconds_left", "side_by_side"]

STARTUP = 4.0  # seconds until a chapter trains: a new Python, its imports
STEP = 0.008  # seconds for a cost, before any chapter has shown how fast this machine is


@dataclass(frozen=True)
class Plan:
    """How many processes run at once, and how many threads each has.

    Parameters
    ----------
    processes : int
    threads : int
        As the user's environment says, or so many that the cores are shared out.
    """

    processes: int
    threads: int

    @classmethod
    def of(cls, chapters):
        """Plan for some chapters, so that processes times threads is never above the cores."""
        said = [os.environ[name] for name in THREADS if os.environ.get(name, "").isdigit()]
        if said:
            threads = max(1, int(said[0]))
            return cls(max(1, min(len(chapters), cores() // threads)), threads)
        processes = max(1, min(len(chapters), cores()))
        return cls(processes, max(1, cores() // processes))


def side_by_side(work, chapters, edition, report):
    """Do something with several chapters at once, the longest first.

    Chapters that measure times come after the others, one at a time.

    Parameters
    ----------
    work : callable
        Called with a chapter, an edition, and the `Kernels` to run it in.
    chapters : list of Chapter
    edition : Edition
    report : callable
        Called with a chapter and what `work` returned, in the order of `chapters`.

    Raises
    ------
    CatnetError
        The first that `work` raises; the other chapters are ended then.
    """
    steps = _steps(chapters, edition)
    together = sorted((c for c in chapters if not c.measures), key=steps.get, reverse=True)
    groups = [together, *([chapter] for chapter in chapters if chapter.measures)]
    display = _Display(groups, steps)
    waiting = list(chapters)
    outcomes = {}

    def done(chapter, outcome):
        display.end(chapter)
        outcomes[chapter] = outcome
        while waiting and waiting[0] in outcomes:
            first = waiting.pop(0)
            with display.aside():
                report(first, outcomes[first])

    try:
        for group in filter(None, groups):
            _run(work, group, edition, display, done)
    finally:
        display.close()


def _run(work, group, edition, display, done):
    from jupyter_core.utils import ensure_event_loop

    plan = Plan.of(group)
    kernels = Kernels(plan.threads)

    def begin(chapter):
        display.begin(chapter)
        try:
            return work(chapter, edition, kernels)
        finally:
            ensure_event_loop().close()  # this thread's, which nbclient leaves open

    with ThreadPoolExecutor(plan.processes) as pool:
        futures = {pool.submit(begin, chapter): chapter for chapter in group}
        pending = set(futures)
        try:
            while pending:
                finished, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in finished:
                    done(futures[future], future.result())
                display.show()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in futures):  # an error, or a signal
                kernels.end()  # again and again: one may just be starting
                time.sleep(0.1)


def seconds_left(groups, steps, begun, took, now):
    """Estimate how long it will take until all chapters are done.

    Parameters
    ----------
    groups : list of list of Chapter
        One group after the other, the chapters of each side by side in their order.
    steps : dict of Chapter to int
        How many costs each records.
    begun, took : dict of Chapter to float
        When each began, for those that have, and how long those took that are done, in seconds.
    now : float

    Returns
    -------
    float
    """
    step = STEP
    if done := sum(steps[chapter] for chapter in took):
        step = max(0.0, sum(took.values()) - STARTUP * len(took)) / done
    left = 0.0
    for group in groups:
        busy = [0.0] * Plan.of(group).processes  # until when each is
        for chapter in (c for c in group if c not in took):
            seconds = STARTUP + step * steps[chapter]
            if chapter in begun:
                ran = now - begun[chapter]
                seconds = max(seconds - ran, ran / 10)  # where it takes longer than was thought
            busy[busy.index(min(busy))] += seconds
        left += max(busy)
    return left


class _Display:
    """One line on a terminal: which chapters are running, and how long it will take.

    Elsewhere one line at the start says as much.
    """

    def __init__(self, groups, steps):
        from tqdm import tqdm

        self.groups = groups
        self.steps = steps
        self.start = time.monotonic()
        self.begun = {}
        self.took = {}
        layout = "{desc} |{bar}| {elapsed}, {postfix[0]}"
        self.bar = tqdm(bar_format=layout, postfix=[""], total=1.0, leave=False, disable=None)
        if self.bar.disable and steps:
            at_once = Plan.of(groups[0]).processes
            chapters = f"{len(steps)} chapter{'s' if len(steps) > 1 else ''}, {at_once} at a time"
            _, sentence = self._left()
            print(f"{chapters}: {sentence}", file=sys.stderr, flush=True)

    def begin(self, chapter):
        self.begun[chapter] = time.monotonic() - self.start

    def end(self, chapter):
        self.took[chapter] = time.monotonic() - self.start - self.begun[chapter]

    def show(self):
        if self.bar.disable:
            return
        running = [chapter.name for chapter in list(self.begun) if chapter not in self.took]
        self.bar.set_description_str(", ".join(running), refresh=False)
        seconds, self.bar.postfix[0] = self._left()
        self.bar.n = time.monotonic() - self.start
        self.bar.total = self.bar.n + seconds
        self.bar.refresh()

    def aside(self):
        """Let lines be printed above the bar."""
        return self.bar.external_write_mode(file=sys.stdout)

    def close(self):
        self.bar.close()

    def _left(self):
        now = time.monotonic() - self.start
        left = seconds_left(self.groups, self.steps, dict(self.begun), self.took, now)
        text = f"{-(-left // 60):.0f} min" if left > 90 else f"{left:.0f} s"
        return left, f"about {text} left"


def _steps(chapters, edition):
    """Return how many costs each chapter records; where that is not known, the most of all."""
    known = {}
    for chapter in chapters:
        try:
            recorded = chapter.recorded(edition)
        except CatnetError:
            continue  # whoever needs the record will say so
        if recorded is not None:
            known[chapter] = sum(len(run.costs) for run in recorded.runs.values())
    most = max(known.values(), default=0)
    return {chapter: known.get(chapter, most) for chapter in chapters}
