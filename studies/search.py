"""Two searches for a setting of Adam, a grid and Optuna, within the folds that judge them.

The plan is `search.toml`. Needs the extra `search`: ``make search``, which writes `search.json`
after every trial, and goes on from there when it is called again. Every trial that is written can
be trained again to the last bit; which one Optuna tries next is its own arithmetic.
"""

import itertools
import json
import math
import os
import platform
from pathlib import Path

import numpy as np

import catnet
from catnet.analysis.scores import log_losses
from catnet.studies.plan import find_plan
from catnet.studies.records import images_of
from catnet.studies.settings import SETTINGS, divided, member

HERE = Path(__file__).parent
OUT = HERE / "search.json"
DEFAULTS = {name: setting.default for name, setting in SETTINGS.items()}
GRID = {
    "learning_rate": (0.000075, 0.00075, 0.0075),
    "epsilon": (1e-8, 1e-4),
    "beta1": (0.8, 0.9),
    "beta2": (0.99, 0.999),
}
SPACE = {  # where the logarithm of a number is searched
    "learning_rate": (1e-5, 0.03),
    "epsilon": (1e-10, 1.0),
    "1 - beta1": (0.01, 1.0),
    "1 - beta2": (0.0001, 0.5),
}
BATCHES = (0, 16, 64)
AT_RANDOM = 8
TRIALS = math.prod(map(len, GRID.values()))
MOMENTS = (50, 100, 150, 200, 250, 300)
INNER_FOLDS = 3
TRIAL = {"seeds": (5100, 5101), "split_seed": 5001}
AGAIN = {"seeds": (5300, 5301), "split_seed": 5002}
SEED = 5000


def train(setting, seeds, split, others, moments):
    """Train networks of one setting, and let them answer other images after some updates.

    Returns their logits, shape (moments, seeds, images), NaN where there are none.
    """
    settings = DEFAULTS | setting
    members = [member(settings, seed, split.labels) for seed in seeds]
    histories = catnet.fit_stack(members, split, moments[-1], snapshots=moments[:-1])
    logits = np.full((len(moments), len(seeds), len(others)), np.nan)
    for column, (one, history) in enumerate(zip(members, histories, strict=True)):
        last = {} if history.divergence else {moments[-1]: one.network}
        for updates, network in (history.snapshots | last).items():
            logits[moments.index(updates), column] = network.forward(others)[1][0]
    return logits


def scores(setting, split, seeds, split_seed, moments=MOMENTS):
    """Return the log loss of the images held out, over all inner folds, after some updates."""
    total = np.zeros(len(moments))
    for fold in range(INNER_FOLDS):
        inner = DEFAULTS | {"folds": INNER_FOLDS, "fold": fold, "split_seed": split_seed}
        training, held_out = divided(split, inner)
        logits = train(setting, seeds, training, held_out, moments)
        losses = np.where(np.isnan(logits), math.log(2), log_losses(logits, held_out.labels))
        total += losses.sum(axis=(1, 2))
    return (total / (len(seeds) * len(split))).tolist()


def grid(number, fold, trials):
    """Return the setting of a trial of the grid."""
    return dict(zip(GRID, list(itertools.product(*GRID.values()))[number], strict=True))


def tpe(number, fold, trials):
    """Let Optuna say, from the trials before, which setting is to be tried next."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {
        name: optuna.distributions.FloatDistribution(*limits, log=True)
        for name, limits in SPACE.items()
    } | {"batch_size": optuna.distributions.CategoricalDistribution(BATCHES)}
    # A sampler for each trial: a search that was stopped goes on as it would have.
    seed = SEED + 100 * fold + number
    sampler = optuna.samplers.TPESampler(n_startup_trials=AT_RANDOM, seed=seed)
    study = optuna.create_study(sampler=sampler)
    for trial in trials:
        found = optuna.trial.create_trial(
            params=trial["asked"], distributions=distributions, value=trial["score"]
        )
        study.add_trial(found)
    asked = study.ask(distributions).params
    return {name: float(f"{asked[name]:.3g}") for name in SPACE} | {
        "batch_size": asked["batch_size"]
    }


def setting_of(asked):
    """Return what is asked for as settings of a study."""
    setting = {name: value for name, value in asked.items() if not name.startswith("1 - ")}
    for name in ("beta1", "beta2"):
        if f"1 - {name}" in asked:
            setting[name] = round(1 - asked[f"1 - {name}"], 7)
    return setting


METHODS = {"grid": grid, "tpe": tpe}


def search(entry, split, outer, seeds, keep):
    """Do what is left of one search within one outer fold."""
    trials = entry["trials"]
    while len(trials) < TRIALS:
        asked = METHODS[entry["method"]](len(trials), entry["fold"], trials)
        found = scores(setting_of(asked), split, **TRIAL)
        best = int(np.argmin(found))
        trials.append(
            {"asked": asked, "scores": found, "score": found[best], "updates": MOMENTS[best]}
        )
        keep()
    if "logits" not in entry:
        chosen = min(trials, key=lambda trial: trial["score"])
        setting, updates = setting_of(chosen["asked"]), chosen["updates"]
        entry["chosen"] = setting | {"iterations": updates}
        (entry["score_again"],) = scores(setting, split, **AGAIN, moments=(updates,))
        answers = train(setting, seeds, split, outer, (updates,))[0]
        entry["logits"] = [" ".join(f"{z:.4f}" for z in row) for row in answers]
        keep()


def write(content, path):
    """Replace the file at once, so that a kill leaves the one or the other."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def main():
    """Search within every outer fold by both methods, beginning where the file ends."""
    import optuna

    plan = find_plan(HERE, "search")
    images, digest = images_of(plan.dataset)
    content = {
        "plan": plan.digest,
        "images": digest,
        "versions": {"optuna": optuna.__version__, "numpy": np.__version__},
        "machine": platform.machine(),
        "searches": [],
    }
    if OUT.exists():
        there = json.loads(OUT.read_text(encoding="utf-8"))
        if (there["plan"], there["images"]) != (plan.digest, digest):
            raise SystemExit(
                f"{OUT.name} was made by another plan or of other images: move it away"
            )
        content = there
    entries = {(entry["fold"], entry["method"]): entry for entry in content["searches"]}
    settings = plan.arms[0].settings
    for fold, method in itertools.product(range(settings["folds"]), METHODS):
        split, outer = divided(images.train, settings | {"fold": fold})
        if (fold, method) not in entries:
            entries[fold, method] = {"fold": fold, "method": method, "trials": []}
            content["searches"].append(entries[fold, method])
        search(entries[fold, method], split, outer, plan.arms[0].seeds, lambda: write(content, OUT))
        best = min(trial["score"] for trial in entries[fold, method]["trials"])
        print(f"fold {fold}, {method}: {best:.4f}", flush=True)


if __name__ == "__main__":
    main()
