"""The update of a stack: gradient of the first layer, optimizer, next product, piece by piece.

The first layer has nearly all parameters, and a pass over memory of its size costs a good part
of its product with the images. So a stack is worked on in chunks of members whose gradient stays
in the processor's cache, and a chunk in blocks of rows: while a block is in the cache it is
updated and cut into the slices that the next product takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import exact
from .optimizers import Adam, GradientDescent, new_scratch

__all__ = ["BLOCK", "Updates"]

CHUNK = 2**20  # numbers in a chunk: 8 MiB
BLOCK = 2**16  # numbers in a block: 0.5 MiB


@dataclass(frozen=True, eq=False)
class _Block:
    """Parameters of one member that are updated together: rows of W1, or some of the rest."""

    theta: np.ndarray
    gradient: np.ndarray
    optimizer: GradientDescent | Adam | None  # None where they are frozen
    state: Any
    sliced: np.ndarray | None  # where the slices of rows of W1 go

    def update(self, scratch):
        if self.optimizer is not None:
            self.optimizer.update([self.theta], [self.gradient], self.state, scratch)

    def cut(self):
        if self.sliced is not None:
            grid = exact.integer_grid(self.theta.shape[-1])
            exact.slices(self.theta, -1, grid, out=self.sliced)


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Members whose first layers are worked on together."""

    members: slice
    blocks: list[_Block]
    gradient: np.ndarray  # shape (members, n_1, n_0)
    sliced: np.ndarray  # shape (count, members, n_1, n_0)
    frozen: bool  # whether the first layer of every member is


class Updates:
    """Takes the steps of a stack.

    Parameters
    ----------
    stack : Stack
    members : sequence of Member
        How each of the stack's members is trained.
    propagations : sequence of Propagation
        Of the training images, which the gradient is taken from, and of others that are looked
        at on the way.
    workers : Workers
    states : list of lists, optional
        The members' `states` after their last step; by default they have not taken one.

    Attributes
    ----------
    states : list of lists
        Of each member, the state of its optimizer for each block.
    """

    def __init__(self, stack, members, propagations, workers, states=None):
        self.propagations, self.workers = propagations, workers
        size, rows, inputs = stack.first.shape
        together = min(size, max(1, CHUNK // (rows * inputs)))
        if not all(propagation.split.is_whole for propagation in propagations):
            together = size  # every chunk would go through the blocks of images
        gradient = np.empty((together, rows, inputs))
        sliced = np.empty((exact.integer_grid(inputs)[1], together, rows, inputs))
        self.states, self.chunks = [], []
        for start in range(0, size, together):
            places = range(start, min(start + together, size))
            blocks = []
            for slot, place in enumerate(places):
                known = None if states is None else states[place]
                some = _blocks(
                    stack, members[place], place, gradient[slot], sliced[:, slot],
                    propagations[0].rest, known,
                )  # fmt: skip
                self.states.append([block.state for block in some])
                blocks += some
            chunk = _Chunk(
                slice(places.start, places.stop),
                blocks,
                gradient[: len(places)],
                sliced[:, : len(places)],
                all(1 in members[place].frozen_layers for place in places),
            )
            self.chunks.append(chunk)
        thetas = [block.theta for chunk in self.chunks for block in chunk.blocks]
        self.scratch = [new_scratch(thetas, 2) for _ in range(workers.count)]

    def start(self):
        """Multiply the first layers, as they are, with the images."""

        def cut(block, number):
            with np.errstate(invalid="ignore"):
                block.cut()

        for chunk in self.chunks:
            self.workers.each(cut, chunk.blocks)
            self._drive(chunk)

    def step(self, look=None):
        """Update all members, and multiply their new first layers with the images.

        Parameters
        ----------
        look : callable, optional
            Called with the place of each member and the gradient of its first layer.
        """

        def renew(block, number):
            # What overflows here shows in the next cost.
            with np.errstate(over="ignore", invalid="ignore"):
                block.update(self.scratch[number])
                block.cut()

        for chunk in self.chunks:
            if look is not None or not chunk.frozen:
                flat = chunk.gradient.reshape(-1, chunk.gradient.shape[-1])
                self.propagations[0].first_gradient(chunk.members, flat)
            if look is not None:
                for place, gradient in enumerate(chunk.gradient, chunk.members.start):
                    look(place, gradient)
            self.workers.each(renew, chunk.blocks)
            if not chunk.frozen:
                self._drive(chunk)

    def _drive(self, chunk):
        sliced = chunk.sliced.reshape(len(chunk.sliced), -1, chunk.sliced.shape[-1])
        for propagation in self.propagations:
            propagation.drive(sliced, chunk.members)


def _blocks(stack, member, place, gradient, sliced, rest_gradient, states):
    """Cut one member's parameters into blocks."""
    _, rows, inputs = stack.first.shape
    height = max(1, BLOCK // inputs)
    first = None if 1 in member.frozen_layers else member.optimizer
    pieces = [
        (stack.first[place, part], gradient[part], first, sliced[:, part])
        for part in (slice(row, min(row + height, rows)) for row in range(0, rows, height))
    ]
    for part in stack.rest_of(member.frozen_layers):
        pieces.append((stack.rest[place, part], rest_gradient[place, part], member.optimizer, None))
    if states is None:
        states = [
            None if optimizer is None else optimizer.start([theta])
            for theta, _, optimizer, _ in pieces
        ]
    return [
        _Block(theta, g, optimizer, state, out)
        for (theta, g, optimizer, out), state in zip(pieces, states, strict=True)
    ]
