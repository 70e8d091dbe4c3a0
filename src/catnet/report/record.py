"""Keeping what the chapters compute: in their notebooks, and as JSON beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ..errors import CatnetError
from . import chapters
from .execution import execute
from .files import json_text, write_text
from .parameters import declared
from .results import Results

__all__ = ["read_record", "record", "record_path"]

ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")


def record_path(chapter, dataset="catvnoncat"):
    """Path of a chapter's record on the real images, or on the drawn ones."""
    if dataset == "drawn":
        return chapters.BOOK.parent / "tests" / "record" / f"{chapter}.json"
    return chapters.BOOK / "record" / f"{chapter}.json"


def read_record(chapter, dataset="catvnoncat"):
    """Read a chapter's record.

    Returns
    -------
    Results or None
        None if nothing is recorded.

    Raises
    ------
    CatnetError
        If the file is not a record.
    """
    path = record_path(chapter, dataset)
    if not path.exists():
        return None
    try:
        return Results.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise CatnetError(
            f"{path} is not a record ({type(error).__name__}: {error}); "
            f"make it again with `catnet record {chapter}`"
        ) from None


def record(chapter, dataset="catvnoncat", *, progress=False):
    """Run a chapter and keep what it computed.

    With the real images its notebook is replaced by the executed one, and its numbers go to
    ``book/record/``; with the drawn ones only the numbers are kept, in ``tests/record/``.

    Parameters
    ----------
    chapter : str
    dataset : str
    progress : bool
        Show a progress bar.

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

    chapter = chapters.find(chapter)
    real = dataset == "catvnoncat"
    if not real and "dataset" not in declared(chapter):
        raise CatnetError(f"chapter {chapter} has no dataset to choose: leave out --dataset")
    notebook, results = execute(chapter, None if real else {"dataset": dataset}, progress=progress)
    written = []
    if results is not None:
        written.append(record_path(chapter, dataset))
        text = json_text(results.to_json(float.hex))
    if real:
        _refuse_local_output(chapter, notebook)
        write_text(chapters.notebook(chapter), nbformat.writes(notebook) + "\n")
        written.insert(0, chapters.notebook(chapter))
    if results is not None:
        write_text(record_path(chapter, dataset), text)
    return written


def _refuse_local_output(chapter, notebook):
    places = [str(place) for place in (chapters.BOOK.parent, Path.home()) if place.parent != place]
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
                    f"chapter {chapter} is not recorded: cell [{cell.execution_count}] {what}"
                )
