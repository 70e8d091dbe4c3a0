"""Keeping what the chapters compute: in their notebooks, and as JSON beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ..errors import CatnetError
from .files import json_text, write_text
from .running.execution import execute

__all__ = ["record"]

ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")


def record(chapter, edition, kernels=None):
    """Run a chapter and keep what it computed.

    In the book's main edition its notebook is replaced by the executed one; in others
    only the numbers are kept.

    Parameters
    ----------
    chapter : Chapter
    edition : Edition
    kernels : Kernels, optional

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    CatnetError
        If the chapter fails, or printed what is not the same everywhere: warnings, memory
        addresses, paths of this machine.
    """
    import nbformat

    own = edition == chapter.book.main_edition
    for name in edition.parameters.keys() - chapter.parameters.keys():
        raise CatnetError(f"chapter {chapter.name} has no {name} to choose: leave out --{name}")
    notebook, results = execute(chapter, dict(edition.parameters), kernels=kernels)
    written = {}
    if own:
        _refuse_local_output(chapter, notebook)
        written[chapter.path] = nbformat.writes(notebook) + "\n"
    if results is not None:
        written[chapter.record_path(edition)] = json_text(results.to_json(float.hex))
    for path, text in written.items():
        write_text(path, text)
    return list(written)


def _refuse_local_output(chapter, notebook):
    places = [str(place) for place in (chapter.book.root, Path.home()) if place.parent != place]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text = output.get("text") or json.dumps(output.get("data", {}))
            what = None
            if output.get("name") == "stderr":
                what = f"wrote to standard error: {text.strip().splitlines()[-1]}"
            elif ADDRESS.search(text):
                what = f"shows a memory address: {ADDRESS.search(text)[0]}"
            elif any(place in text for place in places):
                what = "shows a path of this machine"
            if what:
                raise CatnetError(
                    f"chapter {chapter.name} is not recorded: cell [{cell.execution_count}] {what}"
                )
