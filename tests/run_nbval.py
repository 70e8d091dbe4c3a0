"""Run every chapter again and hold each output against the recorded one.

That needs the real images. Where they can neither be found nor downloaded, this
says so in one loud line and ends well; with CATNET_REQUIRE_DATA=1 it fails instead.
"""

import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import catnet
from catnet.book import find_book
from catnet.errors import DataError
from catnet.images import catvnoncat

ROOT = Path(__file__).resolve().parents[1]
HOW = "get them with `catnet data`, or name their folder in CATNET_DATA"


def have_images():
    """Find the images or download them; a CATNET_DATA that is wrong raises DataError."""
    if catvnoncat.find_images() is not None:
        if folder := catvnoncat.named_folder():
            os.environ[catvnoncat.VARIABLE] = str(folder)  # the chapters run in another folder
        return True
    try:
        catnet.load_data("catvnoncat")
    except (DataError, OSError) as error:
        print(error, file=sys.stderr)
        return False
    return True


def length_of_record(notebook):
    """Tell how much a chapter trains: its record grows with the costs in it."""
    record = notebook.parent / "record" / f"{notebook.stem}.json"
    return record.stat().st_size if record.exists() else 0


def main():
    """Return the exit status."""
    try:
        found = have_images()
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    if not found:
        required = os.environ.get("CATNET_REQUIRE_DATA", "") not in ("", "0")
        word = "FAILED" if required else "SKIPPED"
        print(f"*** CHAPTERS {word}: the real images are missing; {HOW}. ***", flush=True)
        return 1 if required else 0

    patterns = sys.argv[1:] or ["[0-9]*.ipynb", "appendix-speed.ipynb"]
    paths = [chapter.path for chapter in find_book().chapters]
    notebooks = [path for path in paths if any(fnmatch(path.name, each) for each in patterns)]
    if not notebooks:
        print(f"*** CHAPTERS FAILED: the book has no {' or '.join(patterns)}. ***", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    # Each notebook in one process, and begun in this order: the longest must not begin last.
    notebooks.sort(key=length_of_record, reverse=True)
    command += ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
    # A warning of the notebook machinery itself is no fault of a chapter.
    # From here, as a bracket in the path of the repository would mean a test's parameters.
    names = [str(path.relative_to(ROOT)) for path in notebooks]
    command += ["-o", "filterwarnings=default", *names]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
