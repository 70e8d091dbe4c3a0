"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from ..errors import CatnetError

__all__ = ["json_text", "new_folder", "write_text"]


def json_text(content):
    """Return content as JSON, one number a line, so that a difference is a line."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_text(path, text):
    """Write a file under a temporary name beside it, then move it into place."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(target):
    """Fill a folder that appears, in place of one that was there, when all is well.

    Yields a temporary folder beside the target. An error leaves the old one as it was; what a
    kill leaves behind has a name that is never used again.

    Raises
    ------
    CatnetError
        If no folder can be made there.
    """
    target = Path(target).resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise CatnetError(
            f"{target} cannot be made ({error.strerror}): choose a place with room where you may "
            "write"
        ) from error
    old = work / "old"
    try:
        filled = work / "new"
        filled.mkdir()
        yield filled
        if target.exists():
            os.rename(target, old)
        os.rename(filled, target)
    except BaseException:
        if old.exists() and not target.exists():
            os.rename(old, target)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
