"""What a chapter computed, as plain records that other programs can read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Results", "Run"]

MIME_TYPE = "application/vnd.catnet.results+json"


@dataclass(frozen=True, eq=False)
class Run:
    """One training run.

    Parameters
    ----------
    costs : ndarray of float64, shape (t,)
        Training cost before every update, in nats.
    train_accuracy, test_accuracy : float
        Shares of the images, 0 to 1, that the trained network gets right.
    digest : str
        ``Network.digest()`` of the trained network.
    """

    costs: np.ndarray
    train_accuracy: float
    test_accuracy: float
    digest: str

    @classmethod
    def of(cls, network, history, dataset):
        """Sum up a trained network, its history and how well it does on a dataset."""
        return cls(
            history.costs,
            network.accuracy(dataset.train),
            network.accuracy(dataset.test),
            network.digest(),
        )

    def report(self, every=100):
        """Write out the costs every so many iterations, and the accuracies, with all digits.

        Parameters
        ----------
        every : int
            Iterations between two lines; the last iteration has one of its own.

        Returns
        -------
        str
        """
        last = len(self.costs) - 1
        shown = [*range(0, last, every), last]
        return "\n".join(
            [f"cost before update {i}: {float(self.costs[i])!r}" for i in shown]
            + [
                f"accuracy on the training images: {self.train_accuracy!r}",
                f"accuracy on the test images: {self.test_accuracy!r}",
            ]
        )

    def __str__(self):
        return (
            f"  {len(self.costs)} costs, the last {float(self.costs[-1])!r}\n"
            f"  accuracy {self.train_accuracy!r} in training, {self.test_accuracy!r} in the test\n"
            f"  weights {self.digest[:12]}"
        )


@dataclass(frozen=True, eq=False)
class Results:
    """All runs of one chapter, with the parameters they were made with.

    Shown as the last value of a notebook cell it leaves its JSON in the notebook, with
    every cost to the last bit, so that whoever has the executed notebook has the numbers.

    Parameters
    ----------
    chapter : str
        For instance ``"04-learning-rate"``.
    parameters : dict
    runs : dict of str to Run
    """

    chapter: str
    parameters: dict
    runs: dict[str, Run]

    def to_json(self, number=float):
        """Return plain dictionaries; `number` turns each cost into what JSON shall hold.

        ``float.hex`` keeps costs readable to the last bit by any program.
        """
        return {
            "chapter": self.chapter,
            "parameters": dict(self.parameters),
            "runs": {
                name: {
                    "costs": [number(float(cost)) for cost in run.costs],
                    "train_accuracy": run.train_accuracy,
                    "test_accuracy": run.test_accuracy,
                    "digest": run.digest,
                }
                for name, run in self.runs.items()
            },
        }

    @classmethod
    def from_json(cls, content):
        """Read what `to_json` returned; costs may be numbers or hexadecimal.

        Raises
        ------
        AttributeError, KeyError, OverflowError, TypeError or ValueError
            If it is something else.
        """
        runs = {}
        for name, run in content["runs"].items():
            costs = [c if isinstance(c, float | int) else float.fromhex(c) for c in run["costs"]]
            accuracies = run["train_accuracy"], run["test_accuracy"]
            if not all(isinstance(accuracy, float) for accuracy in accuracies):
                raise ValueError(f"the accuracies of {name} are no numbers")
            runs[name] = Run(np.array(costs, dtype=np.float64), *accuracies, run["digest"])
        if not isinstance(content["parameters"], dict):
            raise TypeError("the parameters have no names")
        return cls(content["chapter"], content["parameters"], runs)

    def __str__(self):
        return "\n".join(f"{name}\n{run}" for name, run in self.runs.items())

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": str(self), MIME_TYPE: self.to_json(float.hex)}
