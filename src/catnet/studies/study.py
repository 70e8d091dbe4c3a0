"""Running a study: what is missing is trained in stacks, and what is finished is kept."""

from __future__ import annotations

import math
import random
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, wait

import numpy as np

from ..errors import CatnetError
from ..report.machine import cores
from .crew import processes
from .progress import RATE, Progress, duration, steps
from .records import train
from .settings import SHARED
from .store import Store, entry_bytes

__all__ = ["check", "repeat", "run", "stacks", "status"]

WEIGHTS = 2**22  # of a stack's first layers, at most: 17 networks of the article
MEMBERS = 16  # and networks, which is enough; in sample space all is small, and more go together
MEMBERS_IN_SAMPLE_SPACE = 25


def stacks(plan, numbers, workers):
    """Put runs together that can be trained as a stack, the longest stacks first.

    Parameters
    ----------
    plan : Plan
    numbers : iterable of int
        Of the runs.
    workers : int
        Among how many they are to be shared out.

    Returns
    -------
    list of list of int
    """
    alike = {}
    for number in numbers:
        settings = plan.runs[number].arm.settings
        alike.setdefault(tuple(settings[name] for name in SHARED), []).append(number)
    pieces = []
    for some in alike.values():
        settings = plan.runs[some[0]].arm.settings
        inputs, width = settings["layer_dims"][:2]
        most = max(1, min(MEMBERS, WEIGHTS // (inputs * width)))
        if settings["sample_space"]:
            most = MEMBERS_IN_SAMPLE_SPACE
        size = max(1, min(most, -(-len(some) // workers)))
        pieces += [some[start : start + size] for start in range(0, len(some), size)]
    return sorted(pieces, key=lambda piece: steps(plan, piece), reverse=True)


def run(folder, plan, *, only=(), limit=None, crew=None, workers=None, report=print):
    """Train the runs of a study that are not finished, and keep each stack as it is done.

    Parameters
    ----------
    folder : Path
        Where the studies are.
    plan : Plan
    only : list of str
        Conditions for `Plan.only`; all runs if there are none.
    limit : float, optional
        Seconds after which nothing more is to be running. A stack is begun only if it is expected
        to be done by then; the first ones are always, and what is begun is waited for.
    crew : context manager of Crew, optional
        Who trains; by default `processes`.
    workers : int, optional
        How many of these processes; by default one for each core.
    report : callable
        Called with lines of text.

    Returns
    -------
    bool
        Whether the study is complete.

    Raises
    ------
    CatnetError
        If its plan was changed after results were made, the images are others than those of its
        results, or another command is at work on it.
    """
    workers = workers or cores()
    store = Store(folder, plan)
    with store.locked():
        results = store.read()
        done = set(results["number"].tolist()) if results else set()
        chosen = [r.number for r in (plan.only(only) if only else plan.runs)]
        missing = [number for number in chosen if number not in done]
        if missing:
            with crew or processes(min(workers, len(missing))) as team:
                _train_all(plan, missing, results, team, store.add, limit)
            results = store.read()
        complete = store.finish(results)
    for line in status(folder, plan, workers):
        report(line)
    return complete


def _train_all(plan, numbers, results, crew, keep, limit=None):
    """Train runs in stacks, a few at a time, and hand on what comes out.

    With a limit of so many seconds a stack is begun only if it is expected to be done by then,
    but for the first of each worker.
    """
    images_digest = str(results["images"]) if results else None
    at_first = max(1, crew.workers())
    waiting, running, begun = deque(stacks(plan, numbers, at_first)), {}, 0
    with Progress(plan, numbers, _rate(plan, results), at_first) as progress:
        until = math.inf if limit is None else progress.start + limit
        while waiting or running:
            workers = progress.workers = crew.workers()
            if not workers:  # all of a cluster's are gone, with what they had
                waiting.extend(running.pop(future) for future in list(running) if future.cancel())
            while waiting and len(running) < workers * crew.ahead:
                expected = progress.expected(waiting[0])
                if begun >= at_first and time.monotonic() + expected > until:
                    waiting.clear()
                    break
                piece = waiting.popleft()
                future = crew.submit(train, plan.name, plan.text, piece, images_digest)
                running[future] = piece
                begun += 1
            finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in finished:
                del running[future]
                part = future.result()
                keep(part)
                progress.done(part["number"].tolist(), float(part["seconds"]))
            progress.show()
            if not running and not workers:
                time.sleep(0.5)


def status(folder, plan, workers=None):
    """Say how far a study is.

    Parameters
    ----------
    folder : Path
    plan : Plan
    workers : int, optional

    Returns
    -------
    list of str
        Lines of text: the whole, and each arm.
    """
    store = Store(folder, plan)
    results = store.read()
    done = np.zeros(len(plan.runs), dtype=bool)
    if results:
        done[results["number"]] = True
    workers = workers or cores()
    lines = [f"{plan.name}: {done.sum()} of {len(done)} runs done"]
    if done.all():
        where = store.final if store.final.exists() else f"{store.parts}, to be put together"
        return [f"{lines[0]}, in {where}"]
    left = np.flatnonzero(~done).tolist()
    seconds = steps(plan, left) * _rate(plan, results) / workers
    lines[0] += f", {len(left)} left: about {duration(seconds)} with {workers} at a time"
    start = 0
    for arm in plan.arms:
        end = start + len(arm.seeds)
        lines.append(f"  {arm.name}: {done[start:end].sum()} of {end - start}")
        start = end
    return lines


def check(folder, plan, count, *, workers=None, report=print):
    """Train some finished runs again, taken at random, and compare all bits.

    Parameters
    ----------
    folder : Path
    plan : Plan
    count : int
    workers : int, optional
    report : callable
        Called with a line for each run.

    Returns
    -------
    bool
        Whether all came out the same.

    Raises
    ------
    CatnetError
        If no run is finished, or the images are others.
    """
    results = _finished(folder, plan)
    numbers = results["number"].tolist()
    chosen = sorted(random.SystemRandom().sample(numbers, min(count, len(numbers))))
    return _again(plan, results, chosen, workers or cores(), report)


def repeat(folder, plan, key, *, report=print):
    """Train one finished run again, alone, and compare all bits.

    Parameters
    ----------
    folder : Path
    plan : Plan
    key : str
        ``STUDY/ARM/SEED``.
    report : callable
        Called with lines of text: its settings, and what came out.

    Returns
    -------
    bool
        Whether it came out the same.

    Raises
    ------
    CatnetError
        If it is not finished, or the images are others.
    """
    one = plan.find(key)
    results = _finished(folder, plan)
    if one.number not in results["number"]:
        raise CatnetError(f"{key} is not finished yet: `catnet study {plan.name}` trains it")
    for name, value in one.arm.settings.items():
        report(f"  {name} = {list(value) if isinstance(value, tuple) else value}")
    return _again(plan, results, [one.number], 1, report)


def _finished(folder, plan):
    results = Store(folder, plan).read()
    if not results:
        raise CatnetError(f"no run of {plan.name} is finished: `catnet study {plan.name}` runs it")
    return results


def _again(plan, results, chosen, workers, report):
    places = {number: place for place, number in enumerate(results["number"].tolist())}
    again = {}

    def keep(part):
        numbers = part["number"].tolist()
        again.update({number: (part, place) for place, number in enumerate(numbers)})

    with processes(min(workers, len(chosen))) as crew:
        _train_all(plan, chosen, results, crew, keep)
    all_same = True
    for number in chosen:
        part, place = again[number]
        recorded, new = entry_bytes(results, places[number]), entry_bytes(part, place)
        different = [name for name in new if new[name] != recorded[name]]
        key, digest = plan.runs[number].key, part["digest"][place].decode()
        shown = f"weights {digest[:12]}" if digest else "diverged"
        if different:
            report(f"{key}  DIFFERENT from the record in {', '.join(different)}; {shown}")
        else:
            report(
                f"{key}  the same to the last bit: {shown}, "
                f"last cost {float(part['cost'][place, -1])!r}, accuracy "
                f"{part['train_accuracy'][place, -1]:.1%} in training, "
                f"{part['test_accuracy'][place, -1]:.1%} in the test"
            )
        all_same &= not different
    return all_same


def _rate(plan, results):
    """Return seconds for a step of `steps_of`, as far as the results tell."""
    if not results or np.isnan(results["seconds"]):
        return RATE
    return float(results["seconds"]) / steps(plan, results["number"].tolist())
