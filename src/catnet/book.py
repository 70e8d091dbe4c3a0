"""What `catnet.report`, which knows nothing of images and networks, is told of this book."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from .errors import CatnetError
from .images import catvnoncat
from .report.chapters import TABLE_OF_CONTENTS, Book, Edition

__all__ = ["VARIABLE", "available_edition", "find_book"]

VARIABLE = "CATNET_BOOK"
"""Names the folder of the book to a chapter's process; a user may set it too."""

SOURCE = Path(__file__).resolve().parents[1]
PACKAGES = ("catnet", "numpy", "matplotlib", "h5py", "scipy", "jupyter-book", "papermill")


def find_book():
    """Find the book: where CATNET_BOOK says, beside the package, or around the current folder.

    Returns
    -------
    Book

    Raises
    ------
    CatnetError
        If it is not there.
    """
    named = os.environ.get(VARIABLE)
    if named is not None:
        folder = Path(named).expanduser().resolve()
        if not (folder / TABLE_OF_CONTENTS).is_file():
            raise CatnetError(
                f"{VARIABLE} names {named!r}, where there is no {TABLE_OF_CONTENTS}: let it name "
                "the folder of the book, or unset it"
            )
        return _book(folder)
    here = Path.cwd()
    for folder in (SOURCE.parent, here, *here.parents):
        if (folder / TABLE_OF_CONTENTS).is_file():
            return _book(folder)
    raise CatnetError(
        f"there is no book in {here} or above it: run catnet in a copy of the whole repository, "
        f"or let {VARIABLE} name its folder"
    )


def available_edition(book):
    """Return the edition on the real images where they are at hand, else the drawn one."""
    return book.editions["drawn" if catvnoncat.find_images() is None else "catvnoncat"]


def _book(root):
    def environment():
        path = [str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
        variables = {VARIABLE: str(root), "PYTHONPATH": os.pathsep.join(path)}
        images = catvnoncat.named_folder()  # the chapter runs in another folder than the user
        return variables | ({} if images is None else {catvnoncat.VARIABLE: str(images)})

    real = Edition("catvnoncat", "the real images", {}, root / "book" / "record")
    drawn = Edition(
        "drawn", "the embedded images (drawn)", {"dataset": "drawn"}, root / "tests" / "record"
    )
    return Book(
        root,
        "catnet",
        {edition.name: edition for edition in (real, drawn)},
        root / "book" / "record" / "seeds.json",
        environment,
        _versions,
    )


def _versions():
    python = {"python": platform.python_version()}
    return python | {package: _version(package) for package in PACKAGES}


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
