"""Splits and datasets."""

import numpy as np
import pytest

from catnet import DataError, Dataset, ParameterError, Split
from catnet.images import dataset


def images(n=4, height=2, width=3):
    return np.random.RandomState(0).randint(0, 256, (n, height, width, 3)).astype(np.uint8)


def labels(*values):
    return np.array(values, dtype=np.int64)


def test_pixels_are_the_flattened_images_one_a_column():
    split = Split(images(), labels(0, 1, 1, 0))
    assert len(split) == 4
    assert split.pixels.shape == (18, 4) and split.pixels.dtype == np.float64
    for i in range(4):
        assert split.pixels[:, i].tolist() == split.images[i].ravel().tolist()
    assert split.pixels is split.pixels  # made once


@pytest.mark.parametrize("whole", [0, 2**24])
@pytest.mark.parametrize("pixels", [slice(None), slice(5, 11), slice(3, 4)])
def test_blocks_are_the_pixels(whole, pixels, monkeypatch):
    monkeypatch.setattr(dataset, "WHOLE", whole)
    monkeypatch.setattr(dataset, "BLOCK", 3)
    lying_otherwise = np.asfortranarray(images(7))
    split = Split(lying_otherwise, labels(*[0] * 7))
    blocks = list(split.blocks(pixels))
    places = [place for place, _ in blocks]
    assert places == ([slice(0, 3), slice(3, 6), slice(6, 7)] if whole == 0 else [slice(0, 7)])
    assert {numbers.dtype for _, numbers in blocks} == {np.dtype("float64")}
    assert ("pixels" in vars(split)) == (whole > 0)
    found = np.concatenate([numbers for _, numbers in blocks], axis=1)
    assert (found == split.pixels[pixels]).all()


@pytest.mark.parametrize("whole", [-1, 2**24])
def test_there_may_be_no_images(whole, monkeypatch):
    monkeypatch.setattr(dataset, "WHOLE", whole)
    split = Split(images(0), labels())
    assert len(split) == 0 and split.pixels.shape == split.features.shape == (18, 0)
    assert all(numbers.shape == (18, 0) for _, numbers in split.blocks())


def test_features_are_the_articles():
    split = Split(images(), labels(0, 1, 1, 0))
    article = split.images.reshape(split.images.shape[0], -1).T / 255.0
    assert split.features.tobytes() == article.tobytes()
    assert split.features.shape == (18, 4)
    white = Split(np.full((1, 1, 1, 3), 255, np.uint8), labels(1))
    assert white.features.tolist() == [[1.0]] * 3


def test_only_some_can_be_taken():
    factors = {"size": np.array([0.1, 0.2, 0.3, 0.4]), "kind": np.array(["a", "b", "c", "d"])}
    split = Split(images(), labels(0, 1, 1, 0), factors)
    for index in ([2, 0], np.array([2, 0])):
        part = split.take(index)
        assert (part.images == split.images[[2, 0]]).all()
        assert part.labels.tolist() == [1, 0]
        assert part.factors["size"].tolist() == [0.3, 0.1]
        assert part.factors["kind"].tolist() == ["c", "a"]
    part = split.take(split.labels == 1)
    assert len(part) == 2 and part.factors["kind"].tolist() == ["b", "c"]
    assert part.pixels.shape == (18, 2)
    assert len(split) == 4


@pytest.mark.parametrize("index", [[2, 0], slice(1, 3), np.array([True, False, False, True])])
def test_a_batch_is_some_of_them_without_their_factors(index):
    split = Split(images(), labels(0, 1, 1, 0), {"size": np.arange(4.0)}).centred(images(1)[0])
    batch = split.batch(index)
    assert type(batch.images) is np.ndarray and (batch.images == split.images[index]).all()
    assert (batch.labels == split.labels[index]).all() and batch.factors == {}
    assert batch.offset is split.offset


@pytest.mark.parametrize(
    "wrong",
    [
        images().astype(np.float64),
        images().astype(np.int64),
        images()[..., :2],
        images()[0],
        images().reshape(4, -1),
    ],
)
def test_other_images_are_refused(wrong):
    with pytest.raises(DataError, match=r"images must be uint8 of shape \(n, height, width, 3\)"):
        Split(wrong, labels(*[0] * len(wrong)))


@pytest.mark.parametrize("shape", [(1, 4), (4, 1)])
def test_labels_in_a_row_or_a_column_are_taken(shape):
    split = Split(images(), labels(0, 1, 1, 0).reshape(shape))
    assert split.labels.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    "wrong",
    [
        labels(0, 1, 1),
        labels(0, 1, 1, 0, 1),
        labels(0, 1, 1, 0).reshape(2, 2),
        labels(0, 1, 1, 0).reshape(1, 4, 1),
        labels(0, 1, 1, 0).astype(np.float64),
        labels(0, 1, 1, 0).astype(np.int32),
        labels(0, 1, 1, 0) == 1,
    ],
)
def test_labels_of_another_type_or_number_are_refused(wrong):
    with pytest.raises(DataError, match=r"labels must be int64 of shape \(4,\)"):
        Split(images(), wrong)


@pytest.mark.parametrize("value", [2, -1, 255])
def test_labels_other_than_0_and_1_are_refused(value):
    with pytest.raises(DataError, match=f"label 2 is {value}$"):
        Split(images(), labels(0, 1, value, 0))


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((4, 1)), np.zeros(())])
def test_factors_have_one_value_an_image(wrong):
    with pytest.raises(DataError, match=r"factor size must have shape \(4,\)"):
        Split(images(), labels(0, 1, 1, 0), {"size": wrong})


def test_factors_are_not_shared_between_splits():
    one, two = Split(images(), labels(0, 1, 1, 0)), Split(images(), labels(0, 1, 1, 0))
    assert one.factors == {} and one.factors is not two.factors


def test_a_dataset_is_two_splits_with_names():
    train, test = Split(images(), labels(0, 1, 1, 0)), Split(images(1), labels(1))
    mine = Dataset("mine", train, test)
    assert (mine.name, mine.train, mine.test) == ("mine", train, test)
    assert mine.classes == ("non-cat", "cat")
    assert Dataset("mine", train, test, ("dog", "cat")).classes == ("dog", "cat")
    assert mine == mine and mine != Dataset("mine", train, test)  # no array comparison


# ---------------------------------------------------------------- centred images


def test_centred_pixels_are_whole_numbers_less_an_offset():
    split = Split(images(), labels(0, 1, 1, 0))
    offset = images(1)[0] // 2
    centred = split.centred(offset)
    expected = split.images.astype(np.int64) - offset
    assert (centred.pixels.T.reshape(expected.shape) == expected).all()
    assert centred.features.tobytes() == (centred.pixels / 255.0).tobytes()
    assert centred.images is split.images and split.offset is None
    part = centred.take([2, 0])
    assert part.offset is centred.offset
    assert (part.pixels == centred.pixels[:, [2, 0]]).all()
    assert (centred.centred(offset).pixels == centred.pixels).all()  # not taken off twice


def test_blocks_are_centred_as_well(monkeypatch):
    monkeypatch.setattr("catnet.images.dataset.WHOLE", 10)
    monkeypatch.setattr("catnet.images.dataset.BLOCK", 3)
    split = Split(images(7), labels(*[0, 1] * 3, 0)).centred(images(1)[0])
    for pixels in (slice(None), slice(4, 9)):
        blocks = list(split.blocks(pixels))
        assert [place.stop for place, _ in blocks] == [3, 6, 7]
        assert (np.hstack([numbers for _, numbers in blocks]) == split.pixels[pixels]).all()


def test_the_mean_image_is_rounded_exactly():
    few = images(3)
    split = Split(few, labels(0, 1, 1))
    exact = [int(np.floor(sum(map(int, p)) / 3 + 0.5)) for p in few.reshape(3, -1).T]
    assert split.mean_image().dtype == np.uint8
    assert split.mean_image().ravel().tolist() == exact
    halves = np.array([[[[0, 1, 254]]], [[[1, 2, 255]]]], dtype=np.uint8)
    assert Split(halves, labels(0, 1)).mean_image().ravel().tolist() == [1, 2, 255]
    with pytest.raises(DataError, match="no images have no mean"):
        Split(images(0), labels()).mean_image()


def test_a_dataset_is_centred_by_its_training_images():
    train, test = Split(images(), labels(0, 1, 1, 0)), Split(images(1), labels(1))
    mine = Dataset("mine", train, test, ("dog", "cat"))
    by_mean, by_middle = mine.centred("mean"), mine.centred("128")
    for split in (by_mean.train, by_mean.test):
        assert (split.offset == train.mean_image()).all()
    assert np.abs(by_mean.train.pixels.sum(axis=1)).max() <= 4 / 2
    for split in (by_middle.train, by_middle.test):
        assert (split.pixels == split.images.reshape(len(split), -1).T - 128.0).all()
    assert (by_mean.name, by_mean.classes) == ("mine", ("dog", "cat"))
    with pytest.raises(ParameterError, match='by must be "128" or "mean", not 128'):
        mine.centred(128)


@pytest.mark.parametrize("wrong", [np.zeros((2, 3, 3)), np.zeros((2, 3), np.uint8)])
def test_offsets_are_like_an_image(wrong):
    with pytest.raises(DataError, match=r"the offset must be uint8 of shape \(2, 3, 3\)"):
        Split(images(), labels(0, 1, 1, 0)).centred(wrong)
