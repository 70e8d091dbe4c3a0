"""The studies of this book: their plans came first, and their results are those of the plans."""

import re
import subprocess
from pathlib import Path

import pytest

from catnet import load_study
from catnet.studies.plan import find_plan, list_plans

ROOT = Path(__file__).resolve().parents[1]
STUDIES = ROOT / "studies"
NAMES = list_plans(STUDIES)
FINISHED = [name for name in NAMES if (STUDIES / f"{name}.h5").exists()]


def history(path):
    """Hashes of the commits that changed a file, the first of them last; of a whole history."""

    def git(*arguments):
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.split() if done.returncode == 0 else []

    if git("rev-parse", "--is-shallow-repository") != ["false"]:
        pytest.skip("not a whole git history")
    return git("log", "--format=%H", "--", str(path.relative_to(ROOT)))


@pytest.mark.parametrize("name", FINISHED)
def test_a_plan_was_committed_before_its_results_and_never_after(name):
    plan, results = (history(STUDIES / f"{name}.{kind}") for kind in ("toml", "h5"))
    if not results:
        pytest.skip("not committed yet")
    before = ["git", "merge-base", "--is-ancestor", plan[0], results[-1]]
    assert plan[0] != results[-1]
    assert subprocess.run(before, cwd=ROOT).returncode == 0


@pytest.mark.parametrize("name", FINISHED)
def test_results_are_those_of_the_plan(name):
    results = load_study(name, STUDIES)
    assert results["number"].tolist() == list(range(len(results.plan.runs)))
    assert (STUDIES / f"{name}.h5").stat().st_size < 8e6


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_says_what_decides(name):
    plan = find_plan(STUDIES, name)
    assert plan.question.strip().endswith("?")
    for hypothesis in plan.hypotheses:
        assert re.search(r"[Ss]upported\s+if", hypothesis.rule)
    assert min(arm.seeds.start for arm in plan.arms) >= 1000  # none that a search has seen
