"""Momentum, penalties, falling rates and dropout against PyTorch, whose steps are recorded."""

import json
from decimal import Decimal, getcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from catnet import Adam, Cosine, GradientDescent, Network, ParameterError, Split, StepDecay
from catnet.engine.propagation import Propagation
from catnet.engine.stack import Stack

RECORD = json.loads(
    (Path(__file__).parent / "record" / "torch_steps.json").read_text(encoding="utf-8")
)


def numbers(nested):
    return np.vectorize(float.fromhex, otypes=[float])(np.array(nested))


def named(case):
    return " ".join([case["optimizer"], *list(case["settings"])[1:]])


@pytest.mark.parametrize("case", RECORD["steps"], ids=named)
def test_every_step_is_pytorchs(case):
    settings = dict(case["settings"])
    if "schedule" in settings:
        kind = StepDecay if "every" in settings["schedule"] else Cosine
        settings["schedule"] = kind(**settings["schedule"])
    optimizer = (GradientDescent if case["optimizer"] == "SGD" else Adam)(**settings)
    optimizers = optimizer, optimizer.for_biases()
    parameters = [numbers(x) for x in case["start"]]
    states = [o.start([theta]) for o, theta in zip(optimizers, parameters, strict=True)]
    assert len(case["after"]) >= 7
    for gradients, expected in zip(case["gradients"], case["after"], strict=False):
        for place, one in enumerate(optimizers):
            g = numbers(gradients[place])
            one.update([parameters[place]], [g], states[place])
            np.testing.assert_allclose(parameters[place], numbers(expected[place]), 1e-12, 1e-14)


def test_the_gradient_with_dropout_is_pytorchs():
    record = RECORD["dropout"]
    network = Network([12, 5, 4, 1])
    for mine, theirs in zip(network.weights, record["weights"], strict=True):
        mine[...] = numbers(theirs)
    for mine, theirs in zip(network.biases, record["biases"], strict=True):
        mine[...] = numbers(theirs)
    images = np.array(record["images"], dtype=np.uint8)
    split = Split(images, np.array(record["labels"], dtype=np.int64))
    stack = Stack([network])
    passes = Propagation(stack, split)
    passes.driven[0] = network.weights[0] @ split.features
    forward, backward = stack.sliced()
    factors = numbers(record["factors"])
    assert 0.1 < np.mean(factors == 0) < 0.5
    passes.forward(forward, factors[np.newaxis])
    passes.backward(backward)
    passes.cut_first()
    first = passes.first_gradient(slice(None), np.empty_like(stack.first))
    found = [first[0], *(w[0] for w in passes.weights[1:])]
    for mine, theirs in zip(found, record["weight_gradients"], strict=True):
        np.testing.assert_allclose(mine, numbers(theirs), rtol=0, atol=1e-10)
    for mine, theirs in zip(passes.biases, record["bias_gradients"], strict=True):
        np.testing.assert_allclose(mine[0], numbers(theirs), rtol=0, atol=1e-10)


def test_the_cosine_is_right_to_the_last_digits():
    getcontext().prec = 40
    pi = Decimal("3.141592653589793238462643383279502884197169")
    for updates in (1, 7, 1000):
        for update in range(0, updates + 3, max(1, updates // 50)):
            y = pi * min(update, updates) / updates
            term, cosine = Decimal(1), Decimal(1)
            for n in range(1, 25):
                term *= -y * y / ((2 * n - 1) * (2 * n))
                cosine += term
            expected = float(Decimal("0.25") + Decimal("0.75") * (1 + cosine) / 2)
            assert Cosine(updates, 0.25).at(update) == pytest.approx(expected, abs=2e-16)
    assert Cosine(5).at(5) == Cosine(5).at(99) == 0 and Cosine(5).at(0) == 1


def test_steps_fall_after_so_many_updates():
    found = [StepDecay(3, 0.5).at(update) for update in range(8)]
    assert found == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]
    for times in (0, 1, 2, 3, 10, 1000):
        expected = float(Fraction(0.999) ** times)
        assert StepDecay(1, 0.999).at(times) == pytest.approx(expected, rel=1e-13, abs=0)
    assert StepDecay(1, 0.999).at(10**7) == 0  # and at once


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64])
@pytest.mark.parametrize("number", [np.float16, np.float32, np.longdouble, Fraction])
def test_schedules_are_of_pythons_own_numbers(kind, number):
    """NumPy's would make the rate one of theirs, with other bits, and int8 ends at 127."""
    share = number(0.1)
    for made, same in (
        (StepDecay(kind(3), share), StepDecay(3, float(share))),
        (Cosine(kind(100), share), Cosine(100, float(share))),
    ):
        assert [type(value) for value in vars(made).values()] == [int, float]
        assert made == same and repr(made) == repr(same)
        for update in (0, 5, 99, 1000):
            assert type(made.at(update)) is float and made.at(update) == same.at(update)


def test_a_schedule_multiplies_the_rate_of_the_warm_up():
    theta = np.zeros(1)
    optimizer = GradientDescent(1.0, warmup=4, schedule=StepDecay(2, 0.5))
    state, found = optimizer.start([theta]), []
    for _ in range(6):
        before = theta.copy()
        optimizer.update([theta], [np.ones(1)], state)
        found.append(float((before - theta)[0]))
    assert found == [0.25, 0.5, 0.375, 0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: GradientDescent(momentum=1), r"momentum must be in \[0, 1\), not 1.0"),
        (lambda: GradientDescent(nesterov=True), "nesterov needs a momentum above 0"),
        (lambda: GradientDescent(nesterov=1), "nesterov must be True or False"),
        (lambda: Adam(l2=-1), "l2 must be 0 or above and finite, not -1.0"),
        (lambda: Adam(weight_decay=np.inf), "weight_decay must be 0 or above and finite"),
        (lambda: Adam(schedule="cosine"), "schedule must be a StepDecay or a Cosine"),
        (lambda: StepDecay(0), "every must be at least 1"),
        (lambda: StepDecay(1, 0.0), r"factor must be in \(0, 1\], not 0.0"),
        (lambda: Cosine(1.0), "updates must be at least 1, a whole number"),
        (lambda: Cosine(5, 2), r"floor must be in \[0, 1\], not 2"),
    ],
)
def test_other_settings_are_refused(make, said):
    with pytest.raises(ParameterError, match=said):
        make()
