"""Arms taken out of the book's studies, and answers of networks to images held out from them."""

from types import SimpleNamespace

import numpy as np
import pytest

from catnet import load_study
from catnet.analysis import scores
from catnet.analysis.arms import arm, held_out_logits
from catnet.images.labels import known_labels
from catnet.studies.settings import fold_numbers


@pytest.mark.parametrize(
    ("study", "updates", "levels"),
    [
        ("descent", None, {"arm": "network"}),
        ("adam", None, {"arm": "low", "output": "trained"}),
        ("adam", 500, {"arm": "low", "output": "trained"}),
    ],
)
def test_an_arm_has_the_outputs_that_its_accuracies_were_counted_from(study, updates, levels):
    results = load_study(study)
    rows, look = results.rows(**levels), results.look(updates)
    one = arm("", results, updates, **levels)
    assert len(one) == rows.sum() and set(one.seeds) <= set(results.seeds)
    for labels, logits, kind in zip(
        known_labels(), (one.train_logits, one.test_logits), ("train", "test"), strict=True
    ):
        recorded = results[f"{kind}_accuracy"][rows, look]
        assert scores.accuracy(logits, labels).tolist() == recorded.tolist()
    few = one.take(one.seeds < one.seeds[0] + 3)
    assert few.seeds.tolist() == one.seeds[:3].tolist() and len(few.states) == 3


def test_every_image_is_answered_by_the_network_that_did_not_see_it():
    labels, origin = np.arange(24) % 2, np.arange(24) // 12
    folds = [(split, fold, seed) for split in (5, 6) for fold in range(3) for seed in (1, 2)]
    runs = [
        SimpleNamespace(
            number=number,
            seed=seed,
            arm=SimpleNamespace(settings={"folds": 3, "fold": fold, "split_seed": split}),
        )
        for number, (split, fold, seed) in enumerate(folds)
    ]
    outputs = np.repeat(np.arange(len(runs)), 24).reshape(len(runs), 1, 24)

    class Results(dict):
        plan = SimpleNamespace(runs=runs)

        def rows(self):
            return np.ones(len(runs), dtype=bool)

    results = Results(train_logits=outputs)
    found = held_out_logits(results, labels, origin)
    for row, (split, seed) in enumerate([(5, 1), (5, 2), (6, 1), (6, 2)]):
        numbers = fold_numbers(labels, origin, 3, split)
        assert found[row].tolist() == [folds.index((split, fold, seed)) for fold in numbers]
