"""The three lists of packages agree, and no file tells where it was made."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from pythons import PYTHONS

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

# The other libraries of `make benchmark` and `make search`, which are large and have an environment
# of their own, and what only `catnet study --scheduler` needs.
APART = ("peers", "search", "dask")

# conda-forge's name where it is another than that of the package's own release.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}

# Put in two pieces, so that this file does not find itself.
HOSTS = tuple(
    name + end
    for name, end in [
        ("pypi.", "org"),
        ("pythonhosted.", "org"),
        ("registry.npmjs.", "org"),
        ("conda.anaconda.", "org"),
        ("deb.debian.", "org"),
        ("proxy.golang.", "org"),
    ]
)
MACHINE_PATH = re.compile(
    r"(?<![\w./-])/(?:work|root)/|(?<![\w./-])/(?:home|Users)/\w|\b[A-Z]:\\Users\\"
)


def project():
    """Return the [project] table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def declared(*, extras=True):
    """Return every requirement of pyproject.toml but those kept apart, by canonical name."""
    table = project()
    lines = list(table["dependencies"])
    if extras:
        for extra, group in table["optional-dependencies"].items():
            lines += group if extra not in APART else []
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in requirements}


def locked():
    """Return the lock's pins: name -> list of (version, marker or None)."""
    pins = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():
            requirement = Requirement(line.rstrip("\\ "))
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", line
            name = canonicalize_name(requirement.name)
            pins.setdefault(name, []).append((Version(specifier.version), requirement.marker))
    return pins


def in_conda():
    """Return environment.yml's requirements, conda's and pip's, by our name."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    ours = {conda: name for name, conda in CONDA_NAMES.items()}
    requirements = {}
    for entry in yaml.safe_load(text)["dependencies"]:
        for line in entry["pip"] if isinstance(entry, dict) else [entry]:
            if line != "-e .":
                requirement = Requirement(line)
                name = canonicalize_name(requirement.name)
                assert name not in requirements, f"{name} stands twice in environment.yml"
                requirements[ours.get(name, name)] = requirement
    return requirements


def files():
    """Return the project's files: those git knows and those it would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_environment_yml_has_every_dependency_with_the_same_bounds():
    ours = declared()
    ours.pop("hatchling")  # pip fetches the build backend by itself
    ours.pop("uv")  # conda installs without it
    theirs = in_conda()
    assert theirs.pop("python").specifier == SpecifierSet(project()["requires-python"])
    for tool in ("make", "pip"):
        theirs.pop(tool)
    assert {name: str(r.specifier) for name, r in theirs.items()} == {
        name: str(r.specifier) for name, r in ours.items()
    }


def test_the_pythons_named_are_those_of_the_classifiers():
    minors = [int(python.removeprefix("3.")) for python in PYTHONS]
    assert minors == list(range(minors[0], minors[-1] + 1))
    bounds = SpecifierSet(f">=3.{minors[0]},<3.{minors[-1] + 1}")
    assert SpecifierSet(project()["requires-python"]) == bounds
    for name in ("Makefile", "README.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        named = set(re.findall(r"Python (3\.\d+ to 3\.\d+)", text))
        assert named == {f"{PYTHONS[0]} to {PYTHONS[-1]}"}, name


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_holds_every_dependency_within_its_bounds(python):
    pins = locked()
    environment = {"python_version": python, "python_full_version": python + ".9"}
    for name, requirement in declared().items():
        versions = [
            version
            for version, marker in pins.get(name, [])
            if marker is None or marker.evaluate(environment)
        ]
        assert len(versions) == 1, f"{name} on Python {python}: {versions} in requirements.lock"
        assert versions[0] in requirement.specifier, f"{name} {versions[0]} is out of bounds"


def test_every_pin_has_a_hash_and_the_lock_names_no_source():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.split(r"\n(?=\w)", text.strip())
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in text
    assert not re.findall(r"--(?!hash=)\S+", text)


@pytest.mark.parametrize("extra", APART)
def test_lock_leaves_out_what_is_kept_apart(extra):
    names = {Requirement(line).name for line in project()["optional-dependencies"][extra]}
    assert names and not names & locked().keys()


def test_build_backend_is_locked_too():
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert table["build-system"]["requires"] == project()["optional-dependencies"]["build"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_pin_their_actions_and_grant_rights_to_each_job(path):
    text = path.read_text(encoding="utf-8")
    uses = re.findall(r"\buses: *(.+)", text)
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())


def test_no_file_names_a_package_registry_or_a_path_of_one_machine():
    found = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if any(host in line for host in HOSTS) or MACHINE_PATH.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    ["/ro" + "ot/x", "see '/wo" + "rk/main'", "/ho" + "me/ann/x", "File /Us" + "ers/ann/x.py"],
)
def test_a_machine_path_is_recognised(text):
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize("text", ["site.example/home/page", "network/work/x", "../work/x"])
def test_an_ordinary_path_is_not(text):
    assert not MACHINE_PATH.search(text)
