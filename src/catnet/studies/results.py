"""The results of a study that is complete, for the chapters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import CatnetError, ParameterError
from .plan import Plan, find_plan
from .records import grid
from .store import Store

__all__ = ["StudyResults", "load_study"]


@dataclass(frozen=True, eq=False)
class StudyResults:
    """All runs of a study.

    Parameters
    ----------
    plan : Plan
    columns : dict of str to ndarray
        See `catnet.studies.records.columns`; a row for every run of the plan, in its order.
    """

    plan: Plan
    columns: dict[str, np.ndarray]

    def __getitem__(self, column):
        return self.columns[column]

    @property
    def cost_iterations(self):
        """Iterations of the columns of ``costs``."""
        return grid(self.plan)

    @property
    def seeds(self):
        """Seed of every run."""
        return np.array([run.seed for run in self.plan.runs])

    @property
    def keys(self):
        """What `catnet study NAME --repeat` calls each run."""
        return [run.key for run in self.plan.runs]

    def look(self, updates=None):
        """Return the place, along K, of the look after so many updates; by default the last.

        Raises
        ------
        ParameterError
            If the plan has no such snapshot.
        """
        if updates is None:
            return len(self.plan.snapshots)
        if updates not in self.plan.snapshots:
            raise ParameterError(f"{self.plan.name} has snapshots of {self.plan.snapshots} only")
        return self.plan.snapshots.index(updates)

    def rows(self, **levels):
        """Return which runs have these levels, as a mask; ``rows(arm="adam", output="trained")``.

        Raises
        ------
        ParameterError
            If no run has.
        """
        for factor in levels:
            if factor not in self.plan.arms[0].levels:
                raise ParameterError(f"{self.plan.name} has no factor {factor!r}")
        mask = np.array(
            [levels.items() <= run.arm.levels.items() for run in self.plan.runs], dtype=bool
        )
        if not mask.any():
            raise ParameterError(f"{self.plan.name} has no run with {levels}")
        return mask


def load_study(name, folder=None):
    """Read the results of a study.

    Parameters
    ----------
    name : str
    folder : str or Path, optional
        Where the studies are; by default in the book's folder ``studies``.

    Returns
    -------
    StudyResults

    Raises
    ------
    CatnetError
        If it is not complete, or was made by another plan than ``NAME.toml``.
    """
    if folder is None:
        from ..book import find_book

        folder = find_book().root / "studies"
    plan = find_plan(folder, name)
    store = Store(Path(folder), plan)
    if not store.final.exists():
        raise CatnetError(f"study {name} is not complete: `catnet study {name}` runs it")
    results = store.read()
    return StudyResults(plan, {name: values for name, values in results.items() if values.ndim})
