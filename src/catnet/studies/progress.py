"""How far the training of a study is, and how long it will take."""

from __future__ import annotations

import sys
import time

from .settings import steps_of

__all__ = ["RATE", "Progress", "duration", "steps"]

RATE = 2e-8
"""Seconds for a step of `catnet.studies.settings.steps_of`, before any was measured."""


class Progress:
    """A progress bar over runs, weighted by their work; a context manager.

    Where standard error is no terminal, a line at the beginning says how long it will take.

    Parameters
    ----------
    plan : Plan
    numbers : list of int
        Of the runs to be trained.
    rate : float
        Seconds for a step of `steps`, as far as it is known.
    workers : int
        How many work at once.

    Attributes
    ----------
    start : float
        When it began, as `time.monotonic` has it.
    """

    def __init__(self, plan, numbers, rate, workers):
        from tqdm.auto import tqdm

        self.plan, self.rate, self.workers = plan, rate, workers
        self.steps, self.runs = steps(plan, numbers), len(numbers)
        self.done_steps = self.done_runs = self.seconds = 0
        self.start = time.monotonic()
        layout = "{desc} |{bar}| {elapsed}, {postfix[0]}"
        self.bar = tqdm(
            desc=plan.name, bar_format=layout, postfix=[""], total=1.0, leave=False, disable=None
        )
        if self.bar.disable:
            print(f"{plan.name}: {self.left()}", file=sys.stderr, flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.bar.close()

    def done(self, numbers, seconds):
        """Take note of a finished stack, and how long one worker took for it."""
        self.done_runs += len(numbers)
        self.done_steps += steps(self.plan, numbers)
        self.seconds += seconds
        self.rate = self.seconds / self.done_steps

    def expected(self, numbers):
        """Return how many seconds a stack is expected to take, a little on the safe side."""
        return 1.2 * steps(self.plan, numbers) * self.rate

    def left(self):
        """Say how much is left."""
        seconds = (self.steps - self.done_steps) * self.rate / max(1, self.workers)
        runs = self.runs - self.done_runs
        return f"{runs} run{'s' if runs != 1 else ''} to train, about {duration(seconds)}"

    def show(self):
        """Draw the bar anew."""
        if not self.bar.disable:
            self.bar.postfix[0] = self.left()
            self.bar.n = self.done_steps / self.steps
            self.bar.refresh()


def steps(plan, numbers):
    """Estimate how much work some runs are, as `steps_of` counts it."""
    return sum(steps_of(plan.runs[number].arm.settings) for number in numbers)


def duration(seconds):
    """Write a time so that its size can be seen: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
