"""Which edition of the book this is: version, commit and its date.

The date is that of the commit, so that two builds of one commit have the same pages. Outside a
checkout, as on the page of a rerun, the version stands alone.
"""

from __future__ import annotations

import subprocess
from importlib import metadata

__all__ = ["edition"]


def edition(folder):
    """Return the version of the book in this folder and, from git, its commit, as a sentence."""
    try:
        words = [f"Cat or not {metadata.version('catnet')}"]
    except metadata.PackageNotFoundError:
        words = ["Cat or not"]
    if _git(folder, "rev-parse", "--show-prefix") == "":  # the folder is a checkout, not in another
        commit = _git(folder, "log", "-1", "--format=commit %h of %cs")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
        words += [commit] if commit else []
        words += ["with changes since"] if commit and changed else []
    return ", ".join(words) + "."


def _git(folder, *words):
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
