"""Record PyTorch's gradients and Adam steps for the tests, which do without PyTorch.

Run it once, where PyTorch is installed (``pip install torch==2.13.0``)::

    python tests/record_torch_gradients.py

It writes ``record/torch_gradients.json`` beside itself: networks of 1 to 5 layers with their
images, labels and parameters, the cost (binary cross-entropy, no epsilon) and its gradients by
autograd in float64, again with leaky ReLUs, and again with class weights and the gradients
clipped by their norm; and the parameters after each of five steps of
`torch.optim.Adam` with given gradients, with and without AMSGrad. Real numbers are hexadecimal,
so that nothing is lost. Nothing of catnet is used.
"""

import json
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
NETWORKS = [  # shape of an image, widths of the layers after the input
    ((2, 2, 3), [1]),
    ((2, 2, 3), [4, 1]),
    ((2, 2, 3), [5, 4, 1]),
    ((4, 4, 3), [7, 6, 4, 1]),
    ((4, 4, 3), [8, 6, 5, 4, 1]),
]
EXAMPLES = 7
ADAM = [
    {"learning_rate": 0.0075, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    {"learning_rate": 0.00075, "beta1": 0.8, "beta2": 0.999, "epsilon": 1e-4},
]
AMSGRAD = {"learning_rate": 0.0075, "beta1": 0.9, "beta2": 0.5, "epsilon": 1e-8, "amsgrad": True}
SLOPE = 0.01  # of leaky ReLUs
CLASS_WEIGHTS = (0.75, 1.5)
CLIP_NORM = 0.05
STEPS = 5


def written(array):
    """Return an array as nested lists of hexadecimal floats."""
    if array.ndim:
        return [written(row) for row in array]
    return float(array).hex()


def network_record(random, shape, widths, slope=0.0, class_weights=(1.0, 1.0), clip_norm=None):
    """Draw a network until each of its layers learns, and record its gradients."""
    images = random.randint(0, 256, size=(EXAMPLES, *shape))
    labels = np.arange(EXAMPLES) % 2
    dims = [int(np.prod(shape)), *widths]
    while True:
        weights = [
            (2 * random.random_sample((n, k)) - 1) * np.sqrt(6 / k)
            for k, n in zip(dims[:-1], dims[1:], strict=True)
        ]
        biases = [random.random_sample((n, 1)) - 0.5 for n in widths]
        w, b, cost, margin = autograd(images, labels, weights, biases, slope, class_weights)
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([*w, *b], clip_norm)
        gradients = {"weights": [x.grad.numpy() for x in w], "biases": [x.grad.numpy() for x in b]}
        alive = all((g != 0).any(axis=1).mean() > 0.5 for g in gradients["weights"])
        if alive and margin > 1e-3:  # no ReLU close to its kink
            break
    return {
        "images": images.tolist(),
        "labels": labels.tolist(),
        "weights": [written(w) for w in weights],
        "biases": [written(b) for b in biases],
        "cost": cost.hex(),
        "weight_gradients": [written(g) for g in gradients["weights"]],
        "bias_gradients": [written(g) for g in gradients["biases"]],
    }


def autograd(images, labels, weights, biases, slope, class_weights):
    """Return tensors with gradients, the cost, and how near any ReLU's argument is to 0."""
    w = [torch.tensor(x, requires_grad=True) for x in weights]
    b = [torch.tensor(x, requires_grad=True) for x in biases]
    a = torch.tensor(images.reshape(len(images), -1).T / 255.0)
    margin = np.inf
    for layer in range(len(w) - 1):
        z = w[layer] @ a + b[layer]
        margin = min(margin, float(z.detach().abs().min()))
        a = torch.nn.functional.leaky_relu(z, slope) if slope else torch.relu(z)
    logits = (w[-1] @ a + b[-1])[0]
    cost = torch.nn.functional.binary_cross_entropy_with_logits(
        logits,
        torch.tensor(labels, dtype=torch.float64),
        weight=torch.tensor(np.array(class_weights)[labels]),
    )
    cost.backward()
    return w, b, float(cost.detach()), margin


def adam_record(random, settings):
    """Take steps with gradients of very different sizes, and record every one."""
    start = [random.standard_normal((2, 3)), random.standard_normal((3, 1))]
    scales = [10.0 ** -np.arange(0, 12, 2).reshape(2, 3), np.array([[1e3], [1e-9], [0.0]])]
    gradients = [
        [scale * random.standard_normal(scale.shape) for scale in scales] for _ in range(STEPS)
    ]
    parameters = [torch.tensor(x.copy(), requires_grad=True) for x in start]
    optimizer = torch.optim.Adam(
        parameters,
        lr=settings["learning_rate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        amsgrad=settings.get("amsgrad", False),
    )
    after = []
    for step in gradients:
        for parameter, g in zip(parameters, step, strict=True):
            parameter.grad = torch.tensor(g)
        optimizer.step()
        after.append([written(p.detach().numpy()) for p in parameters])
    return {
        "settings": settings,
        "start": [written(x) for x in start],
        "gradients": [[written(g) for g in step] for step in gradients],
        "after": after,
    }


def main():
    """Write the record."""
    torch.set_num_threads(1)
    random = np.random.RandomState(0)
    content = {
        "torch": torch.__version__,
        "networks": [network_record(random, *network) for network in NETWORKS],
        "adam": [adam_record(random, settings) for settings in ADAM],
        # Drawn last, so that what stands above stays as it is.
        "leaky_networks": [network_record(random, *network, SLOPE) for network in NETWORKS[1:]],
        "amsgrad": [adam_record(random, AMSGRAD)],
        "weighted_networks": [
            network_record(random, *NETWORKS[2], class_weights=CLASS_WEIGHTS, clip_norm=clip_norm)
            for clip_norm in (None, CLIP_NORM)
        ],
    }
    path = HERE / "record" / "torch_gradients.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
