"""Build the package as users install it, and try what was built where src/ is not on the path.

The wheel comes from the source distribution, so both are tried. It is installed into an
environment of its own in _build/wheel, which borrows the dependencies of this one. Ends with
status 1 at the first thing that is not as it should be.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build" / "wheel"
PINNED = ROOT / "tests" / "record" / "digests.json"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def run(command, cwd=ROOT):
    """Run a command without what may point to src/, and return what it printed."""
    pointers = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    clean = {name: value for name, value in os.environ.items() if name not in pointers}
    clean |= {"PYTHONNOUSERSITE": "1"}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=clean, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build():
    """Make the source distribution, and the wheel from it; return their paths."""
    shutil.rmtree(BUILD, ignore_errors=True)
    run([sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", BUILD])
    (sdist,) = BUILD.glob("*.tar.gz")
    run(
        [*PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", BUILD, sdist]
    )
    (wheel,) = BUILD.glob("*.whl")
    return sdist, wheel


def check_files(sdist, wheel):
    """See that both hold the whole package, and the wheel nothing else."""
    package = ROOT / "src"
    sources = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with tarfile.open(sdist) as archive:
        below = f"{sdist.name.removesuffix('.tar.gz')}/src/"
        packed = {name.removeprefix(below) for name in archive.getnames() if below in name}
    with zipfile.ZipFile(wheel) as archive:
        installed = {name for name in archive.namelist() if ".dist-info/" not in name}
    for archive, names in ((sdist, packed), (wheel, installed)):
        if names != sources:
            differing = ", ".join(sorted(names ^ sources))
            sys.exit(f"{archive.name} and src/ do not hold the same files: {differing}")


def install(wheel):
    """Install the wheel into an environment of its own; return its Python and its `catnet`."""
    folder = BUILD / "environment"
    run([sys.executable, "-m", "venv", "--without-pip", folder])
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    executable = sysconfig.get_config_var("EXE")  # ".exe" on Windows
    python, catnet = (scripts / f"{name}{executable}" for name in ("python", "catnet"))
    pip = [*PIP, "--python", python]
    run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel])
    # Only now: pip would take the package of this environment for one to be replaced. And what
    # the .pth files there point to, src/ among it, is not borrowed.
    site = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
    Path(site, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    run([*pip, "check"])
    return python, catnet


def try_out(python, catnet):
    """See that it is the wheel that runs, with the right version, bits and chapters."""
    found = Path(run([python, "-c", "import catnet; print(catnet.__file__)"], BUILD).strip())
    if not found.is_relative_to(BUILD):
        sys.exit(f"the package found is {found}, not that of the wheel")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = run([catnet, "--version"], BUILD).strip()
    if said != f"catnet {project['version']}":
        sys.exit(f"catnet --version says {said!r}, but pyproject.toml {project['version']}")
    digests = json.loads(run([python, "-m", "catnet.digests", "--quick", "--json"], BUILD))
    pinned = json.loads(PINNED.read_text(encoding="utf-8"))
    wrong = [name for name, digest in digests.items() if pinned.get(name) != digest]
    if wrong:
        sys.exit(f"the wheel's digests differ from {PINNED.relative_to(ROOT)}: {'; '.join(wrong)}")
    # The book is no part of the wheel: it is looked for from where one is.
    if "learning_rate" not in run([catnet, "rerun", "4", "--list"], ROOT / "book"):
        sys.exit("catnet rerun 4 --list, called in book/, does not name learning_rate")


def main():
    """Build, install, try."""
    sdist, wheel = build()
    check_files(sdist, wheel)
    try_out(*install(wheel))
    print(f"{wheel.name} was built from {sdist.name} and tried: it gives the recorded digests.")


if __name__ == "__main__":
    main()
