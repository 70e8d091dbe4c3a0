"""Answers to unseen images, in every measure, against the networks that they come from."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from catnet import load_study
from catnet.analysis import crossed, scores
from catnet.analysis.arms import arm, held_out_logits
from catnet.analysis.outcomes import outcomes
from catnet.analysis.unseen import answers
from catnet.images.labels import known_labels, pooled_labels
from catnet.report.pages import figures
from catnet.studies.results import StudyResults


def test_an_image_is_seen_by_the_networks_of_the_other_folds():
    results, (labels, origin) = load_study("cross-validation"), pooled_labels()
    levels = {"arm": "logistic-regression", "split_seed": "2000"}
    found = answers.from_folds(results, labels, origin, **levels)
    assert np.array_equal(found.logits, held_out_logits(results, labels, origin, **levels))
    rows = results.rows(**levels)
    per_run = results["train_accuracy"][rows, -1]
    sizes = {1: (labels == 1).sum(), 0: (labels == 0).sum()}
    assert sizes[0] + sizes[1] == found.seen.shape[1]
    assert found.seen.mean() == pytest.approx(per_run.mean(), abs=0.003)  # folds differ by one


def test_measures_are_the_means_of_their_tables():
    results, (_, labels) = load_study("centred"), known_labels()
    found = answers.from_test(results, labels, arm="adam")
    means = {measure: table.mean(axis=1) for measure, table in found.tables().items()}
    accuracy = scores.accuracy(found.logits, labels)
    seen = results["train_accuracy"][results.rows(arm="adam"), -1]
    assert tuple(means) == answers.MEASURES
    assert means["accuracy"] == pytest.approx(accuracy)
    assert means["AUC"] == pytest.approx(scores.area_under_roc(found.logits, labels))
    assert means["log loss"] == pytest.approx(scores.log_loss(found.logits, labels))
    assert means["overconfidence"] == pytest.approx(scores.overconfidence(found.logits, labels))
    assert means["gap"] == pytest.approx(seen - accuracy)


def test_arms_are_compared_seed_by_seed():
    results, (_, labels) = load_study("centred"), known_labels()
    arms = {name: answers.from_test(results, labels, arm=name) for name in ("adam", "descent")}
    measured = answers.Measured(arms, samples=500)
    tables = {name: one.tables() for name, one in arms.items()}
    for measure in answers.MEASURES:
        found = measured.of(measure, "adam", "descent")
        table = tables["adam"][measure] - tables["descent"][measure]
        assert vars(found) == pytest.approx(vars(crossed.difference(table, 500)))
        alone = crossed.difference(tables["adam"][measure], 500)
        assert vars(measured.of(measure, "adam")) == pytest.approx(vars(alone))
    pair = ("adam", "descent")
    twice = measured.between("accuracy", pair, pair[::-1])
    assert twice.low == pytest.approx(2 * measured.of("accuracy", *pair).low)
    assert measured.between("gap", pair, pair).high == pytest.approx(0, abs=1e-12)


def test_no_answer_is_wrong_and_half_sure():
    one = answers.Answers(np.array([1, 0]), np.array([[np.nan, np.nan]]), np.zeros((1, 1)))
    means = {measure: float(table.mean()) for measure, table in one.tables().items()}
    expected = {"accuracy": 0, "AUC": 0.5, "log loss": np.log(2), "overconfidence": 0.5, "gap": 0}
    assert means == pytest.approx(expected)


def test_where_only_outputs_on_test_images_are_kept_runs_are_classed_by_them():
    whole = load_study("centred")
    columns = whole.columns | {"train_logits": whole["train_logits"][:, :0]}
    results = StudyResults(whole.plan, columns)
    one = arm("", results, arm="adam")
    assert one.train_logits.shape == (len(one), 0) and one.test_logits.shape[1] == 50
    assert one.states.tolist() == outcomes(results)[results.rows(arm="adam")].tolist()
    assert np.mean(outcomes(results) == outcomes(whole)) > 0.9


def test_a_forest_plot_shows_limits_in_their_unit_and_verdicts_in_words():
    some = [crossed.Difference(0.1, 0.02, 0.2, 0.04, 0.18), crossed.Difference(0, -0.1, 0.1, 0, 0)]
    figure, axes = plt.subplots()
    words = ["supported", "undecided"]
    figures.forest(axes, some, scale=100, band=0.05, words=words)
    lines = [line.get_xdata() for line in axes.lines]
    assert [2.0, 20.0] in [np.round(line, 9).tolist() for line in lines]
    assert [text.get_text() for text in axes.texts] == words
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first at the top
    plt.close(figure)


def test_a_narrow_forest_plot_has_its_names_and_verdicts_above_the_limits():
    some = [crossed.Difference(0.1, 0.02, 0.2, 0.04, 0.18), crossed.Difference(0, -0.1, 0.1, 0, 0)]
    words, names = ["supported", "undecided"], ["more", "the same"]
    figure, (wide, narrow) = plt.subplots(1, 2)
    figures.forest(wide, some, words=words, names=names)
    figures.forest(narrow, some, words=words, names=names, narrow=True)
    assert [text.get_text() for text in wide.get_yticklabels()] == names
    assert not narrow.get_yticklabels()
    written = [text.get_text() for text in narrow.texts]
    assert written == ["supported", "more", "undecided", "the same"]
    dots = [line.get_ydata()[0] for line in narrow.lines if line.get_marker() == "o"]
    assert all(text.get_position()[1] < dots[n // 2] for n, text in enumerate(narrow.texts))
    plt.close(figure)
