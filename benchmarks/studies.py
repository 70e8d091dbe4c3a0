"""How long studies take on this machine, from a sample of their runs; and whether these repeat.

`python benchmarks/studies.py NAME …` trains some stacks of each study again, one process for each
core, as `catnet study` does: of every amount of work and size of batches at least one stack, and
one in 24; where the members of a stack take their turns, as with mini-batches, single runs. What it
took is scaled to the whole study, with the loading of its images in every process, and printed.
Every run is compared with the record; the status is 1 if a bit of one differs.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catnet.report.machine import cores, machine
from catnet.studies.crew import processes
from catnet.studies.datasets import images_of
from catnet.studies.plan import Plan, find_plan
from catnet.studies.progress import duration, steps
from catnet.studies.records import train
from catnet.studies.settings import member
from catnet.studies.store import Store, entry_bytes
from catnet.studies.study import stacks

FOLDER = Path(__file__).resolve().parents[1] / "studies"
EVERY = 24
LEAST = 3  # runs of those that take their turns: some have more to do than others
SEED = 0  # of the choice of stacks


@dataclass(frozen=True)
class Sample:
    """Some runs of a study that are trained again.

    Parameters
    ----------
    plan : Plan
    numbers : list of int
        Of the runs.
    stands_for : float
        How many times their work the study has.
    """

    plan: Plan
    numbers: list[int]
    stands_for: float


def choose(plan, workers):
    """Choose what is trained again.

    Parameters
    ----------
    plan : Plan
    workers : int

    Returns
    -------
    list of Sample
        Those with the most work first.
    """
    alike = defaultdict(list)
    for stack in stacks(plan, range(len(plan.runs)), workers):
        settings = plan.runs[stack[0]].arm.settings
        alike[steps(plan, stack), settings["batch_size"]].append(stack)
    chance, found = random.Random(SEED), []
    for some in alike.values():
        one = plan.runs[some[0][0]]
        pieces, least = some, 1
        if member(one.arm.settings, one.seed, np.array([0, 1])).sees_its_own_images:
            pieces = [[number] for stack in some for number in stack]
            least = LEAST if len(pieces) > len(some) else 1
        count = min(len(pieces), max(-(-len(pieces) // EVERY), least))
        chosen = chance.sample(pieces, count)
        found += [Sample(plan, numbers, len(pieces) / count) for numbers in chosen]
    return sorted(found, key=lambda sample: steps(plan, sample.numbers), reverse=True)


def timed(sample):
    """Train the runs of a sample; return seconds for the images and for the runs, and results."""
    start = time.monotonic()
    images_of(sample.plan.dataset)  # once in each process
    loaded = time.monotonic() - start
    part = train(sample.plan.name, sample.plan.text, sample.numbers, None)
    return loaded, float(part["seconds"]), part


def same(sample, part, recorded):
    """Whether all runs of a sample came out as recorded, to the last bit."""
    places = {number: place for place, number in enumerate(recorded["number"].tolist())}
    return all(
        entry_bytes(part, row) == entry_bytes(recorded, places[number])
        for row, number in enumerate(sample.numbers)
    )


def main():
    """Print a line for each study and one for all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", metavar="NAME", help="a study that is complete")
    chosen = parser.parse_args()
    workers, total, differing = cores(), 0.0, 0
    plans = [find_plan(FOLDER, name) for name in chosen.names]
    with processes(workers) as crew:
        futures = [
            (plan, [(sample, crew.submit(timed, sample)) for sample in choose(plan, workers)])
            for plan in plans
        ]
        for plan, of_plan in futures:
            recorded = Store(FOLDER, plan).read()
            loading, training, runs = 0.0, 0.0, 0
            for sample, future in of_plan:
                loaded, seconds, part = future.result()
                loading = max(loading, loaded)
                training += sample.stands_for * seconds
                runs += len(sample.numbers)
                differing += not same(sample, part, recorded)
            seconds = loading + training / workers
            total += seconds
            print(
                f"{plan.name}: {duration(seconds)}, from {runs} of {len(plan.runs)} runs; of that "
                f"{loading:.0f} s for its images",
                flush=True,
            )
    print(f"all of them: {total / 3600:.2f} hours with {workers} processes on {machine()}")
    print(f"otherwise than recorded: {differing} samples" if differing else "all as recorded")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
