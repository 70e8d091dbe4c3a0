"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..errors import CatnetError, remedy, sentence

__all__ = ["LIST", "json_text", "new_folder", "scratch_folder", "write_text"]

# In every folder that `new_folder` made: what it put there. `sha256sum --check` reads it, too.
LIST = "made-by-catnet.sha256"
CHECKPOINTS = ".ipynb_checkpoints"  # JupyterLab's copies of a notebook

ROOM = 64 * 2**20  # bytes: a page takes 20 MB, and as much again while it is built


def json_text(content):
    """Return content as JSON, one number a line, so that a difference is a line."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_text(path, text):
    """Write a file under a temporary name beside it, then move it into place."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / _unused_name()
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:  # its name is of no interest, and a failed write names no file
        error.filename, error.filename2 = str(path), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(target):
    """Fill a folder that appears, in place of one that was there, when all is well.

    Yields a temporary folder beside the target. An error leaves the old one as it was; what a
    kill leaves behind has a name that is never used again. Only what an earlier call has made,
    and nobody has touched since, is replaced.

    Raises
    ------
    CatnetError
        If no folder can be made there, or one is there that holds anything else.
    """
    place = Path(os.path.realpath(target))  # Path.resolve fails on a link that leads to itself
    _refuse_foreign(target)
    work = place.parent / _unused_name()
    filled, old = work / "new", work / "old"
    try:
        try:
            filled.mkdir(parents=True)
            _require_room(work)
        except OSError as error:
            raise CatnetError(
                f"{target} cannot be made ({error.strerror}): "
                + (remedy(error) or "choose a place where you may write")
            ) from error
        yield filled
        _list_files(filled)
        _refuse_foreign(target)  # again: it was in reach while the folder was filled
        if place.exists():
            os.rename(place, old)
        os.rename(filled, place)
    except BaseException as error:
        if old.exists() and not place.exists():
            os.rename(old, place)
        if isinstance(error, OSError) and error.filename is None:  # as of a failed write
            error.filename = str(target)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def scratch_folder():
    """Give a folder among the system's temporary files, for the time of a `with`.

    Raises
    ------
    CatnetError
        If there is no place for temporary files, or hardly any room.
    """
    try:
        place = tempfile.gettempdir()
    except FileNotFoundError:
        raise CatnetError(
            "there is no folder for temporary files with room where you may write: "
            "name one in the environment variable TMPDIR"
        ) from None
    folder = Path(place) / _unused_name()
    try:
        try:
            folder.mkdir(mode=0o700)
            _require_room(folder)
        except OSError as error:
            raise CatnetError(
                f"{place} takes no temporary files ({error.strerror}): make room there, or name "
                "another folder in the environment variable TMPDIR"
            ) from error
        yield folder
    except OSError as error:
        if error.filename is None:
            error.filename = place
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unused_name():
    """Return a name known before there is such a file, so that it is removed whatever happens."""
    return f".catnet-{uuid.uuid4().hex}"


def _require_room(place):
    usage = shutil.disk_usage(place)
    if usage.total and usage.free < ROOM:  # some systems of files do not tell
        raise OSError(errno.ENOSPC, f"only {usage.free / 1e6:.0f} MB are free", str(place))


def _list_files(folder):
    files = [path for path in _contents(folder) if path.is_file()]
    lines = [f"{_digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    write_text(folder / LIST, "".join(lines))


def _refuse_foreign(target):
    """Raise a CatnetError unless a folder is missing, empty, or just as `new_folder` left it."""
    folder = Path(target)
    try:
        if not stat.S_ISDIR(os.stat(folder).st_mode):
            raise CatnetError(f"{target} is a file: give --output a folder")
    except (FileNotFoundError, NotADirectoryError):
        return  # whether it can be made will be seen
    except OSError as error:
        raise CatnetError(sentence(error)) from error
    if os.path.samefile(folder, os.curdir):
        raise CatnetError("give --output a folder other than the current one")
    if os.path.ismount(folder):
        raise CatnetError(f"{target} cannot be replaced: give --output a folder inside it")
    try:
        foreign = _first_foreign(folder)
    except OSError as error:
        raise CatnetError(sentence(error)) from error
    if foreign:
        raise CatnetError(
            f"{target} holds what is not of a rerun, or was changed since ({foreign}): "
            "give --output a new folder"
        )


def _first_foreign(folder):
    """Name of something that `new_folder` did not put there, or not as it is now."""
    written = _listed_files(folder)
    folders = {parent for name in written for parent in PurePosixPath(name).parents}
    for path in _contents(folder):
        name = path.relative_to(folder)
        if path.is_symlink():
            known = False
        elif CHECKPOINTS in name.parts:  # of what was written here, or of something else?
            known = path.is_dir() or _digest(path) in written.values()
        elif path.is_dir():
            known = PurePosixPath(name) in folders
        elif name.as_posix() in written:
            known = path.is_file() and _digest(path) == written[name.as_posix()]
        else:
            known = name == Path(LIST)
        if not known:
            return name
    return None


def _listed_files(folder):
    """Digests by name, nothing where there is no list."""
    path = folder / LIST
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _contents(folder):
    """Everything below a folder; unlike Path.rglob, an unreadable part is an error."""

    def fail(error):
        raise error

    for parent, folders, files in os.walk(folder, onerror=fail):
        yield from (Path(parent, name) for name in sorted(folders + files))


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
