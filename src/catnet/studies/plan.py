"""The plan of a study: a TOML file that says, before anything is run, what is run and why.

::

    question = "Does the lower rate help?"
    dataset = "catvnoncat"                   # or another of `catnet.studies.datasets`
    seeds = {first = 1000, count = 200}      # an arm may have its own
    costs_every = 20                         # iterations between two costs that are kept
    snapshots = [500]                        # updates after which a network is looked at
    logits = "end"                           # which outputs are kept: or "snapshots", "test" (at
                                             # the end, of the test images alone), "none"

    [[hypotheses]]
    name = "H1"
    statement = "More runs learn at 0.00075 than at 0.0075."
    rule = "Supported if the interval of the difference lies above 0; contradicted if below."

    [base]                                   # settings of all arms; see `catnet.studies.settings`
    iterations = 2000

    [[arms]]                                 # a name, and the settings that differ from the base
    name = "adam"

    [[arms]]
    name = "gd"
    optimizer = "gradient descent"

    [factors]                                # every arm with every level of every factor
    learning_rate = [0.0075, 0.00075]        # of a setting, by values
    [factors.output]                         # of several settings, by names
    printed = {frozen_layers = [4]}
    trained = {frozen_layers = []}

It has eight arms, of which one is ``adam,learning_rate=0.0075,output=printed``; a run's key is
``STUDY/ARM/SEED``. What is unknown, of a wrong type or contradictory is refused.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from ..errors import ParameterError
from .datasets import DATASETS
from .settings import FROM_ONE, NOT_NEGATIVE, SEEDS, SETTINGS, Setting, checked

__all__ = ["Arm", "Hypothesis", "Plan", "Run", "find_plan", "list_plans", "parse_plan"]

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
LEVEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
MAX_BYTES = 2**18  # of a plan
MAX_ARMS = 10**4
MAX_RUNS = 10**6

LOGITS = ("end", "snapshots", "test", "none")
KEYS = {  # of the whole plan, without its tables
    "question": Setting(str, None),
    "dataset": Setting(str, None, choices=tuple(DATASETS)),
    "costs_every": Setting(int, 20, FROM_ONE),
    "snapshots": Setting(list, (), NOT_NEGATIVE),
    "logits": Setting(str, "end", choices=LOGITS),
}
TABLES = ("seeds", "hypotheses", "base", "arms", "factors")


@dataclass(frozen=True)
class Hypothesis:
    """What is expected, and by which rule it is judged, in words.

    Parameters
    ----------
    name, statement, rule : str
    """

    name: str
    statement: str
    rule: str


@dataclass(frozen=True)
class Arm:
    """Runs that differ in their seed alone.

    Parameters
    ----------
    name : str
    levels : dict of str to str
        The level of each factor; the entries of ``[[arms]]`` are the levels of ``arm``.
    settings : dict of str to object
    seeds : range
    """

    name: str
    levels: dict[str, str]
    settings: dict[str, object]
    seeds: range


@dataclass(frozen=True)
class Run:
    """One run of a study.

    Parameters
    ----------
    number : int
        Its place in the study, from 0.
    key : str
        What it is called: ``STUDY/ARM/SEED``.
    arm : Arm
    seed : int
    """

    number: int
    key: str
    arm: Arm
    seed: int


@dataclass(frozen=True)
class Plan:
    """A study's plan.

    Parameters
    ----------
    name : str
    text : str
        The whole file.
    question, dataset : str
    costs_every : int
    snapshots : tuple of int
    logits : str
        One of `LOGITS`.
    hypotheses : tuple of Hypothesis
    arms : tuple of Arm
    """

    name: str
    text: str
    question: str
    dataset: str
    costs_every: int
    snapshots: tuple[int, ...]
    logits: str
    hypotheses: tuple[Hypothesis, ...]
    arms: tuple[Arm, ...]

    @property
    def digest(self):
        """sha256 of the file, comments and all: what was promised is not altered afterwards."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def iterations(self):
        """Iterations of the longest arm."""
        return max(arm.settings["iterations"] for arm in self.arms)

    @cached_property
    def runs(self):
        """All runs, arm by arm."""
        pairs = [(arm, seed) for arm in self.arms for seed in arm.seeds]
        return tuple(
            Run(number, f"{self.name}/{arm.name}/{seed}", arm, seed)
            for number, (arm, seed) in enumerate(pairs)
        )

    def find(self, key):
        """Return the run of a key.

        Raises
        ------
        ParameterError
            If there is none.
        """
        for run in self.runs:
            if run.key == key:
                return run
        arms = ", ".join(arm.name for arm in self.arms[:12])
        raise ParameterError(
            f"study {self.name} has no run {key!r}: a key is {self.name}/ARM/SEED; its arms are "
            f"{arms}{', …' if len(self.arms) > 12 else ''}"
        )

    def only(self, conditions):
        """Return the runs that meet conditions.

        Parameters
        ----------
        conditions : list of str
            Each ``FACTOR=LEVEL``, ``arm=NAME`` or ``seed=NUMBER``. Of several for one factor one
            must be met.

        Returns
        -------
        list of Run

        Raises
        ------
        ParameterError
            If there is no such factor, or no run is left.
        """
        factors = dict.fromkeys([*self.arms[0].levels, "arm", "seed"])
        wanted = {}
        for condition in conditions:
            factor, _, level = condition.partition("=")
            if factor not in factors:
                raise ParameterError(
                    f"--only takes FACTOR=LEVEL with a factor of {', '.join(factors)}, "
                    f"not {condition!r}"
                )
            wanted.setdefault(factor, set()).add(level)
        chosen = [
            run
            for run in self.runs
            if all(
                {run.arm.levels.get(factor), *_also_called(run, factor)} & levels
                for factor, levels in wanted.items()
            )
        ]
        if not chosen:
            raise ParameterError(f"study {self.name} has no run with {' and '.join(conditions)}")
        return chosen


def _also_called(run, factor):
    return {"arm": [run.arm.name], "seed": [str(run.seed)]}.get(factor, [])


def list_plans(folder):
    """Return the names of all studies of a folder, in order."""
    return sorted(path.stem for path in Path(folder).glob("*.toml"))


def find_plan(folder, name):
    """Read the plan of a study.

    Parameters
    ----------
    folder : Path
        Where the studies are.
    name : str

    Returns
    -------
    Plan

    Raises
    ------
    ParameterError
        If there is none, or it cannot be read.
    """
    path = Path(folder) / f"{name}.toml"
    if not NAME.fullmatch(name) or not path.is_file():
        there = ", ".join(list_plans(folder)) or "none"
        raise ParameterError(f"there is no study {name!r} in {folder}: there is {there}")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ParameterError(f"{path} has more than {MAX_BYTES} bytes, too many for a plan")
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ParameterError(f"{path} is not text in UTF-8") from None
    return parse_plan(name, text)


@lru_cache(maxsize=8)
def parse_plan(name, text):
    """Read a plan from its text.

    Parameters
    ----------
    name, text : str

    Returns
    -------
    Plan

    Raises
    ------
    ParameterError
        If it is not a plan.
    """
    where = f"studies/{name}.toml"
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"{where} is not TOML that can be read: {error!s:.200}") from None
    for key in content:
        if key not in KEYS and key not in TABLES:
            raise _unknown(where, key, [*KEYS, *TABLES])
    plain = {}
    for key, setting in KEYS.items():
        value = content.get(key, setting.default)
        if value is None:
            raise ParameterError(f"{where} does not say its {key}")
        plain[key] = setting.read(list(value) if type(value) is tuple else value, f"{where}: {key}")
    if not plain["question"].strip():
        raise ParameterError(f"{where}: the question is empty")
    hypotheses = _hypotheses(where, content.get("hypotheses"))
    arms = _arms(where, content)
    plan = Plan(name, text, hypotheses=hypotheses, arms=arms, **plain)
    snapshots = plan.snapshots
    if list(snapshots) != sorted(set(snapshots)) or max(snapshots, default=0) >= plan.iterations:
        raise ParameterError(
            f"{where}: snapshots must go up, and end below {plan.iterations}, the iterations of "
            "the longest arm: its end is looked at anyway"
        )
    return plan


def _unknown(where, key, known):
    return ParameterError(f"{where} says {key!r:.80}, which is none of {', '.join(known)}")


def _table(where, value, kind="a table"):
    if not isinstance(value, dict):
        raise ParameterError(f"{where} must be {kind}, not {value!r:.80}")
    return value


def _tables(where, value):
    if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
        raise ParameterError(f"{where} must be tables, each under [[{where.split()[-1]}]]")
    return value


def _hypotheses(where, tables):
    if tables is None:
        raise ParameterError(f"{where} has no [[hypotheses]]: say what is expected before it runs")
    found = []
    for table in _tables(f"{where}: hypotheses", tables):
        fields = Hypothesis.__dataclass_fields__
        for key in table:
            if key not in fields:
                raise _unknown(f"{where}: a hypothesis", key, fields)
        for key in fields:
            value = table.get(key)
            if not isinstance(value, str) or not value.strip():
                raise ParameterError(f"{where}: each hypothesis needs its {key}, in words")
        found.append(Hypothesis(**table))
    if len({hypothesis.name for hypothesis in found}) < len(found):
        raise ParameterError(f"{where}: two hypotheses have the same name")
    return tuple(found)


def _arms(where, content):
    """Return all arms: every entry of [[arms]] with every level of every factor."""
    base = _settings(f"{where}: base", content.get("base", {}))
    common = content.get("seeds")
    factors = {"arm": _named_arms(where, content["arms"])} if "arms" in content else {}
    factors |= _factors(where, _table(f"{where}: factors", content.get("factors", {})))
    if math.prod(map(len, factors.values())) > MAX_ARMS:
        raise ParameterError(f"{where} has more than {MAX_ARMS} arms")
    arms = []
    for levels in itertools.product(*(levels.items() for levels in factors.values())):
        parts, said, seeds = [], {}, common
        for factor, (level, (changes, own_seeds)) in zip(factors, levels, strict=True):
            parts.append(level if factor == "arm" else f"{factor}={level}")
            for setting in said.keys() & changes.keys():
                raise ParameterError(f"{where}: arm {','.join(parts)} is told its {setting} twice")
            said |= changes
            seeds = seeds if own_seeds is None else own_seeds
        name = ",".join(parts) or "base"
        defaults = {key: setting.default for key, setting in SETTINGS.items()}
        settings = checked(defaults | base | said, f"{where}: arm {name}")
        named = {factor: level for factor, (level, _) in zip(factors, levels, strict=True)}
        arms.append(Arm(name, named, settings, _seeds(f"{where}: seeds", seeds)))
    if sum(len(arm.seeds) for arm in arms) > MAX_RUNS:
        raise ParameterError(f"{where} has more than {MAX_RUNS} runs")
    alike = {}
    for arm in arms:
        others = alike.setdefault(tuple(arm.settings.values()), [])
        for other in others:
            if set(arm.seeds) & set(other.seeds):
                raise ParameterError(
                    f"{where}: the arms {other.name} and {arm.name} are the same, so their runs "
                    "would be counted twice"
                )
        others.append(arm)
    return tuple(arms)


def _named_arms(where, tables):
    """Return the levels of the factor "arm": its settings and seeds by name."""
    levels = {}
    for table in _tables(f"{where}: arms", tables):
        changes = dict(table)
        name = _level(f"{where}: an arm's name", changes.pop("name", None))
        if name in levels:
            raise ParameterError(f"{where}: two arms are called {name!r}")
        seeds = changes.pop("seeds", None)
        levels[name] = _settings(f"{where}: arm {name}", changes), seeds
    return levels


def _factors(where, tables):
    """Return the levels of every other factor, in the same form."""
    factors = {}
    for factor, levels in tables.items():
        here = f"{where}: factor {factor}"
        if isinstance(levels, list) and levels:
            if factor not in SETTINGS:
                raise _unknown(f"{where}: a factor with values", factor, SETTINGS)
            settings = [_settings(here, {factor: value}) for value in levels]
            named = {_written(some[factor]): (some, None) for some in settings}
            if len(named) < len(levels):
                raise ParameterError(f"{here} has a level twice")
        else:
            if factor in SETTINGS or factor in ("arm", "seed"):
                raise ParameterError(f"{here} must be a list of values, or have another name")
            _level(f"{where}: a factor's name", factor)
            named = {
                _level(f"{here}: a level's name", level): (
                    _settings(f"{here}.{level}", _table(f"{here}.{level}", changes)),
                    None,
                )
                for level, changes in _table(here, levels, "values, or a table of levels").items()
            }
            if not named:
                raise ParameterError(f"{here} has no levels")
        factors[factor] = named
    return factors


def _level(where, name):
    if not isinstance(name, str) or not LEVEL.fullmatch(name):
        raise ParameterError(
            f"{where} must be letters, digits and any of . _ + - after the first, not {name!r:.80}"
        )
    return name


def _written(value):
    """Write a value so that it can be part of a name."""
    if isinstance(value, tuple):
        return "-".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return value.replace(" ", "-") if isinstance(value, str) else repr(value)


def _settings(where, table):
    for key in _table(where, table):
        if key not in SETTINGS:
            raise _unknown(where, key, SETTINGS)
    return {key: SETTINGS[key].read(value, f"{where}: {key}") for key, value in table.items()}


def _seeds(where, table):
    if table is None:
        raise ParameterError(f"{where} are missing: write seeds = {{first = 1000, count = 100}}")
    if not isinstance(table, dict) or table.keys() != {"first", "count"}:
        raise ParameterError(f"{where} must be written {{first = 1000, count = 100}}")
    first = Setting(int, None, SEEDS).read(table["first"], f"{where}: first")
    count = Setting(int, None, FROM_ONE).read(table["count"], f"{where}: count")
    if first + count > 2**32:
        raise ParameterError(f"{where} must end below 2**32")
    return range(first, first + count)
