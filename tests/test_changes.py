"""Photographs with one thing changed, drawings with one factor changed: whole numbers alone."""

import hashlib

import numpy as np
import pytest

from catnet.images import changes
from catnet.images.causes import VERSIONS, drawn_table, photograph_table
from catnet.images.drawn import SHAPES, draw, draw_factors, redraw
from catnet.images.labels import known_labels
from catnet.images.outlines import BUTTERFLIES, CLOSE, OUTLINES, UNUSUAL_POSE, mask

IMAGE = np.random.RandomState(5).randint(0, 256, (64, 64, 3)).astype(np.uint8)


def test_moving_is_cutting_and_drawing_out_the_edge():
    moved = changes.moved(IMAGE, 3, -2)
    np.testing.assert_array_equal(moved[:-2, 3:], IMAGE[2:, :-3])
    np.testing.assert_array_equal(moved[:-2, 0], IMAGE[2:, 0])
    np.testing.assert_array_equal(moved[-1, 3:], IMAGE[-1, :-3])


@pytest.mark.parametrize("degrees", [-30, -15, 15, 30])
def test_turning_against_real_numbers(degrees):
    smooth = np.add.outer(np.arange(64) * 2.0, np.arange(64) * 1.5)
    image = np.repeat(np.rint(smooth).astype(np.uint8)[..., np.newaxis], 3, axis=2)
    turned = changes.rotated(image, degrees).astype(float)
    angle = np.deg2rad(degrees)
    y, x = np.mgrid[:64, :64] - 31.5
    from_x = np.cos(angle) * x + np.sin(angle) * y + 31.5
    from_y = np.cos(angle) * y - np.sin(angle) * x + 31.5
    inside = (from_x > 0) & (from_x < 63) & (from_y > 0) & (from_y < 63)
    expected = 2.0 * from_y + 1.5 * from_x
    assert np.abs(turned[..., 0] - expected)[inside].max() < 1.5
    assert inside.mean() > 0.7


def test_turning_clockwise():
    image = np.zeros((64, 64, 3), np.uint8)
    image[10:14, 30:34] = 255  # above the middle
    rows, columns = np.nonzero(changes.rotated(image, 30)[..., 0] > 128)
    assert columns.mean() > 36
    assert rows.mean() < 20


def test_scaling():
    image = np.zeros((64, 64, 3), np.uint8)
    image[16:48, 16:48] = 200
    assert np.count_nonzero(changes.scaled(image, 5, 4)[32, :, 0] > 100) == 40
    assert np.count_nonzero(changes.scaled(image, 3, 4)[32, :, 0] > 100) == 24
    np.testing.assert_array_equal(changes.scaled(image, 1, 1), image)


def test_colours():
    np.testing.assert_array_equal(changes.swapped(changes.swapped(IMAGE)), IMAGE)
    np.testing.assert_array_equal(changes.mirrored(changes.mirrored(IMAGE)), IMAGE)
    even = np.repeat(IMAGE[..., :1], 3, axis=2)
    np.testing.assert_array_equal(changes.grey(even), even)
    assert changes.brightened(IMAGE, 40).min() >= 40
    assert changes.brightened(IMAGE, -40).max() <= 215


def test_a_ground_gets_the_colour_of_its_object_or_moves_away_from_it():
    inside = mask(9)
    image = np.full((64, 64, 3), 100, np.uint8)
    image[inside] = [150, 90, 100]
    np.testing.assert_array_equal(changes.ground_shift(image, inside), [50, -10, 0])
    like = changes.GROUND_CHANGES["ground like it"](image, inside)
    unlike = changes.GROUND_CHANGES["ground unlike it"](image, inside)
    assert (like == [150, 90, 100]).all()
    assert (unlike[~inside] == [50, 110, 100]).all()
    assert (unlike[inside] == [150, 90, 100]).all()


def test_all_changes_to_the_byte():
    sha = hashlib.sha256()
    for change in changes.CHANGES.values():
        sha.update(np.ascontiguousarray(change(IMAGE)).tobytes())
    for change in changes.GROUND_CHANGES.values():
        for number in OUTLINES:
            sha.update(np.ascontiguousarray(change(IMAGE, mask(number))).tobytes())
    assert sha.hexdigest()[:16] == "d92b167eb1a71a05"


def test_outlines_are_those_of_cats_and_butterflies():
    labels = known_labels()[1]
    assert set(BUTTERFLIES) == {number for number in OUTLINES if not labels[number]}
    assert all(labels[number] for number in UNUSUAL_POSE + CLOSE)
    for number in OUTLINES:
        assert 0.02 < mask(number).mean() < 0.9


def test_a_mask_against_every_pixel():
    corners = [tuple(map(int, c.split(","))) for c in OUTLINES[6][0].split()]
    inside = mask(6)
    for row in range(64):
        for column in range(64):
            x, y, odd = column + 0.5, row + 0.5, False
            for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
                if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                    odd = not odd
            assert inside[row, column] == odd


def test_what_was_drawn_is_drawn_again():
    factors, drawn = draw_factors(3, 4, 9), draw(3, 4, 9)
    for name, column in factors.items():
        np.testing.assert_array_equal(column, drawn.factors[name])
    again = redraw(factors, np.arange(7))
    np.testing.assert_array_equal(again.labels, drawn.labels)
    # all but texture and noise
    assert np.abs(again.images.astype(int) - drawn.images).max() <= 2 * 255 * 0.18 + 1
    for name in ("red", "background_blue", "contrast"):
        np.testing.assert_array_equal(again.factors[name], drawn.factors[name])


def test_one_factor_changed_leaves_texture_and_noise():
    factors = draw_factors(2, 2, 9)
    base = redraw(factors, np.full(4, 3))
    darker = redraw(factors | {"scale": np.full(4, 15.0)}, np.full(4, 3))
    corner = (slice(None), slice(0, 6), slice(0, 6))
    np.testing.assert_array_equal(base.images[corner], darker.images[corner])
    assert (base.images != darker.images).any()


def test_shapes():
    kinds = np.array(SHAPES)
    factors = {name: column[:1].repeat(4) for name, column in draw_factors(0, 1, 2).items()}
    plain = {"kind": kinds, "noise": np.zeros(4), "backdrop": np.full(4, "plain")}
    clear = {"camouflage": np.zeros(4), "lightness": np.full(4, 0.1), "scale": np.full(4, 20.0)}
    split = redraw(factors | plain | clear | {"stretch": np.ones(4)}, np.zeros(4, int))
    ground = split.images[:, :1, :1]
    ears, discs, disc, nothing = (split.images != ground).any(axis=3).sum(axis=(1, 2))
    assert nothing == 0
    assert ears == pytest.approx(discs, rel=0.15)
    assert disc == pytest.approx(discs, rel=0.15)
    assert not split.labels.any()


def test_tables():
    table = drawn_table()
    assert {len(column) for column in table.values()} == {1000 + 120 * len(VERSIONS) + 60 * 22}
    for name, changed in VERSIONS.items():
        rows = table["change"] == name
        assert rows.sum() == 120
        for factor, value in changed.items():
            assert (table[factor][rows] == value).all()
    names, counts = np.unique(photograph_table()["change"], return_counts=True)
    counted = dict(zip(names.tolist(), counts.tolist(), strict=True))
    assert all(counted[name] == 50 for name in changes.CHANGES)
    assert all(counted[name] == len(OUTLINES) for name in changes.GROUND_CHANGES)
    assert counted["dark moth 1"] == 24
    assert sum(counted.values()) == 50 * 20 + 28 * 5 + 24 * 20


def test_versions_to_the_byte():
    table = {name: column[7::97] for name, column in drawn_table().items()}
    drawn = redraw(table, 2**31 + table["base"])
    assert hashlib.sha256(drawn.images.tobytes()).hexdigest()[:16] == "d89179952137cbf5"
