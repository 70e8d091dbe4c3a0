"""What can go wrong, said in one clear sentence.

Every message says what is wrong, where, and what to do; `catnet` prints it on
standard error without a traceback and ends with status 2.
"""

import errno
import os
import re
import sys

__all__ = [
    "CatnetError",
    "DataError",
    "DivergenceError",
    "ParameterError",
    "remedy",
    "sentence",
    "tell",
]

NO_ROOM = "make room there or choose another place"
NOT_ALLOWED = "change its permissions or choose another place"
REMEDIES = {
    errno.EACCES: NOT_ALLOWED,
    errno.EDQUOT: NO_ROOM,
    errno.ELOOP: "a link leads back to itself: remove it or choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOSPC: NO_ROOM,
    errno.EPERM: NOT_ALLOWED,
    errno.EROFS: "choose a place where you may write",
}


class CatnetError(Exception):
    """Base of the errors a user can mend."""


class ParameterError(CatnetError, ValueError):
    """A parameter is unknown, of the wrong type or out of its range."""


class DataError(CatnetError):
    """Images are missing, altered, or not what they claim to be."""


class DivergenceError(CatnetError, ArithmeticError):
    """Training reached a cost that is not a finite number.

    Attributes
    ----------
    history : catnet.History
        Everything recorded up to and including that iteration.
    """

    def __init__(self, message, history):
        super().__init__(message)
        self.history = history


def remedy(error):
    """Say what to do about an OSError; an empty string where its own words must do."""
    return REMEDIES.get(error.errno, "")


def sentence(error):
    """Say an OSError in one sentence: where, what, and what to do."""
    error = _unwrapped(error)
    where = error.filename if error.filename2 is None else error.filename2
    if where is None and isinstance(error, FileNotFoundError):
        where = "the current folder"  # nothing else that is missing has no name
    parts = [] if where is None else [f"{where}: "]
    parts.append(error.strerror or str(error))
    if remedy(error):
        parts.append(f"; {remedy(error)}")
    return "".join(parts)


def tell(words):
    """Print on standard error what a user should know, if there is anyone to read it."""
    if sys.stderr is not None:  # print would take standard output for it
        try:
            print(f"catnet: {words}", file=sys.stderr)
        except OSError:  # nor must Python try again when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _unwrapped(error):
    """Return the first of the errors that shutil collects while it copies a folder."""
    if not (error.args and isinstance(error.args[0], list) and error.args[0]):
        return error
    _, destination, reason = error.args[0][0]  # the reason is text: "[Errno 28] No space …"
    numbered = re.match(r"\[Errno (\d+)\] ", str(reason))
    if numbered is None:
        return OSError(None, str(reason), destination)
    return OSError(int(numbered[1]), os.strerror(int(numbered[1])), destination)
