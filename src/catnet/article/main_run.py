"""What a chapter's parameters and the article's optimizer say is trained: its main run.

The search for seeds trains it, and so does a reader's browser; it needs NumPy alone.
"""

from __future__ import annotations

from dataclasses import fields

from ..engine.network import Network
from ..engine.optimizers import Adam, GradientDescent
from ..engine.training import Member

__all__ = ["member"]

OPTIMIZERS = {"adam": Adam, "gradient_descent": GradientDescent}


def member(values, optimizer):
    """Return the network of a chapter's main run, and how it is trained.

    Parameters
    ----------
    values : dict of str to object
        The chapter's parameters, all of them.
    optimizer : str
        As the article's run names it: ``"adam"`` or ``"gradient_descent"``.

    Returns
    -------
    catnet.Member
    """
    kind = OPTIMIZERS[optimizer]
    numbers = {field.name: values[field.name] for field in fields(kind) if field.name in values}
    network = Network(values["layer_dims"], values["seed"])
    frozen = [network.depth] if values.get("freeze_output_layer") else []
    return Member(network, kind(**numbers), frozen)
