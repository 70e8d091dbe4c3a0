"""What a notebook can be run with, as it declares it itself.

The cell tagged `parameters` is the only place that says which parameters there are, with their
types and defaults; the comment beside each says what it means and which values it takes, in
ordinary notation, its parts divided by semicolons::

    dataset: str = "real"  # the images: "real", "drawn" (at hand everywhere) or FILE.csv
    layer_dims: list = [9, 4, 1]  # width of every layer, in [1, inf); 9 first, 1 last
    learning_rate: float = 0.0075  # step size, in (0, inf)
    seed: int = None  # start, in [0, 2**32); None: the recorded seed of this chapter

Every number has an interval; so has every element of a list. A text is one of those in quotes;
or, where FILE stands with an ending, the path of such a file. What ends a list may be said in words
that the chapter sees to itself: ``the images' numbers first, 1 last``.
"""

from __future__ import annotations

import ast
import math
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tokenize import COMMENT, generate_tokens

from ..errors import CatnetError, ParameterError

__all__ = [
    "Interval",
    "Parameter",
    "declaration",
    "declared",
    "injected",
    "read_parameter_file",
]

KINDS = {
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "bool": (bool, "true or false"),
    "str": (str, "text"),
    "list": (list, "a list of whole numbers"),
}
WRITTEN = {"int": "2000", "float": "0.003 or 1.0e-4"}  # examples

BOUND = r"-?(?:inf|\d+\*\*\d{1,4}|\d+(?:\.\d+)?(?:e-?\d+)?)"
INTERVAL = re.compile(
    r"(?:.* )?in (?P<notation>"
    rf"(?P<left>[(\[])(?P<low>{BOUND}), (?P<high>{BOUND})(?P<right>[)\]]))"
)
ENDS = re.compile(r"(?P<first>\d+|the [\w' ]+) first, (?P<last>\d+) last")
SEED = re.compile(r"None: the recorded seed of (this chapter|[\w-]+)")
CHOICE = re.compile(r'"([^"]+)"')
FILE = re.compile(r"\bFILE(\.\w+)")

INJECTED = "# Parameters"  # how papermill begins the cell that it puts after the declarations
MAX_BYTES = 2**16  # of a file of parameters
MAX_DEPTH = 2  # a mapping, and lists in it


@dataclass(frozen=True)
class Interval:
    """All numbers between two bounds, with or without each.

    Parameters
    ----------
    low, high : int or float
    has_low, has_high : bool
    notation : str
        As it was written: ``"[0, 2**32)"``.
    """

    low: float
    high: float
    has_low: bool
    has_high: bool
    notation: str

    def __contains__(self, number):
        return (self.low < number or (self.has_low and self.low == number)) and (
            number < self.high or (self.has_high and number == self.high)
        )


@dataclass(frozen=True)
class Parameter:
    """One parameter as a chapter's notebook declares it.

    Parameters
    ----------
    chapter, name : str
    kind : str
        A key of `KINDS`.
    default : object
    comment : str
        All that stands beside it.
    interval : Interval, optional
        Where a number must be, or every element of a list.
    choices : tuple of str
        What a text may be; anything if there are none.
    file : str, optional
        The ending of a file whose path a text may be as well.
    ends : tuple of (int or str)
        First and last element of a list, if they are given; words stand for what is not checked
        here.
    seed_of : str, optional
        The chapter whose recorded seed is meant by None, which is refused otherwise.
    """

    chapter: str
    name: str
    kind: str
    default: object
    comment: str
    interval: Interval | None = None
    choices: tuple[str, ...] = ()
    file: str | None = None
    ends: tuple[int | str, ...] = ()
    seed_of: str | None = None

    def read(self, value):
        """Read what a user gave, text by the declared type, and return it in its normal form.

        Parameters
        ----------
        value : object
            A Python value, or text from a command line or a file.

        Returns
        -------
        object
            A whole number given for a float has become one, a tuple a list; the path of a file
            holds in any folder.

        Raises
        ------
        ParameterError
            If its type is wrong, it is not finite, or it is out of range.
        """
        if isinstance(value, str) and self.kind != "str":
            value = self._from_text(value.strip())
        if value is None and self.seed_of is not None:
            return None
        if self.kind == "float" and type(value) is int:
            value = _float(value)
        if self.kind == "list" and isinstance(value, list | tuple):
            value = [_whole(v) if isinstance(v, str) else v for v in value]
        kind, _ = KINDS[self.kind]
        if type(value) is not kind or (kind is list and any(type(v) is not int for v in value)):
            raise self._refusal(value)
        if kind is float and not math.isfinite(value):
            raise ParameterError(f"{self._must_be} finite, not {value}")
        if self._names_file(value):
            return os.path.abspath(os.path.expanduser(value))
        if not self._has(value):
            raise self._refusal(value)
        return value

    def _names_file(self, value):
        if self.file is None or value in self.choices or not value.endswith(self.file):
            return False
        if not os.path.isfile(os.path.expanduser(value)):
            raise ParameterError(f"{self._must_be} a file that is there; {_shown(value)} is not")
        return True

    def _from_text(self, text):
        if self.seed_of is not None and text.lower() in ("none", "null"):
            return None
        try:
            match self.kind:
                case "int":
                    return int(text)
                case "float":
                    return float(text)
                case "bool":
                    return {"true": True, "false": False}[text.lower()]
        except (KeyError, ValueError):
            return text  # which is refused, and quoted
        inside = re.fullmatch(r"\[([^][()]*)\]|\(([^][()]*)\)|([^][()]*)", text)
        if inside is None:
            return text
        elements = next(group for group in inside.groups() if group is not None).strip()
        return [_whole(e) for e in elements.removesuffix(",").split(",")] if elements else []

    def _has(self, value):
        if self.kind == "list":
            at_ends = not self.ends or (
                len(value) > 1
                and all(
                    isinstance(end, str) or element == end
                    for element, end in zip((value[0], value[-1]), self.ends, strict=True)
                )
            )
            return at_ends and all(element in self.interval for element in value)
        if self.interval is not None:
            return value in self.interval
        return not self.choices or value in self.choices

    @property
    def _must_be(self):
        return f"chapter {self.chapter}: {self.name} must be"

    def _refusal(self, value):
        _, description = KINDS[self.kind]
        if self.choices:
            description = " or ".join(f'"{choice}"' for choice in self.choices)
            if self.file is not None:
                description += f" or a file, FILE{self.file}"
        if self.interval is not None:
            description += f" in {self.interval.notation}"
        if self.ends:
            description += f" with {self.ends[0]} first and {self.ends[1]} last"
        if self.kind == "list":
            description += f", written like '{self.default}'"
        elif self.kind in WRITTEN:
            description += f", written like {WRITTEN[self.kind]}"
        return ParameterError(f"{self._must_be} {description}, not {_shown(value)}")


def declared(source, chapter):
    """Read the declarations of a notebook.

    Parameters
    ----------
    source : str
        Its cell tagged `parameters`.
    chapter : str
        Its name.

    Returns
    -------
    dict of str to Parameter
        In the notebook's order.

    Raises
    ------
    CatnetError
        If it declares a parameter in a way that cannot be read.
    """
    try:
        written = _declarations(source)
    except SyntaxError:
        raise CatnetError(f"chapter {chapter}: its cell of parameters is not Python") from None
    parameters = {}
    for name, *parts in written:
        try:
            parameters[name] = declaration(chapter, name, *parts)
        except ValueError as error:
            raise CatnetError(
                f"chapter {chapter} declares {name} in a way that cannot be read: {error}; "
                f"write `{name}: TYPE = VALUE  # meaning, in (0, inf)`"
            ) from None
    return parameters


def declaration(chapter, name, kind, default, comment):
    """Read one declaration by its parts.

    Parameters
    ----------
    chapter, name : str
    kind : str
        A key of `KINDS`.
    default : str
        As Python writes it.
    comment : str
        What stands beside it.

    Returns
    -------
    Parameter

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    if kind not in KINDS:
        raise ValueError(f"its type is not one of {', '.join(KINDS)}")
    meaning, *conditions = (part.strip() for part in comment.split(";"))
    interval, choices, file, ends, seed_of = None, (), None, (), None
    if kind in ("int", "float", "list"):
        match = INTERVAL.fullmatch(meaning)
        if match is None:
            raise ValueError("its comment does not end with an interval")
        low, high = _bound(match["low"]), _bound(match["high"])
        has_low, has_high = match["left"] == "[", match["right"] == "]"
        interval = Interval(low, high, has_low, has_high, match["notation"])
    elif kind == "str":
        choices = tuple(CHOICE.findall(meaning))
        named = FILE.search(meaning)
        file = named[1] if named else None
    for condition in conditions:
        if kind == "list" and (match := ENDS.fullmatch(condition)):
            ends = _whole(match["first"]), int(match["last"])
        elif kind == "int" and (match := SEED.fullmatch(condition)):
            seed_of = chapter if match[1] == "this chapter" else match[1]
        else:
            raise ValueError(f"its comment says {condition!r}")
    parameter = Parameter(
        chapter, name, kind, _plain(default), comment, interval, choices, file, ends, seed_of
    )
    parameter.read(parameter.default)
    return parameter


def _declarations(source):
    """Return name, type, value and comment of all that is assigned, as they are written."""
    statements = ast.parse(source).body
    comments = {
        token.start[0]: token.string.removeprefix("#").strip()
        for token in generate_tokens(StringIO(source).readline)
        if token.type == COMMENT
    }
    return [
        (
            name,
            _text(statement, "annotation"),
            _text(statement, "value"),
            comments.get(statement.end_lineno, ""),
        )
        for statement in statements
        for name in _targets(statement)
    ]


def _text(statement, part):
    node = getattr(statement, part, None)
    return "" if node is None else ast.unparse(node)


def _plain(text):
    try:
        return ast.literal_eval(text)
    except (SyntaxError, TypeError, ValueError, MemoryError, RecursionError):
        raise ValueError(f"its value {_shown(text)} is not a plain one") from None


def _assigned(source):
    return [name for statement in ast.parse(source).body for name in _targets(statement)]


def _targets(statement):
    """Names that a statement assigns."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _bound(text):
    base, power, exponent = text.partition("**")
    if power:
        return int(base) ** int(exponent)
    return int(text) if text.lstrip("-").isdigit() else float(text)


def injected(cells):
    """Names that papermill's own cell of parameters set, the last one that ran.

    Parameters
    ----------
    cells : list of str
        Sources of the cells that ran, as IPython keeps them in ``In``.

    Returns
    -------
    list of str
        None of what a user defined in other cells.
    """
    for source in reversed(cells):
        if source.startswith(INJECTED):
            with suppress(SyntaxError):  # then it did not run
                return _assigned(source)
    return []


def read_parameter_file(path):
    """Read parameters from a YAML file of ``name: value`` lines.

    Values stay text, for `Parameter.read`: YAML itself takes ``010`` for 8 and ``1:30`` for 90.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to (str or list of str)

    Raises
    ------
    ParameterError
        If it is not such a file, or says something twice.
    """
    import yaml

    path = Path(path)
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ParameterError(f"{path} has more than {MAX_BYTES} bytes, too many for parameters")
    try:
        _refuse_what_grows(path, yaml.parse(content, yaml.BaseLoader))
        root = yaml.compose(content, yaml.BaseLoader)
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        reason = " ".join(str(error).split())[:200]
        raise ParameterError(f"{path} is not YAML that can be read: {reason}") from None
    if root is None:
        return {}
    entries = root.value if isinstance(root, yaml.MappingNode) else [(root, root)]
    given = {}
    for key, value in entries:
        plain = [value] if isinstance(value, yaml.ScalarNode) else value.value
        if not all(isinstance(node, yaml.ScalarNode) for node in (key, *plain)) or key is value:
            raise ParameterError(
                f"{path} must hold lines such as `learning_rate: 0.003`, one for each parameter"
            )
        if key.value in given:
            raise ParameterError(f"{path} gives {_shown(key.value)} twice: leave one of them out")
        texts = [node.value for node in plain]
        given[key.value] = texts[0] if isinstance(value, yaml.ScalarNode) else texts
    return given


def _refuse_what_grows(path, events):
    import yaml

    depth = 0
    for event in events:
        if getattr(event, "anchor", None) is not None:
            raise ParameterError(
                f"{path} has an anchor or an alias ({_shown(event.anchor)}): write the value "
                "itself, and quote text that begins with & or *"
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ParameterError(f"{path} is nested too deep: a parameter is a value or a list")


def _whole(text):
    try:
        return int(text)
    except ValueError:
        return text


def _float(number):
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _shown(value):
    try:
        text = repr(value)
    except ValueError:  # Python writes out no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= 80 else f"{text[:80]}…"
