"""The plan of the package: what `make lint` cannot say of its rooms.

The direction of imports is in pyproject.toml, table importlinter.
"""

import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "catnet"
FILES = 12  # in a folder, at most

# Leaves of third-party packages nothing but NumPy, and trains.
ON_NUMPY_ALONE = """
import sys

class OnlyNumpy:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names | {"catnet", "numpy"}:
            raise ModuleNotFoundError(f"{name} is not there", name=name)

sys.meta_path.insert(0, OnlyNumpy())
import catnet

split = catnet.draw(2, 2, seed=0)
network = catnet.Network([12288, 3, 1], seed=0)
for optimizer in (catnet.GradientDescent(), catnet.Adam()):
    catnet.fit(network, split, optimizer, 2)
print(network.predict(split).shape)
"""


def the_network():
    """Return the modules of the room "the network", as pyproject.toml lists them."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = table["tool"]["importlinter"]["contracts"][0]["layers"]
    (room,) = [names for layer in layers if "network" in (names := layer.split(" : "))]
    return room


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


def test_network_trains_where_there_is_numpy_alone():
    command = [sys.executable, "-c", ON_NUMPY_ALONE]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PACKAGE.parent)
    assert (done.stdout, done.stderr) == ("(4,)\n", "")


def test_no_folder_holds_more_than_a_dozen_files():
    files = Counter(path.parent.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))
    assert {folder: count for folder, count in files.items() if count > FILES} == {}
