"""The plan of the package: what `make lint` cannot say of its rooms.

The direction of imports is in pyproject.toml, table importlinter; that the network runs where
nothing but NumPy is installed, in test_same_bits.py.
"""

import sys
from collections import Counter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "catnet"
FILES = 12  # in a folder, at most


ENGINE = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for room in ("arithmetic", "engine")
    for path in (PACKAGE / room).rglob("*.py")
    if path.name != "__init__.py"
)


@pytest.fixture(scope="module")
def imports():
    """Return the graph of all imports, those inside functions too."""
    return grimp.build_graph("catnet", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("module", ENGINE)
def test_engine_imports_numpy_alone(imports, module):
    imported = imports.find_modules_directly_imported_by(f"catnet.{module}")
    outside = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    # Where they are installed: a progress bar if asked for, and the number of threads.
    assert outside <= {"catnet", "numpy", "tqdm", "threadpoolctl"}


def test_no_folder_holds_more_than_a_dozen_files():
    files = Counter(str(path.parent.relative_to(ROOT)) for path in PACKAGE.rglob("*.py"))
    assert {folder: count for folder, count in files.items() if count > FILES} == {}
