"""The same training steps in other libraries, each used as its documentation shows.

They are given the same weights in the same number type, and run on the processor. What only one
of them needs is imported where it is used: any of them may be missing.
"""

from __future__ import annotations

import warnings

import numpy as np
from contender import BETA1, BETA2, EPSILON, AsAWhole, Contender

__all__ = ["Jax", "PyTorch", "PyTorchCompiled", "PyTorchFused", "ScikitLearn"]


class PyTorch(Contender):
    """`torch.nn.Linear` layers, the loss from the logits, an optimizer of `torch.optim`."""

    fused = None  # the library's default: a loop over the parameters
    compiled = False

    def __init__(self, setup):
        super().__init__(setup)
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits

        features = torch.from_numpy(self.features)
        labels = torch.from_numpy(self.split.labels.astype(setup.dtype)[:, np.newaxis])
        layers = []
        for weights in self.parameters[0]:
            layer = torch.nn.Linear(*weights.shape[::-1], dtype=features.dtype)
            layers += [layer, torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*layers[:-1])

        def loss():
            return binary_cross_entropy_with_logits(self.model(features), labels)

        self.loss = torch.compile(loss) if self.compiled else loss

    def begin(self):
        """Put the initial weights back; a new optimizer has no memory."""
        import torch

        flat = [a for pair in zip(*self.parameters, strict=True) for a in pair]
        with torch.no_grad():
            for parameter, array in zip(self.model.parameters(), flat, strict=True):
                parameter.copy_(torch.from_numpy(array.reshape(parameter.shape)))
        options = {"lr": self.learning_rate, "fused": self.fused}
        if self.adam:
            options |= {"betas": (BETA1, BETA2), "eps": EPSILON}
        kind = torch.optim.Adam if self.adam else torch.optim.SGD
        self.optimizer = kind(self.model.parameters(), **options)

    def train(self, steps):
        """Take steps."""
        costs = []
        for _ in range(steps):
            self.optimizer.zero_grad()
            loss = self.loss()
            loss.backward()
            self.optimizer.step()
            costs.append(loss.item())
        return costs


class PyTorchFused(PyTorch):
    """The optimizer as one loop in C++."""

    fused = True


class PyTorchCompiled(PyTorchFused):
    """Forward and backward pass compiled by `torch.compile` as well."""

    compiled = True


class Jax(Contender):
    """A step compiled as a whole by `jax.jit`, in memory that is handed on from step to step."""

    def __init__(self, setup):
        super().__init__(setup)
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", setup.dtype == "float64")
        jax.config.update("jax_platforms", "cpu")
        self.inputs = jnp.asarray(self.features), jnp.asarray(self.split.labels, setup.dtype)
        rate = self.learning_rate

        def cost(layers, features, labels):
            a = features
            for weights, biases in layers[:-1]:
                a = jax.nn.relu(a @ weights + biases)
            weights, biases = layers[-1]
            z = (a @ weights + biases)[:, 0]
            return jnp.mean(jax.nn.softplus(z) - labels * z)

        def descend(layers, state, features, labels):
            value, gradients = jax.value_and_grad(cost)(layers, features, labels)
            layers = jax.tree.map(lambda p, g: p - rate * g, layers, gradients)
            return layers, state, value

        def adam(layers, state, features, labels):
            value, gradients = jax.value_and_grad(cost)(layers, features, labels)
            t, m, v = state
            t = t + 1
            m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, gradients)
            v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, gradients)
            m_scale, v_scale = 1 / (1 - BETA1**t), 1 / (1 - BETA2**t)
            layers = jax.tree.map(
                lambda p, m, v: p - rate * (m * m_scale) / (jnp.sqrt(v * v_scale) + EPSILON),
                layers,
                m,
                v,
            )
            return layers, (t, m, v), value

        self.step = jax.jit(adam if self.adam else descend, donate_argnums=(0, 1))

    def begin(self):
        """Put the initial weights back, inputs in rows as JAX's own examples have them."""
        import jax
        import jax.numpy as jnp

        self.layers = [
            (jnp.array(weights.T), jnp.array(biases[:, 0]))
            for weights, biases in zip(*self.parameters, strict=True)
        ]
        m, v = (jax.tree.map(jnp.zeros_like, self.layers) for _ in range(2))
        self.state = (jnp.zeros((), self.setup.dtype), m, v) if self.adam else ()

    def train(self, steps):
        """Take steps; wait for the last one, not for each."""
        costs = []
        for _ in range(steps):
            self.layers, self.state, cost = self.step(self.layers, self.state, *self.inputs)
            costs.append(cost)
        self.layers[0][0].block_until_ready()
        return [float(cost) for cost in costs]


class ScikitLearn(AsAWhole):
    """`sklearn.neural_network.MLPClassifier`, full batches, without its penalty on weights.

    Its Adam adds epsilon in another place than the paper's Algorithm 1.
    """

    def __init__(self, setup):
        super().__init__(setup)
        from sklearn.neural_network import MLPClassifier

        self.inputs = self.features, self.split.labels
        self.model = MLPClassifier(
            setup.layer_dims[1:-1],
            solver="adam" if self.adam else "sgd",
            learning_rate_init=self.learning_rate,
            beta_1=BETA1,
            beta_2=BETA2,
            epsilon=EPSILON,
            alpha=0.0,
            batch_size=setup.images,
            momentum=0.0,
            nesterovs_momentum=False,
            shuffle=False,
            warm_start=True,
            tol=0.0,
            n_iter_no_change=10**9,
            max_iter=1,
        )
        self.fit()  # once, so that there are weights to overwrite

    def train(self, steps):
        """Put the initial weights back, and fit."""
        for ours, theirs in (
            (self.parameters[0], self.model.coefs_),
            (self.parameters[1], self.model.intercepts_),
        ):
            for array, place in zip(ours, theirs, strict=True):
                place[...] = array.T.reshape(place.shape)
        self.model.max_iter = steps
        self.fit()
        return [float(cost) for cost in self.model.loss_curve_[-steps:]]

    def fit(self):
        """Train without the warning that it may not be long enough."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model.fit(*self.inputs)
