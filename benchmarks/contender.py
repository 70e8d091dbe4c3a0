"""What a contender is: something that takes training steps, and is timed by the step.

One step is forward pass, cost, backward pass and update, on all images at once.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

import pictures

import catnet

__all__ = ["BETA1", "BETA2", "EPSILON", "AsAWhole", "Contender"]

LEARNING_RATES = {"Adam": 1e-4, "gradient descent": 0.0075}
BETA1, BETA2 = 0.9, 0.999
# So small that it makes no difference where a library's Adam adds it.
EPSILON = 1e-12


class Contender(ABC):
    """One that can pause: `train` goes on from where it is.

    Parameters
    ----------
    setup : Setup
        The number type, the optimizer, the images, the network.
    """

    def __init__(self, setup):
        self.setup = setup
        self.adam = setup.optimizer == "Adam"
        self.learning_rate = LEARNING_RATES[setup.optimizer]
        self.split = pictures.load(setup.images)
        self.start = catnet.Network(setup.layer_dims, seed=0)  # stays as it is

    @property
    def features(self):
        """Inputs in [0, 1], an image a row."""
        rows = self.split.images.reshape(len(self.split), -1).astype(self.setup.dtype)
        rows /= 255
        return rows

    @property
    def parameters(self):
        """Copies of the initial weights and biases."""
        return [
            [array.astype(self.setup.dtype) for array in kind]
            for kind in (self.start.weights, self.start.biases)
        ]

    @abstractmethod
    def begin(self):
        """Go back to the initial weights."""

    @abstractmethod
    def train(self, steps):
        """Take steps; return the cost before each."""

    def seconds(self):
        """Time of a step, soon after the beginning."""
        self.begin()
        self.train(self.setup.warm_up)
        start = time.perf_counter()
        self.train(self.setup.steps)
        return (time.perf_counter() - start) / self.setup.steps


class AsAWhole(Contender):
    """One that cannot: `train` begins anew, and what it does before and after takes time too.

    So the time of a step is the difference of a longer and a shorter training.
    """

    def begin(self):
        """Do nothing: `train` does it."""

    def seconds(self):
        """Time of a step, soon after the beginning."""
        start = time.perf_counter()
        self.train(self.setup.warm_up)
        middle = time.perf_counter()
        self.train(self.setup.warm_up + self.setup.steps)
        end = time.perf_counter()
        return ((end - middle) - (middle - start)) / self.setup.steps
