import json
import subprocess
import sys

import nbformat
import pytest
from conftest import PARAMETERS, tiny_notebook

import catnet
from catnet.errors import CatnetError, ParameterError
from catnet.report import chapters, parameters

CHAPTER = "03-adam-failure"


@pytest.fixture
def known(book):
    return parameters.declared(CHAPTER)


@pytest.mark.parametrize("name", ["3", "03", "adam-failure", "03-adam-failure"])
def test_chapter_names(book, name):
    assert chapters.find(name) == CHAPTER


def test_appendix_has_no_number(book):
    nbformat.write(nbformat.v4.new_notebook(), book / "appendix-same-bits.ipynb")
    assert chapters.find("appendix-same-bits") == chapters.slug("appendix-same-bits")
    assert chapters.listed()[-1] == "appendix-same-bits"


def test_unknown_chapter_names_the_nearest(book):
    with pytest.raises(CatnetError, match=r"Did you mean 03-adam-failure\? .*02-gradient-descent"):
        chapters.find("adam-falure")


def test_no_book(tmp_path, monkeypatch):
    monkeypatch.setattr(chapters, "BOOK", tmp_path)
    with pytest.raises(CatnetError, match="whole repository"):
        chapters.find("3")


def test_declared_comes_from_the_notebook(known):
    assert list(known)[:3] == ["dataset", "seed", "layer_dims"]
    assert known["epsilon"].default == 1e-8
    assert known["learning_rate"].kind == "float"
    assert known["learning_rate"].meaning == "step size, above 0"


def test_declaration_that_cannot_be_read(book):
    notebook = tiny_notebook(book, CHAPTER, "learning_rate = 10 ** -3")
    nbformat.write(notebook, book / f"{CHAPTER}.ipynb")
    with pytest.raises(CatnetError, match="must declare learning_rate as"):
        parameters.declared(CHAPTER)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("learning_rate", "1e-4", 1e-4),
        ("learning_rate", 1, 1.0),
        ("learning_rate", " 3 ", 3.0),
        ("num_iterations", "20", 20),
        ("layer_dims", "[12288, 5, 1]", [12288, 5, 1]),
        ("layer_dims", "12288, 5, 1", [12288, 5, 1]),
        ("freeze_output_layer", "False", False),
        ("freeze_output_layer", "true", True),
        ("seed", "none", None),
        ("seed", str(2**32 - 1), 2**32 - 1),
        ("epsilon", "0", 0.0),
        ("beta1", 0, 0.0),
        ("dataset", "drawn", "drawn"),
    ],
)
def test_read(known, name, text, value):
    read = parameters.read(known[name], text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("learning_rate", "0", "learning_rate must be above 0, not 0.0"),
        ("learning_rate", "nan", "learning_rate must be finite, not nan"),
        ("learning_rate", "1e999", "learning_rate must be finite, not inf"),
        ("learning_rate", 10**400, "learning_rate must be finite, not inf"),
        ("learning_rate", "0,003", r"written like 0.003 or 1.0e-4, not '0,003'"),
        ("learning_rate", True, "not True"),
        ("learning_rate", None, "not None"),
        ("num_iterations", "0", "at least 1, not 0"),
        ("num_iterations", "2000.0", "a whole number, written like 2000, not '2000.0'"),
        ("num_iterations", "2e3", "a whole number, written like 2000, not '2e3'"),
        ("num_iterations", 2000.0, "a whole number"),
        ("num_iterations", True, "a whole number"),
        ("seed", "-1", "in 0 … "),
        ("seed", str(2**32), "in 0 … "),
        ("beta1", "1", "below 1, not 1.0"),
        ("beta1", "-0.1", "below 1, not -0.1"),
        ("epsilon", "-1e-8", "0 or above, not -1e-08"),
        ("layer_dims", "[100, 1]", "begin with the images' 12288"),
        ("layer_dims", "[12288, 2]", "end with 1"),
        ("layer_dims", "[12288, 0, 1]", "at least 1"),
        ("layer_dims", "[12288, 2.5, 1]", "whole numbers"),
        ("layer_dims", "[12288, True, 1]", "whole numbers"),
        ("layer_dims", "[]", "end with 1"),
        ("layer_dims", "[" * 100_000, "a list"),
        ("layer_dims", "__import__('os')", "a list"),
        ("freeze_output_layer", "1", "true or false"),
        ("freeze_output_layer", 1, "true or false"),
        ("dataset", "dogs", '"catvnoncat" or "drawn"'),
        ("dataset", 3, "text, not 3"),
    ],
)
def test_refused(known, name, text, sentence):
    with pytest.raises(ParameterError, match=sentence) as refused:
        parameters.read(known[name], text)
    assert f"chapter {CHAPTER}: {name}" in str(refused.value)
    assert len(str(refused.value)) < 400


def test_models_told_apart_have_the_same_ranges(book):
    nbformat.write(
        tiny_notebook(book, CHAPTER, "gd_learning_rate: float = 1.0"), book / f"{CHAPTER}.ipynb"
    )
    with pytest.raises(ParameterError, match="gd_learning_rate must be above 0"):
        catnet.check_parameters(CHAPTER, {"gd_learning_rate": -1.0})


def namespace(**changes):
    """What a kernel has defined when the chapter checks its parameters."""
    cells = ["", PARAMETERS, "\n".join(f"{name} = {value!r}" for name, value in changes.items())]
    names = {"__name__": "__main__", "In": cells, "Out": {}, "_i": "", "open": open, "json": json}
    exec(PARAMETERS, names)
    return names | changes


def test_check_returns_normal_forms(book):
    given = namespace(learning_rate=1, layer_dims=(12288, 1))
    checked = catnet.check_parameters(CHAPTER, given)
    assert list(checked) == list(parameters.declared(CHAPTER))
    assert checked["learning_rate"] == 1.0 and type(checked["learning_rate"]) is float
    assert checked["layer_dims"] == [12288, 1]
    assert checked["seed"] == 0


def test_recorded_seed(book, seeds):
    assert catnet.check_parameters("02-gradient-descent", namespace())["seed"] == 5
    assert catnet.check_parameters("02-gradient-descent", namespace(seed=7))["seed"] == 7
    assert catnet.check_parameters(CHAPTER, namespace())["seed"] == 0


def test_chapter_of_two_models_takes_the_seeds_of_others(book, seeds):
    nbformat.write(tiny_notebook(book, CHAPTER, "gd_seed: int = None"), book / f"{CHAPTER}.ipynb")
    assert catnet.check_parameters(CHAPTER, {"gd_seed": None}) == {"gd_seed": 5}


def test_check_refuses_an_unknown_name(book):
    with pytest.raises(
        ParameterError, match="no parameter 'learning_rat'. Did you mean learning_rate"
    ):
        catnet.check_parameters(CHAPTER, namespace(learning_rat=0.1))


def test_check_says_how_a_number_is_written(book):
    with pytest.raises(ParameterError, match=r"written like 0.003 or 1.0e-4, not '1e-4'"):
        catnet.check_parameters(CHAPTER, namespace(learning_rate="1e-4"))


def test_check_again_after_the_whole_chapter_ran(book):
    catnet.check_parameters(CHAPTER, namespace(cost=0.1, history=[]))


def test_needs_papermill_only_when_used():
    code = "import catnet.report.parameters, sys; assert 'papermill' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_a_startup_file_of_ipython_set_is_no_parameter(book):
    namespace = {"MY_DATA": "/data", "seed": 2, "In": ["", "seed = 2", "not python", "%time 1"]}
    assert parameters.check(CHAPTER, namespace)["seed"] == 2
    with pytest.raises(ParameterError, match="'MY_DATA'"):
        parameters.check(CHAPTER, namespace | {"In": ["", "MY_DATA = '/data'"]})


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"03-adam-failure": 3}', '{"03-adam-failure": {"seed": "x"}}']
)
def test_altered_searches_are_refused(book, text):
    (book / "record" / "seeds.json").write_text(text, encoding="utf-8")
    with pytest.raises(CatnetError, match="seed"):
        parameters.check(CHAPTER, {})
