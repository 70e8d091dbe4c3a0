"""The chapters of the book: where they are, and what each can be called."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from ..errors import CatnetError

__all__ = ["BOOK", "find", "listed", "notebook", "read", "slug"]

BOOK = Path(__file__).resolve().parents[3] / "book"

_NUMBERED = re.compile(r"(\d+)-(.+)")


def listed():
    """Names of all chapters in the book's order, the appendix last.

    Returns
    -------
    list of str
        For instance ``["01-data", …, "appendix-same-bits"]``.

    Raises
    ------
    CatnetError
        If the book is not beside the package.
    """
    names = sorted(path.stem for path in BOOK.glob("*.ipynb"))
    if not names:
        raise CatnetError(
            f"there are no chapters in {BOOK}: run catnet from a copy of the whole repository, "
            "where book/ is beside src/"
        )
    return names


def find(name):
    """Give the full name of a chapter that may be called by its number or slug.

    Parameters
    ----------
    name : str
        ``"3"``, ``"03"``, ``"adam-failure"`` or ``"03-adam-failure"``.

    Returns
    -------
    str
        ``"03-adam-failure"``.

    Raises
    ------
    CatnetError
        If there is no such chapter, or no book.
    """
    names = listed()
    known = {}
    for full in names:
        known[full] = full
        if numbered := _NUMBERED.fullmatch(full):
            known[numbered[1]] = known[str(int(numbered[1]))] = known[numbered[2]] = full
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {known[near[0]]}?" if near else ""
    raise CatnetError(f"there is no chapter {name!r}.{hint} The chapters are {', '.join(names)}")


def notebook(chapter):
    """Path of a chapter's notebook, by any of the names `find` knows."""
    return BOOK / f"{find(chapter)}.ipynb"


def read(chapter):
    """Read a chapter's notebook.

    Returns
    -------
    nbformat.NotebookNode

    Raises
    ------
    CatnetError
        If there is no such chapter, or its file is not a notebook.
    """
    import nbformat
    from nbformat.reader import NotJSONError

    path = notebook(chapter)
    try:
        return nbformat.read(path, as_version=4)
    except (AttributeError, NotJSONError, ValueError, nbformat.ValidationError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CatnetError(f"{path} is not a notebook that can be read: {reason}") from None


def slug(chapter):
    """Name of a chapter without its number: ``"adam-failure"``."""
    numbered = _NUMBERED.fullmatch(chapter)
    return numbered[2] if numbered else chapter
