"""Sets of one's own: images in a file, in memory or left in it, else a sentence."""

import base64
import os
import sys
import zlib
from dataclasses import replace

import h5py
import numpy as np
import pytest
from test_hdf5 import DEADLY

import catnet
from catnet import DataError, Dataset, ParameterError, Split, load_data
from catnet.images.drawn import load_drawn
from catnet.images.files import own
from catnet.images.stored import ImageFile, StoredImages
from catnet.storage import apart, hdf5
from catnet.studies.datasets import digest

SMALL = load_drawn(30, 12).shrunk(8)
LAYER_DIMS = (192, 4, 3, 1)


def write(path, data=SMALL, parts=("train", "test"), classes=None, userblock=0, **storage):
    with h5py.File(path, "w", userblock_size=userblock) as file:
        for part in parts:
            split = getattr(data, part)
            file.create_dataset(f"{part}_set_x", data=split.images, **storage)
            file[f"{part}_set_y"] = split.labels.reshape(1, -1)
        if classes is not None:
            file["list_classes"] = classes
    return path


def change(path, name, values):
    with h5py.File(path, "a") as file:
        del file[name]
        if values is not None:
            file[name] = values
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.h5"


@pytest.fixture
def stays(monkeypatch):
    """Leave images in their file, however few."""
    monkeypatch.setattr(own, "WHOLE", 0)
    monkeypatch.setattr("catnet.images.dataset.BLOCK", 7)


@pytest.fixture
def stored(path, stays):
    return load_data(write(path))


def same(found, data=SMALL):
    return all(
        (np.asarray(mine.images) == right.images).all() and (mine.labels == right.labels).all()
        for mine, right in ((found.train, data.train), (found.test, data.test))
    )


def refusal(path):
    with pytest.raises(DataError) as caught:
        load_data(path)
    sentence = str(caught.value)
    assert str(path.parent) in sentence and "\n" not in sentence
    return sentence


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    "storage",
    [
        {},
        {"userblock": 512},
        {"chunks": (5, 8, 8, 3)},
        {"compression": "gzip", "shuffle": True},
        {"compression": "lzf", "maxshape": (None, 8, 8, 3)},
    ],
    ids=str,
)
def test_a_file_is_read_however_it_is_stored(path, storage):
    found = load_data(write(path, **storage))
    assert same(found) and type(found.train.images) is np.ndarray
    assert (found.name, found.classes) == ("mine", ("non-cat", "cat"))


@pytest.mark.parametrize("classes", [["dog", "cat"], np.array([b"dog", b"cat"])], ids=["str", "S3"])
def test_classes_may_have_names(path, classes):
    assert load_data(write(path, classes=classes)).classes == ("dog", "cat")


@pytest.mark.parametrize("userblock", [0, 1024])
def test_a_large_set_stays_in_its_file(path, stays, userblock):
    found = load_data(write(path, userblock=userblock))
    assert same(found) and type(found.train.images) is StoredImages


def test_the_articles_layout_is_two_files(tmp_path, stays):
    train, test = tmp_path / "train_mine.h5", tmp_path / "test_mine.h5"
    write(train, parts=("train",))
    assert f"there is no {test.name} beside it" in refusal(train)
    write(test, parts=("test",))
    found = load_data(train)
    assert same(found) and found.name == "train_mine"
    assert same(found.pooled(), SMALL.pooled())
    assert "has no array train_set_x (it holds test_set_x, test_set_y)" in refusal(test)


def test_a_path_is_what_ends_like_a_file_or_holds_a_separator(tmp_path, monkeypatch):
    write(tmp_path / "mine.hdf5")
    os.rename(tmp_path / "mine.hdf5", tmp_path / "mine")
    assert same(load_data(f"{tmp_path}/mine"))
    monkeypatch.chdir(tmp_path)
    os.rename("mine", "mine.h5")
    assert same(load_data("mine.h5"))
    with pytest.raises(ParameterError, match=r"or a file such as FILE\.h5, not 'mine'"):
        load_data("mine")


# ---------------------------------------------------------------- what is refused


def test_a_file_that_is_none_is_refused(path):
    assert "is not there" in refusal(path)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert "is a Git LFS pointer" in refusal(path)
    path.unlink()
    path.mkdir()
    assert "is a folder" in refusal(path)


@pytest.mark.parametrize("share", [0.03, 0.3, 0.9])
def test_a_truncated_file_is_refused(path, share):
    content = write(path).read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "truncated or damaged" in refusal(path)


@pytest.mark.parametrize("kind", DEADLY)
def test_a_file_that_libhdf5_does_not_survive_is_refused(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(apart, "SECONDS", 2)
    path = write(tmp_path / "train_mine.h5", parts=("train",))
    content = zlib.decompress(base64.b85decode(DEADLY[kind]))
    path.with_name("test_mine.h5").write_bytes(content)
    sentence = refusal(path)
    assert "damaged" in sentence or "has no array" in sentence, sentence


X, Y = SMALL.train.images, SMALL.train.labels


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("train_set_x", None, "has no array train_set_x (it holds list_classes, test_set_x"),
        ("train_set_y", None, "has no array train_set_y"),
        ("test_set_x", None, "has no array test_set_x"),
        ("train_set_x", X / 255, "must be uint8"),
        ("train_set_x", X[0], "must be uint8 of shape (any, any, any, any)"),
        ("train_set_x", X[..., :2], "must be images of shape (n, height, width, 3)"),
        ("train_set_x", X[:0], "at least one"),
        ("test_set_x", X[:, :4], "are 8 by 8 to train on, but 4 by 8 to test with"),
        ("train_set_y", Y[:-1], "must be integer of shape (30,) or (30, 1) or (1, 30)"),
        ("train_set_y", Y / 1, "must be integer"),
        ("train_set_y", np.where(np.arange(30) == 4, 2, Y), "label 4 in train_set_y of"),
        ("list_classes", np.array([b"a", b"b", b"c"]), "must be two texts"),
        ("train_set_y", h5py.SoftLink("/test_set_y"), "a soft link, 'train_set_y', which is not"),
        ("train_set_x", h5py.ExternalLink("other.h5", "x"), "an external link"),
    ],
)
@pytest.mark.parametrize("whole", [0, 2**24])
def test_other_content_is_refused(path, name, values, reason, whole, monkeypatch):
    monkeypatch.setattr(own, "WHOLE", whole)
    write(path, classes=["a", "b"])
    assert reason in refusal(change(path, name, values))


def test_what_lies_elsewhere_is_refused(path):
    write(path)
    with h5py.File(path, "a") as file:
        shape = file["train_set_x"].shape
        del file["train_set_x"]
        file.create_dataset("train_set_x", shape, np.uint8, external="/etc/passwd")
    assert "in external storage" in refusal(path)


def test_a_large_file_must_not_be_packed(path, monkeypatch):
    write(path, compression="gzip")
    monkeypatch.setattr(own, "MAX_BYTES", 1000)
    sentence = refusal(path)
    assert "packed" in sentence and "without chunks and compression" in sentence


def test_a_small_file_may_not_unpack_to_a_large_one(path):
    write(path)
    with h5py.File(path, "a") as file:
        del file["train_set_x"]
        room = {"chunks": (1, 8, 8, 3), "compression": "gzip"}
        file.create_dataset("train_set_x", (2**40, 8, 8, 3), np.uint8, **room)
    assert "would unpack to" in refusal(path)


@pytest.mark.parametrize(
    "place", [[900, 2**40, 8, 8, 3], [10**6, 30, 8, 8, 3], [900, -30, 8, 8, 3]]
)
def test_a_place_beyond_the_file_is_refused(path, monkeypatch, place):
    """libhdf5 sees to that, too, where it has not been led astray itself."""
    write(path)
    monkeypatch.setattr(hdf5, "read_apart", lambda *_: {"train_set_x": np.array(place)})
    assert "beyond the file's end: it is truncated or damaged" in refusal(path)


# ---------------------------------------------------------------- images in their file


@pytest.mark.parametrize(
    "index",
    [
        3,
        -1,
        np.int64(2),
        slice(None),
        slice(4, 25, 3),
        slice(20, 2, -1),
        slice(9, 9),
        [5, 5, 2],
        np.array([29, 0, 1]),
        np.arange(30) % 3 == 1,
    ],
    ids=str,
)
def test_stored_images_are_read_as_an_array_is(stored, index):
    images, right = stored.train.images, SMALL.train.images
    found = images[index]
    assert found.dtype == np.uint8 and found.shape == right[index].shape
    assert (found == right[index]).all()
    some = stored.train.take(np.atleast_1d(np.arange(30)[index]))
    assert type(some.images) is StoredImages
    assert (some.batch(slice(None)).images == right[np.atleast_1d(np.arange(30)[index])]).all()


def test_stored_images_say_what_they_are(stored):
    images, right = stored.train.images, SMALL.train.images
    for name in ("shape", "dtype", "ndim", "size", "nbytes"):
        assert getattr(images, name) == getattr(right, name)
    assert len(images) == 30 and images.tobytes() == right.tobytes()
    assert [image.tobytes() for image in images] == [image.tobytes() for image in right]
    for wrong in (30, -31, (0, 0), (slice(None), 0), (slice(None), slice(2))):
        with pytest.raises(IndexError):
            images[wrong]
    with pytest.raises(IndexError, match="only neighbours"):
        images.reshape(30, -1 + 193)[:, ::2]
    with pytest.raises(ValueError, match="no shape"):
        images.reshape(30, 5)


@pytest.mark.parametrize("pixels", [slice(None), slice(5, 11), slice(190, 400), slice(3, 3)])
def test_blocks_of_stored_images_are_those_of_the_array(stored, pixels):
    offset = SMALL.train.mean_image()
    right = SMALL.train.centred(offset).pixels[pixels]
    blocks = list(stored.train.centred(offset).blocks(pixels))
    assert [place.stop for place, _ in blocks] == [7, 14, 21, 28, 30]
    assert (np.concatenate([numbers for _, numbers in blocks], axis=1) == right).all()


def test_all_that_is_made_of_a_split_is_made_of_a_stored_one(stored):
    assert (stored.train.mean_image() == SMALL.train.mean_image()).all()
    assert same(stored.shrunk(4), SMALL.shrunk(4))
    assert (stored.centred("mean").train.pixels == SMALL.centred("mean").train.pixels).all()
    pooled = replace(stored, test=stored.train.take([4, 2, 4])).pooled()
    assert len(pooled.train) == 30 and type(pooled.train.images) is StoredImages
    assert same(stored.pooled(), SMALL.pooled())
    assert (stored.pooled().train.factors["origin"] == SMALL.pooled().train.factors["origin"]).all()


def test_a_studys_digest_of_the_images_does_not_ask_where_they_are(path, monkeypatch):
    digests = set()
    write(path)
    monkeypatch.chdir(path.parent)
    for whole in (0, 2**24):
        monkeypatch.setattr(own, "WHOLE", whole)
        digests.add(digest(load_data(path.name)))
    assert len(digests) == 1


@pytest.mark.parametrize("harm", [lambda content: content[:-99], lambda content: content + b"x"])
def test_a_training_that_was_saved_goes_on_when_the_file_is_as_it_was(harm, path, stored, tmp_path):
    content, saved = path.read_bytes(), tmp_path / "training.npz"

    def train(split, updates, save_to=saved):
        network = catnet.Network(LAYER_DIMS, seed=0)
        options = {"batch_size": 7, "save_to": save_to, "save_every": 10}
        catnet.fit(network, split, catnet.Adam(0.01), updates, **options)
        return network.digest()

    train(stored.train, 25)
    path.write_bytes(harm(content))
    with pytest.raises(DataError, match=r"mine\.h5"):
        train(stored.train, 60)
    path.write_bytes(content)
    assert train(load_data(path).train, 60) == train(SMALL.train, 60, None)


def test_training_from_the_file_gives_the_same_bits(stored):
    found = []
    for data in (stored, SMALL):
        network = catnet.Network(LAYER_DIMS, seed=0)
        history = catnet.fit(network, data.train, catnet.Adam(), 5, validation=data.test)
        found.append(
            (network.digest(), history.costs.tobytes(), history.validation_costs.tobytes())
        )
    assert found[0] == found[1]


# ---------------------------------------------------------------- a file that changes


def damage(path, how):
    content = path.read_bytes()
    if how == "truncated":
        os.truncate(path, len(content) // 2)
    elif how == "made longer":
        with path.open("ab") as file:
            file.write(b"more")
    else:
        with path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(bytes([content[-1] ^ 1]))
        os.utime(path, ns=(0, os.stat(path).st_mtime_ns + 10**9))  # a coarse clock may not see it


@pytest.mark.parametrize("how", ["truncated", "made longer", "altered"])
def test_a_file_that_changes_while_it_is_read_gives_a_sentence(path, stored, how):
    stored.train.batch([1, 2])
    damage(path, how)
    with pytest.raises(DataError, match=f"mine.h5 was {how}.* bring the file back as it was"):
        stored.test.batch([1, 2])


@pytest.mark.parametrize("how", ["truncated", "altered"])
def test_training_ends_with_that_sentence(path, stored, how):
    class Watched(Split):
        """Damages the file in the third pass through the images."""

        passes = 0

        def blocks(self, pixels=slice(None)):
            type(self).passes += 1
            if self.passes == 3:
                damage(path, how)
            return super().blocks(pixels)

    split = Watched(stored.train.images, stored.train.labels)
    with pytest.raises(DataError, match=f"was {how}"):
        catnet.fit(catnet.Network(LAYER_DIMS, seed=0), split, catnet.Adam(), 100)
    assert Watched.passes < 20


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_file_that_is_replaced_is_read_on_as_it_was(path, stored):
    write(path.with_name("other.h5"), Dataset("x", SMALL.test, SMALL.test))
    os.replace(path.with_name("other.h5"), path)
    assert same(stored)


def test_systems_without_preadv_read_by_turns(stored, monkeypatch):
    monkeypatch.delattr(os, "preadv", raising=False)
    assert same(stored) and same(stored.pooled(), SMALL.pooled())


def test_a_disk_that_fails_gives_a_sentence(path, stored, monkeypatch):
    def fail(*arguments):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(ImageFile, "_read_into", fail)
    with pytest.raises(DataError, match="can no longer be read \\(Input/output error\\)"):
        stored.train.batch([0])
