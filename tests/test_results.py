"""Results: what a chapter leaves for other programs, to the last bit."""

import json

import numpy as np
import pytest

from catnet import Adam, Dataset, Network, Results, Run, Split, fit
from catnet.report.results import MIME_TYPE

COSTS = np.array([0.1 + 0.2, 1 / 3, 0.6931451805619453, 5e-324, 1e300, np.nextafter(1, 2), 0.0])


def run(costs=COSTS):
    return Run(costs, 0.9856459330143541, 0.72, "3f9c" * 16)


def results():
    parameters = {"seed": 3, "layer_dims": [12288, 1], "learning_rate": 0.0075, "dataset": "drawn"}
    return Results("02-gradient-descent", parameters, {"one": run(), "two": run(COSTS[::-1])})


def same(a, b):
    assert (a.chapter, a.parameters, list(a.runs)) == (b.chapter, b.parameters, list(b.runs))
    for name in a.runs:
        assert a.runs[name].costs.tobytes() == b.runs[name].costs.tobytes()
        assert b.runs[name].costs.dtype == np.float64
        for key in ("train_accuracy", "test_accuracy", "digest"):
            assert getattr(a.runs[name], key) == getattr(b.runs[name], key)


@pytest.mark.parametrize("number", [float, float.hex, lambda x: 0 if x == 0 else x])
def test_json_keeps_every_bit(number):
    text = json.dumps(results().to_json(number), allow_nan=False)
    same(results(), Results.from_json(json.loads(text)))


def test_hexadecimal_costs_are_texts():
    content = results().to_json(float.hex)["runs"]["one"]
    assert content["costs"][:2] == ["0x1.3333333333334p-2", "0x1.5555555555555p-2"]
    assert content["train_accuracy"] == 0.9856459330143541
    assert results().to_json()["runs"]["one"]["costs"][0] == 0.30000000000000004


def test_json_is_plain():
    content = results().to_json()
    assert list(content) == ["chapter", "parameters", "runs"]
    assert list(content["runs"]["one"]) == ["costs", "train_accuracy", "test_accuracy", "digest"]
    assert {type(c) for c in content["runs"]["one"]["costs"]} == {float}


def test_json_does_not_share_the_parameters():
    original = results()
    original.to_json()["parameters"]["seed"] = 9
    assert original.parameters["seed"] == 3


def test_one_flipped_bit_is_seen():
    costs = COSTS.copy()
    costs.view(np.uint64)[1] ^= np.uint64(1)
    changed = Results("02-gradient-descent", results().parameters, {"one": run(costs)})
    ours, theirs = (x.to_json(float.hex)["runs"]["one"]["costs"] for x in (results(), changed))
    assert [i for i in range(len(COSTS)) if ours[i] != theirs[i]] == [1]


def test_a_notebook_gets_text_and_json():
    bundle = results()._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/plain", MIME_TYPE}
    same(results(), Results.from_json(json.loads(json.dumps(bundle[MIME_TYPE]))))
    assert bundle["text/plain"] == str(results())
    lines = bundle["text/plain"].splitlines()
    assert lines == [
        "one",
        "  7 costs, the last 0.0",
        "  accuracy 0.9856459330143541 in training, 0.72 in the test",
        "  weights 3f9c3f9c3f9c",
        "two",
        "  7 costs, the last 0.30000000000000004",
        *lines[2:4],
    ]


@pytest.mark.parametrize(
    "length, every, shown",
    [
        (1, 100, [0]),
        (7, 3, [0, 3, 6]),
        (8, 3, [0, 3, 6, 7]),
        (101, 100, [0, 100]),
        (250, 100, [0, 100, 200, 249]),
    ],
)
def test_a_report_has_a_line_every_so_often_and_the_last(length, every, shown):
    costs = np.arange(length) / 7
    lines = run(costs).report(every).splitlines()
    assert lines == [
        *[f"cost before update {i}: {float(costs[i])!r}" for i in shown],
        "accuracy on the training images: 0.9856459330143541",
        "accuracy on the test images: 0.72",
    ]
    if every == 100:
        assert run(costs).report() == "\n".join(lines)


def test_a_run_sums_up_a_training():
    random = np.random.RandomState(0)
    train, test = (
        Split(random.randint(0, 256, (n, 2, 2, 3)).astype(np.uint8), np.arange(n) % 2)
        for n in (8, 4)
    )
    network = Network([12, 3, 1])
    history = fit(network, train, Adam(), 5)
    summary = Run.of(network, history, Dataset("mine", train, test))
    assert summary.costs.tobytes() == history.costs.tobytes()
    assert summary.train_accuracy == network.accuracy(train)
    assert summary.test_accuracy == network.accuracy(test)
    assert summary.digest == network.digest()
