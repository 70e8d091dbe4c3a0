"""Trainings that go on from a file: with the bits of one that was never stopped."""

import numpy as np
import pytest
from test_batches import ALL
from test_options import DATA, DIMS

from catnet import (
    Adam,
    Cosine,
    DataError,
    EarlyStopping,
    GradientDescent,
    Network,
    ParameterError,
    Split,
    StepDecay,
    fit,
)

TRAIN = DATA.train
WATCH = ["dead_units", "gradient_norms", "logit_ranges"]
CASES = {
    "Adam": {"optimizer": Adam(0.05)},
    "gradient descent": {"optimizer": GradientDescent(0.1, warmup=30)},
    "AMSGrad": {"optimizer": Adam(0.01, amsgrad=True, epsilon=0)},
    "Nesterov": {"optimizer": GradientDescent(0.05, momentum=0.9, nesterov=True, l2=0.01)},
    "cosine": {"optimizer": Adam(0.01, weight_decay=0.1, schedule=Cosine(100, 0.1), warmup=20)},
    "steps by batches": {
        "optimizer": GradientDescent(0.05, momentum=0.5, schedule=StepDecay(30, 0.7)),
        "batch_size": 8,
    },
    "all at random": {"batch_size": 7, "dropout": 0.3, "augmentation": ALL, "seed": 4},
    "held and frozen": {"hold_first_layer": 25, "frozen_layers": [2], "layer_rates": (0.5, 1, 2)},
    "frozen first": {"frozen_layers": [1], "batch_size": 4},
    "stopping": {"validation": DATA.test, "early_stopping": EarlyStopping(20)},
}


def trained(iterations, path=None, **options):
    network = Network(DIMS, seed=3)
    options = {"optimizer": Adam(0.01), "watch": WATCH, "save_every": 10} | options
    history = fit(network, TRAIN, num_iterations=iterations, save_to=path, **options)
    arrays = {name: v.tobytes() for name, v in vars(history).items() if hasattr(v, "tobytes")}
    return network.digest(), arrays | {"best": history.best_iteration}


@pytest.mark.parametrize("name", CASES)
def test_a_training_goes_on_as_if_it_had_not_been_stopped(name, tmp_path, monkeypatch):
    path = tmp_path / "training.npz"
    expected = trained(120, **CASES[name])
    stops = [15, 46] if name == "stopping" else [15, 77]
    for iterations, strip in zip([*stops, 120], [2**18, 50, 100], strict=True):
        # It does not matter how the work was cut up before.
        monkeypatch.setattr("catnet.engine.updating.updates.STRIP", strip)
        monkeypatch.setattr("catnet.engine.updating.updates.LEAST", 10)
        assert path.exists() == (iterations != 15)
        found = trained(iterations, path, **CASES[name])
    assert found == expected
    assert trained(120, path, **CASES[name]) == expected
    assert [file.name for file in tmp_path.iterdir()] == ["training.npz"]


def test_what_was_saved_outlives_a_failure_of_the_images(tmp_path):
    class Failing(Split):
        reads = 0

        def batch(self, index):
            Failing.reads += 1
            if Failing.reads == 35:
                raise DataError("the file was altered")
            return super().batch(index)

    images = Failing(TRAIN.images, TRAIN.labels)
    path, options = tmp_path / "training.npz", {"batch_size": 7, "save_every": 10}
    with pytest.raises(DataError, match="altered"):
        fit(Network(DIMS, 3), images, Adam(0.01), 60, save_to=path, **options)
    network = Network(DIMS, 3)
    fit(network, images, Adam(0.01), 60, save_to=path, **options)
    assert Failing.reads < 35 + 60 - 30 + 5  # it did not begin anew
    assert network.digest() == trained(60, batch_size=7)[0]


def test_another_training_is_not_taken_up(tmp_path):
    path = tmp_path / "training.npz"
    trained(20, path)
    for other in ({"optimizer": Adam(0.02)}, {"batch_size": 3}, {"validation": DATA.test}):
        with pytest.raises(ParameterError, match="other settings or images"):
            trained(20, path, **other)
    with pytest.raises(ParameterError, match="other settings or images"):
        fit(Network(DIMS, 4), TRAIN, Adam(0.01), 20, save_to=path)
    with pytest.raises(ParameterError, match="has had 20 updates, more than the 10 that"):
        trained(10, path)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no archive", b"\x89HDF\r\n\x1a\n"])
def test_a_file_that_holds_no_training_is_refused(content, tmp_path):
    path = tmp_path / "training.npz"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match="holds no training to go on from"):
        trained(20, path)
    trained(20, whole := tmp_path / "whole.npz")
    path.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(ParameterError, match="holds no training to go on from"):
        trained(20, path)
    np.savez(path, about="x" * 9)
    with pytest.raises(ParameterError, match="other settings"):
        trained(20, path)


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"nowhere.training\.npz cannot be written"):
        trained(20, tmp_path / "nowhere" / "training.npz")


@pytest.mark.parametrize("options", [{"snapshots": [3]}, {"save_every": 0}])
def test_what_cannot_be_saved_is_refused(options, tmp_path):
    with pytest.raises(ParameterError, match="without snapshots|save_every must be at least 1"):
        trained(20, tmp_path / "training.npz", **options)
    with pytest.raises(ParameterError, match="without snapshots and sample_space"):
        trained(20, tmp_path / "a.npz", optimizer=GradientDescent(), sample_space=True)
