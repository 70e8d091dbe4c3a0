"""Training on more images than memory need hold: how much it takes, and how fast it is.

`python benchmarks/large.py` draws 50,000 images into `_build/many.h5` if they are not there (two
minutes, 0.6 GB), trains the article's network on them by mini-batches, from the file and from
memory, each in a process of its own, and prints peak memory, as the operating system counts it,
and the time an update takes. The status is 1 if training from the file takes more memory or time
than it may, or ends in other weights.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "_build" / "many.h5"
COUNT, TEST_COUNT = 50_000, 1_000
LAYER_DIMS = (12288, 20, 7, 5, 1)
BATCH = 64
MEMORY = 400e6  # bytes that training from the file may take
SPEED = 0.5  # of that from memory
ROUNDS = 3
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in which the system counts


def prepare():
    """Draw the images, unless they are there."""
    if not FILE.exists():
        from catnet.images.files.writing import write_drawn

        FILE.parent.mkdir(exist_ok=True)
        write_drawn(FILE, COUNT, TEST_COUNT, progress=sys.stderr.isatty())


def train(source, updates):
    """Train in this process.

    Parameters
    ----------
    source : str
        ``"file"`` or ``"memory"``.
    updates : int

    Returns
    -------
    dict
        Seconds an update, the process's peak memory in bytes, and the digest of the weights.
    """
    import numpy as np

    import catnet

    data = catnet.load_data(str(FILE))
    split = data.train
    if source == "memory":
        split = catnet.Split(np.asarray(split.images), split.labels)
    network = catnet.Network(LAYER_DIMS, seed=0)
    started = time.perf_counter()
    catnet.fit(network, split, catnet.Adam(0.00075), updates, batch_size=BATCH, seed=0)
    seconds = time.perf_counter() - started
    for some in (split, data.test):  # which takes memory, too
        network.accuracy(some)
    return {
        "seconds": seconds / updates,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT,
        "digest": network.digest(),
    }


def measure(updates):
    """Train from both in turns; return the quickest of each, with the most memory."""
    found = {"file": [], "memory": []}
    for _ in range(ROUNDS):
        for source, results in found.items():
            command = [sys.executable, __file__, "--train", source, "--updates", str(updates)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            results.append(json.loads(done.stdout))
    return {
        source: {
            "seconds": min(result["seconds"] for result in results),
            "memory": max(result["memory"] for result in results),
            "digests": {result["digest"] for result in results},
        }
        for source, results in found.items()
    }


def faults(found):
    """Say what is not as it should be, a sentence each."""
    if found["file"]["memory"] > MEMORY:
        yield f"training from the file takes more than {MEMORY / 1e6:.0f} MB"
    if found["memory"]["seconds"] / found["file"]["seconds"] < SPEED:
        yield f"training from the file has less than {SPEED:g} of the speed of that from memory"
    if found["file"]["digests"] != found["memory"]["digests"] or len(found["file"]["digests"]) > 1:
        yield "the weights are not the same"


def main():
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=2 * -(-COUNT // BATCH), help="two epochs")
    parser.add_argument("--train", choices=("file", "memory"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.train:
        print(json.dumps(train(chosen.train, chosen.updates)))
        return 0
    prepare()
    found = measure(chosen.updates)
    for source, result in found.items():
        print(
            f"from {source:<6}  {result['memory'] / 1e6:7.0f} MB  "
            f"{1e3 * result['seconds']:7.2f} ms an update"
        )
    wrong = list(faults(found))
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
