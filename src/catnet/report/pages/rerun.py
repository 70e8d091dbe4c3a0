"""A chapter run with other parameters, into a folder of its own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from ..files import json_text, new_folder, scratch_folder, write_text
from ..results import Results
from ..running.execution import execute
from . import figures
from .drawing import Drawing
from .page import build_page, require_jupyter_book

__all__ = ["Rerun", "comparison", "rerun"]

FIGURE = {
    "figure": {
        "caption": "Training cost before each update, this run (thin line) beside the one that "
        "the book records (broad line), on a logarithmic scale.",
        "name": "this-run-beside-the-recorded",
    },
    "image": {
        "alt": "Training cost at each iteration, this run beside the recorded one, a panel a run."
    },
}


@dataclass(frozen=True)
class Rerun:
    """What a rerun made, and what it is compared with.

    Parameters
    ----------
    folder : Path
        With ``index.html``, ``results.json`` and the executed notebook.
    results : Results
    recorded : Results or None
        What the book has.
    """

    folder: Path
    results: Results
    recorded: Results | None


def rerun(chapter, given, output=None, *, progress=False):
    """Run a chapter with other parameters, and keep the notebook, a page and the numbers.

    Parameters
    ----------
    chapter : Chapter
    given : dict of str to object
        Values by parameter name, or text to be read.
    output : Path, optional
        By default ``reruns/<chapter>/<hash of all parameters>`` in the current folder.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Rerun

    Raises
    ------
    CatnetError
        If a parameter or the output folder is refused, both before anything runs, or the
        chapter fails; nothing is written then.
    """
    import nbformat

    given = chapter.read(given)
    values = chapter.complete(given)
    if output is None:
        output = Path("reruns") / chapter.name / _short_hash(values)
    require_jupyter_book(chapter.book.root)
    recorded = chapter.recorded(chapter.book.main_edition)
    with new_folder(output) as folder:
        notebook, results = execute(chapter, given, progress=progress)
        if results is None:  # it trains nothing
            results = Results(chapter.name, values, {})
        outcome = Rerun(Path(output), results, recorded)
        content = results.to_json()
        content = {
            "chapter": content["chapter"],
            "parameters": content["parameters"],
            "versions": chapter.book.versions(),
            "runs": content["runs"],
        }
        write_text(folder / f"{chapter.name}.ipynb", nbformat.writes(notebook) + "\n")
        # For the page alone: what its extensions say of the run, and of the record.
        notebook.metadata["catnet"] = {
            "chapter": chapter.name,
            "given": given,
            "parameters": values,
            "recorded": chapter.complete({}),
        }
        with scratch_folder() as work:
            if results.runs:
                notebook.cells.insert(1, _curves(results, recorded))
            build_page(notebook, _note(outcome), chapter.book.root, folder, work)
        write_text(folder / "results.json", json_text(content))
    return outcome


def comparison(outcome):
    """Compare a rerun with the record.

    Parameters
    ----------
    outcome : Rerun

    Returns
    -------
    changed : list of (name, here, recorded)
        Parameters that differ.
    rows : list of (run, what, here, recorded)
        All as text; an em dash where there is nothing.
    """
    here, recorded = outcome.results, outcome.recorded
    old_parameters = recorded.parameters if recorded else here.parameters
    changed = [
        (name, json.dumps(value), json.dumps(old_parameters[name]))
        for name, value in here.parameters.items()
        if name in old_parameters and old_parameters[name] != value
    ]
    rows = []
    for name, run in here.runs.items():
        old = _numbers(recorded.runs[name]) if recorded and name in recorded.runs else {}
        rows += [(name, what, value, old.get(what, "—")) for what, value in _numbers(run).items()]
    return changed, rows


def _numbers(run):
    return {
        "final cost": repr(float(run.costs[-1])),
        "train accuracy": f"{run.train_accuracy:.1%}",
        "test accuracy": f"{run.test_accuracy:.1%}",
        "weights": run.digest[:12],
    }


def _curves(results, recorded):
    """Return a cell that shows the curves, as if it had drawn them."""
    from nbformat import v4

    figures.style()

    def draw(figure, narrow):
        figures.beside_recorded(figure, results, recorded, narrow=narrow)

    height = 0.5 + 2.2 * len(results.runs)
    data, metadata = Drawing(draw, height, height)._repr_mimebundle_()
    return v4.new_code_cell(
        "# drawn by `catnet rerun`",  # myst-nb leaves out a cell without code
        outputs=[v4.new_output("display_data", data=data, metadata=metadata)],
        metadata={"tags": ["lead", "remove-input"], "mystnb": FIGURE},
    )


def _note(outcome):
    changed, rows = comparison(outcome)
    names = [name for name, *_ in rows]
    first_rows = {names.index(name) for name in names}  # the others leave the name out
    lines = [
        ":::{admonition} This is a rerun",
        ":class: important",
        "All numbers and figures on this page are of a run with "
        + ("the parameters below" if changed else "the recorded parameters")
        + "; the sentences around them are the book's, speak of the recorded run, and need not "
        "hold here.",
        ":::",
        "",
        "| run | what | this run | recorded |",
        "|---|---|---|---|",
        *(f"| parameter | {name} | `{here}` | `{old}` |" for name, here, old in changed),
        *(
            f"| {name if i in first_rows else ''} | {what} | `{here}` | `{old}` |"
            for i, (name, what, here, old) in enumerate(rows)
        ),
        "",
    ]
    return "\n".join(lines)


def _short_hash(values):
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:10]
