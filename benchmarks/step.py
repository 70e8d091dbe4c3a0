"""How much longer a training step takes with exact arithmetic than with plain arithmetic.

Steps of Adam on 209 drawn images, the two kinds in turn (each pair in the other order), so
that whatever else the machine does falls on both alike. The ratio is that of the times of
a pair: its median, and its quartiles.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from catnet import Adam, Network, load_drawn
from catnet.engine import plain
from catnet.engine.gradients import backpropagate, cross_entropy
from catnet.report.machine import machine

ARTICLE = [12288, 20, 7, 5, 1]
OTHERS = ([12288, 1], [12288, 64, 16, 1], [12288, 32, 32, 16, 16, 8, 8, 4, 1])
LIMIT = 1.15  # for the article's network


class Training:
    """A network in training, a step at a time."""

    def __init__(self, layer_dims, split, clock):
        self.clock = clock
        self.network, self.split = Network(layer_dims, seed=0), split
        self.optimizer = Adam(learning_rate=1e-4)
        self.parameters = self.network.weights + self.network.biases
        self.state = self.optimizer.start(self.parameters)

    def step(self):
        """Take one step as `catnet.fit` does; return the seconds it took."""
        start = self.clock()
        activations, logits = self.network.forward(self.split)
        cross_entropy(logits, self.split.labels)
        weights, biases = backpropagate(self.network, self.split, activations, logits)
        self.optimizer.update(self.parameters, weights + biases, self.state)
        return self.clock() - start


def compare(layer_dims, split, pairs, clock):
    """Return the times of exact and of plain steps, each of shape (pairs,), in seconds."""
    exact, ordinary = (Training(layer_dims, split, clock) for _ in range(2))
    times = np.empty((pairs, 2))
    for pair in range(-3, pairs):  # the first three are not counted
        for kind in (0, 1) if pair % 2 else (1, 0):
            if kind:
                with plain.arithmetic():
                    seconds = ordinary.step()
            else:
                seconds = exact.step()
            if pair >= 0:
                times[pair, kind] = seconds
    return times[:, 0], times[:, 1]


def main():
    """Print a line for each network; status 1 if the article's takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200, help="pairs of steps a network")
    parser.add_argument(
        "--cpu",
        action="store_true",
        help="processor time, all threads together, for a busy machine",
    )
    chosen = parser.parse_args()
    clock = time.process_time if chosen.cpu else time.perf_counter
    split = load_drawn(209, 1).train
    split.pixels  # noqa: B018, made once, on first use
    print(f"{machine()}\nmilliseconds a step: exact, plain; ratio: median (quartiles)")
    too_long = False
    for layer_dims in (ARTICLE, *OTHERS):
        exact, ordinary = compare(layer_dims, split, chosen.pairs, clock)
        low, ratio, high = statistics.quantiles(exact / ordinary, n=4)
        print(
            f"{'-'.join(map(str, layer_dims)):<30}"
            f"  {1e3 * np.median(exact):7.2f}  {1e3 * np.median(ordinary):7.2f}"
            f"  {ratio:.3f} ({low:.3f} to {high:.3f})",
            flush=True,
        )
        if layer_dims is ARTICLE and ratio > LIMIT:
            print(f"above {LIMIT}: too long", file=sys.stderr)
            too_long = True
    return int(too_long)


if __name__ == "__main__":
    sys.exit(main())
