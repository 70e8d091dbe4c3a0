"""Where the numbers of a notebook come from: the cells that computed what its text quotes."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from functools import lru_cache

from ..results import MIME_TYPE

__all__ = ["Cell", "Origin", "called", "origins", "recorded_parameters", "results_of"]

GLUED = "application/papermill.record/"
NUMBERED = re.compile(r"(\d+)-.+")
WORDS = 60  # characters that a cell's code is recognised by
STATEMENTS = 2**12  # whose names are remembered: those of a notebook are asked for again and again


@dataclass(frozen=True)
class Cell:
    """A cell of code in a notebook.

    Parameters
    ----------
    index : int
        Its place among all cells, from 0.
    number : int or None
        What Jupyter shows beside it, if it has run.
    words : str
        Of its code: how the line begins that is meant.
    hidden : bool
        Whether the page leaves it out.
    """

    index: int
    number: int | None
    words: str
    hidden: bool


@dataclass(frozen=True)
class Origin:
    """Where a number, or what a figure shows, comes from.

    Parameters
    ----------
    computed : Cell
        The last one, up to `shown`, that assigns what is quoted.
    shown : Cell
        The one whose output holds it; often the same.
    """

    computed: Cell
    shown: Cell


def called(name):
    """Return what a chapter is called on the command line: its number, if it has one."""
    numbered = NUMBERED.fullmatch(name)
    return str(int(numbered[1])) if numbered else name


def results_of(notebook):
    """Return the JSON of the `Results` that a notebook shows, or None."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if MIME_TYPE in output.get("data", {}):
                return output["data"][MIME_TYPE]
    return None


def recorded_parameters(notebook, declared):
    """Return what the outputs of a notebook were made with.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    declared : dict of str to Parameter

    Returns
    -------
    dict of str to object
        As its `Results` say, with the seeds that were meant by None; else what is declared.
    """
    values = {name: parameter.default for name, parameter in declared.items()}
    values |= notebook.metadata.get("catnet", {}).get("parameters", {})
    results = results_of(notebook)
    return values if results is None else values | results["parameters"]


def origins(notebook):
    """Find where each number comes from that a notebook hands to texts, and each figure.

    It is a reading of the code, by names: of what a ``glue`` quotes, the last cell is taken that
    assigns any of it. What a function does to its arguments is not seen.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    dict of (str or int) to Origin
        By the name that was glued; by the cell's index for every cell that shows a figure.
    """
    cells = [
        (index, cell, _parsed(cell.source))
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
    ]
    found = {}
    for place, (index, cell, tree) in enumerate(cells):
        keys = _glued(cell)
        pictures = any("image/" in kind for o in cell.outputs for kind in o.get("data", {}))
        if cell.get("execution_count") is None or not (keys or pictures):
            continue  # a picture that no cell has drawn: a rerun's curves
        before = cells[:place]
        shown = _cell(index, cell)
        for key in keys:
            quoted = _quoted(tree, key)
            computed = _source(quoted, tree, before, shown)
            if computed is shown and quoted != [tree]:  # its own line, not the cell's first one
                own = replace(shown, words=_short(ast.unparse(quoted[0])))
                found[key] = Origin(own, own)
            else:
                found[key] = Origin(computed, shown)
        if pictures:
            found[index] = Origin(_source([tree], tree, before, shown), shown)
    return found


def _cell(index, cell, line=None):
    if line is None:
        steps = _parsed(cell.source).body
        line = next((step.lineno for step in steps if not _defines(step)), 1)
    words = (cell.source.splitlines() or [""])[line - 1].strip()
    hidden = "remove-cell" in cell.metadata.get("tags", [])
    return Cell(index, cell.get("execution_count"), _short(words), hidden)


def _short(code):
    return code if len(code) <= WORDS else f"{code[:WORDS]}…"


def _glued(cell):
    """Names of what a cell glued, as myst-nb finds them."""
    return [
        output["metadata"]["scrapbook"]["name"]
        for output in cell.get("outputs", [])
        if "scrapbook" in output.get("metadata", {})
    ]


def _parsed(source):
    try:
        return ast.parse(source)
    except SyntaxError:  # a line for IPython alone
        return ast.Module([], [])


def _quoted(tree, key):
    """Return what is glued under a name; where names are put together, all that the cell glues."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "glue"
        and len(node.args) > 1
    ]
    own = [c for c in calls if isinstance(c.args[0], ast.Constant) and c.args[0].value == key]
    computed = [c for c in calls if not isinstance(c.args[0], ast.Constant)]
    return [call.args[1] for call in own or computed] or [tree]


def _source(quoted, tree, before, shown):
    """Return the last cell before that assigns something of what is quoted, else this one."""
    needed = set().union(*map(_loaded, quoted))
    steps = [statement for statement in tree.body if not _defines(statement)]
    grown = True
    while grown:  # by what this cell itself makes it of
        more = needed.union(*(_loaded(step) for step in steps if _stored(step) & needed))
        grown, needed = more != needed, more
    needed -= _names(tree, ast.Store)
    exact = {name for name in needed if "[" in name}
    for wanted in (exact, needed):
        for index, cell, other in reversed(before):
            if "parameters" in cell.metadata.get("tags", []):
                continue
            for step in reversed(other.body):
                if not _defines(step) and _stored(step) & wanted:
                    told = wanted is exact or _names(step, ast.Store) & wanted
                    return _cell(index, cell, step.lineno if told else None)
    return shown


def _defines(statement):
    return isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)


def _loaded(node):
    """Names that code reads, and of dictionaries the entries by constant keys."""
    return _names(node, ast.Load) | _entries(node, ast.Load)


@lru_cache(STATEMENTS)
def _stored(node):
    """Names that code assigns, and the entries of dictionaries; none of a comprehension's own."""
    entries = _entries(node, ast.Store)
    own = set().union(
        *(_names(n.target, ast.Store) for n in ast.walk(node) if isinstance(n, ast.comprehension))
    )
    return (
        (_names(node, ast.Store) - own) | entries | {entry.partition("[")[0] for entry in entries}
    )


@lru_cache(STATEMENTS)
def _names(node, context):
    return frozenset(
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)
    )


@lru_cache(STATEMENTS)
def _entries(node, context):
    return frozenset(
        f"{n.value.id}[{n.slice.value!r}]"
        for n in ast.walk(node)
        if isinstance(n, ast.Subscript)
        and isinstance(n.ctx, context)
        and isinstance(n.value, ast.Name)
        and isinstance(n.slice, ast.Constant)
    )
