"""A network saved and read again, and every other file refused in a sentence."""

import h5py
import numpy as np
import pytest

from catnet import Network, ParameterError, draw
from catnet.storage import apart
from catnet.storage import networks as storage


@pytest.fixture(autouse=True)
def in_this_process(request, monkeypatch):
    """Read in this process, which is faster; one test reads as users do."""
    monkeypatch.setattr(apart, "PROCESSES", "in_a_process_of_its_own" in request.node.name)


@pytest.mark.parametrize("dims", [[12, 1], [12, 3, 1], [12, *[2] * 11, 1]])
def test_saved_and_read_again(tmp_path, dims):
    network = Network(dims, seed=5)
    for b in network.biases:
        b[...] = np.random.RandomState(0).standard_normal(b.shape)
    network.save(tmp_path / "network.h5")
    read = Network.load(tmp_path / "network.h5")
    assert read.layer_dims == tuple(dims)
    assert read.digest() == network.digest()


def test_the_activation_is_saved_and_read_again(tmp_path):
    path = tmp_path / "network.h5"
    Network([12, 3, 1]).save(path)
    with h5py.File(path) as file:
        assert set(file) == {"weights", "biases"}  # as before there was a choice
    assert Network.load(path).activation == "relu"
    network = Network([12, 3, 1], activation="leaky_relu")
    network.save(path)
    assert Network.load(path).activation == "leaky_relu"
    for wrong, match in [
        (np.array([0.2]), "slope of 0.2, which is not known"),
        (np.array([np.nan]), "slope of nan"),
        (np.array([0.01, 0.01]), r"slope of .* must be float64 of shape \(1,\)"),
        (np.array([0.01], np.float32), "slope of .* must be float64"),
        (h5py.Empty("f8"), "slope of .* must be float64"),
        (h5py.SoftLink("/nowhere"), "soft link"),
    ]:
        with h5py.File(path, "r+") as file:
            replace("slope", wrong)(file)
        refused(path, match)


def test_saved_and_read_again_in_a_process_of_its_own(tmp_path):
    network = Network([12288, 30, 1], seed=5, activation="leaky_relu")
    network.save(str(tmp_path / "network.h5"))
    read = Network.load(str(tmp_path / "network.h5"))
    assert read.digest() == network.digest()
    images = draw(2, 2, seed=1)
    assert read.predict_proba(images).tolist() == network.predict_proba(images).tolist()
    read.weights[0][0, 0] = 0.0  # it may be trained on


def test_bytes_in_another_order_are_read_as_the_same_numbers(tmp_path):
    network = Network([12, 3, 1], seed=1)
    network.save(tmp_path / "network.h5")
    with h5py.File(tmp_path / "network.h5", "r+") as file:
        replace("weights/1", network.weights[0].astype(">f8"))(file)
    read = Network.load(tmp_path / "network.h5")
    assert read.weights[0].dtype == np.float64 and read.weights[0].dtype.isnative
    assert read.digest() == network.digest()


def refused(path, match):
    with pytest.raises(ParameterError, match=match) as caught:
        Network.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_hdf5_are_refused(tmp_path):
    path = tmp_path / "network.h5"
    refused(path, "cannot be read")
    refused(tmp_path, "is a folder")
    path.write_text("<!DOCTYPE html>")
    refused(path, "web page")
    path.write_bytes(b"")
    refused(path, "is empty")


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "network.h5"
    Network([300, 30, 1]).save(path)
    path.write_bytes(path.read_bytes()[:20_000])
    refused(path, "truncated or damaged")


def test_what_is_too_large_is_neither_saved_nor_read(tmp_path, monkeypatch):
    path = tmp_path / "network.h5"
    Network([300, 30, 1]).save(path)
    monkeypatch.setattr(storage, "MAX_BYTES", 50_000)
    refused(path, "larger than 50000 bytes")
    with pytest.raises(ParameterError, match="more than 50000 bytes"):
        Network([300, 30, 1]).save(tmp_path / "another.h5")
    assert not (tmp_path / "another.h5").exists()


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(ParameterError, match="cannot be written"):
        Network([12, 1]).save(tmp_path)


def replace(name, array):
    def change(file):
        del file[name]
        file[name] = array

    return change


def create(name, shape, **storage):
    def change(file):
        del file[name]
        file.create_dataset(name, shape, np.float64, **storage)

    return change


def drop(*names):
    def change(file):
        for name in names:
            del file[name]

    return change


def two_outputs(file):
    replace("weights/2", np.zeros((2, 30)))(file)
    replace("biases/2", np.zeros((2, 1)))(file)


def the_same_twice(file):
    for name in ("weights/3", "weights/4"):
        file[name] = file["weights/1"]


@pytest.mark.parametrize(
    "change, match",
    [
        (drop("weights"), r"no array weights/\* \(it holds: biases"),
        (drop("biases"), r"no array biases/\*"),
        (drop("weights/1", "weights/2"), r"no array weights/\*"),
        (replace("weights", np.zeros(3)), r"no array weights/\*"),
        (drop("weights/1"), "no array weights/1"),
        (drop("biases/2"), "do not follow on"),
        (replace("weights/2", np.zeros((1, 4))), "do not follow on"),
        (replace("biases/1", np.zeros((4, 1))), "do not follow on"),
        (replace("biases/1", np.zeros((3, 2))), "do not follow on"),
        (replace("biases/1", np.zeros(3)), r"must be float64 of shape \(any, any\), but .*\(3,\)"),
        (replace("biases/1", h5py.Empty("f8")), "biases/1 of .* must be float64"),
        (replace("weights/1", np.zeros((3, 12), np.float32)), "but is float32 of shape"),
        (replace("weights/2", np.array([[b"a"] * 3])), "weights/2 of .* must be float64"),
        (two_outputs, "must end with 1"),
        (replace("weights/1", np.zeros((30, 0))), "each at least 1"),
        (lambda file: file.create_group("weights/3"), "weights/3 of .* not an array but a group"),
        (replace("weights/2", h5py.SoftLink("/nowhere")), "soft link"),
        (replace("weights/2", h5py.SoftLink("/biases/1")), "soft link"),
        (replace("weights", h5py.ExternalLink("other.h5", "/weights")), "external link"),
        (create("weights/1", (2**25, 2**20)), "weights/1 of .* does not lie in the file as"),
        (create("weights/1", (2**9, 2**9), compression="gzip"), "does not lie in the file as"),
        (the_same_twice, "does not lie in the file as"),
    ],
)
def test_files_that_do_not_hold_a_network_are_refused(tmp_path, change, match):
    path = tmp_path / "network.h5"
    Network([12, 30, 1]).save(path)
    with h5py.File(path, "r+") as file:
        change(file)
    refused(path, match)
