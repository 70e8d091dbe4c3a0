"""Record steps of PyTorch's optimizers for the tests, which do without PyTorch.

Run it once, where PyTorch is installed (``pip install torch==2.13.0``)::

    python tests/record_torch_steps.py

It writes ``record/torch_steps.json`` beside itself: weights and biases after each of some steps
with given gradients, with momentum, an L2 penalty, decoupled weight decay and learning rates that
fall; the penalty and the decay are for the weights alone. And what dropout makes of a gradient:
a small network whose hidden activations are multiplied with given factors, by autograd. Real
numbers are hexadecimal, so that nothing is lost. Nothing of catnet is used.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, StepLR

STEPS = 9
CASES = [  # settings as catnet calls them, the optimizer, the name of its decay, the schedule
    ({"learning_rate": 0.1, "momentum": 0.9}, SGD, None, None),
    ({"learning_rate": 0.1, "momentum": 0.5, "nesterov": True}, SGD, None, None),
    ({"learning_rate": 0.1, "l2": 0.3}, SGD, "l2", None),
    ({"learning_rate": 0.1, "momentum": 0.9, "l2": 0.3}, SGD, "l2", None),
    ({"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99, "l2": 0.3}, Adam, "l2", None),
    ({"learning_rate": 0.1, "beta2": 0.9, "weight_decay": 0.5}, AdamW, "weight_decay", None),
    ({"learning_rate": 0.1, "momentum": 0.9, "schedule": {"every": 3, "factor": 0.5}}, SGD, None,
     lambda optimizer: StepLR(optimizer, 3, 0.5)),
    ({"learning_rate": 0.1, "weight_decay": 0.5, "schedule": {"updates": 7, "floor": 0.0}}, AdamW,
     "weight_decay", lambda optimizer: CosineAnnealingLR(optimizer, 7)),
]  # fmt: skip


def written(array):
    """Return an array as nested lists of hexadecimal floats."""
    if array.ndim:
        return [written(row) for row in array]
    return float(array).hex()


def steps(random, settings, kind, decay, schedule):
    """Take steps with gradients of different sizes, and record every one."""
    start = [random.standard_normal((2, 3)), random.standard_normal((2, 1))]
    scales = [10.0 ** -np.arange(6).reshape(2, 3), np.array([[1e2], [1e-3]])]
    gradients = [[s * random.standard_normal(s.shape) for s in scales] for _ in range(STEPS)]
    weights, biases = (torch.tensor(x.copy(), requires_grad=True) for x in start)
    options = {"lr": settings["learning_rate"]}
    if kind is SGD:
        options |= {name: settings[name] for name in ("momentum", "nesterov") if name in settings}
    else:
        options["betas"] = settings.get("beta1", 0.9), settings.get("beta2", 0.999)
    groups = [
        {"params": [weights], "weight_decay": 0.0 if decay is None else settings[decay]},
        {"params": [biases], "weight_decay": 0.0},
    ]
    optimizer = kind(groups, **options)
    scheduler = None if schedule is None else schedule(optimizer)
    after = []
    for step in gradients[: 7 if schedule else STEPS]:  # PyTorch's cosine would rise again
        for parameter, g in zip((weights, biases), step, strict=True):
            parameter.grad = torch.tensor(g)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        after.append([written(p.detach().numpy()) for p in (weights, biases)])
    return {
        "optimizer": kind.__name__,
        "settings": settings,
        "start": [written(x) for x in start],
        "gradients": [[written(g) for g in step] for step in gradients],
        "after": after,
    }


def dropout(random, widths=(12, 5, 4, 1), images=7):
    """Record the gradient of a network whose hidden activations are multiplied with factors."""
    pixels = random.randint(0, 256, (images, 2, 2, 3))
    labels = np.arange(images) % 2
    pairs = list(zip(widths[:-1], widths[1:], strict=True))
    weights = [random.standard_normal((n, k)) / np.sqrt(k) * 2 for k, n in pairs]
    biases = [0.3 * random.standard_normal((n, 1)) for _, n in pairs]
    factors = np.where(random.random_sample((sum(widths[1:-1]), images)) < 0.3, 0, 1 / 0.7)
    w, b = ([torch.tensor(x, requires_grad=True) for x in kind] for kind in (weights, biases))
    a, done = torch.tensor(pixels.reshape(images, -1).T / 255.0), 0
    for layer, (matrix, vector) in enumerate(zip(w, b, strict=True), start=1):
        z = matrix @ a + vector
        if layer < len(w):
            a = torch.relu(z) * torch.tensor(factors[done : done + len(z)])
            done += len(z)
    target = torch.tensor(labels[np.newaxis], dtype=torch.float64)
    torch.nn.functional.binary_cross_entropy_with_logits(z, target).backward()
    return {
        "images": pixels.tolist(),
        "labels": labels.tolist(),
        "weights": [written(x) for x in weights],
        "biases": [written(x) for x in biases],
        "factors": written(factors),
        "weight_gradients": [written(x.grad.numpy()) for x in w],
        "bias_gradients": [written(x.grad.numpy()) for x in b],
    }


def main():
    """Write the record."""
    torch.set_num_threads(1)
    random = np.random.RandomState(1)
    content = {
        "torch": torch.__version__,
        "steps": [steps(random, *case) for case in CASES],
        "dropout": dropout(random),
    }
    path = Path(__file__).resolve().parent / "record" / "torch_steps.json"
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
