"""What a sceptic tries first: constant answers, neighbours, regularised and engineered features.

The plan is hypothesis C5 of `cross-validation.toml`. Needs the extra `peers`: ``make elsewhere``,
which writes `sceptic.json`. Its numbers are ordinary arithmetic, so another machine may get
another answer where one is close.
"""

import json
import platform
from pathlib import Path

import numpy as np
import skimage
import sklearn
from skimage.feature import hog
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

import catnet
from catnet.studies.plan import find_plan
from catnet.studies.settings import fold_numbers

HERE = Path(__file__).parent
OUT = HERE / "sceptic.json"
STRENGTHS = {"C": np.logspace(-6, 2, 17)}
SEED = 2000


def pixels(images):
    """Return the raw pixels, from 0 to 1."""
    return images.reshape(len(images), -1) / 255.0


def gradients(images):
    """Return histograms of oriented gradients (Dalal and Triggs 2005)."""
    return np.array(
        [
            hog(image, 9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), channel_axis=-1)
            for image in images
        ]
    )


def tuned(model):
    """Let a model choose its C by stratified ten-fold cross-validation on its own images."""
    folds = StratifiedKFold(10, shuffle=True, random_state=SEED)
    return GridSearchCV(model, STRENGTHS, cv=folds)


LOGISTIC = LogisticRegression(max_iter=10_000)
METHODS = {
    'always "cat"': (pixels, DummyClassifier(strategy="constant", constant=1)),
    'always "no cat"': (pixels, DummyClassifier(strategy="constant", constant=0)),
    "nearest neighbour": (pixels, KNeighborsClassifier(1)),
    "3 nearest neighbours": (pixels, KNeighborsClassifier(3)),
    "5 nearest neighbours": (pixels, KNeighborsClassifier(5)),
    "logistic regression, L2": (pixels, tuned(LOGISTIC)),
    "HOG, logistic regression": (gradients, tuned(LOGISTIC)),
    "HOG, linear SVM": (gradients, tuned(LinearSVC(max_iter=100_000))),
}


def answers(model, features, labels, others):
    """Train a model on some features, and return its answers to others, each 0 or 1.

    Both are turned into the span of the former first: that changes no distance between them that
    a linear model with an L2 penalty sees, and leaves few features.
    """
    if isinstance(model, GridSearchCV):
        turn = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)[2].T
        features, others = features @ turn, others @ turn
    return model.fit(features, labels).predict(others)


def written(row):
    """Write answers, a digit for each image: 1 for a cat."""
    return "".join(map(str, row))


def main():
    """Try all methods on the test images and on the folds of the study, and write the answers."""
    data = catnet.load_data("catvnoncat")
    plan = find_plan(HERE, "cross-validation")
    pooled = data.pooled().train
    repetitions = sorted({arm.settings["split_seed"] for arm in plan.arms})
    folds = plan.arms[0].settings["folds"]
    found = []
    for name, (features_of, model) in METHODS.items():
        train, test, every = (
            features_of(split.images) for split in (data.train, data.test, pooled)
        )
        in_the_test = answers(model, train, data.train.labels, test)
        chosen = getattr(model, "best_params_", {})
        held_out = []
        for repetition in repetitions:
            origin = pooled.factors["origin"]
            numbers = fold_numbers(pooled.labels, origin, folds, repetition)
            row = np.zeros(len(pooled), dtype=int)
            for fold in range(folds):
                out = numbers == fold
                row[out] = answers(model, every[~out], pooled.labels[~out], every[out])
            held_out.append(written(row))
        found.append(
            {
                "method": name,
                "C": float(chosen["C"]) if chosen else None,
                "test": written(in_the_test),
                "held_out": held_out,
            }
        )
        right = np.sum(in_the_test == data.test.labels)
        print(f"{name}: {right} of {len(data.test)}", flush=True)
    versions = {
        "scikit-learn": sklearn.__version__,
        "scikit-image": skimage.__version__,
        "numpy": np.__version__,
    }
    content = {"versions": versions, "machine": platform.machine(), "methods": found}
    OUT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
