"""The process of the command `catnet`; `python -m catnet` is the same."""

import os
import sys

from .report.running import stop


def main():
    """Run the command; a stop is heard before anything else is imported.

    Returns
    -------
    int
        Exit status.
    """
    stop.hear()
    try:
        _open_closed_streams()
        from .cli import main as command

        return command()
    except BaseException:
        if not stop.was_heard():
            raise
        return stop.end()


def _open_closed_streams():
    """Give files and child processes no place among the standard streams, where one is closed."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))


if __name__ == "__main__":
    sys.exit(main())
