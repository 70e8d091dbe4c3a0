"""What a reader's browser is given: the program trains from it alone, the panels' fields say why.

That it does so in a browser is for `make device-test`, which needs Chromium and the built book.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from catnet.book import find_book

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / "device"), str(ROOT / "book" / "_ext")]

import pack  # noqa: E402
import recompute_here  # noqa: E402

BOOK = find_book()
CHAPTERS = recompute_here.trained_chapters(BOOK)
PROGRAM = ROOT / "book" / "_static" / "device" / "program.py"

# What a browser does not have: anything but the standard library, NumPy and the zipped package.
ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("numpy", "catnet"):
            raise ImportError(f"{name} is not to be had in the browser")

sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv.pop(1))
import catnet
assert catnet.__file__.startswith(sys.path[0]), catnet.__file__
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Zip the package as `make device` does."""
    path = tmp_path_factory.mktemp("device") / pack.PACKAGE
    pack.write_zip(path, pack.package())
    return path


def lines(package, chapter, optimizer, given):
    """Run the program on a chapter; return what it prints."""
    recorded = recompute_here.told(chapter, optimizer)
    request = {name: recorded[name] for name in ("chapter", "optimizer", "declared", "recorded")}
    code = ALONE + PROGRAM.read_text(encoding="utf-8")
    words = [sys.executable, "-c", code, str(package), json.dumps(request | {"given": given})]
    done = subprocess.run(words, capture_output=True, text=True, cwd=package.parent)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("chapter", "optimizer"), CHAPTERS, ids=lambda part: str(part)[:20])
def test_the_program_begins_with_the_recorded_costs(package, chapter, optimizer):
    told = lines(package, chapter, optimizer, {"num_iterations": "3"})
    costs = [cost for line in told for cost in line.get("costs", [])]
    assert costs == recompute_here.told(chapter, optimizer)["run"]["costs"][:3]
    assert set(told[-1]["run"]) == {"train_accuracy", "test_accuracy", "digest"}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"learning_rate": "-1"}, "learning_rate must be a number in (0, inf)"),
        ({"beta1": "1"}, "beta1 must be a number in [0, 1)"),
        ({"layer_dims": "[5, 1]"}, "layer_dims must begin with the images' 12288 numbers"),
        ({"seed": "x"}, "seed must be a whole number"),
    ],
)
def test_what_the_command_refuses_the_program_refuses(package, given, reason):
    chapter, optimizer = CHAPTERS[1]
    last = lines(package, chapter, optimizer, {"num_iterations": "1"} | given)[-1]
    assert reason in last["error"]


def test_a_run_that_diverges_says_so(package):
    chapter, optimizer = CHAPTERS[1]
    last = lines(package, chapter, optimizer, {"num_iterations": "9", "learning_rate": "1e300"})[-1]
    assert "diverged" in last["diverged"]


@pytest.mark.parametrize(("chapter", "optimizer"), CHAPTERS, ids=lambda part: str(part)[:20])
def test_every_field_has_the_recorded_value(chapter, optimizer):
    html = recompute_here.panel(chapter)
    recorded = recompute_here.told(chapter, optimizer)["recorded"]
    knobs = [name for name in recompute_here.KNOBS if name in recorded]
    assert len(knobs) == (4 if optimizer == "gradient_descent" else 8)
    for name in knobs:
        value = chapter.parameters[name].read(recorded[name])
        assert f'name="{name}"' in html
        assert f'data-recorded="{str(value).lower() if value is True else value}"' in html


def test_only_chapters_that_repeat_the_article_have_a_panel():
    assert [chapter.names[-1] for chapter, _ in CHAPTERS] == ["2", "3", "4", "5", "6"]


def test_the_library_keeps_numpy_and_the_standard_library():
    assert pack.needed("numpy/__init__.pyc") and pack.needed("json/__init__.pyc")
    assert not pack.needed("pandas/__init__.pyc") and not pack.needed("six.pyc")
    assert not pack.needed("numpy-2.5.2.dist-info/METADATA")
    assert not pack.LEFT_OUT & sys.stdlib_module_names


def test_the_wheel_is_fetched_by_its_hash():
    first, *hashes = pack.requirement().splitlines()
    assert first.startswith(pack.WHEEL) and hashes
    assert all(line.strip().startswith("--hash=sha256:") for line in hashes)
