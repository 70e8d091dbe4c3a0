"""The package, and what NumPy gives without it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from contender import BETA1, BETA2, EPSILON, AsAWhole, Contender

import catnet
from catnet import Member, fit_stack
from catnet.arithmetic import plain

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
import plain_numpy  # noqa: E402

__all__ = ["Article", "Exact", "Plain", "Products", "SampleSpace"]


class Products(Contender):
    """The two products of the first layer that every step must take, and nothing else.

    W1 times the images, and the transposed images times as many numbers as come back, into arrays
    that are there already.
    """

    def __init__(self, setup):
        super().__init__(setup)
        weights = np.concatenate([self.parameters[0][0]] * setup.stack)
        features = self.features
        self.operands = weights, features, np.ones((len(weights), len(features)), features.dtype)
        self.outputs = np.empty_like(self.operands[2]), np.empty_like(weights)

    def begin(self):
        """Do nothing: no product changes a factor."""

    def train(self, steps):
        """Multiply; there is no cost."""
        weights, features, gradient = self.operands
        forward, backward = self.outputs
        for _ in range(steps):
            np.matmul(weights, features.T, out=forward)
            np.matmul(gradient, features, out=backward)
        return []


class Exact(AsAWhole):
    """`catnet.fit_stack`, which is `catnet.fit` for a stack of one."""

    sample_space = False

    def __init__(self, setup):
        super().__init__(setup)
        self.networks = [catnet.Network(setup.layer_dims, seed) for seed in range(setup.stack)]

    def train(self, steps):
        """Train new networks; return the costs of the first."""
        if self.adam:
            optimizer = catnet.Adam(self.learning_rate, BETA1, BETA2, EPSILON)
        else:
            optimizer = catnet.GradientDescent(self.learning_rate)
        members = [Member(network.copy(), optimizer) for network in self.networks]
        histories = fit_stack(
            members, self.split, steps, cost_epsilon=0.0, sample_space=self.sample_space
        )
        return histories[0].costs.tolist()


class SampleSpace(Exact):
    """The same in the space of the images, for gradient descent."""

    sample_space = True


class Plain(Exact):
    """The same with ordinary arithmetic."""

    def train(self, steps):
        """Train a new network."""
        with plain.arithmetic():
            return super().train(steps)


class Article(AsAWhole):
    """The article's way, as the tests have it: every formula a line, every result a new array."""

    def __init__(self, setup):
        super().__init__(setup)
        self.features_in_columns = np.ascontiguousarray(self.features.T)

    def train(self, steps):
        """Train copies."""
        costs, _, _ = plain_numpy.train(
            *self.parameters,
            self.features_in_columns,
            self.split.labels.astype(self.setup.dtype),
            steps,
            self.learning_rate,
            (BETA1, BETA2, EPSILON) if self.adam else None,
        )
        return costs.tolist()
