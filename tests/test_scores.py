"""Scores of outputs against brute force and SciPy's functions; labels without images."""

import hashlib

import numpy as np
import pytest
from scipy.special import log_expit

from catnet import load_data
from catnet.analysis import scores
from catnet.images.catvnoncat import PARTS, find_images
from catnet.images.labels import known_labels, pooled_labels

LABELS = np.array([1, 0, 1, 0, 0])
LOGITS = np.array([[2.0, -1.0, 0.5, 0.5, -3.0], [0.0] * 5, [np.nan] * 5, [900.0] * 5])


def test_right_answers():
    expected = [[1, 1, 1, 0, 1], [0, 1, 0, 1, 1], [0] * 5, [1, 0, 1, 0, 0]]
    assert scores.right(LOGITS, LABELS).tolist() == np.array(expected, dtype=bool).tolist()
    assert scores.accuracy(LOGITS, LABELS).tolist() == [0.8, 0.6, 0.0, 0.4]
    balanced = scores.balanced_accuracy(LOGITS, LABELS)
    assert balanced == pytest.approx([(1 + 2 / 3) / 2, 0.5, 0.0, 0.5])


def test_area_under_roc_is_the_share_of_pairs_in_order():
    logits = np.random.RandomState(0).randint(0, 4, (7, 40)).astype(float)  # with many ties
    labels = np.random.RandomState(1).randint(0, 2, 40)
    for found, row in zip(scores.area_under_roc(logits, labels), logits, strict=True):
        above = row[labels == 1][:, np.newaxis] - row[labels == 0]
        assert found == pytest.approx(np.mean((above > 0) + (above == 0) / 2))


def test_log_loss_is_finite_where_a_probability_is_not():
    found = scores.log_losses(LOGITS[[0, 1, 3]], LABELS)
    assert found == pytest.approx(-log_expit(np.where(LABELS == 1, 1, -1) * LOGITS[[0, 1, 3]]))
    assert scores.log_loss(LOGITS[1:2], LABELS) == pytest.approx(np.log(2))


def test_parts_of_the_area_under_roc_change_with_images_as_it_does():
    random_state = np.random.RandomState(2)
    labels = random_state.randint(0, 2, 60)
    logits = np.round(random_state.normal(labels, 1.0, (3, 60)), 1)  # with ties
    found = scores.roc_parts(logits, labels)
    area = scores.area_under_roc(logits, labels)
    assert found.mean(axis=1) == pytest.approx(area)
    twice = np.append(np.arange(60), 7)  # an image that counts twice, and that as a first order
    more = scores.area_under_roc(logits[:, twice], labels[twice])
    assert (found[:, 7] - area) / 60 == pytest.approx(more - area, rel=0.05, abs=1e-9)


def test_overconfidence_is_how_sure_less_how_right():
    found = scores.overconfidence(LOGITS, LABELS)
    sure = np.mean([1 / (1 + np.exp(-abs(z))) for z in LOGITS[0]])
    assert found == pytest.approx([sure - 0.8, 0.5 - 0.6, 0.5, 1 - 0.4])


def test_labels_are_those_of_the_files():
    for labels, part in zip(known_labels(), PARTS, strict=True):
        digest = hashlib.sha256(labels.astype("<i8").tobytes()).hexdigest()
        assert digest == part.labels_sha256


@pytest.mark.skipif(find_images() is None, reason="the real images are missing")
def test_pooled_labels_are_those_of_the_pooled_images():
    pooled = load_data("catvnoncat").pooled().train
    labels, origin = pooled_labels()
    assert np.array_equal(labels, pooled.labels)
    assert np.array_equal(origin, pooled.factors["origin"])
