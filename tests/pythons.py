"""The Pythons that pyproject.toml promises, which is the one list of them.

As a script it prints them in the form that GitHub takes a job's outputs in.
"""

import json
import tomllib
from pathlib import Path

_PREFIX = "Programming Language :: Python :: "
_PROJECT = tomllib.loads(
    (Path(__file__).resolve().parents[1] / "pyproject.toml").read_text(encoding="utf-8")
)["project"]

PYTHONS = tuple(
    line.removeprefix(_PREFIX) for line in _PROJECT["classifiers"] if line.startswith(_PREFIX)
)

if __name__ == "__main__":
    print(f"all={json.dumps(PYTHONS)}")
    print(f"oldest={PYTHONS[0]}")
    print(f"newest={PYTHONS[-1]}")
