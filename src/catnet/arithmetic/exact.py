"""Arithmetic that gives the same bits everywhere.

A floating-point sum depends on the order of its additions, and the order on the
BLAS, the processor and the number of threads. Here every partial sum is exact, so
that no order can matter: the factors are first rounded to grids coarse enough for
the whole sum to fit the 53 bits of binary64, and what a rounding leaves over goes
into a second, finer slice.

The idea is that of reproducible summation [1]_ and of error-free splitting of matrix
products [2]_. Everything else is single additions, multiplications, divisions and
square roots, which IEEE 754 defines to the last bit.

Notes
-----
*Grids.* Let ``2**e`` be the power of two strictly above a row's largest magnitude. With
``c = 1.5 * 2**(52 + e - bits)``, ``(x + c) - c`` is `x` rounded to a multiple of
``2**(e - bits)``: an integer of magnitude at most ``2**bits`` times the grid, and off by
at most ``2**(e - bits - 1)`` (for ``bits <= 51``).

*Sums.* K products of an a-bit by a b-bit integer stay at or below ``2**53``, so that
each of their partial sums is exact, while ``a + b + ceil(log2(K)) <= 53``.

*Range.* A row or column whose largest magnitude is 2**450 (about 1e135) or more, infinite
or NaN gives NaN wherever it takes part. One that stays below 2**-450 is rounded as if its
largest magnitude were just below that. Between the two, no product or sum can over- or
underflow.

References
----------
.. [1] P. Ahrens, H. D. Nguyen, J. Demmel, "Efficient Reproducible Floating Point
   Summation and BLAS", UCB/EECS-2015-229, 2015.
.. [2] K. Ozaki, T. Ogita, S. Oishi, S. M. Rump, "Error-free transformations of matrix
   multiplication by using fast routines of matrix multiplication and its
   applications", Numerical Algorithms 59, 2012.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import factorial

import numpy as np

__all__ = [
    "Matrices",
    "cut",
    "exp",
    "integer_grid",
    "integer_product",
    "largest",
    "log",
    "multiply",
    "normals",
    "product",
    "product_grid",
    "rounders",
    "sigmoid",
    "slices",
    "sum_slices",
    "total",
    "total_grid",
]

_FIRST = np.array([0])  # where all of a line begins, for `reduceat`
_LARGEST_EXPONENT = 450
_BLOCK = 2**12  # pairs whose normals are made together: more of them leave the cache
_LN2 = Fraction(0x162E42FEFA39EF35793C7673007E5ED5E81E69, 1 << 149)
_LN2_HIGH = float.fromhex("0x1.62e42feep-1")  # 32 bits: a multiple by |k| < 2**21 is exact
_LN2_LOW = float(_LN2 - Fraction(_LN2_HIGH))


def _room(terms):
    """Bits that `terms` (at least 1) summands leave of the 53: 53 - ceil(log2(terms))."""
    return 53 - (max(terms, 1) - 1).bit_length()


@cache
def integer_grid(terms, largest=255):
    """Bits and number of the slices whose products with integers sum exactly.

    Parameters
    ----------
    terms : int
        How many products a sum has, K.
    largest : int
        Bound on the integers' magnitude: 255 holds for pixels, and for pixels less an offset
        that are pixels too, so both have the same slices.

    Returns
    -------
    bits, count : int
        As few slices of ``53 - ceil(log2(K * largest))`` bits as keep 30 in all.

    Raises
    ------
    ValueError
        If K * largest is above 2**43: three slices would keep fewer than 30 bits.
    """
    bits = _room(terms * largest)
    if bits < 10:
        raise ValueError(f"a sum of {terms} integers up to {largest} leaves too few bits")
    return bits, -(-30 // bits)


@cache
def product_grid(terms):
    """Bits and number of the slices of two real factors whose products sum exactly.

    Parameters
    ----------
    terms : int
        How many products a sum has, K.

    Returns
    -------
    bits, count : int
        Two slices of ``(53 - ceil(log2(K))) // 2`` bits, or three where these are below 20.

    Raises
    ------
    ValueError
        If K is above 2**25: three slices would keep fewer than 40 bits.
    """
    bits = _room(terms) // 2
    if bits < 14:
        raise ValueError(f"a sum of {terms} products leaves too few bits")
    return bits, 2 if bits >= 20 else 3


def slices(array, axis, grid, out=None, known=None):
    """Split an array into multiples of ever finer grids, coarsest first.

    Numbers that are out of range become NaN with NumPy's warning of an invalid value.

    Parameters
    ----------
    array : ndarray of float64
    axis : int
        Along which there will be sums: each line along it has grids of its own.
    grid : (int, int)
        Bits and number of the slices, such as `product_grid` gives.
    out : ndarray of float64, shape (count, *array.shape), optional
        Where to put them.
    known : ndarray of float64, optional
        What `largest` gives, where it is known.

    Returns
    -------
    ndarray of float64, shape (count, *array.shape)
        What they leave over is at most ``2**(e - count * (bits + 1))``, ``2**e`` being the power
        of two above the largest magnitude of the line.
    """
    parts = np.empty((grid[1], *array.shape)) if out is None else out
    known = largest(array, axis) if known is None else known
    return cut(array, rounders(known, grid), parts)


def largest(array, axis, signed=True):
    """Return the largest magnitude along an axis, which stays.

    Parameters
    ----------
    array : ndarray of float64
    axis : int
    signed : bool
        Whether a number may be below 0: where none is, they are their own magnitudes.
    """
    top = _extreme(np.maximum, array, axis)
    # Read twice rather than written: magnitudes of their own would take up a cache.
    return np.maximum(top, -_extreme(np.minimum, array, axis)) if signed else top


def _extreme(extreme, array, axis):
    """Return the largest or the smallest number along an axis, which stays."""
    if axis == -1 and array.shape[-1]:  # of many short lines in a third of the time of `reduce`
        return extreme.reduceat(array, _FIRST, axis=-1)
    return extreme.reduce(array, axis, keepdims=True, initial=0.0)


def rounders(largest, grid):
    """Return what rounds a line to the grids of each slice: c of the notes above.

    Parameters
    ----------
    largest : ndarray of float64
        The largest magnitude of every line.
    grid : (int, int)

    Returns
    -------
    ndarray of float64, shape (count, *largest.shape)
        Infinite where a line is out of range: inf - inf then makes it NaN.
    """
    return _rounders(grid).take(_exponents(largest), axis=1)


def cut(array, rounders, parts):
    """Cut an array into slices by their rounders, into `parts`, and return the slices."""
    np.add(array, rounders[0], out=parts[0])
    parts[0] -= rounders[0]
    if len(parts) > 1:
        rest = np.subtract(array, parts[0], out=parts[-1])
    for position in range(1, len(parts)):
        part = np.add(rest, rounders[position], out=parts[position])
        part -= rounders[position]
        if position + 1 < len(parts):
            rest -= part
    return parts


class Matrices:
    """Small matrices whose numbers lie in one row, to be cut into slices all at once.

    Parameters
    ----------
    places : list of ndarray of int, shapes (n, K)
        Where the numbers of each matrix lie. Its slices are made along its rows.
    members : int
        How many such rows of numbers there are.
    """

    def __init__(self, places, members):
        self.views = []
        if not places:
            return
        grids = [product_grid(place.shape[1]) for place in places]
        count = max(grid[1] for grid in grids)
        lengths = [place.shape[1] for place in places for _ in place]
        self.place = np.concatenate([place.ravel() for place in places])
        self.starts = np.cumsum([0, *lengths[:-1]])
        self.line = np.repeat(np.arange(len(lengths)), lengths)
        self.rounders = np.concatenate([_rounders((grid[0], count)) for grid in grids], axis=1)
        tables = [i for i, place in enumerate(places) for _ in place]
        self.offset = np.array(tables) * _EXPONENTS
        self.parts = np.empty((count, members, self.place.size))
        ends = np.cumsum([0, *(place.size for place in places)])
        self.views = [
            self.parts[: grid[1], :, start:end].reshape(grid[1], members, *place.shape)
            for grid, place, (start, end) in zip(grids, places, pairwise(ends), strict=True)
        ]

    def slices(self, rows):
        """Return the slices of every matrix, shapes (count, members, n, K).

        Parameters
        ----------
        rows : ndarray of float64, shape (members, numbers)
        """
        if not self.views:
            return []
        values = rows.take(self.place, axis=1)
        largest = np.maximum.reduceat(np.abs(values), self.starts, axis=1)
        rounders = self.rounders.take(_exponents(largest) + self.offset, axis=1)
        cut(values, rounders.take(self.line, axis=2), self.parts)
        return self.views


_EXPONENTS = 2048


@cache
def _rounders(grid):
    """Return c of the notes above for each slice (first axis) and exponent, as `_exponents` has it.

    It is infinite where numbers are out of range: ``inf - inf`` then is NaN.
    """
    bits, count = min(grid[0], 51), grid[1]
    table = np.full((count, _EXPONENTS), np.inf)
    for stored in range(_LARGEST_EXPONENT + 1023):
        e = max(stored - 1022, -_LARGEST_EXPONENT)
        for position in range(count):
            table[position, stored] = 1.5 * 2.0 ** (52 + e - bits - position * (bits + 1))
    return table


def _exponents(largest):
    """Return the exponents of numbers of at least 0 as binary64 stores them: e + 1022.

    Of -0.0 and of NaN with a sign these are below 0 by as much as tables count from their end.
    """
    return largest.view(np.int64) >> 52


def multiply(left, right, out=None, room=None):
    """Matrix product of two factors that are given in slices.

    Parameters
    ----------
    left : ndarray of float64, shape (count, …, n, K)
        From `slices` along the last axis.
    right : ndarray of float64, shape (count, …, K, m)
        From `slices` along the last axis but one.
    out : ndarray of float64, shape (…, n, m), optional
        Where to put it.
    room : ndarray of float64, shape (count, count, …, n, m), optional
        Room for the products of each slice with each.

    Returns
    -------
    ndarray of float64, shape (…, n, m)
        The products of slice i of the one with slice j of the other, each exact while
        ``2 * bits + ceil(log2(K)) <= 53``, are added up from the smallest on, in the same order
        everywhere; those with i + j >= count are left out. A zero may have either sign.
    """
    count = len(left)
    multiplied = np.multiply if left.shape[-1] == 1 else np.matmul  # of one term there is no sum
    products = [  # room for those that are left out is not touched
        multiplied(left[i], right[: count - i], out=None if room is None else room[i, : count - i])
        for i in range(count)
    ]
    result = None
    for order in reversed(range(count)):
        partial = products[0][order]
        for position in range(1, order + 1):
            partial += products[position][order - position]
        if result is not None:
            partial = np.add(partial, result, out=out if order == 0 else partial)
        result = partial
    return result


def integer_product(real, integers, largest=255):
    """Matrix product of real numbers with small integers: one BLAS call.

    Parameters
    ----------
    real : ndarray of float64, shape (n, K)
    integers : ndarray of float64, shape (K, m)
        Integers in ``-largest … largest``, such as pixels; they are not checked.
    largest : int
        Bound on the integers' magnitude.

    Returns
    -------
    ndarray of float64, shape (n, m)
        Within ``K * largest * 2**(e - bits - 1)`` of the true product, ``2**e`` being the
        power of two above the largest magnitude in the row of `real`, and `bits` being
        ``53 - ceil(log2(K * largest))``, at most 51: 31 for K = 12,288 pixels and 37 for
        K = 209. From K * largest > 2**23 on, where fewer than 30 bits are left, `real` is
        cut into two slices (three above 2**38) and the error of two is
        ``K * largest * 2**(e - 2 * (bits + 1))`` and one rounding.

    Raises
    ------
    ValueError
        If K * largest is above 2**43: three slices would keep fewer than 30 bits.
    """
    real, integers = _float64(real), _float64(integers)
    parts = _quiet_slices(real, -1, integer_grid(real.shape[-1], largest))
    result = parts[-1] @ integers
    for part in parts[-2::-1]:
        result = part @ integers + result
    result += 0.0  # one BLAS writes -0.0 where another writes 0.0
    return result


def product(left, right):
    """Matrix product of real numbers, in slices.

    Parameters
    ----------
    left : ndarray of float64, shape (n, K)
    right : ndarray of float64, shape (K, m)

    Returns
    -------
    ndarray of float64, shape (n, m)
        With slices of ``b = (53 - ceil(log2(K))) // 2`` bits and the powers of two
        ``2**eA``, ``2**eB`` above the largest magnitudes of the row and the column, two
        slices are within ``0.75 * K * 2**(eA + eB - 2 * b)`` of the true product, and
        two roundings: what is left out is A1 (B - B1 - B2), its mirror image and
        (A - A1) (B - B1). Above K = 8192, where two slices would keep fewer than 40 bits,
        a third one makes it ``0.5 * K * 2**(eA + eB - 3 * b)`` and five roundings.

    Raises
    ------
    ValueError
        If K is above 2**25: three slices would keep fewer than 40 bits.
    """
    left, right = _float64(left), _float64(right)
    grid = product_grid(left.shape[-1])
    # One BLAS writes -0.0 where another writes 0.0.
    return multiply(_quiet_slices(left, -1, grid), _quiet_slices(right, -2, grid)) + 0.0


def total(array, axis=-1):
    """Sum along an axis, such as over the examples; the axis stays, with length 1.

    Parameters
    ----------
    array : ndarray of float64
    axis : int

    Returns
    -------
    ndarray of float64
        With ``b = 53 - ceil(log2(K))`` bits a slice (at most 51), within
        ``K * 2**(e - 2 * (b + 1))`` of the true sum of the K numbers, and one rounding.
        An empty sum is 0.

    Raises
    ------
    ValueError
        If there are more than 2**27 numbers to a sum.
    """
    array = _float64(array)
    if axis >= 0:
        axis -= array.ndim
    return sum_slices(_quiet_slices(array, axis, total_grid(array.shape[axis])), axis)


@cache
def total_grid(terms):
    """Bits and number of the slices of numbers that sum exactly; `total` says when not."""
    bits = _room(terms)
    if bits < 26:
        raise ValueError(f"a sum of {terms} numbers leaves too few bits")
    return bits, 2


def sum_slices(parts, axis):
    """Sum both slices of an array along an axis, which stays, and add the two sums."""
    high, low = np.einsum("...i->...", np.moveaxis(parts, axis, -1))  # faster than `sum`
    return np.expand_dims(high + low + 0.0, axis)


def _float64(x):
    """Return numbers as float64 if it holds them without rounding; others are refused."""
    x = np.asarray(x)
    if x.dtype == np.float64:
        return x
    if x.dtype.kind not in "iuf" or not np.can_cast(x.dtype, np.float64):
        raise TypeError(f"numbers must be float64 or what it holds as it is, not {x.dtype}")
    wide = x.astype(np.float64)
    if x.dtype.kind != "f" and np.abs(wide).max(initial=0.0) >= 2.0**53:
        raise TypeError(f"whole numbers must be below 2**53; larger ones of {x.dtype} are rounded")
    return wide


def _quiet_slices(array, axis, grid):
    with np.errstate(invalid="ignore"):  # what is out of range is to be NaN without a word
        return slices(array, axis, grid)


def _polynomial(x, coefficients):
    """Horner's rule, `coefficients` from the lowest power on."""
    result = np.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result *= x
        result += coefficient
    return result


_EXP_TERMS = [1 / factorial(k) for k in range(2, 15)]
_LOG_TERMS = [2 / (2 * k + 1) for k in range(1, 12)]


def exp(x):
    """Exponential, within 1.2 ulp, monotone, with IEEE's values at ±inf and NaN.

    ``x = k ln 2 + r`` with ``|r| <= ln(2) / 2``, the series of ``exp(r)`` as
    ``1 + (r + r² q(r))``, then a scaling by ``2**k``. Below 1, where an ulp is smallest, the
    roundings of r, of ``r² q(r)`` and of the two sums add up to at most 0.20, 0.17, 0.25 and
    0.5 ulp; the most that was seen in half a million samples is 0.94.

    Parameters
    ----------
    x : ndarray of float64

    Returns
    -------
    ndarray of float64, the shape of `x`
    """
    x = _float64(x)
    inside = np.minimum(np.maximum(x, -746.0), 710.0)
    k = np.rint(inside * (1 / (_LN2_HIGH + _LN2_LOW)))
    r = (inside - k * _LN2_HIGH) - k * _LN2_LOW
    result = 1.0 + (r + r * r * _polynomial(r, _EXP_TERMS))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        # Two factors of normal size: some systems' ldexp cuts off what is too small for one.
        k = k.astype(np.int32)  # of NaN anything, and NaN times that is NaN
        half = k >> 1
        return result * np.ldexp(1.0, half) * np.ldexp(1.0, k - half)


def log(x):
    """Natural logarithm, within 1 ulp, with IEEE's values at 0, inf, NaN and below 0.

    ``x = 2**k (1 + f)`` with ``1 + f`` between ``sqrt(1/2)`` and ``sqrt(2)``, and
    ``log(1 + f) = 2 artanh(s)``, ``s = f / (2 + f)``, by its series.

    Parameters
    ----------
    x : ndarray of float64

    Returns
    -------
    ndarray of float64, the shape of `x`
    """
    x = _float64(x)
    ordinary = (x > 0) & (x < np.inf)
    inside = np.where(ordinary, x, 1.0)
    mantissa, k = np.frexp(inside)
    low = mantissa < 0.7071067811865476
    f = np.where(low, 2.0 * mantissa, mantissa) - 1.0
    k = (k - low).astype(np.float64)
    s = f / (2.0 + f)
    half_square = 0.5 * f * f
    s_square = s * s
    rest = s * (half_square + s_square * _polynomial(s_square, _LOG_TERMS))
    result = k * _LN2_HIGH - ((half_square - (rest + k * _LN2_LOW)) - f)
    if ordinary.all():
        return result
    result = np.where(x == 0, -np.inf, result)
    result = np.where(x == np.inf, np.inf, result)
    return np.where((x < 0) | np.isnan(x), np.nan, result)


def sigmoid(z):
    """Logistic function ``1 / (1 + exp(-z))``, of arrays of any shape, without overflow."""
    z = _float64(z)
    t = exp(-np.abs(z))
    return np.where(z >= 0, 1.0, t) / (1.0 + t)


def normals(random_state, count):
    """Draw standard normal numbers by the polar method of Marsaglia and Bray (1964).

    The numbers are those of ``random_state.standard_normal(count)`` but for the last
    bit, where the system's logarithm has a say in NumPy's; the uniform numbers they are made
    of are frozen [3]_.

    Parameters
    ----------
    random_state : numpy.random.RandomState
        Moved on by as many uniform numbers as the method may need, not as many as it uses.
    count : int

    Returns
    -------
    ndarray of float64, shape (count,)

    References
    ----------
    .. [3] R. Kern, "NEP 19: Random number generator policy", 2018.
    """
    found, missing = [np.empty(0)], count
    while missing > 0:
        # pi/4 of the points of the square fall into the circle; a few more make one round do
        uniform = random_state.random_sample((int(0.7 * count) + 32, 2))
        for start in range(0, len(uniform), _BLOCK):
            found.append(_polar(uniform[start : start + _BLOCK])[:missing])
            missing -= found[-1].size
            if not missing:
                break
    return np.concatenate(found)


def _polar(uniform):
    """Make pairs of normals of pairs of uniform numbers, where these lie in the circle."""
    x, y = 2.0 * uniform.T - 1.0
    square = x * x + y * y
    inside = np.flatnonzero((square < 1.0) & (square > 0.0))
    square = square.take(inside)
    factor = np.sqrt(-2.0 * log(square) / square)
    pairs = np.empty((len(inside), 2))
    np.multiply(factor, y.take(inside), out=pairs[:, 0])  # of each NumPy hands out this one first
    np.multiply(factor, x.take(inside), out=pairs[:, 1])
    return pairs.ravel()
