"""A file of drawn images: the very images, the same bytes each time, whole or not at all."""

import hashlib
import os
from types import SimpleNamespace

import numpy as np
import pytest

from catnet import DataError, ParameterError, cli, load_data
from catnet.images.drawn import load_drawn
from catnet.images.files import own, writing
from catnet.images.files.writing import write_drawn
from catnet.images.stored import StoredImages

# Of the file of 9 and 4 images; the same from libhdf5 1.14 and 2.0.
SHA256 = "9c72e7ea375aeb25bb17a31595fc3325e68402fc11e519cb218ea81649b21eef"


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "PIECE", 4)
    return tmp_path / "some.h5"


def test_the_file_holds_what_load_drawn_draws(path, monkeypatch):
    write_drawn(path, 9, 4, seed=3)
    monkeypatch.setattr(own, "WHOLE", 0)
    found, right = load_data(path), load_drawn(9, 4, seed=3)
    assert (found.name, found.classes) == ("some", right.classes)
    for mine, theirs in ((found.train, right.train), (found.test, right.test)):
        assert type(mine.images) is StoredImages
        assert (np.asarray(mine.images) == theirs.images).all()
        assert (mine.labels == theirs.labels).all()
        assert mine.factors.keys() == theirs.factors.keys()
        for name, values in theirs.factors.items():
            assert mine.factors[name].dtype == values.dtype
            assert (mine.factors[name] == values).all()


def test_the_bytes_are_the_same_everywhere(path):
    write_drawn(path, 9, 4)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256


def test_an_existing_file_is_kept_unless_it_may_be_replaced(path):
    path.write_text("mine")
    with pytest.raises(ParameterError, match="is there already: .* add --force"):
        write_drawn(path, 3, 1)
    assert path.read_text() == "mine"
    write_drawn(path, 3, 1, force=True)
    assert len(load_data(path).train) == 3 and os.listdir(path.parent) == ["some.h5"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_file_that_is_not_finished(path, monkeypatch, error):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(writing.os, "fsync", fail)
    with pytest.raises((DataError, KeyboardInterrupt)) as caught:
        write_drawn(path, 3, 1)
    assert os.listdir(path.parent) == []
    if isinstance(error, OSError):
        assert "some.h5 cannot be written (No space left on device): make room" in str(caught.value)


def test_room_is_asked_for_first(path, monkeypatch):
    monkeypatch.setattr(
        writing.shutil, "disk_usage", lambda folder: SimpleNamespace(total=10**9, free=10**6)
    )
    with pytest.raises(DataError, match=r"takes 642 MB, and only 1 MB are free there: make room"):
        write_drawn(path, 50_000)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["some.txt"], "ends in .h5 or .hdf5, not as 'some.txt'"),
        (["no/some.h5"], "no/some.h5 cannot be written (No such file or directory)"),
        (["some.h5", "--seed", "-1"], "seed must be a whole number in 0"),
        (["folder.h5"], "folder.h5 is a folder"),
    ],
)
def test_users_errors(path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(path.parent)
    (path.parent / "folder.h5").mkdir()
    assert cli.main(["draw", "--count", "2", "--test-count", "1", *arguments]) == 2
    assert sentence in capsys.readouterr().err
    assert os.listdir() == ["folder.h5"]


def test_the_command(path, monkeypatch, capsys):
    monkeypatch.chdir(path.parent)
    assert cli.main(["draw", "--count", "5", "--test-count", "2", "--seed", "7", "some.h5"]) == 0
    out = capsys.readouterr().out
    assert "some.h5: 5 images to train on (2 of them cats) and 2 to test with (1), " in out
    assert "They are load_drawn(5, 2, 7); load_data('some.h5') reads them." in out
    assert cli.main(["draw", "--count", "5", "some.h5"]) == 2
