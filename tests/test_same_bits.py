"""Training comes to the same bits under every kernel and number of threads, and from NumPy alone.

`make verify-platforms` does the same at length, and on more platforms.
"""

import json
import os
import subprocess
import sys

import platforms
import pytest

KERNELS, _ = platforms.candidates()
IMAGES = platforms.images()
PINNED = json.loads(platforms.PINNED.read_text(encoding="utf-8"))
PROBE = [sys.executable, str(platforms.PROBE)]

NUMPY_ALONE = """
import sys


class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("numpy", "catnet"):
            raise ImportError(f"{name} is neither NumPy nor of the standard library")


sys.meta_path.insert(0, Refuse())
import catnet
import catnet.digests

catnet.fit(catnet.Network([12288, 2, 1]), catnet.draw(1, 1, 0), catnet.Adam(), 1)
"""


def probe(kernel, threads, *arguments):
    """Return what `catnet.digests` finds in a process of its own."""
    variables = {"OPENBLAS_NUM_THREADS": str(threads)}
    if "--real" in arguments:
        variables[platforms.REAL] = str(IMAGES)
    if kernel:
        variables["OPENBLAS_CORETYPE"] = kernel
    return platforms.run_probe(PROBE, variables, arguments)


def used(result):
    """Name what a process really used."""
    return result["kernel"], result["threads"]


@pytest.mark.slow
def test_fifty_iterations_of_three_networks_come_to_the_pinned_digests():
    result = probe(None, 1, *(["--real"] if IMAGES else []))
    found = result["digests"]
    assert len(found) == (24 if IMAGES else 13)
    assert found == {name: PINNED.get(name) for name in found}, used(result)


# Two threads once only: where other tests use the processor, they wait for each other.
@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "threads"), [*((k, 1) for k in KERNELS), (None, 2)])
def test_ten_iterations_come_to_the_pinned_digests(kernel, threads):
    if kernel and (sentence := platforms.refusal(kernel)):
        pytest.skip(sentence)
    result = probe(kernel, threads, "--quick")
    found = result["digests"]
    assert len(found) == 9
    assert found == {name: PINNED.get(name) for name in found}, used(result)


@pytest.mark.slow
def test_plain_arithmetic_differs_between_kernels():
    usable, skipped = platforms.kernels()
    if len(usable) < 2:
        pytest.skip(f"nothing to compare: {'; '.join(skipped)}")
    results = [probe(kernel, 1, "--quick", "--plain") for kernel in (usable[0], usable[-1])]
    for name in results[0]["digests"]:
        differing = {result["digests"][name] for result in results}
        if name == "drawn images":
            assert differing == {PINNED[name]}
        elif name != "functions":
            assert len(differing) > 1, name


def test_core_needs_numpy_alone():
    environment = os.environ | {"PYTHONPATH": str(platforms.ROOT / "src")}
    command = [sys.executable, "-c", NUMPY_ALONE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
