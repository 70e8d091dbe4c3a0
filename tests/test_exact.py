"""Exact arithmetic: no order of summation matters, and nothing is further off than it says."""

import math
import re
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catnet.arithmetic import exact

pytestmark = pytest.mark.filterwarnings("error")
settings.register_profile("catnet", deadline=None, max_examples=60)
settings.load_profile("catnet")

ULP_HALF = Fraction(1, 2**53)
SMALLEST = 2.0**-1074

anything = st.one_of(
    st.floats(),
    st.floats(-1e10, 1e10),
    st.floats(-1.0, 1.0, width=16),
    st.sampled_from([0.0, -0.0, SMALLEST, -SMALLEST, 2.0**449, 2.0**450, -(2.0**-450)]),
)


def matrix(data, rows, columns, elements=anything):
    flat = data.draw(st.lists(elements, min_size=rows * columns, max_size=rows * columns))
    return np.array(flat, dtype=np.float64).reshape(rows, columns)


def same_bits(a, b):
    """Equal, the signs of zeros too; every NaN is like every other."""
    a, b = (np.where(np.isnan(x), np.nan, x) for x in (a, b))
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def exponent(line):
    """The e of 2**e strictly above the largest magnitude, as far as grids go down."""
    return max(int(np.frexp(np.abs(line).max(initial=0.0))[1]), -450) if line.any() else 0


def dot(a, b):
    """The true sum of products, as a fraction, by integers."""
    (ma, ea), (mb, eb) = np.frexp(a), np.frexp(b)
    low = int((ea + eb).min(initial=0))
    terms = zip(
        (ma * 2.0**53).astype(np.int64).tolist(),
        (mb * 2.0**53).astype(np.int64).tolist(),
        (ea + eb - low).tolist(),
        strict=True,
    )
    return Fraction(sum(x * y << shift for x, y, shift in terms)) * Fraction(2) ** (low - 106)


def power(e):
    return Fraction(2) ** e


def ceil_log2(n):
    return max(n - 1, 0).bit_length()


def product_bound(row, column, result):
    """What the docstring of `exact.product` promises, with its roundings."""
    k = len(row)
    b = (53 - ceil_log2(k)) // 2
    scale = k * power(exponent(row) + exponent(column))
    if b >= 20:
        left_out, roundings = Fraction(3, 4) * power(-2 * b), power(-b)
    else:
        left_out, roundings = Fraction(1, 2) * power(-3 * b), 2 * power(-b)
    # the last rounding is of the result, the others of the far smaller lower orders
    return scale * left_out + abs(Fraction(result)) * ULP_HALF + scale * roundings * ULP_HALF


def integer_bound(row, largest, result):
    k = len(row)
    bits = 53 - ceil_log2(k * largest)
    scale = k * largest * power(exponent(row))
    if bits >= 30:
        return scale * power(-min(bits, 51) - 1)
    count = 2 if bits >= 15 else 3
    return scale * power(-count * (bits + 1)) + (count - 1) * abs(Fraction(result)) * ULP_HALF


def total_bound(line, result):
    b = min(53 - ceil_log2(len(line)), 51)
    return len(line) * power(exponent(line) - 2 * (b + 1)) + abs(Fraction(result)) * ULP_HALF


def spread(random, shape, decades):
    """Numbers of both signs whose magnitudes differ by that many powers of ten."""
    sizes = 10.0 ** random.uniform(-decades, 0, shape)
    return sizes * random.uniform(-1, 1, shape)


# ---------------------------------------------------------------- no order matters


@given(st.data(), st.integers(1, 3), st.integers(0, 9), st.integers(1, 3))
def test_product_does_not_depend_on_the_order_of_terms(data, n, k, m):
    left, right = matrix(data, n, k), matrix(data, k, m)
    order = data.draw(st.permutations(range(k)))
    shuffled = exact.product(left[:, order], right[order])
    assert same_bits(shuffled, exact.product(left, right))


@given(st.data(), st.integers(1, 3), st.integers(0, 9), st.integers(1, 3))
def test_integer_product_does_not_depend_on_the_order_of_terms(data, n, k, m):
    left, right = matrix(data, n, k), matrix(data, k, m, st.integers(-255, 255))
    order = data.draw(st.permutations(range(k)))
    shuffled = exact.integer_product(left[:, order], right[order])
    assert same_bits(shuffled, exact.integer_product(left, right))


@given(st.data(), st.integers(0, 12))
def test_total_does_not_depend_on_the_order_of_terms(data, k):
    row = matrix(data, 1, k)
    order = data.draw(st.permutations(range(k)))
    assert same_bits(exact.total(row[:, order]), exact.total(row))


@pytest.mark.parametrize("width", [209, 8192, 8193, 12288, 2**16 + 1])
def test_wide_sums_do_not_depend_on_order_layout_or_neighbours(width):
    random = np.random.RandomState(width)
    left, right = spread(random, (3, width), 9), spread(random, (width, 4), 9)
    pixels = random.randint(0, 256, (width, 4)).astype(np.float64)
    for function, factor in [(exact.product, right), (exact.integer_product, pixels)]:
        result = function(left, factor)
        for _ in range(3):
            order = random.permutation(width)
            assert same_bits(function(left[:, order], factor[order]), result)
        assert same_bits(function(np.asfortranarray(left), np.asfortranarray(factor)), result)
        one_by_one = [
            [function(left[i : i + 1], factor[:, j : j + 1])[0, 0] for j in range(4)]
            for i in range(3)
        ]
        assert same_bits(np.array(one_by_one), result)
        assert not same_bits(left[:, order] @ factor[order], left @ factor)  # the plain one does
    result = exact.total(left)
    assert same_bits(exact.total(left[:, order]), result)
    assert same_bits(exact.total(left.T, axis=0), result.T)
    running = np.cumsum(left[:, order], axis=1)[:, -1:]
    assert not same_bits(running, np.cumsum(left, axis=1)[:, -1:])


# ---------------------------------------------------------------- within their bounds


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([0, 1, 9, 20]))
def test_product_is_within_its_bound(seed, k, decades):
    random = np.random.RandomState(seed)
    left, right = spread(random, (3, k), decades), spread(random, (k, 2), decades)
    left *= [[1e9], [1.0], [1e-9]]  # each row has a grid of its own
    right *= [1e-140, 1e9]
    result = exact.product(left, right)
    for i in range(3):
        for j in range(2):
            error = abs(Fraction(result[i, j]) - dot(left[i], right[:, j]))
            assert error <= product_bound(left[i], right[:, j], result[i, j])


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.sampled_from([0, 1, 9, 20]),
    st.sampled_from([1, 2, 128, 255, 2**17, 2**31]),
)
def test_integer_product_is_within_its_bound(seed, k, decades, largest):
    random = np.random.RandomState(seed)
    left = spread(random, (3, k), decades) * [[1e9], [1.0], [1e-9]]
    integers = random.randint(-largest, largest + 1, (k, 2), dtype=np.int64).astype(np.float64)
    result = exact.integer_product(left, integers, largest)
    for i in range(3):
        for j in range(2):
            error = abs(Fraction(result[i, j]) - dot(left[i], integers[:, j]))
            assert error <= integer_bound(left[i], largest, result[i, j])


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.sampled_from([0, 1, 9, 20]))
def test_total_is_within_its_bound(seed, k, decades):
    row = spread(np.random.RandomState(seed), (1, k), decades)
    result = exact.total(row)[0, 0]
    assert abs(Fraction(result) - sum(map(Fraction, row[0].tolist()))) <= total_bound(
        row[0], result
    )


@pytest.mark.parametrize("width", [209, 8192, 8193, 12288, 2**20])
def test_bounds_hold_for_wide_sums(width):
    random = np.random.RandomState(0)
    # all of one sign and all at the worst place between grid points: errors pile up
    worst = (1.0 - random.random_sample((1, width)) * 2.0**-30).astype(np.float64)
    for row in (spread(random, (1, width), 9), worst):
        column = np.ascontiguousarray(row.T[::-1])
        result = exact.product(row, column)[0, 0]
        error = abs(Fraction(result) - dot(row[0], column[:, 0]))
        assert error <= product_bound(row[0], column[:, 0], result)
        pixels = random.randint(0, 256, (width, 1)).astype(np.float64)
        result = exact.integer_product(row, pixels)[0, 0]
        error = abs(Fraction(result) - dot(row[0], pixels[:, 0]))
        assert error <= integer_bound(row[0], 255, result)
        result = exact.total(row)[0, 0]
        error = abs(Fraction(result) - dot(row[0], np.ones(width)))
        assert error <= total_bound(row[0], result)


def test_the_bound_of_the_product_is_nearly_reached():
    k = 128  # 23 bits: whatever is left out has one sign
    value = 1.0 - 2.0**-24 - 2.0**-48 - 2.0**-49
    row = np.full((1, k), value)
    result = exact.product(row, row.T)[0, 0]
    error = abs(Fraction(result) - dot(row[0], row[0]))
    assert error >= product_bound(row[0], row[0], result) / 4


@given(st.integers(0, 2**32 - 1))
def test_scaling_by_powers_of_two_changes_nothing_else(seed):
    random = np.random.RandomState(seed)
    left, right = random.uniform(-1, 1, (3, 20)), random.uniform(-1, 1, (20, 2))
    rows, columns = np.ldexp(1.0, random.randint(-400, 400, (2, 6)))[:, :3]
    rows, columns = rows[:, np.newaxis], columns[:2]
    result = exact.product(left * rows, right * columns)
    assert same_bits(result, exact.product(left, right) * rows * columns)
    assert same_bits(exact.total(left * rows), exact.total(left) * rows)


# ---------------------------------------------------------------- the ends of the range


@pytest.mark.parametrize("wrong", [math.inf, -math.inf, math.nan, 2.0**450, -1e300])
def test_what_is_too_large_gives_nan_in_its_row_and_column_only(wrong):
    left, right = np.ones((3, 4)), np.ones((4, 2))
    left[1, 2] = right[0, 1] = wrong
    spoilt = np.array([[0, 1], [1, 1], [0, 1]], dtype=bool)
    assert (np.isnan(exact.product(left, right)) == spoilt).all()
    assert (np.isnan(exact.integer_product(left, np.ones((4, 2)))) == [[0], [1], [0]]).all()
    assert (np.isnan(exact.total(left)) == [[0], [1], [0]]).all()


def test_the_largest_numbers_in_range_are_summed():
    largest = float(np.nextafter(2.0**450, 0))
    row = np.full((1, 2**14), largest)
    assert exact.total(row)[0, 0] == pytest.approx(largest * 2**14, rel=1e-15)
    assert exact.product(row, row.T)[0, 0] == pytest.approx(largest * 2**14 * largest, rel=1e-9)
    assert exact.integer_product(row, np.full((2**14, 1), 255.0))[0, 0] == pytest.approx(
        largest * 2**14 * 255, rel=1e-7
    )


@pytest.mark.parametrize("size", [SMALLEST, 2.0**-1022, 2.0**-1000, 1e-200, 2.0**-451])
def test_the_smallest_numbers_are_within_the_grid_of_two_to_the_minus_450(size):
    random = np.random.RandomState(0)
    row = random.randint(-8, 9, (1, 20)) * size
    column = random.uniform(-1, 1, (20, 1))
    for result, other, bound in [
        (exact.product(row, column), column[:, 0], product_bound(row[0], column[:, 0], 0.0)),
        (exact.total(row), np.ones(20), 20 * power(-450 - 2 * 49)),
    ]:
        value = Fraction(result[0, 0])
        true = dot(row[0], other)
        assert abs(value - true) <= bound + abs(true) * ULP_HALF
    assert exact.product(np.full((1, 3), size), np.zeros((3, 1)))[0, 0] == 0.0


def test_signs_of_zero_and_of_nan_do_not_count():
    plus = np.array([0.0, np.nan])
    np.testing.assert_array_equal(
        exact.rounders(np.copysign(plus, -1.0), (24, 2)), exact.rounders(plus, (24, 2))
    )


def test_small_but_not_too_small_numbers_keep_their_digits():
    row = np.full((1, 20), 2.0**-449)
    assert exact.total(row)[0, 0] == 20 * 2.0**-449
    assert exact.product(row, row.T)[0, 0] == 20 * 2.0**-898


@given(st.data(), st.integers(1, 3), st.integers(0, 5), st.integers(1, 3))
def test_no_signed_zero_comes_out(data, n, k, m):
    small = st.sampled_from([0.0, -0.0, 1.0, -1.0, -1e-300, 1e-300, -SMALLEST])
    left, right = matrix(data, n, k, small), matrix(data, k, m, small)
    signs = matrix(data, k, m, st.sampled_from([0.0, -0.0, 1.0, -1.0]))
    for result in (
        exact.product(left, right),
        exact.integer_product(left, signs),
        exact.total(left),
    ):
        assert not np.signbit(result[result == 0]).any()


def test_empty_and_single_sums():
    for function in (exact.product, exact.integer_product):
        empty = function(np.empty((2, 0)), np.empty((0, 3)))
        assert same_bits(empty, np.zeros((2, 3)))
        assert function(np.empty((0, 4)), np.empty((4, 3))).shape == (0, 3)
        assert function(np.empty((2, 4)), np.empty((4, 0))).shape == (2, 0)
        assert function(np.array([[0.5]]), np.array([[3.0]])) == [[1.5]]
    assert same_bits(exact.total(np.empty((2, 0))), np.zeros((2, 1)))
    assert exact.total(np.empty((0, 2))).shape == (0, 1)
    assert exact.total(np.array([0.1])).tolist() == [0.1]
    assert exact.total(np.array([0.1, 0.2])).tolist() == [0.1 + 0.2]
    assert exact.total(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist() == [[4.0, 6.0]]


def test_inputs_are_left_alone():
    left, right = np.full((2, 3), 1 / 3), np.full((3, 2), 5.0)
    for array in (left, right):
        array.flags.writeable = False
    exact.product(left, right), exact.integer_product(left, right), exact.total(left)
    exact.exp(left), exact.log(left), exact.sigmoid(left)


@pytest.mark.parametrize(
    "call",
    [
        lambda k: exact.product(np.broadcast_to(1.0, (1, k(2**25))), np.empty((0, 0))),
        lambda k: exact.integer_product(
            np.broadcast_to(1.0, (1, k(2**35))), np.empty((0, 0)), largest=256
        ),
        lambda k: exact.total(np.broadcast_to(1.0, (1, k(2**27)))),
    ],
    ids=["product", "integer_product", "total"],
)
def test_sums_too_wide_are_refused(call):
    with pytest.raises(ValueError, match="leaves too few bits"):
        call(lambda limit: limit + 1)


@pytest.mark.parametrize("largest", [2**37, 2**42], ids=["two slices", "three slices"])
def test_the_widest_integers_are_summed_in_more_slices(largest):
    left = np.array([[1 / 3, 1.0]])
    integers = np.array([[float(largest)], [-3.0]])
    result = exact.integer_product(left, integers, largest=largest)[0, 0]
    error = abs(Fraction(result) - dot(left[0], integers[:, 0]))
    assert error <= integer_bound(left[0], largest, result)
    with pytest.raises(ValueError, match="leaves too few bits"):
        exact.integer_product(left, integers, largest=2**42 + 1)


# ---------------------------------------------------------------- what numbers are taken

FUNCTIONS = {
    "exp": exact.exp,
    "log": exact.log,
    "sigmoid": exact.sigmoid,
    "total": exact.total,
    "product, left": lambda x: exact.product(x, np.ones((3, 1))),
    "product, right": lambda x: exact.product(np.ones((1, 2)), x),
    "integer_product, real": lambda x: exact.integer_product(x, np.ones((3, 1))),
    "integer_product, integers": lambda x: exact.integer_product(np.ones((1, 2)), x),
}
WIDENED = ["f2", "f4", ">f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
REFUSED = ["?", "F", "D", "O", "U3", "S3", "m8[s]", "M8[s]"]
if np.finfo(np.longdouble).nmant > 52:
    REFUSED += ["g", "G"]


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("kind", WIDENED)
def test_narrower_numbers_are_those_of_float64(function, kind):
    numbers = np.array([[0, 1, 2], [3, 100, 7]]).astype(kind)
    assert same_bits(function(numbers), function(numbers.astype(np.float64)))


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("kind", REFUSED)
def test_numbers_that_float64_does_not_hold_are_refused(function, kind):
    numbers = np.zeros((2, 3), dtype=kind)
    with pytest.raises(TypeError, match=re.escape(f"not {numbers.dtype}")):
        function(numbers)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("wrong", [2**53, -(2**53), 2**53 + 1, 2**63 - 1, -(2**63)])
def test_whole_numbers_that_would_be_rounded_are_refused(function, wrong):
    numbers = np.full((2, 3), 2**53 - 1)
    function(numbers)
    numbers[1, 2] = wrong
    with pytest.raises(TypeError, match=r"must be below 2\*\*53"):
        function(numbers)
    with pytest.raises(TypeError, match="not object"):
        function(np.full((2, 3), 10**400))


def test_python_numbers_are_taken():
    assert exact.exp(0) == 1.0 and exact.log([1, 1.0]).tolist() == [0.0, 0.0]
    assert exact.sigmoid(0.0) == 0.5 and exact.total([1, 2]).tolist() == [3.0]
    for function in (exact.exp, exact.log, exact.sigmoid):
        for wrong in (True, [True], 1j, "1", None):
            with pytest.raises(TypeError, match="numbers must be float64"):
                function(wrong)


# ---------------------------------------------------------------- exp, log, sigmoid


def ulps(xs, function, true):
    """The largest error of a function of ours, in units of the true value's last place."""
    worst = 0.0
    with mpmath.workprec(140):
        for x, y in zip(xs.tolist(), function(xs).tolist(), strict=True):
            value = true(mpmath.mpf(x))
            ulp = mpmath.mpf(float(np.spacing(abs(float(value)))))
            worst = max(worst, float(abs(mpmath.mpf(y) - value) / ulp))
    return worst


def exp_samples():
    random = np.random.RandomState(0)
    k = random.randint(-1000, 1000, 3000)
    return np.concatenate(
        [
            random.uniform(-745.1, 709.78, 10_000),
            random.uniform(-1.0, 1.0, 5_000),
            random.uniform(-745.1, -708.4, 3_000),  # subnormal results
            k * np.log(2) - random.uniform(0.28, 0.35, 3_000),  # the worst place
            random.uniform(-1.0, 1.0, 3_000) * 10.0 ** random.randint(-320, 0, 3_000),
            [709.782712893384, -745.1332191019411, -708.3964185322641, SMALLEST, -SMALLEST],
        ]
    )


def log_samples():
    random = np.random.RandomState(1)
    return np.concatenate(
        [
            np.ldexp(random.uniform(0.5, 1.0, 10_000), random.randint(-1021, 1025, 10_000)),
            random.uniform(0.5, 1.5, 5_000),
            1.0 + random.uniform(-0.3, 0.42, 5_000) * 10.0 ** -random.randint(0, 16, 5_000),
            random.uniform(0.70, 0.715, 3_000),  # where the exponent changes
            random.randint(1, 2**52, 2_000) * SMALLEST,  # subnormal arguments
            [SMALLEST, 2.0**-1022, np.finfo(float).max, np.nextafter(1, 0), np.nextafter(1, 2)],
        ]
    )


def test_exp_is_within_its_bound():
    assert ulps(exp_samples(), exact.exp, mpmath.exp) <= 1.2


def test_log_is_within_its_bound():
    assert ulps(log_samples(), exact.log, mpmath.log) <= 1.0


@settings(max_examples=300)
@given(st.floats(-745.1, 709.78))
def test_exp_is_within_its_bound_wherever_hypothesis_looks(x):
    assert ulps(np.array([x]), exact.exp, mpmath.exp) <= 1.2


@settings(max_examples=300)
@given(st.floats(SMALLEST, np.finfo(float).max))
def test_log_is_within_its_bound_wherever_hypothesis_looks(x):
    assert ulps(np.array([x]), exact.log, mpmath.log) <= 1.0


def neighbours(starts, count=400):
    """Runs of consecutive numbers of binary64 around each of the starts."""
    bits = np.abs(starts).view(np.int64)[:, np.newaxis] + np.arange(-count // 2, count // 2)
    return np.maximum(bits, 0).view(np.float64) * np.sign(starts)[:, np.newaxis]


def assert_monotone(function, dense, runs):
    for x in (dense, runs):
        y = function(np.sort(x))
        assert (y[..., 1:] >= y[..., :-1]).all()


def test_exp_is_monotone():
    random = np.random.RandomState(2)
    changes = (np.arange(-1074, 1024) + 0.5) * np.log(2)  # where k changes
    assert_monotone(
        exact.exp,
        np.concatenate([random.uniform(-746, 710, 500_000), random.uniform(-1, 1, 500_000)]),
        neighbours(np.concatenate([changes, random.uniform(-745, 709, 1000), [1e-17, -1e-17]])),
    )


def test_log_is_monotone():
    random = np.random.RandomState(3)
    powers = np.ldexp(1.0, np.arange(-1070, 1024, 3))
    assert_monotone(
        exact.log,
        np.concatenate([random.uniform(0, 2, 500_000), np.exp(random.uniform(-740, 709, 500_000))]),
        neighbours(
            np.concatenate(
                [powers, powers * np.sqrt(0.5), random.uniform(0.5, 1.5, 1000), [1.0, np.sqrt(2)]]
            )
        ),
    )


def test_exp_at_the_ends():
    x = np.array([math.inf, -math.inf, math.nan, 0.0, -0.0, 1e308, -1e308, 709.8, -745.2])
    expected = np.array([math.inf, 0.0, math.nan, 1.0, 1.0, math.inf, 0.0, math.inf, 0.0])
    assert same_bits(exact.exp(x), expected)
    assert exact.exp(np.array([709.782712893384])) < math.inf
    assert exact.exp(np.array([709.7827128933841])) == math.inf
    assert exact.exp(np.array([-745.1332191019411])) == SMALLEST


def test_log_at_the_ends():
    x = np.array([math.inf, -math.inf, math.nan, 0.0, -0.0, 1.0, -1.0, -SMALLEST])
    expected = [math.inf, math.nan, math.nan, -math.inf, -math.inf, 0.0, math.nan, math.nan]
    assert same_bits(exact.log(x), np.array(expected))


@pytest.mark.parametrize("function", [exact.exp, exact.log, exact.sigmoid])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0), (2, 3, 4)])
def test_functions_keep_the_shape_and_do_not_depend_on_it(function, shape):
    x = np.random.RandomState(0).uniform(0.1, 5.0, shape)
    result = function(x)
    assert result.shape == shape and result.dtype == np.float64
    one_by_one = [float(function(np.array([v]))[0]) for v in np.ravel(x)]
    assert np.ravel(result).tolist() == one_by_one


@given(st.floats(allow_nan=False))
def test_sigmoid_is_a_probability_and_symmetric(z):
    up, down = exact.sigmoid(np.array([z, -z])).tolist()
    assert 0.0 <= up <= 1.0
    assert (up >= 0.5) == (z >= 0) or up == 0.5
    assert abs(up + down - 1.0) <= 2.0**-52


def test_sigmoid_at_the_ends():
    z = np.array([math.inf, -math.inf, math.nan, 0.0, -0.0, 800.0, -800.0])
    expected = np.array([1.0, 0.0, math.nan, 0.5, 0.5, 1.0, 0.0])
    assert same_bits(exact.sigmoid(z), expected)


def test_sigmoid_is_close_to_the_true_one():
    z = np.concatenate([np.linspace(-740.0, 40.0, 4001), np.linspace(-2.0, 2.0, 2001)])
    assert ulps(z, exact.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x))) <= 3.0


# ---------------------------------------------------------------- normal draws


@pytest.mark.parametrize("count", [0, 1, 2, 7, 1000, 30_001])
@pytest.mark.parametrize("seed", [0, 1, 7, 2**32 - 1])
def test_normals_are_numpys(seed, count):
    ours = exact.normals(np.random.RandomState(seed), count)
    numpys = np.random.RandomState(seed).standard_normal(count)
    assert ours.shape == (count,) and ours.dtype == np.float64
    assert ours.astype(np.float32).tobytes() == numpys.astype(np.float32).tobytes()
    np.testing.assert_allclose(ours, numpys, rtol=1e-15)


def test_fewer_normals_are_the_first_of_more():
    many = exact.normals(np.random.RandomState(3), 5000)
    for count in (0, 1, 2, 33, 999, 4999):
        assert same_bits(exact.normals(np.random.RandomState(3), count), many[:count])


class Slow:
    """Hands out the uniform numbers of a RandomState in small portions, or given ones."""

    def __init__(self, seed, *first):
        self.random, self.first = np.random.RandomState(seed), list(first)

    def random_sample(self, shape):
        return self.first.pop(0) if self.first else self.random.random_sample((3, shape[1]))


def test_normals_draw_again_when_too_few_points_fall_into_the_circle():
    expected = exact.normals(np.random.RandomState(4), 100)
    assert same_bits(exact.normals(Slow(4), 100), expected)
    # the centre, the edge and a corner of the square are passed over
    unusable = np.array([[0.5, 0.5], [0.0, 0.5], [0.0, 0.0]])
    assert same_bits(exact.normals(Slow(4, unusable), 100), expected)
