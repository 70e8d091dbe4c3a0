"""The network and its training, on NumPy alone: exact arithmetic, stacks, optimizers."""
