"""The network and its training, on NumPy alone: stacks, strips, optimizers, the one loop."""
