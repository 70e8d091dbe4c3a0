"""The article's training in plain NumPy, written apart from catnet to compare it with.

Nothing here is exact or shared with the package: `W @ A`, `np.exp`, `np.log` and the powers of
beta, back-propagation from the derivative of the cost with respect to the output, as the article
has it, and its Adam, whose loop ends before the output layer.
"""

import numpy as np


def propagate(weights, biases, features):
    """Return the layers' arguments Z1 … ZL and outputs A0 … AL."""
    outputs, arguments = [features], []
    for layer in range(len(weights)):
        arguments.append(weights[layer] @ outputs[-1] + biases[layer])
        if layer < len(weights) - 1:
            outputs.append(np.maximum(0, arguments[-1]))
        else:
            outputs.append(1 / (1 + np.exp(-arguments[-1])))
    return arguments, outputs


def cost_of(output, y):
    """Cross-entropy with the article's 1e-6."""
    m = y.shape[1]
    right = np.dot(y, np.log(output + 1e-6).T) + np.dot(1 - y, np.log(1 - output + 1e-6).T)
    return float(np.squeeze(-right / m))


def gradients_of(weights, arguments, outputs, y):
    """Return dW and db of all layers."""
    m = y.shape[1]
    output = outputs[-1]
    da = -(y / output - (1 - y) / (1 - output))
    dw, db = [None] * len(weights), [None] * len(weights)
    for layer in range(len(weights) - 1, -1, -1):
        if layer == len(weights) - 1:
            dz = da * output * (1 - output)
        else:
            dz = np.where(arguments[layer] > 0, da, 0)
        dw[layer] = dz @ outputs[layer].T / m
        db[layer] = np.sum(dz, axis=1, keepdims=True) / m
        da = weights[layer].T @ dz
    return dw, db


def train(weights, biases, features, labels, num_iterations, learning_rate, adam=None, frozen=()):
    """Train copies of the parameters; return the costs before each update, and the copies.

    `adam` is (beta1, beta2, epsilon), or None for gradient descent; `frozen` are layers, from 1.
    """
    weights, biases = [w.copy() for w in weights], [b.copy() for b in biases]
    y = labels.reshape(1, -1)
    m = [[np.zeros_like(p) for p in kind] for kind in (weights, biases)]
    v = [[np.zeros_like(p) for p in kind] for kind in (weights, biases)]
    costs = []
    for t in range(1, num_iterations + 1):
        arguments, outputs = propagate(weights, biases, features)
        costs.append(cost_of(outputs[-1], y))
        both = gradients_of(weights, arguments, outputs, y)
        for kind, (parameters, gradients) in enumerate(zip((weights, biases), both, strict=True)):
            for layer in range(len(parameters)):
                if layer + 1 in frozen:
                    continue
                g = gradients[layer]
                if adam is None:
                    parameters[layer] = parameters[layer] - learning_rate * g
                    continue
                beta1, beta2, epsilon = adam
                m[kind][layer] = beta1 * m[kind][layer] + (1 - beta1) * g
                v[kind][layer] = beta2 * v[kind][layer] + (1 - beta2) * g**2
                corrected_m = m[kind][layer] / (1 - beta1**t)
                corrected_v = v[kind][layer] / (1 - beta2**t)
                parameters[layer] = parameters[layer] - learning_rate * corrected_m / (
                    np.sqrt(corrected_v) + epsilon
                )
    return np.array(costs), weights, biases
