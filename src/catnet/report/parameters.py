"""What a chapter can be run with: declared in its notebook, read and checked here.

The notebook's cell tagged `parameters` is the only place that says which parameters a
chapter has, their types, defaults and meaning. What values make sense is said here, once
for all chapters.
"""

from __future__ import annotations

import ast
import difflib
import json
import math
import types
from contextlib import suppress
from dataclasses import dataclass

from ..errors import CatnetError, ParameterError
from . import chapters

__all__ = [
    "Parameter",
    "check",
    "declared",
    "find",
    "read",
    "recorded_searches",
    "recorded_seed",
    "resolve",
]

INPUTS = 64 * 64 * 3  # numbers in one image

KINDS = {
    "int": (int, "a whole number, written like 2000"),
    "float": (float, "a number, written like 0.003 or 1.0e-4"),
    "bool": (bool, "true or false"),
    "str": (str, "text"),
    "list": (list, f"a list of whole numbers, written like '[{INPUTS}, 5, 1]'"),
}

# Which values are in range, and how a sentence says it; `gd_` and `adam_` in front of a name
# tell apart the two models of one chapter.
RANGES = {
    "dataset": (lambda v: v in ("catvnoncat", "drawn"), '"catvnoncat" or "drawn"'),
    "seed": (lambda v: 0 <= v < 2**32, "in 0 … 2**32 - 1"),
    "other_seed": (lambda v: 0 <= v < 2**32, "in 0 … 2**32 - 1"),
    "slow_seed": (lambda v: 0 <= v < 2**32, "in 0 … 2**32 - 1"),
    "layer_dims": (
        lambda v: len(v) > 1 and v[0] == INPUTS and v[-1] == 1 and min(v) >= 1,
        f"widths of at least 1 that begin with the images' {INPUTS} numbers and end with 1",
    ),
    "learning_rate": (lambda v: v > 0, "above 0"),
    "num_iterations": (lambda v: v >= 1, "at least 1"),
    "beta1": (lambda v: 0 <= v < 1, "in [0, 1), so 0 or above and below 1"),
    "beta2": (lambda v: 0 <= v < 1, "in [0, 1), so 0 or above and below 1"),
    "epsilon": (lambda v: v >= 0, "0 or above"),
    "patience": (lambda v: v >= 1, "at least 1"),
    "validation_share": (lambda v: 0 < v < 1, "above 0 and below 1"),
}

# Some chapters train the networks of others as well.
SEEDS_FROM = {
    "gd_seed": "02-gradient-descent",
    "adam_seed": "06-early-stopping",
    "slow_seed": "04-learning-rate",
}

PLAIN_DATA = (bool, int, float, complex, str, bytes, list, tuple, dict, set, types.NoneType)


@dataclass(frozen=True)
class Parameter:
    """One parameter as a chapter's notebook declares it.

    Parameters
    ----------
    chapter : str
    name : str
    kind : str
        A key of `KINDS`.
    default : object
        None means that the record knows the value.
    meaning : str
        The comment beside it.
    """

    chapter: str
    name: str
    kind: str
    default: object
    meaning: str

    def accept(self, value):
        """Return a Python value in its normal form: int to float, tuple to list.

        Raises
        ------
        ParameterError
            If its type is wrong, it is not finite, or it is out of range.
        """
        if value is None and self.default is None:
            return None
        if self.kind == "float" and type(value) is int:
            value = _float(value)
        if isinstance(value, tuple):
            value = list(value)
        kind, description = KINDS[self.kind]
        if type(value) is not kind or (kind is list and any(type(v) is not int for v in value)):
            raise self._refusal(description, value)
        if kind is float and not math.isfinite(value):
            raise self._refusal("finite", value)
        in_range, description = RANGES.get(
            self.name.removeprefix("gd_").removeprefix("adam_"), (lambda v: True, "")
        )
        if not in_range(value):
            raise self._refusal(description, value)
        return value

    def _refusal(self, description, value):
        shown = repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:80]}…"
        return ParameterError(
            f"chapter {self.chapter}: {self.name} must be {description}, not {shown}"
        )


def _float(value):
    try:
        return float(value)
    except OverflowError:
        return math.inf


def declared(chapter):
    """Read what a chapter's notebook declares.

    Parameters
    ----------
    chapter : str

    Returns
    -------
    dict of str to Parameter
        In the notebook's order.

    Raises
    ------
    CatnetError
        If there is no such chapter, or its notebook declares a parameter in a way that
        cannot be read.
    """
    from papermill import inspect_notebook

    chapter = chapters.find(chapter)
    path = chapters.notebook(chapter)
    found = inspect_notebook(chapters.read(chapter))
    parameters = {}
    for name, entry in found.items():
        try:
            default = ast.literal_eval(entry["default"])
        except (SyntaxError, ValueError):
            default = ...
        if default is ... or entry["inferred_type_name"] not in KINDS:
            raise CatnetError(
                f"{path} must declare {name} as `{name}: TYPE = VALUE  # meaning` with one of the "
                f"types {', '.join(KINDS)} and a plain value"
            )
        parameters[name] = Parameter(
            chapter, name, entry["inferred_type_name"], default, entry["help"]
        )
    return parameters


def find(known, name, chapter):
    """Look up a declared parameter.

    Parameters
    ----------
    known : dict of str to Parameter
    name, chapter : str

    Raises
    ------
    ParameterError
        If the chapter has no such parameter; it names the nearest one.
    """
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ParameterError(
        f"chapter {chapter} has no parameter {name!r}.{hint} Its parameters are {', '.join(known)}"
    )


def read(parameter, value):
    """Read what a user wrote for a parameter, by its declared type.

    Parameters
    ----------
    parameter : Parameter
    value : object
        Text from a command line, or whatever YAML made of it: YAML takes ``1e-4`` for text.

    Returns
    -------
    object
        A value in its type and range.

    Raises
    ------
    ParameterError
        If it is neither.
    """
    if isinstance(value, str) and parameter.kind != "str":
        value = _from_text(parameter, value.strip())
    return parameter.accept(value)


def _from_text(parameter, text):
    if parameter.default is None and text.lower() in ("none", "null"):
        return None
    try:
        match parameter.kind:
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "bool":
                return {"true": True, "false": False}[text.lower()]
            case _:
                return ast.literal_eval(text)
    except (KeyError, MemoryError, RecursionError, SyntaxError, ValueError):
        return text  # which `accept` refuses, and quotes


def check(chapter, namespace):
    """Check, inside a running chapter, everything its parameters were set to.

    Parameters
    ----------
    chapter : str
        For instance ``"04-learning-rate"``.
    namespace : dict
        The chapter's ``globals()``.

    Returns
    -------
    dict of str to object
        The parameters in the notebook's order and in their normal form; a seed of None has
        become the recorded one.

    Raises
    ------
    ParameterError
        If a name is set that is no parameter, or a value has the wrong type or range.
    """
    chapter = chapters.find(chapter)
    known = declared(chapter)
    own = _assigned(
        cell.source for cell in chapters.read(chapter).cells if cell.cell_type == "code"
    )
    # IPython keeps the cells that ran: what a user's startup files set is no parameter.
    names = _assigned(namespace["In"]) if "In" in namespace else set(namespace)
    for name in sorted(names - own):
        if not name.startswith("_") and isinstance(namespace.get(name), PLAIN_DATA):
            find(known, name, chapter)
    return resolve(known, namespace)


def resolve(known, given):
    """Complete the values given for a chapter with the defaults and the recorded seeds.

    Parameters
    ----------
    known : dict of str to Parameter
    given : dict of str to object
        May hold other names as well, which are passed over.

    Returns
    -------
    dict of str to object

    Raises
    ------
    ParameterError
        If a value has the wrong type or range.
    """
    values = {}
    for name, parameter in known.items():
        value = parameter.accept(given.get(name, parameter.default))
        if value is None:
            value = parameter.accept(recorded_seed(SEEDS_FROM.get(name, parameter.chapter)))
        values[name] = value
    return values


def recorded_seed(chapter):
    """Seed that `catnet seeds` has recorded for a chapter; 0 where it has not been run yet."""
    return recorded_searches().get(chapter, {}).get("seed", 0)


def recorded_searches():
    """Read ``book/record/seeds.json``.

    Returns
    -------
    dict of str to dict
        By chapter; empty where nothing is recorded yet.

    Raises
    ------
    CatnetError
        If it is not such a file.
    """
    path = chapters.BOOK / "record" / "seeds.json"
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CatnetError(f"{path} cannot be read ({error}): take it from the repository") from None
    if not isinstance(content, dict) or not all(isinstance(e, dict) for e in content.values()):
        raise CatnetError(f"{path} does not hold searches for seeds: take it from the repository")
    return content


def _assigned(sources):
    """Names that cells set; one that is not Python, which a user may have run, sets none."""
    from IPython.core.inputtransformer2 import TransformerManager

    python = TransformerManager().transform_cell
    names = set()
    for source in sources:
        with suppress(SyntaxError):
            found = [n for n in ast.walk(ast.parse(python(source))) if isinstance(n, ast.Name)]
            names |= {n.id for n in found if isinstance(n.ctx, ast.Store)}
    return names
