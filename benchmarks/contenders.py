"""The list of contenders, by the names that the tables and the page show."""

from __future__ import annotations

from ours import Article, Exact, Plain, Products, SampleSpace
from peers import Jax, PyTorch, PyTorchCompiled, PyTorchFused, ScikitLearn

CONTENDERS = {
    "two bare products": Products,
    "ours, exact": Exact,
    "ours, plain": Plain,
    "ours, in sample space": SampleSpace,
    "NumPy, the article's way": Article,
    "PyTorch": PyTorch,
    "PyTorch, fused": PyTorchFused,
    "PyTorch, compiled": PyTorchCompiled,
    "JAX, jit": Jax,
    "scikit-learn": ScikitLearn,
}
