"""Check that training comes to the same bits on every platform this machine can be or emulate.

Runs `catnet.digests` in processes of their own: under every OpenBLAS kernel the processor can run,
with one thread and two, without NumPy's SIMD extensions, with the oldest and the newest NumPy,
every Python that is found, and WebAssembly; with --arm64, 64-bit Arm too. Ends with status 1 if a
digest differs from the others or from tests/record/digests.json, or if a platform could not be
tried because of an error. With --quick each trains for ten iterations, one network, in place of
fifty and three, and what CI trains on besides is left to that: tests/test_same_bits.py goes through
the kernels, `make device-test` through WebAssembly. --write puts the table into
book/record/platforms.json. --pin is for a change that is meant to change the numbers: it writes
tests/record/digests.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from packaging.requirements import Requirement
from pythons import PYTHONS

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "tests" / "platforms"
BUILD = ROOT / "_build" / "platforms"
PINNED = ROOT / "tests" / "record" / "digests.json"
TABLE = ROOT / "book" / "record" / "platforms.json"
PROBE = HERE / "probe.py"
REAL = "CATNET_DATA"
TIMEOUT = 1800  # seconds for one process

# OpenBLAS's kernels for x86-64, and what the processor must have, in Linux's words.
KERNELS = {
    "Prescott": {"pni"},
    "Nehalem": {"sse4_2"},
    "Sandybridge": {"avx"},
    "Haswell": {"avx2", "fma"},
    "Zen": {"avx2", "fma"},
    "SkylakeX": {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"},
    "Cooperlake": {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd", "avx512_bf16"},
}
# What it calls the first of them; Katmai, a processor of 32 bits, has none of its own.
NAMES = {"Katmai": "Prescott"}
QUICKLY = "this NumPy's kernels, two threads, WebAssembly: tests and `make device-test` try them"
ASK = """
import json, numpy, threadpoolctl
kernel = threadpoolctl.threadpool_info()[0].get("architecture", "unknown")
numpy.ones((64, 4096)) @ numpy.ones((256, 4096)).T
print(json.dumps({"kernel": kernel, "numpy": numpy.__version__}))
"""


@dataclass
class Trial:
    """One platform: the command that starts the probe there, and its environment."""

    name: str
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    kernel: str | None = None  # the one asked for
    threads: int = 1


def run_probe(command, variables=(), arguments=()):
    """Run a probe and return what it printed, or raise RuntimeError."""
    # Other settings of OpenBLAS stay: they may be there to keep a kernel from failing.
    chosen = ("OPENBLAS_CORETYPE", "OPENBLAS_NUM", "OMP_", "GOTO_", "MKL_", "NPY_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(chosen)}
    kept |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONNOUSERSITE": "1", "PYTHONFAULTHANDLER": "1"}
    kept |= dict(variables)
    try:
        done = subprocess.run(
            [*command, *arguments],
            env=kept,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(str(error)) from error
    if done.returncode < 0:  # where it was then is worth more than one line
        raise RuntimeError(f"ended by signal {-done.returncode}:\n{done.stderr.strip()}")
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise RuntimeError(last[0])
    return json.loads(done.stdout.splitlines()[-1])


def candidates():
    """Return the kernels that the processor can run, and sentences on the others."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return [], [f"OpenBLAS's kernels for x86-64: the processor is {platform.machine()}"]
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        flags = set(re.search(r"^flags\s*:(.*)", cpuinfo, re.MULTILINE)[1].split())
    except (OSError, TypeError):
        return [], ["OpenBLAS's kernels: only Linux tells what the processor can run"]
    lacking = {kernel: ", ".join(sorted(needed - flags)) for kernel, needed in KERNELS.items()}
    return (
        [kernel for kernel, lack in lacking.items() if not lack],
        [
            f"kernel {kernel}: the processor lacks {lack}"
            for kernel, lack in lacking.items()
            if lack
        ],
    )


def refusal(kernel, python=sys.executable):
    """Say why the OpenBLAS of a Python's NumPy does not do with a kernel, or return None.

    It takes another one than it is asked for where it was built without; and some release fails
    with some.
    """
    try:
        asked = {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1"}
        found = run_probe([python, "-c", ASK], asked)
    except RuntimeError as error:
        # OpenBLAS 0.3.34 does so under Haswell on AMD's Zen 4 (its issues 6013 and 6021).
        reason = str(error).splitlines()[0].rstrip(":")
        return f"kernel {kernel}: a product fails with it, {reason}"
    if NAMES.get(found["kernel"], found["kernel"]) == kernel:
        return None
    built = f"the OpenBLAS of NumPy {found['numpy']} is built without"
    return f"kernel {kernel}: {built}, and uses {found['kernel']}"


def kernels(python=sys.executable):
    """Return the kernels that the OpenBLAS of a Python's NumPy can use on this processor.

    And sentences on the others.
    """
    found, skipped = candidates()
    refusals = {kernel: refusal(kernel, python) for kernel in found}
    usable = [kernel for kernel, sentence in refusals.items() if sentence is None]
    return usable, skipped + [sentence for sentence in refusals.values() if sentence]


def simd_features():
    """Return the SIMD extensions that NumPy would use here if it were allowed to."""
    try:
        from numpy._core import _multiarray_umath as core
    except ImportError:
        from numpy.core import _multiarray_umath as core
    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]


def pythons():
    """Return the path of each Python that is found, by version; first on PATH, then pyenv's."""
    found = {}
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for version in PYTHONS:
        candidates = [shutil.which(f"python{version}")]
        candidates += sorted(home.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
        if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
            candidates.insert(0, sys.executable)
        for candidate in filter(None, candidates):
            check = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
            done = subprocess.run([str(candidate), "-c", check], capture_output=True, text=True)
            if done.stdout.strip() == version:
                found[version] = str(candidate)
                break
    return found


def environment(name, python, lock):
    """Make a virtual environment with the packages of a lock file; return its Python."""
    folder = BUILD / name
    executable = folder / "bin" / "python"
    stamp = folder / "ready"
    locked = hashlib.sha256((HERE / lock).read_bytes() + python.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == locked:
        return str(executable)
    make = [python, "-m", "venv", "--clear", "--without-pip", str(folder)]
    uv = [sys.executable, "-m", "uv", "pip", "install", "--python", str(executable)]
    pip = [sys.executable, "-m", "pip", "--python", str(executable), "install"]
    wanted = ["--quiet", "--only-binary", ":all:", "--require-hashes", "-r", str(HERE / lock)]
    # pip where uv, which takes a tenth of the time, does not get through
    for ways in ([make], [[*uv, *wanted], [*pip, *wanted]]):
        for command in ways:
            done = subprocess.run(command, capture_output=True, text=True)
            if not done.returncode:
                break
        else:
            raise RuntimeError((done.stderr.strip().splitlines() or ["it cannot be made"])[-1])
    stamp.write_text(locked)
    return str(executable)


def locked_numpy(lock, version):
    """Return the NumPy that a lock file has for a version of Python."""
    for line in (HERE / lock).read_text(encoding="utf-8").splitlines():
        if line.startswith("numpy=="):
            pin = Requirement(line.rstrip("\\ "))
            if pin.marker is None or pin.marker.evaluate({"python_full_version": f"{version}.9"}):
                return str(pin.specifier).removeprefix("==")
    raise RuntimeError(f"{lock} has no NumPy for Python {version}")


def trials(arm64, quick=False):
    """Return what to try, what is skipped and what failed, the last two as sentences."""
    here = [sys.executable, str(PROBE)]
    usable, skipped = ([], [QUICKLY]) if quick else kernels()
    found, failed = [], []
    for threads in () if quick else (1, 2):
        for kernel in usable or [None]:
            variables = {"OPENBLAS_NUM_THREADS": str(threads)}
            if kernel:
                variables["OPENBLAS_CORETYPE"] = kernel
            found.append(Trial("kernels and threads", here, variables, kernel, threads))
    one = {"OPENBLAS_NUM_THREADS": "1"}
    features = simd_features()
    if features:
        without = one | {"NPY_DISABLE_CPU_FEATURES": " ".join(features)}
        found.append(Trial("NumPy without SIMD extensions", here, without))
    else:
        skipped.append("NumPy without SIMD extensions: it uses none here")
    versions = pythons()
    skipped += [f"Python {v}: not found" for v in PYTHONS if v not in versions]

    def add(name, folder, python, lock, probe=PROBE, every_kernel=False):
        try:
            python = environment(folder, python, lock)
            asked, without = kernels(python) if every_kernel else ([], [])
        except RuntimeError as error:
            failed.append(f"{name}: {error}")
            return
        skipped.extend(without)
        if quick:
            asked = asked[:1] + asked[1:][-1:]
        for kernel in asked or [None]:
            variables = one | ({"OPENBLAS_CORETYPE": kernel} if kernel else {})
            found.append(Trial(name, [python, str(probe)], variables, kernel))

    old = [version for version in ("3.12", "3.11") if version in versions]
    if old:  # another OpenBLAS, with other kernels
        add("oldest NumPy", "oldest", versions[old[0]], "oldest.lock", every_kernel=True)
    else:
        failed.append("oldest NumPy: needs Python 3.11 or 3.12, and neither was found")
    for version, python in versions.items():
        if python == sys.executable and locked_numpy("newest.lock", version) == np.__version__:
            continue  # that is what all the kernels are tried with
        add(f"newest NumPy for Python {version}", f"python-{version}", python, "newest.lock")
    if not quick:
        add("WebAssembly", "wasm", sys.executable, "wasm.lock", HERE / "wasm.py")
    if arm64:
        try:
            subprocess.run([str(HERE / "arm64.sh")], check=True)
            found.append(Trial("64-bit Arm, emulated by QEMU", _arm64_command(), one))
        except (OSError, subprocess.CalledProcessError) as error:
            failed.append(f"64-bit Arm: {error}")
    else:
        skipped.append("64-bit Arm: it takes some minutes more; ask for it with --arm64")
    return found, skipped, failed


def _arm64_command():
    root = BUILD / "arm64" / "root"
    libraries = "/usr/lib/aarch64-linux-gnu/openblas-pthread"
    emulator = str(BUILD / "arm64" / "emulator" / "usr" / "bin" / "qemu-aarch64-static")
    options = ["-L", str(root), "-E", f"LD_LIBRARY_PATH={libraries}"]
    return [emulator, *options, str(root / "usr" / "bin" / "python3"), str(PROBE)]


def images():
    """Return the folder of the real images, or None."""
    sys.path.insert(0, str(ROOT / "src"))
    from catnet.images.catvnoncat import find_images

    location = find_images()
    return None if location is None else location.folder.resolve()


def row(trial, result):
    """Return what the table says of a trial."""
    totals = {name: d for name, d in result["digests"].items() if ", all x " in name}
    return {
        "platform": trial.name,
        "kernel": NAMES.get(result["kernel"], result["kernel"]),
        "threads": result["threads"],
        "numpy": result["numpy"],
        "python": result["python"],
        "machine": result["machine"],
        "digest": next(d for name, d in totals.items() if name.startswith("drawn")),
        "real_digest": next((d for n, d in totals.items() if n.startswith("catvnoncat")), None),
        "checked": date.today().isoformat(),
    }


def main():
    """Try every platform, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arm64", action="store_true", help="64-bit Arm too, by QEMU")
    quick = "ten iterations of the article's network, where CI does not train anyway"
    parser.add_argument("--quick", action="store_true", help=quick)
    write = f"write {TABLE.relative_to(ROOT)}; with --arm64, or the table loses that row"
    parser.add_argument("--write", action="store_true", help=write)
    pin = f"write {PINNED.relative_to(ROOT)} from a run on this platform, and do no more"
    parser.add_argument("--pin", action="store_true", help=pin)
    chosen = parser.parse_args()
    folder = images()
    if chosen.quick and (chosen.write or chosen.pin):
        parser.error("what is written down comes from the whole check, without --quick")
    quickly = ["--quick"] if chosen.quick else []
    arguments = ["--real"] if folder else []
    data = {REAL: str(folder)} if folder else {}
    if chosen.pin:
        if not folder:
            raise SystemExit("--pin needs the real images: run `catnet data` first")
        here = [sys.executable, str(PROBE), "--real"]
        data["OPENBLAS_NUM_THREADS"] = "1"  # the faster way while others use the processor
        results = [run_probe(here, data, extra) for extra in ([], ["--quick"])]
        pinned = results[0]["digests"] | results[1]["digests"]
        PINNED.write_text(json.dumps(pinned, indent=1) + "\n", encoding="utf-8")
        return 0
    pinned = json.loads(PINNED.read_text(encoding="utf-8"))
    tried, skipped, failed = trials(chosen.arm64, chosen.quick)
    rows, differing = [], []

    def attempt(trial):
        # h5py, which reads the real images, is not to be had there
        drawn_only = trial.name == "WebAssembly" or "QEMU" in trial.name
        try:
            result = run_probe(
                trial.command,
                data | trial.variables,
                quickly + ([] if drawn_only else arguments),
            )
        except RuntimeError as error:
            return trial, None, str(error)
        return trial, result, None

    def report(trial, result, error):
        if error:
            failed.append(f"{trial.name} {trial.kernel or ''}: {error}")
            return
        line = row(trial, result)
        rows.append(line)
        if line["threads"] != trial.threads:
            skipped.append(f"{trial.threads} threads: {trial.name} uses {line['threads']}")
        wrong = [n for n, digest in result["digests"].items() if pinned.get(n) != digest]
        verdict = f"differs: {'; '.join(wrong)}" if wrong else "identical"
        if wrong:
            differing.append(trial.name)
        cells = [str(line[name]) for name in list(line)[:6]]
        widths = (30, 16, 1, 6, 6, 7)
        shown = "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True))
        print(f"{shown}  {line['digest'][:12]}…  {verdict}", flush=True)

    print("platform, kernel, threads, NumPy, Python, machine, digest (drawn images)")
    # one after the other with two threads, else as many at once as there are processors; the
    # longest, Arm, begins first
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        alone = [trial for trial in tried if trial.threads == 1]
        begun = [pool.submit(attempt, trial) for trial in reversed(alone)]
        for future in reversed(begun):
            report(*future.result())
    for trial in tried:
        if trial.threads > 1:
            report(*attempt(trial))
    for sentence in skipped:
        print(f"SKIPPED  {sentence}")
    for sentence in failed:
        print(f"FAILED   {sentence}")
    if chosen.write and not failed and not differing:
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        TABLE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    digests = {line["digest"] for line in rows}
    images_used = "the drawn and the real images" if folder else "the drawn images"
    if failed or differing or not rows:
        print(
            f"{len(differing)} of {len(rows)} differ from {PINNED.relative_to(ROOT)}; "
            f"{len(failed)} could not be tried"
        )
        return 1
    print(f"{len(rows)} platforms, one digest on {images_used}: {digests.pop()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
