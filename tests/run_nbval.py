"""Run every chapter again and hold each output against the recorded one.

With ``-p NAME VALUE``, which is for outputs that do not depend on it, a copy runs with that
parameter. That needs the real images. Where they can neither be found nor downloaded, this
says so in one loud line and ends well; with CATNET_REQUIRE_DATA=1 it fails instead.
"""

import argparse
import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import nbformat
import yaml
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

import catnet
from catnet.book import find_book
from catnet.errors import DataError
from catnet.images import catvnoncat

ROOT = Path(__file__).resolve().parents[1]
UNRECORDED = ("11-tuning-and-spikes",)  # trains most of all, and little of it is in its record
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


def work(notebook):
    """Tell which chapters train more: a record grows with the costs in it."""
    record = notebook.parent / "record" / f"{notebook.stem}.json"
    return notebook.stem in UNRECORDED, record.stat().st_size if record.exists() else 0


def with_parameters(path, parameters):
    """Write a copy of a notebook that has other parameters; return its path."""
    notebook = parameterize_notebook(load_notebook_node(str(path)), parameters)
    copy = ROOT / "_build" / "nbval" / path.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, copy)
    return copy


def main():
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = ["[0-9]*.ipynb", "appendix-speed.ipynb"]
    parser.add_argument("patterns", nargs="*", default=default, help="of names of notebooks")
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    chosen = parser.parse_args()
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

    paths = [chapter.path for chapter in find_book().chapters]
    notebooks = [
        path for path in paths if any(fnmatch(path.name, each) for each in chosen.patterns)
    ]
    if not notebooks:
        print(
            f"*** CHAPTERS FAILED: the book has no {' or '.join(chosen.patterns)}. ***",
            file=sys.stderr,
        )
        return 1
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    # Each notebook in one process, and begun in this order: the longest must not begin last.
    notebooks.sort(key=work, reverse=True)
    command += ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
    if chosen.p:
        values = {name: yaml.safe_load(value) for name, value in chosen.p}
        notebooks = [with_parameters(path, values) for path in notebooks]
    # A warning of the notebook machinery itself is no fault of a chapter.
    # From here, as a bracket in the path of the repository would mean a test's parameters.
    names = [str(path.relative_to(ROOT)) for path in notebooks]
    command += ["-p", "tests.nbval_drawings", "-o", "filterwarnings=default", *names]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
