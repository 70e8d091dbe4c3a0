"""Show a chapter's cell of parameters as a table, with a command that reruns the chapter.

The cell tagged `parameters` stays in the notebook, where papermill and nbval see it; only its page
has a table in its place. The page of a rerun has the cell that papermill put after it in the same
table: its values beside the recorded ones, and the command that made that page.
"""

import json
import re
import shlex
from html import escape
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.transforms import SphinxTransform

from catnet.report.pages.origins import called, recorded_parameters
from catnet.report.parameters import declared

OTHER_NUMBER = 0.003  # what the example sets a number to, where that is another value in its range
KINDS = {"bool": "true or false", "str": "text"}


class ShowParameters(SphinxTransform):
    """Put a table in the place of the cell."""

    default_priority = 400

    def apply(self, **options):
        """Run the transform on one page."""
        path = Path(self.env.doc2path(self.env.docname))
        cells = {
            tag: node
            for node in self.document.findall(nodes.container)
            for tag in (node.get("cell_metadata") or {}).get("tags", ())
            if tag in ("parameters", "injected-parameters")
        }
        if path.suffix != ".ipynb" or "parameters" not in cells:
            return
        injected = cells.pop("injected-parameters", None)
        html = table(nbformat.read(path, as_version=4), path.stem)
        cells["parameters"].replace_self(nodes.raw("", html, format="html"))
        if injected is not None:
            injected.parent.remove(injected)


def table(notebook, name):
    """Write the table and the command.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    name : str
        Of its file; that of its chapter, if the notebook does not say another.

    Returns
    -------
    str
        HTML.
    """
    told = notebook.metadata.get("catnet", {})
    name = told.get("chapter", name)
    source = next(c.source for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    parameters = declared(source, name)
    values = recorded_parameters(notebook, parameters)
    columns = {"recorded": told["recorded"] if "recorded" in told else values}
    if "recorded" in told:
        columns = {"this run": values, **columns}
        given = told["given"]
        said = "This page was made by"
    else:
        given = example(parameters, values)
        said = "Run it with another value" if given else "Run it again"
    head = "".join(f'<th scope="col">{t}</th>' for t in ("name", *columns, "meaning", "range"))
    rows = "".join(_row(parameter, columns) for parameter in parameters.values())
    command = rerun_command(called(name), given)
    code = f'<div class="highlight"><pre>{escape(command)}</pre></div>'
    return (
        f'<div class="parameters"><table><caption>What this chapter can be run with</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{said}:</p>"
        f'<div class="highlight-sh notranslate">{code}</div></div>'
    )


def rerun_command(chapter, given):
    """Return the command that runs a chapter with these values."""
    words = ["catnet", "rerun", chapter]
    for name, value in given.items():
        words += ["-p", name, value if isinstance(value, str) else json.dumps(value)]
    return shlex.join(words)


def example(parameters, values):
    """Choose one parameter, and another value in its range.

    Parameters
    ----------
    parameters : dict of str to Parameter
    values : dict of str to object

    Returns
    -------
    dict of str to object
        With one entry; with none if nothing can be chosen without knowing more.
    """
    for kind in ("float", "int", "str"):
        for name, parameter in parameters.items():
            if parameter.kind != kind or parameter.seed_of is not None:
                continue
            others = {
                "float": (OTHER_NUMBER, values[name] / 2 if kind == "float" else None),
                "int": (values[name] // 2 if kind == "int" else None,),
                "str": parameter.choices,
            }[kind]
            for other in others:
                fits = parameter.interval is None or other in parameter.interval
                if fits and other != values[name]:
                    return {name: other}
    return {}


def _row(parameter, columns):
    meaning, reach = described(parameter)
    shown = [json.dumps(values[parameter.name]) for values in columns.values()]
    changed = len(set(shown)) > 1
    cells = "".join(
        f'<td data-column="{escape(column)}">'
        + ("<strong>" * changed + f"<code>{escape(value)}</code>" + "</strong>" * changed)
        + "</td>"
        for column, value in zip(columns, shown, strict=True)
    )
    return (
        f'<tr><th scope="row"><code>{escape(parameter.name)}</code></th>{cells}'
        f'<td data-column="meaning">{escape(meaning)}</td>'
        f'<td data-column="range">{escape(reach)}</td></tr>'
    )


def described(parameter):
    """Divide what stands beside a parameter into its meaning and its range, in words.

    Returns
    -------
    meaning, reach : str
    """
    meaning, *conditions = (part.strip() for part in parameter.comment.split(";"))
    if parameter.interval is not None:
        meaning = re.sub(r",? ?in [(\[][^,]+, [^)\]]+[)\]]$", "", meaning)
        conditions.insert(0, _interval(parameter.interval, each=parameter.kind == "list"))
    elif parameter.choices or parameter.file:
        meaning, _, choices = meaning.partition(": ")
        conditions.insert(0, choices)
    else:
        conditions.insert(0, KINDS[parameter.kind])
    return meaning, "; ".join(conditions)


def _interval(interval, *, each):
    low, high = (bound.strip("()[]") for bound in interval.notation.split(", "))
    words = []
    if low != "-inf":
        words.append(f"{'at least' if interval.has_low else 'above'} {low}")
    if high != "inf":
        words.append(f"{'at most' if interval.has_high else 'below'} {high}")
    return ("each " if each else "") + (", ".join(words) or "any number")


def setup(app):
    """Register with Sphinx."""
    app.add_transform(ShowParameters)
    app.add_css_file("origins.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
