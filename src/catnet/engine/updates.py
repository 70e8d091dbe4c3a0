"""The update of a stack: gradient of the first layer, optimizer and next product, by strips.

The first layer has nearly all parameters, and a pass over memory of its size costs a good part
of its product with the images. So it is cut into strips, each the weights of some pixels: a
strip's gradient is taken and used while it is in the processor's cache, and every thread has
strips of its own, with their part of the images. A product with the images is then a sum over
strips. Ordinary arithmetic would give other bits for every way to cut it; exact sums do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise, starmap
from typing import Any

import numpy as np

from ..arithmetic import exact
from .means import Blocking, Centralising
from .optimizers import Adam, GradientDescent

__all__ = ["Updates", "first_blocks", "rest_blocks"]

STRIP = 2**18  # weights in a strip, at most: 2 MiB
LEAST = 2**14  # and at least, for a thread to be worth its start


@dataclass(eq=False)
class _Block:
    """Parameters of some members, next to each other, that one optimizer updates together."""

    members: slice
    part: slice  # which pixels of `Stack.first`, or which numbers of `Stack.rest`
    optimizer: GradientDescent | Adam
    wait: int = 0  # updates that it still lets pass
    state: Any = None

    def of(self, array):
        """Return the block's part of an array laid out as the parameters are."""
        return array[self.members, ..., self.part]

    def update(self, parameters, gradients, scratch=None):
        if self.wait:
            self.wait -= 1
            return
        theta = self.of(parameters)
        if self.state is None:
            self.state = self.optimizer.start([theta])
        # What overflows here shows in the next cost.
        with np.errstate(over="ignore", invalid="ignore"):
            self.optimizer.update([theta], [gradients], self.state, scratch)

    def keep(self, places):
        """Keep the members at these places, next to each other now; say whether it has some."""
        mine = range(self.members.start, self.members.stop)
        start = sum(place < mine.start for place in places)
        kept = [place - mine.start for place in places if place in mine]
        self.members = slice(start, start + len(kept))
        if self.state is not None:
            self.state = self.optimizer.keep(self.state, kept)
        return bool(kept)


@dataclass(eq=False)
class _Strip:
    """The first layer's weights of some pixels."""

    pixels: slice
    blocks: list[_Block]
    largest: np.ndarray | None = None  # shape (S, n_1, 1), the largest magnitude of each row


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
    """

    def __init__(self, stack, members, propagations, workers):
        self.workers = workers
        inputs = stack.first.shape[-1]
        strips = max(1, -(-stack.first.size // (STRIP * workers.count))) * workers.count
        strips = max(1, min(strips, stack.first.size // LEAST))
        width = -(-inputs // strips)
        ends = [*range(0, inputs, width), inputs]
        self.strips = [
            _Strip(pixels, first_blocks(members, pixels))
            for pixels in starmap(slice, pairwise(ends))
        ]
        self.rest = rest_blocks(stack, members)
        clips = any(member.clip_norm is not None for member in members)
        self.clipping = _Clipping(stack, members) if clips else None
        centralise = any(member.centralise_gradient for member in members)
        self.centralising = Centralising(members) if centralise else None
        block = any(member.block_mean for member in members)
        self.blocking = Blocking(members) if block else None
        self.grid = exact.integer_grid(inputs)
        self._begin(stack, propagations)

    def _begin(self, stack, propagations):
        self.stack, self.propagations = stack, propagations
        first = stack.first
        rows, width = len(first) * first.shape[1], self.strips[0].pixels.stop
        most = max(rows * width, stack.rest.size)
        # Each thread's room: for a strip's gradient or slices, and for what the optimizer needs.
        self.room = np.empty((self.workers.count, max(self.grid[1], 3), most))
        self.whole_room = None  # for all of a gradient, where something asks for it
        self.sums = [
            np.empty((self.workers.count, self.grid[1], rows, len(propagation.split)))
            for propagation in propagations
        ]

    def keep(self, stack, propagations, places):
        """Go on with the members at these places, which are the new stack."""
        for blocks in [self.rest, *(strip.blocks for strip in self.strips)]:
            blocks[:] = [block for block in blocks if block.keep(places)]
        for of_members in filter(None, (self.clipping, self.centralising, self.blocking)):
            of_members.keep(places)
        self._begin(stack, propagations)
        self.drive()

    def drive(self):
        """Multiply the first layers, as they are, with the images."""
        self.workers.each(self._measure, self.strips)
        self._multiply_all()

    def _multiply_all(self):
        """Multiply the first layers, whose largest weights are known, with the images."""
        largest = np.maximum.reduce([strip.largest for strip in self.strips])
        rounders = exact.rounders(largest, self.grid)
        for sums in self.sums:
            sums.fill(0.0)
        self.workers.each(lambda strip, n: self._multiply(strip, n, rounders), self.strips)
        for propagation, sums in zip(self.propagations, self.sums, strict=True):
            propagation.drive(sums.sum(axis=0))

    def step(self, look=None):
        """Update all members, and multiply their new first layers with the images.

        Parameters
        ----------
        look : callable, optional
            Called with the gradient of the first layers, shape (S, n_1, n_0).
        """
        training = self.propagations[0]
        with np.errstate(invalid="ignore"):
            training.cut_first()
        self.whole = None
        if look is not None or self.clipping is not None or self.centralising is not None:
            if self.whole_room is None:
                self.whole_room = np.empty_like(self.stack.first)
            self.whole = self.whole_room
            self.workers.each(self._take_whole, range(len(self.stack)))
        if look is not None:
            look(self.whole)
        if self.clipping is not None:
            self.clipping.measure(self.whole, training.rest, self.workers)
            self.clipping.apply(training.rest)
        if self.centralising is not None:
            self.centralising.measure(self.whole, self.workers)
        for block in self.rest:
            block.update(self.stack.rest, block.of(training.rest), self.room[0, :2])
        if any(strip.blocks for strip in self.strips):
            if self.blocking is None:
                self.workers.each(self._update, self.strips)
            else:
                self.blocking.begin(self.stack.first, self.workers)
                self.workers.each(self._update, self.strips)
                self.blocking.end(self.stack.first, self.workers)
                self.workers.each(self._measure, self.strips)
            self._multiply_all()

    def copy_to(self, place, network):
        """Give a network the parameters of a member."""
        self.stack.copy_to(place, network)

    def _take_whole(self, place, number):
        """Take a member's gradient of the first layer as one: something needs its whole rows."""
        training = self.propagations[0]
        errors = training.first_errors[:, place]
        training.to_pixels(errors, slice(None), self.whole[place])

    def _update(self, strip, number):
        """Take the gradient of a strip, and update it."""
        theta = self.stack.first[..., strip.pixels]
        gradient = self.room[number, 0, : theta.size].reshape(theta.shape)
        if self.whole is None:
            self.propagations[0].first_gradient(strip.pixels, gradient)
        else:
            np.copyto(gradient, self.whole[..., strip.pixels])
        if self.clipping is not None:
            self.clipping.apply(gradient)
        if self.centralising is not None:
            self.centralising.apply(gradient)
        for block in strip.blocks:
            block.update(self.stack.first, gradient[block.members], self.room[number, 1:])
        self._measure(strip, number)

    def _measure(self, strip, number):
        """Take the largest magnitude in each row of a strip."""
        theta = self.stack.first[..., strip.pixels]
        scratch = self.room[number, 0, : theta.size].reshape(theta.shape)
        strip.largest = exact.largest(theta, -1, scratch)

    def _multiply(self, strip, number, rounders):
        """Cut a strip into slices, and add its part to the products with the images."""
        theta = self.stack.first[..., strip.pixels]
        room = self.room[number, : self.grid[1], : theta.size]
        with np.errstate(invalid="ignore"):
            sliced = exact.cut(theta, rounders, room.reshape(-1, *theta.shape))
        sliced = sliced.reshape(len(sliced), -1, theta.shape[-1])
        for propagation, sums in zip(self.propagations, self.sums, strict=True):
            propagation.add_products(strip.pixels, sliced, sums[number])


class _Clipping:
    """Shortens gradients that are longer than their member's `clip_norm`.

    The norm must be known before the first strip is updated. Its sums of squares are exact row by
    row, so that no number depends on the strips.
    """

    def __init__(self, stack, members):
        bounds = [np.inf if m.clip_norm is None else m.clip_norm for m in members]
        self.bounds = np.array(bounds)[:, np.newaxis]
        self.first = np.array([1 not in member.frozen_layers for member in members])
        self.rest = np.zeros(stack.rest.shape, bool)  # what is trained
        for trained, member in zip(self.rest, members, strict=True):
            layers = set(range(1, len(stack.layer_dims))) - member.frozen_layers
            for part in stack.parts_of(layers):
                trained[part] = True

    def keep(self, places):
        """Keep the members at these places."""
        self.bounds, self.first = self.bounds[places], self.first[places]
        self.rest = self.rest[places]

    def measure(self, first, rest, workers):
        """Take the norms of the gradient of all that a member trains."""
        rows = np.zeros(first.shape[:2])

        def add(place, number):
            rows[place] = _squares(first[place])[:, 0]

        clipped = np.isfinite(self.bounds[:, 0])
        workers.each(add, np.flatnonzero(clipped & self.first))
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.where(self.rest, rest * rest, 0.0)
            norms = np.sqrt(exact.total(np.concatenate([rows, squares], axis=1)))
            within = (norms <= self.bounds) | ~clipped[:, np.newaxis]
            self.factors = np.where(within, 1.0, self.bounds / norms)

    def apply(self, gradients):
        """Shorten gradients, shape (S, …), in place."""
        # One that is out of range is NaN.
        with np.errstate(invalid="ignore"):
            gradients *= self.factors.reshape(-1, *[1] * (gradients.ndim - 1))


def _squares(gradient):
    with np.errstate(over="ignore"):
        return exact.total(gradient * gradient)


def first_blocks(members, part):
    """Return blocks of a part of the first layer, or of what moves it, where it is trained."""
    return [
        _Block(some, part, member.optimizer_of(1), member.hold_first_layer)
        for some, member in _alike(members)
        if 1 not in member.frozen_layers
    ]


def rest_blocks(stack, members):
    """Return blocks of all other parameters that are trained."""
    return [
        _Block(some, part, optimizer, wait)
        for some, member in _alike(members)
        for optimizer, wait, layers in _ways(member)
        for part in stack.parts_of(layers)
    ]


def _ways(member):
    """Return the optimizers of a member, how long each waits, and for which layers it is."""
    ways = {}
    for layer in sorted(set(range(1, member.network.depth + 1)) - member.frozen_layers):
        way = member.optimizer_of(layer), member.hold_first_layer if layer == 1 else 0
        ways.setdefault(way, []).append(layer)
    return [(*way, layers) for way, layers in ways.items()]


def _alike(members):
    """Return places of neighbours whose parameters change in the same way, and one of them."""

    def way(member):
        held = member.hold_first_layer
        return member.optimizer, member.frozen_layers, member.layer_rates, held

    groups, start = [], 0
    for _, some in groupby(members, way):
        some = list(some)
        groups.append((slice(start, start + len(some)), some[0]))
        start += len(some)
    return groups
