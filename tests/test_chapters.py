"""Every chapter, on the embedded images: against its record, and with parameters at their ends."""

import pytest

from catnet.report import chapters, parameters, verify
from catnet.report.execution import execute

NUMBERED = [name for name in chapters.listed() if name[0].isdigit()]


@pytest.mark.parametrize("chapter", NUMBERED)
def test_a_chapter_comes_out_as_recorded_on_the_drawn_images(chapter):
    identical, sentence = verify.verify(chapter, "drawn")
    assert identical, sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("num_iterations", "layer_dims"), [(1, [12288, 1]), (3, [12288, 4, 3, 3, 3, 3, 3, 2, 1])]
)
@pytest.mark.parametrize("chapter", NUMBERED)
def test_a_chapter_runs_with_any_depth_and_a_short_training(chapter, num_iterations, layer_dims):
    values = {"dataset": "drawn", "layer_dims": layer_dims}
    for name in ("num_iterations", "gd_num_iterations", "adam_num_iterations"):
        values[name] = num_iterations
    known = parameters.declared(chapter)
    given = {name: value for name, value in values.items() if name in known}
    _, results = execute(chapter, given)
    for run in results.runs.values():
        assert len(run.costs) == num_iterations
