"""Train a chapter's main run, and print what comes of it, a JSON object a line.

This runs in a reader's browser, where there are NumPy and the book's own package. Its argument is
a JSON object: what the build wrote of a chapter (`declared`, `recorded` parameters, `optimizer`),
and what the reader asks for (`given`), as text.
"""

import json
import sys

import numpy as np

from catnet.article.main_run import member
from catnet.engine.training import fit_stack
from catnet.errors import CatnetError
from catnet.images.drawn import load_drawn
from catnet.report.parameters import declaration
from catnet.report.results import Run


def tell(**what):
    """Print a line for the page."""
    print(json.dumps(what), flush=True)


def checked(chapter, declared, recorded, given):
    """Return all parameters, those given read and checked as the command line reads them."""
    values = dict(recorded)
    for parameter in (declaration(chapter, **words) for words in declared):
        if parameter.name in given:
            value = parameter.read(given[parameter.name])
            values[parameter.name] = recorded[parameter.name] if value is None else value
    return values


def train(chapter, optimizer, declared, recorded, given):
    """Train, and tell of it as it goes."""
    values = checked(chapter, declared, recorded, given)
    tell(parameters=values)
    images = load_drawn()
    trained = member(values, optimizer)
    tell(images=len(images.train), numpy=np.__version__, python=sys.version.split()[0])
    (history,) = fit_stack(
        [trained],
        images.train,
        values["num_iterations"],
        on_costs=lambda _, costs: tell(costs=[cost.hex() for cost in costs]),
    )
    if history.divergence:
        tell(diverged=history.divergence)
        return
    run = Run.of(trained.network, history, images)
    accuracies = {"train_accuracy": run.train_accuracy, "test_accuracy": run.test_accuracy}
    tell(run=accuracies | {"digest": run.digest})


try:
    train(**json.loads(sys.argv[1]))
except CatnetError as error:
    tell(error=str(error))
except MemoryError:
    tell(error="the browser has not enough memory for that: make the layers narrower")
