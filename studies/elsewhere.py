"""Does the collapse come in someone else's code? scikit-learn's Adam, raw and centred inputs.

The plan is hypothesis H8 of `remedies.toml`. Needs the extra `peers`:
``make elsewhere``, which writes `elsewhere.json`. Its numbers are ordinary arithmetic, so another
machine may get other last digits.
"""

import json
import platform
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

import catnet

SEEDS = range(1000, 1030)
UPDATES = 200
OUT = Path(__file__).with_suffix(".json")


def logits_after(features, labels, seed):
    """Train, and return the logits of the training images and how many updates were made."""
    network = MLPClassifier(
        hidden_layer_sizes=(20, 7, 5),
        solver="adam",
        alpha=0,
        batch_size=len(labels),
        learning_rate_init=0.0075,
        max_iter=UPDATES,
        n_iter_no_change=UPDATES + 1,  # it is not to stop before
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # nor is it to converge
        network.fit(features, labels)
    a = features
    for weights, biases in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        a = np.maximum(a @ weights + biases, 0)
    return (a @ network.coefs_[-1] + network.intercepts_[-1])[:, 0], network.n_iter_


def main():
    """Train all runs, and write what became of them."""
    data = catnet.load_data("catvnoncat")
    runs = []
    for inputs, images in (("raw", data), ("centred", data.centred("128"))):
        features, labels = images.train.features.T.copy(), images.train.labels
        for seed in SEEDS:
            logits, updates = logits_after(features, labels, seed)
            runs.append(
                {
                    "inputs": inputs,
                    "seed": seed,
                    "updates": updates,
                    "logit_range": float(np.ptp(logits)),
                    "highest_logit": float(logits.max()),
                    "train_accuracy": float(np.mean((logits > 0) == (labels == 1))),
                }
            )
            print(runs[-1], flush=True)
    versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
    content = {"versions": versions, "machine": platform.machine(), "runs": runs}
    OUT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
