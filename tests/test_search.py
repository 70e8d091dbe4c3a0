"""The script of chapter 11's searches, without Optuna: what is tried; it can be stopped."""

import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pytest

from catnet.images.named import load_data
from catnet.studies.plan import find_plan
from catnet.studies.settings import SETTINGS, divided

STUDIES = Path(__file__).resolve().parents[1] / "studies"


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("search", STUDIES / "search.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "MOMENTS", (1, 2))
    monkeypatch.setattr(module.scores, "__defaults__", ((1, 2),))
    monkeypatch.setattr(module, "TRIALS", 3)
    return module


@pytest.fixture
def parts():
    settings = find_plan(STUDIES, "search").arms[0].settings
    return divided(load_data("drawn").pooled().train, settings)


def test_the_grid_tries_everything_once(script):
    number = math.prod(map(len, script.GRID.values()))
    tried = [tuple(script.grid(n, 0, []).values()) for n in range(number)]
    assert len(set(tried)) == number == 24
    assert (0.00075, 1e-4, 0.8, 0.999) in tried  # the article's last setting


def test_what_is_asked_for_is_a_setting(script):
    asked = {"learning_rate": 0.00123, "1 - beta1": 0.255, "1 - beta2": 0.000397, "batch_size": 16}
    found = script.setting_of(asked)
    assert found == {"learning_rate": 0.00123, "batch_size": 16, "beta1": 0.745, "beta2": 0.999603}
    assert found.keys() <= SETTINGS.keys()


@pytest.mark.slow
def test_a_search_that_was_stopped_goes_on_to_the_same_end(script, parts, tmp_path):
    split, outer = parts
    path = tmp_path / "search.json"

    def searched(entry):
        script.search(entry, split, outer, (1, 2), lambda: script.write(entry, path))
        return json.loads(path.read_text(encoding="utf-8"))

    whole = searched({"fold": 0, "method": "grid", "trials": []})
    assert len(whole["trials"]) == 3
    assert len(whole["logits"]) == 2 and len(whole["logits"][0].split()) == len(outer)
    assert searched({"fold": 0, "method": "grid", "trials": whole["trials"][:2]}) == whole
    best = min(whole["trials"], key=lambda trial: trial["score"])
    assert best["score"] == min(best["scores"])
    assert whole["chosen"] == best["asked"] | {"iterations": best["updates"]}


def test_a_network_that_has_diverged_answers_like_a_coin(script, parts):
    split, outer = parts
    with np.errstate(all="ignore"):
        logits = script.train({"learning_rate": 1e300}, (1,), split, outer, (1, 2))
        assert np.isnan(logits[-1]).all()
        found = script.scores({"learning_rate": 1e300}, split, (1,), 0, (2,))
    assert found == pytest.approx([math.log(2)])
