"""The update of a stack: gradient of the first layer, optimizer and next product, by strips.

The first layer has nearly all parameters, and a pass over memory of its size costs a good part
of its product with the images. So it is cut into strips, each the weights of some pixels: a
strip's gradient is taken and used while it is in the processor's cache, and every thread has
strips of its own, with their part of the images. A product with the images is then a sum over
strips. Ordinary arithmetic would give other bits for every way to cut it; exact sums do not.

A unit of the first layer that is off for every image has no gradient, and Adam moves it for some
hundred updates more, by its averages, until not a bit of its weights changes. From then on none
ever will, and the strips go on without its row: with Adam that is often most of the layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise, starmap
from typing import Any

import numpy as np

from ...arithmetic import exact
from ..optimizers import Adam, GradientDescent
from .whole_rows import Blocking, Centralising, Clipping

__all__ = ["Updates", "first_blocks", "rest_blocks"]

STRIP = 2**18  # weights in a strip, at most: 2 MiB
LEAST = 2**14  # and at least, for a thread to be worth its start
EVERY = 32  # updates from one search for rows at rest to the next


@dataclass(eq=False)
class _Block:
    """Parameters of some members, next to each other, that one optimizer updates together."""

    members: slice  # in a strip: rows, the units of all members one below the other
    part: slice  # which pixels of the first layer, or which numbers of `Stack.rest`
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

    def contents(self):
        """Return the numbers and arrays of the optimizer's state by name."""
        found, arrays = {}, []
        for name, value in {} if self.state is None else vars(self.state).items():
            if not isinstance(value, list):
                found[name] = value
            elif not any(value is other for other in arrays):  # one may have two names
                arrays.append(value)
                found[name] = value[0]
        return found

    def begin(self, parameters, wait, contents):
        """Go on with a state that had these contents."""
        self.wait = wait
        if not contents:
            return
        self.state = self.optimizer.start([self.of(parameters)])
        for name, value in contents.items():
            if isinstance(getattr(self.state, name), list):
                getattr(self.state, name)[0][...] = value
            else:
                setattr(self.state, name, value.item())


@dataclass(eq=False)
class _Strip:
    """The first layer's weights of some pixels."""

    pixels: slice
    blocks: list[_Block]
    largest: np.ndarray | None = None  # shape (rows, 1), the largest magnitude of each row


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
        self.width = stack.first.shape[1]  # units of the first layer
        self.strips = [
            _Strip(pixels, [_in_rows(block, self.width) for block in first_blocks(members, pixels)])
            for pixels in starmap(slice, pairwise(ends))
        ]
        self.rest = rest_blocks(stack, members)
        clips = any(member.clip_norm is not None for member in members)
        self.clipping = Clipping(stack, members) if clips else None
        centralise = any(member.centralise_gradient for member in members)
        self.centralising = Centralising(members) if centralise else None
        block = any(member.block_mean for member in members)
        self.blocking = Blocking(members) if block else None
        self.grid = exact.integer_grid(inputs)
        # What works on whole layers must find all of their rows.
        alone = (self.clipping, self.centralising, self.blocking) == (None, None, None)
        self.settles = np.array([alone and m.settles for m in members])
        self.steps = 0
        self._begin(stack, propagations, np.arange(len(stack) * self.width))

    def _begin(self, stack, propagations, live):
        self.stack, self.propagations = stack, propagations
        self.live = live  # the rows that are not at rest, in order
        rows = self._rows(stack.first)
        self.all_live = len(live) == len(rows)
        self.first = rows if self.all_live else rows[live]
        most = max(len(live) * self.strips[0].pixels.stop, stack.rest.size)
        # Each thread's room: for a strip's gradient or slices, and for what the optimizer needs.
        self.room = np.empty((self.workers.count, max(self.grid[1], 3), most))
        self.whole_room = None  # for all of a gradient, where something asks for it
        self.sums = {}

    def _sums_of(self, propagation):
        """Return room for the products of a propagation's images, one for each thread."""
        if propagation not in self.sums:
            shape = self.workers.count, self.grid[1], len(self.live), len(propagation.split)
            self.sums[propagation] = np.empty(shape)
        return self.sums[propagation]

    @staticmethod
    def _rows(array):
        """Return an array with members and units along its first two axes by rows."""
        return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])

    def write_back(self):
        """Give the stack the first layers' weights as they are."""
        if not self.all_live:
            self._rows(self.stack.first)[self.live] = self.first

    def keep(self, stack, propagations, places):
        """Go on with the members at these places, which are the new stack."""
        for new, old in zip(propagations, self.propagations, strict=True):
            new.driven[...] = old.driven[places]
        places = np.array(places)
        member = self.live // self.width
        here = np.isin(member, places)
        self._keep_rows(np.flatnonzero(here))
        self.rest[:] = [block for block in self.rest if block.keep(places.tolist())]
        for of_members in filter(None, (self.clipping, self.centralising, self.blocking)):
            of_members.keep(places)
        self.settles = self.settles[places]
        now = np.searchsorted(places, member[here])
        self._begin(stack, propagations, now * self.width + self.live[here] % self.width)

    def _keep_rows(self, kept):
        for strip in self.strips:
            strip.blocks[:] = [block for block in strip.blocks if block.keep(kept.tolist())]

    def drive(self):
        """Multiply the first layers, as they are, with the images."""
        self.workers.each(self._measure, self.strips)
        self._multiply_all()

    def _multiply_all(self):
        """Multiply the first layers, whose largest weights are known, with the images."""
        largest = np.maximum.reduce([strip.largest for strip in self.strips])
        rounders = exact.rounders(largest, self.grid)
        rooms = [self._sums_of(propagation) for propagation in self.propagations]
        for sums in rooms:
            sums.fill(0.0)
        self.workers.each(lambda strip, n: self._multiply(strip, n, rounders, rooms), self.strips)
        for propagation, sums in zip(self.propagations, rooms, strict=True):
            propagation.drive(sums.sum(axis=0), self.live)

    def step(self, look=None, following=None):
        """Update all members, and multiply their new first layers with the images.

        Parameters
        ----------
        look : callable, optional
            Called with the gradient of the first layers, shape (S, n_1, n_0).
        following : callable, optional
            Says, once the gradient has been used, what propagations go on from here if they are
            others.
        """
        training = self.propagations[0]
        with np.errstate(invalid="ignore"):
            training.cut_first()
        errors = training.first_errors
        self.errors = errors.reshape(len(errors), -1, errors.shape[-1])
        if not self.all_live:
            self.errors = self.errors[:, self.live]
        self._take_whole(look)
        if self.clipping is not None:
            self.clipping.measure(self.whole, training.rest, self.workers)
            self.clipping.apply(training.rest)
        if self.centralising is not None:
            self.centralising.measure(self.whole, self.workers)
        still = self._still()
        for block in self.rest:
            block.update(self.stack.rest, block.of(training.rest), self.room[0, :2])
        trained = any(strip.blocks for strip in self.strips)
        if trained and self.blocking is None:
            self.workers.each(self._update, self.strips)
        elif trained:
            self.blocking.begin(self.stack.first, self.workers)
            self.workers.each(self._update, self.strips)
            self.blocking.end(self.stack.first, self.workers)
            self.workers.each(self._measure, self.strips)
        if following is not None:
            self.propagations = following()
        if trained or following is not None:
            self._multiply_all()
        if still is not None:
            self._leave(*still)

    def states(self):
        """Return what the optimizers of a stack of one member carry on.

        Returns
        -------
        list of (int, dict of str to float or ndarray)
            Of the first layer, if it is trained, and then of blocks of the others: updates that it
            lets pass yet, and the state by the names of its fields.
        """
        found = []
        of_first = [block for strip in self.strips for block in strip.blocks]
        if of_first:
            parts = [block.contents() for block in of_first]
            joined = {name: self._joined([part[name] for part in parts]) for name in parts[0]}
            found.append((of_first[0].wait, joined))
        return found + [(block.wait, block.contents()) for block in self.rest]

    def _joined(self, parts):
        """Join what the strips have of a state; rows at rest carry nothing on."""
        if np.ndim(parts[0]) == 0:
            return parts[0]
        whole = np.zeros(self._rows(self.stack.first).shape)
        whole[self.live] = np.concatenate(parts, axis=-1)
        return whole

    def begin(self, states):
        """Go on with states from another run of the same member."""
        states = iter(states)
        if any(strip.blocks for strip in self.strips):
            wait, whole = next(states)
            for strip in self.strips:
                contents = {
                    name: value[:, strip.pixels] if np.ndim(value) else value
                    for name, value in whole.items()
                }
                for block in strip.blocks:
                    block.begin(self.first, wait, contents)
        for block, (wait, contents) in zip(self.rest, states, strict=True):
            block.begin(self.stack.rest, wait, contents)

    def copy_to(self, place, network):
        """Give a network the parameters of a member."""
        self.write_back()
        self.stack.copy_to(place, network)

    def _take_whole(self, look):
        """Take the gradient of the first layers as one, if something asks for it."""
        self.whole = None
        if look is None and self.clipping is None and self.centralising is None:
            return
        if self.whole_room is None:  # rows at rest have no gradient
            self.whole_room = np.zeros(self.stack.first.shape)
        self.whole, rows = self.whole_room, self._rows(self.whole_room)

        def take(place, number):
            mine = slice(
                *np.searchsorted(self.live, [place * self.width, (place + 1) * self.width])
            )
            errors, inputs = self.errors[:, mine], self.stack.first.shape[-1]
            out = np.empty((errors.shape[1], inputs))
            rows[self.live[mine]] = self.propagations[0].to_pixels(errors, slice(None), out)

        self.workers.each(take, range(len(self.stack)))
        if look is not None:
            look(self.whole)

    def _still(self):
        """Now and then, find units that are off; return their rows, weights and biases."""
        self.steps += 1
        training = self.propagations[0]
        if self.steps % EVERY or not training.activations or training.slope:
            return None
        off = ~self._rows(training.activations[0] > 0).any(axis=1)
        rows = np.flatnonzero(off[self.live] & self.settles[self.live // self.width])
        return rows, self.first[rows], self._first_biases()[self.live[rows]]

    def _first_biases(self):
        return self._rows(self.stack.biases[0])

    def _leave(self, rows, weights, biases):
        """Leave those of these rows behind that the update has not changed in any bit."""
        same = (self.first[rows] == weights).all(axis=1)
        same &= (self._first_biases()[self.live[rows]] == biases)[:, 0]
        if same.any():
            self.write_back()
            kept = np.delete(np.arange(len(self.live)), rows[same])
            self._keep_rows(kept)
            self._begin(self.stack, self.propagations, self.live[kept])
            self.workers.each(self._measure, self.strips)

    def _update(self, strip, number):
        """Take the gradient of a strip, and update it."""
        theta = self.first[:, strip.pixels]
        gradient = self.room[number, 0, : theta.size].reshape(theta.shape)
        if self.whole is None:
            self.propagations[0].to_pixels(self.errors, strip.pixels, gradient)
        else:
            np.copyto(gradient, self._rows(self.whole)[self.live, strip.pixels])
        by_members = gradient.reshape(-1, self.width, theta.shape[1]) if self.all_live else None
        if self.clipping is not None:
            self.clipping.apply(by_members)
        if self.centralising is not None:
            self.centralising.apply(by_members)
        for block in strip.blocks:
            block.update(self.first, gradient[block.members], self.room[number, 1:])
        self._measure(strip, number)

    def _measure(self, strip, number):
        """Take the largest magnitude in each row of a strip."""
        strip.largest = exact.largest(self.first[:, strip.pixels], -1)

    def _multiply(self, strip, number, rounders, rooms):
        """Cut a strip into slices, and add its part to the products with the images."""
        theta = self.first[:, strip.pixels]
        room = self.room[number, : self.grid[1], : theta.size]
        with np.errstate(invalid="ignore"):
            sliced = exact.cut(theta, rounders, room.reshape(len(room), *theta.shape))
        for propagation, sums in zip(self.propagations, rooms, strict=True):
            propagation.add_products(strip.pixels, sliced, sums[number])


def _in_rows(block, width):
    """Return a block of members as one of their rows."""
    block.members = slice(block.members.start * width, block.members.stop * width)
    return block


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
        _Block(some, part, for_part, wait)
        for some, member in _alike(members)
        for optimizer, wait, layers in _ways(member)
        for for_part, parts in _parts(optimizer, stack, layers)
        for part in parts
    ]


def _parts(optimizer, stack, layers):
    """Return optimizers, and which parts of a row of `Stack.rest` each is for."""
    if not optimizer.shrinks:
        return [(optimizer, stack.parts_of(layers))]
    weights, biases = stack.parts_of(layers, biases=False), stack.parts_of(layers, weights=False)
    return [(optimizer, weights), (optimizer.for_biases(), biases)]


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
