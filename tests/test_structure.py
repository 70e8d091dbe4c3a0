"""The plan of the package: what `make lint` cannot say of its rooms.

The direction of imports is in pyproject.toml, table importlinter; that the network runs where
nothing but NumPy is installed, in test_same_bits.py.
"""

import sys
import tomllib
from collections import Counter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "catnet"
FILES = 12  # in a folder, at most


def the_network():
    """Return the modules of the room "the network", as pyproject.toml lists them."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = table["tool"]["importlinter"]["contracts"][0]["layers"]
    (room,) = [names for layer in layers if "network" in (names := layer.split(" : "))]
    names = [name.strip("()") for name in room]
    return [name for name in names if (PACKAGE / f"{name}.py").exists()]


@pytest.fixture(scope="module")
def imports():
    """Return the graph of all imports, those inside functions too."""
    return grimp.build_graph("catnet", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("module", the_network())
def test_network_imports_numpy_alone(imports, module):
    imported = imports.find_modules_directly_imported_by(f"catnet.{module}")
    outside = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    # tqdm draws the progress bar, where one is asked for
    assert outside <= {"catnet", "numpy", "tqdm"}


def test_no_folder_holds_more_than_a_dozen_files():
    modules = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    files = Counter(str(path.parent.relative_to(ROOT)) for path in modules)
    assert {folder: count for folder, count in files.items() if count > FILES} == {}
