r"""Gradient descent in the space of the images: fifty times less work where these are few.

The gradient of the first layer is a sum over the images, :math:`dW_1 = dZ_1 P^\top / 255`, so
with full batches of fixed images its weights stay at their start plus a combination of images,

.. math::

    W_1 = W_1^{(0)} + C P^\top, \quad C \leftarrow C - \alpha\, dZ_1 / 255, \quad
    W_1 P = W_1^{(0)} P + C\, (P^\top P),

and an iteration needs only the m by m inner products of the images. These are integers, so the
sums are exact here, too: the same bits on every machine. They are other bits than those of the
direct way, which rounds W1 to its grid in every iteration where this way rounds C.

References
----------
B. Schölkopf, R. Herbrich, A. J. Smola, "A Generalized Representer Theorem", COLT 2001, for what
the start adds to the span of the examples.
"""

from __future__ import annotations

import numpy as np

from ...arithmetic import exact
from ...errors import ParameterError
from ..optimizers import GradientDescent
from .updates import first_blocks, rest_blocks

__all__ = ["SampleSpace"]


class SampleSpace:
    """Takes the steps of a stack, as `Updates` does, without touching the first layer's weights.

    Parameters
    ----------
    stack : Stack
    members : sequence of Member
        All with `GradientDescent`, and without what needs the first layer's gradient.
    propagations : sequence of Propagation

    Raises
    ------
    ParameterError
        If a member has another optimizer or clips its gradients, or the images are too many
        (above some 11,000 of 64 by 64 pixels) for exact sums.
    """

    def __init__(self, stack, members, propagations):
        for member in members:
            if not isinstance(member.optimizer, GradientDescent):
                raise ParameterError(
                    "in sample space a step must be a multiple of the gradient: use "
                    f"GradientDescent, not {type(member.optimizer).__name__}"
                )
            if member.optimizer.shrinks:
                raise ParameterError(
                    "in sample space the first layer stays its start plus images: leave out l2 "
                    "and weight_decay"
                )
            for name in ("clip_norm", "centralise_gradient", "block_mean"):
                if getattr(member, name):
                    raise ParameterError(
                        f"{name} needs the first layer's gradient, which sample space does not take"
                    )
            if member.sees_its_own_images:
                raise ParameterError(
                    "in sample space every update is taken from the same images: leave out "
                    "batch_size and augmentation"
                )
        self.stack, self.propagations = stack, propagations
        training = propagations[0].split
        self.inner = [_inner_products(training, other.split) for other in propagations]
        try:
            self.grids = [
                exact.integer_grid(len(training), int(np.abs(inner).max(initial=1.0)))
                for inner in self.inner
            ]
        except ValueError as error:
            raise ParameterError(f"too many images for sample space: {error}") from None
        self.driven = []  # by the first weights
        rows = stack.first.reshape(-1, stack.first.shape[-1])
        sliced = exact.slices(rows, -1, exact.integer_grid(rows.shape[-1]))
        for propagation in propagations:
            sums = np.zeros((len(sliced), len(rows), len(propagation.split)))
            propagation.add_products(slice(None), sliced, sums)
            propagation.drive(sums)
            self.driven.append(propagation.driven.copy())
        self._begin(np.zeros((*stack.first.shape[:2], len(training))))
        self.first = first_blocks(members, slice(None))
        self.rest = rest_blocks(stack, members)

    def _begin(self, coefficients):
        self.coefficients = coefficients
        # Made once and used in every step: fresh memory costs more than what is computed in it.
        self.parts = np.empty((max(grid[1] for grid in self.grids), *coefficients.shape))
        self.room = [np.empty((2, *driven.shape)) for driven in self.driven]

    def drive(self):
        """Multiply the first layers, as they are, with the images."""
        for propagation, start, inner, grid, room in zip(
            self.propagations, self.driven, self.inner, self.grids, self.room, strict=True
        ):
            parts = self.parts[: grid[1]]
            with np.errstate(invalid="ignore"):
                exact.slices(self.coefficients, -1, grid, parts)
            product, more = room
            np.matmul(parts[-1], inner, out=product)
            for part in parts[-2::-1]:
                product += np.matmul(part, inner, out=more)
            product /= 255.0
            np.add(start, product, out=propagation.driven)

    def step(self, look=None):
        """Update all members; see `Updates.step`."""
        training = self.propagations[0]
        if look is not None:
            training.cut_first()
            look(training.first_gradient(slice(None), np.empty_like(self.stack.first)))
        for block in self.rest:
            block.update(self.stack.rest, block.of(training.rest))
        scratch = self.room[0].reshape(2, -1)
        for block in self.first:
            block.update(self.coefficients, training.scaled[block.members], scratch)
        self.drive()

    def keep(self, stack, propagations, places):
        """Go on with the members at these places, which are the new stack."""
        self.stack, self.propagations = stack, propagations
        self.driven = [driven[places] for driven in self.driven]
        self._begin(self.coefficients[places])
        for blocks in (self.first, self.rest):
            blocks[:] = [block for block in blocks if block.keep(places)]
        self.drive()

    def write_back(self):
        """See `Updates.write_back`: here the first weights stay as they began."""

    def copy_to(self, place, network):
        """Give a network the parameters of a member, its first layer put together."""
        self.stack.copy_to(place, network)
        grid = exact.integer_grid(self.coefficients.shape[-1])
        with np.errstate(invalid="ignore"):
            parts = exact.slices(self.coefficients[place], -1, grid)
        moved = self.propagations[0].to_pixels(
            parts, slice(None), np.empty_like(network.weights[0])
        )
        network.weights[0] += moved


def _inner_products(split, other):
    """Return the inner products of the images of two splits, integers, as float64."""
    inner = np.zeros((len(split), len(other)))
    for place, numbers in split.blocks():
        for others, more in other.blocks():
            inner[place, others] = numbers.T @ more
    return inner
