"""Gradient descent and Adam against the paper, number by number, and against PyTorch."""

import json
import math
from dataclasses import FrozenInstanceError
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from catnet import Adam, GradientDescent, ParameterError

pytestmark = pytest.mark.filterwarnings("error")

RECORD = json.loads(
    (Path(__file__).parent / "record" / "torch_gradients.json").read_text(encoding="utf-8")
)
SETTINGS = [
    {},
    {"learning_rate": 0.00075, "beta1": 0.8, "epsilon": 1e-4},
    {"learning_rate": 0.1, "beta1": 0.0, "beta2": 0.0, "epsilon": 1e-3},
    {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.25, "epsilon": 0.0},
    {"learning_rate": 0.1, "warmup": 5},
    {"learning_rate": 0.1, "beta2": 0.5, "amsgrad": True},
]
STEPS = 12


def start_and_gradients(seed=0):
    random = np.random.RandomState(seed)
    parameters = [random.standard_normal((2, 3)), random.standard_normal((2, 1))]
    scales = [10.0 ** np.arange(-6, 6, 2).reshape(2, 3), np.array([[1e-9], [1e9]])]
    gradients = [[s * random.standard_normal(s.shape) for s in scales] for _ in range(STEPS)]
    return parameters, gradients


def adam_by_the_paper(
    theta,
    gradients,
    learning_rate=0.0075,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    warmup=0,
    amsgrad=False,
):
    """Algorithm 1 of Kingma and Ba, of one number, line by line."""
    m = v = largest = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        largest = max(largest, v)
        v_hat = (largest if amsgrad else v) / (1 - beta2**t)
        alpha = learning_rate * t / warmup if t < warmup else learning_rate
        theta = theta - alpha * m_hat / (math.sqrt(v_hat) + epsilon)
    return theta


@pytest.mark.parametrize("settings", SETTINGS)
def test_adam_is_the_papers(settings):
    parameters, gradients = start_and_gradients()
    before = [p.copy() for p in parameters]
    optimizer = Adam(**settings)
    state = optimizer.start(parameters)
    for t in range(1, STEPS + 1):
        optimizer.update(parameters, gradients[t - 1], state)
        for k, array in enumerate(parameters):
            for place in np.ndindex(array.shape):
                series = [float(g[k][place]) for g in gradients[:t]]
                expected = adam_by_the_paper(float(before[k][place]), series, **settings)
                assert array[place] == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize("warmup", [0, 1, 4, STEPS, 100])
def test_gradient_descent_is_what_it_says(warmup):
    parameters, gradients = start_and_gradients()
    expected = [p.copy() for p in parameters]
    optimizer = GradientDescent(0.01, warmup=warmup)
    state = optimizer.start(parameters)
    for t, step in enumerate(gradients, start=1):
        optimizer.update(parameters, step, state)
        rate = 0.01 * (t / warmup) if t < warmup else 0.01
        for k, array in enumerate(expected):
            for place in np.ndindex(array.shape):
                array[place] = float(array[place]) - rate * float(step[k][place])
    for ours, theirs in zip(parameters, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-15, atol=1e-12)


@pytest.mark.parametrize(
    "run", [*RECORD["adam"], *RECORD["amsgrad"]], ids=["article", "mended", "amsgrad"]
)
def test_adam_is_pytorchs(run):
    def read(rows):
        return np.array([[float.fromhex(x) for x in row] for row in rows])

    parameters = [read(p) for p in run["start"]]
    optimizer = Adam(**run["settings"])
    state = optimizer.start(parameters)
    assert len(run["gradients"]) == len(run["after"]) == 5
    for gradients, after in zip(run["gradients"], run["after"], strict=True):
        optimizer.update(parameters, [read(g) for g in gradients], state)
        for ours, theirs in zip(parameters, after, strict=True):
            np.testing.assert_allclose(ours, read(theirs), rtol=0, atol=1e-12)


def test_the_defaults_are_the_articles():
    assert GradientDescent() == GradientDescent(learning_rate=0.0075)
    assert Adam() == Adam(learning_rate=0.0075, beta1=0.9, beta2=0.999, epsilon=1e-8)


@pytest.mark.parametrize("optimizer", [GradientDescent(), Adam()])
def test_arrays_are_changed_in_place_and_gradients_left_alone(optimizer):
    parameters, gradients = start_and_gradients()
    kept, copies = list(parameters), [g.copy() for g in gradients[0]]
    before = [p.copy() for p in parameters]
    optimizer.update(parameters, gradients[0], optimizer.start(parameters))
    assert all(a is b for a, b in zip(parameters, kept, strict=True))
    assert all((a != b).all() for a, b in zip(parameters, before, strict=True))
    assert all((a == b).all() for a, b in zip(gradients[0], copies, strict=True))


def test_state_belongs_to_a_run_and_not_to_the_optimizer():
    optimizer = Adam()
    ends = []
    for _ in range(2):
        parameters, gradients = start_and_gradients()
        state = optimizer.start(parameters)
        for step in gradients:
            optimizer.update(parameters, step, state)
        ends.append(b"".join(p.tobytes() for p in parameters))
    assert ends[0] == ends[1]
    assert optimizer == Adam() and vars(optimizer) == vars(Adam())
    with pytest.raises(FrozenInstanceError):
        optimizer.learning_rate = 1.0


def test_two_runs_at_once_do_not_disturb_each_other():
    optimizer = Adam()
    runs = [start_and_gradients(seed) for seed in (0, 1)]
    states = [optimizer.start(parameters) for parameters, _ in runs]
    for t in range(STEPS):
        for (parameters, gradients), state in zip(runs, states, strict=True):
            optimizer.update(parameters, gradients[t], state)
    for seed, (parameters, _) in enumerate(runs):
        alone, gradients = start_and_gradients(seed)
        state = optimizer.start(alone)
        for step in gradients:
            optimizer.update(alone, step, state)
        assert all((a == b).all() for a, b in zip(parameters, alone, strict=True))


def test_a_gradient_of_zero_changes_nothing():
    for optimizer in (GradientDescent(), Adam()):
        parameters = [np.ones((2, 2))]
        state = optimizer.start(parameters)
        for _ in range(3):
            optimizer.update(parameters, [np.zeros((2, 2))], state)
        assert (parameters[0] == 1.0).all()


@pytest.mark.parametrize("value", [0, 0.0, -0.1, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", [GradientDescent, Adam])
def test_learning_rates_out_of_range_are_refused(kind, value):
    with pytest.raises(ParameterError, match="learning_rate must be above 0"):
        kind(learning_rate=value)


@pytest.mark.parametrize("value", [-0.1, 1, 1.0, 1.5, math.nan, math.inf])
@pytest.mark.parametrize("name", ["beta1", "beta2"])
def test_decay_rates_out_of_range_are_refused(name, value):
    with pytest.raises(ParameterError, match=rf"{name} must be in \[0, 1\)"):
        Adam(**{name: value})


@pytest.mark.parametrize("value", [-1e-9, math.nan, math.inf, -math.inf])
def test_epsilons_out_of_range_are_refused(value):
    with pytest.raises(ParameterError, match="epsilon must be 0 or above"):
        Adam(epsilon=value)


NUMBERS = [
    np.float16(0.1),
    np.float32(0.1),
    np.float64(0.1),
    np.longdouble(1) / 3,
    Fraction(1, 3),
    0,
    np.int8(0),
]


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: type(value).__name__)
def test_numbers_of_any_kind_are_made_floats_once(value):
    made = Adam(value + 1, value, value, value)
    for number in (made.learning_rate, made.beta1, made.beta2, made.epsilon):
        assert type(number) is float
    assert made == Adam(float(value + 1), float(value), float(value), float(value))
    assert GradientDescent(value + 1) == GradientDescent(float(value + 1))
    ends = []
    for optimizer in (made, Adam(float(value + 1), float(value), float(value), float(value))):
        parameters, gradients = start_and_gradients()
        state = optimizer.start(parameters)
        for step in gradients:
            optimizer.update(parameters, step, state)
        ends.append(b"".join(p.tobytes() for p in parameters))
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    "value", [True, False, np.True_, "0.1", b"1", None, 1j, Decimal("0.1"), np.array(0.1), [0.1]]
)
@pytest.mark.parametrize("name", ["learning_rate", "beta1", "beta2", "epsilon"])
def test_what_is_no_number_is_refused(name, value):
    with pytest.raises(ParameterError, match=f"{name} must be a number, not "):
        Adam(**{name: value})


@pytest.mark.parametrize("value", [10**400, -(10**5000), Fraction(10**400, 3)], ids=["", "-", "/"])
@pytest.mark.parametrize("name", ["learning_rate", "beta1", "beta2", "epsilon"])
def test_numbers_too_large_for_float64_are_refused(name, value):
    with pytest.raises(ParameterError, match=f"{name} must be finite"):
        Adam(**{name: value})


def test_numbers_too_small_for_float64_are_zero():
    tiny = Fraction(1, 10**400)
    assert Adam(epsilon=tiny) == Adam(epsilon=0.0)
    with pytest.raises(ParameterError, match="learning_rate must be above 0"):
        Adam(tiny)


@pytest.mark.parametrize("value", [-1, 0.5, 2.0, True, math.nan, "10"])
@pytest.mark.parametrize("kind", [GradientDescent, Adam])
def test_other_warmups_are_refused(kind, value):
    with pytest.raises(ParameterError, match="warmup must be a whole number from 0, not"):
        kind(warmup=value)


@pytest.mark.parametrize("value", [1, 0.0, "yes", None])
def test_amsgrad_is_true_or_false(value):
    with pytest.raises(ParameterError, match="amsgrad must be True or False, not"):
        Adam(amsgrad=value)


def test_settings_are_pythons_own_numbers():
    adam = Adam(np.float32(0.5), warmup=np.int8(3), amsgrad=np.bool_(True))
    kinds = [float] * 4 + [int, bool] + [float] * 2 + [type(None)]
    assert [type(value) for value in vars(adam).values()] == kinds
    assert adam == Adam(0.5, warmup=3, amsgrad=True) != Adam(0.5, warmup=3)


def test_the_ends_of_the_ranges_are_allowed():
    Adam(learning_rate=5e-324, beta1=0, beta2=0.0, epsilon=0)
    GradientDescent(learning_rate=1e300)


def test_as_many_gradients_as_parameters():
    for optimizer in (GradientDescent(), Adam()):
        parameters = [np.ones((2, 2))]
        with pytest.raises(ValueError):
            optimizer.update(parameters, [], optimizer.start(parameters))


def test_without_epsilon_a_parameter_without_gradient_stays():
    theta = np.array([[1.0, 2.0]])
    adam = Adam(0.1, epsilon=0.0)
    adam.update([theta], [np.array([[0.0, 3.0]])], adam.start([theta]))
    assert theta[0, 0] == 1.0
    assert theta[0, 1] == pytest.approx(1.9)
