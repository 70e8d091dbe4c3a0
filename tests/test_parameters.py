import json
import subprocess
import sys

import pytest
from conftest import PARAMETERS, rewrite, tiny_notebook
from hypothesis import given, settings
from hypothesis import strategies as st

import catnet
from catnet.errors import CatnetError, ParameterError
from catnet.report.parameters import declared, injected, read_parameter_file

CHAPTER = "03-adam-failure"
KNOWN = declared(PARAMETERS, CHAPTER)


def test_declared_comes_from_the_notebook(chapter):
    assert list(chapter.parameters)[:3] == ["dataset", "seed", "layer_dims"]
    assert chapter.parameters["epsilon"].default == 1e-8
    learning_rate = chapter.parameters["learning_rate"]
    assert learning_rate.kind == "float" and learning_rate.comment == "step size, in (0, inf)"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("rate = 10 ** -3", "its type is not one of int"),
        ("rate: complex = 1  # in [0, 1]", "its type is not one of int"),
        ("rate: float = 10 ** -3  # in (0, inf)", "its value '10 .*' is not a plain one"),
        ("rate: float = 0.1", "does not end with an interval"),
        ("rate: float = 0.1  # step size, above 0", "does not end with an interval"),
        ("rate: float = 0.1  # step size, in (0, inf), mostly", "does not end with an interval"),
        ("rate: float = 0.1  # in (0, infinity)", "does not end with an interval"),
        ("rate: float = 0.1  # in (0, inf); tuned", "its comment says 'tuned'"),
        ("rate: float = 0.1  # in (0, inf); None: the recorded seed of 3", "its comment says"),
        ("rate: float  # in (0, inf)", "its value '' is not a plain one"),
        ("rate: float = -0.1  # in (0, inf)", "must be a number in"),
        ("rate: float = None  # in (0, inf)", "must be a number in"),
        ('rate: str = "slow"  # "fast" or "faster"', 'must be "fast" or "faster"'),
        ("rate: list = [3, 4]  # in [1, inf); 3 first, 1 last", "with 3 first and 1 last"),
    ],
)
def test_a_declaration_that_cannot_be_read_is_refused(line, reason):
    with pytest.raises(CatnetError, match=f"declares rate in a way that .* read: .*{reason}"):
        declared(line, CHAPTER)


def test_a_comment_ends_the_line_and_may_hold_what_it_likes():
    source = 'rate: float = (\n    0.1  # none\n)  # a = b, in (0, inf)\nname: str = "#1"'
    rate, name = declared(source, CHAPTER).values()
    assert (rate.default, rate.comment) == (0.1, "a = b, in (0, inf)")
    assert (name.default, name.comment) == ("#1", "")


OWN = """\
dataset: str = "drawn"  # the images: "catvnoncat", "drawn" or FILE.h5 (your own)
layer_dims: list = [12288, 3, 1]  # in [1, inf); the images' numbers first, 1 last
"""


def test_a_text_may_be_the_path_of_a_file_which_then_holds_anywhere(tmp_path, monkeypatch):
    dataset = declared(OWN, CHAPTER)["dataset"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.h5").touch()
    assert dataset.read("mine.h5") == str(tmp_path / "mine.h5")
    assert dataset.read(str(tmp_path / "mine.h5")) == str(tmp_path / "mine.h5")
    assert dataset.read("drawn") == "drawn"
    with pytest.raises(ParameterError, match="must be a file that is there; 'other.h5' is not"):
        dataset.read("other.h5")
    with pytest.raises(ParameterError, match=r'"catvnoncat" or "drawn" or a file, FILE\.h5, not'):
        dataset.read("mine.png")
    with pytest.raises(ParameterError, match='"catvnoncat" or "drawn", not'):
        KNOWN["dataset"].read("mine.h5")


def test_a_lists_first_element_may_be_for_the_chapter_to_check():
    layer_dims = declared(OWN, CHAPTER)["layer_dims"]
    assert layer_dims.read("[192, 2, 1]") == [192, 2, 1]
    for wrong in ("[192, 2]", "[1]", "[0, 1]"):
        with pytest.raises(ParameterError, match="with the images' numbers first and 1 last"):
            layer_dims.read(wrong)


def test_a_cell_that_is_not_python_is_refused():
    with pytest.raises(CatnetError, match="is not Python"):
        declared("rate: float = = 3", CHAPTER)


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        ("[0, 2**32)", [0, 2**32 - 1], [-1, 2**32]),
        ("(0, inf)", [1, 10**400], [0, -1]),
        ("(-inf, -1.5]", [-2, -(10**400)], [-1, 0]),
        ("[-3, 4]", [-3, 4], [-4, 5]),
    ],
)
def test_intervals(interval, inside, outside):
    middle = inside[0]
    parameter = declared(f"n: int = {middle}  # a number, in {interval}", CHAPTER)["n"]
    assert [parameter.read(value) for value in inside] == inside
    for value in outside:
        with pytest.raises(ParameterError):
            parameter.read(value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("learning_rate", "1e-4", 1e-4),
        ("learning_rate", 1, 1.0),
        ("learning_rate", " 3 ", 3.0),
        ("num_iterations", "20", 20),
        ("num_iterations", "010", 10),
        ("layer_dims", "[12288, 5, 1]", [12288, 5, 1]),
        ("layer_dims", "12288, 5, 1", [12288, 5, 1]),
        ("layer_dims", "(12288, 05, 1,)", [12288, 5, 1]),
        ("layer_dims", (12288, 1), [12288, 1]),
        ("layer_dims", ["12288", "1"], [12288, 1]),
        ("freeze_output_layer", "False", False),
        ("freeze_output_layer", "true", True),
        ("seed", "none", None),
        ("seed", str(2**32 - 1), 2**32 - 1),
        ("epsilon", "0", 0.0),
        ("beta1", 0, 0.0),
        ("dataset", "drawn", "drawn"),
    ],
)
def test_read(name, text, value):
    read = KNOWN[name].read(text)
    assert read == value
    assert type(read) is type(value)


@settings(deadline=None)
@given(st.floats(min_value=0, exclude_min=True, allow_infinity=False), st.integers(1, 10**30))
def test_what_is_written_out_is_read_back(number, whole):
    assert KNOWN["learning_rate"].read(repr(number)) == number
    assert KNOWN["num_iterations"].read(str(whole)) == whole
    assert KNOWN["layer_dims"].read(str([12288, whole, 1])) == [12288, whole, 1]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("learning_rate", "0", r"learning_rate must be a number in \(0, inf\), .*not 0.0"),
        ("learning_rate", "nan", "learning_rate must be finite, not nan"),
        ("learning_rate", "1e999", "learning_rate must be finite, not inf"),
        ("learning_rate", 10**400, "learning_rate must be finite, not inf"),
        ("learning_rate", "0,003", r"written like 0.003 or 1.0e-4, not '0,003'"),
        ("learning_rate", "1:30", r"written like 0.003 or 1.0e-4, not '1:30'"),
        ("learning_rate", True, "not True"),
        ("learning_rate", None, "not None"),
        ("learning_rate", ["1", "2"], "a number"),
        ("num_iterations", "0", r"a whole number in \[1, inf\), written like 2000, not 0"),
        ("num_iterations", "2000.0", "written like 2000, not '2000.0'"),
        ("num_iterations", "2e3", "written like 2000, not '2e3'"),
        ("num_iterations", "0x10", "written like 2000, not '0x10'"),
        ("num_iterations", 2000.0, "a whole number"),
        ("num_iterations", True, "a whole number"),
        ("seed", "-1", r"in \[0, 2\*\*32\), "),
        ("seed", str(2**32), r"in \[0, 2\*\*32\), "),
        ("seed", "9" * 5000, "written like 2000, not '999"),
        ("seed", "", "a whole number"),
        ("beta1", "1", r"in \[0, 1\), .*not 1.0"),
        ("beta1", "-0.1", r"in \[0, 1\), .*not -0.1"),
        ("epsilon", "-1e-8", r"in \[0, inf\), .*not -1e-08"),
        ("layer_dims", "[100, 1]", "with 12288 first and 1 last"),
        ("layer_dims", "[12288, 2]", "1 last"),
        ("layer_dims", "[12288, 0, 1]", r"in \[1, inf\)"),
        ("layer_dims", "[12288, 2.5, 1]", "whole numbers"),
        ("layer_dims", "[12288, True, 1]", "whole numbers"),
        ("layer_dims", "[12288, , 1]", "whole numbers"),
        ("layer_dims", [12288, True, 1], "whole numbers"),
        ("layer_dims", "[12288, 1)", r"written like '\[12288, 3, 1\]', not '\[12288, 1\)'"),
        ("layer_dims", "[]", "1 last"),
        ("layer_dims", "[" * 100_000, "a list"),
        ("layer_dims", "__import__('os')", "a list"),
        ("freeze_output_layer", "1", "true or false"),
        ("freeze_output_layer", 1, "true or false"),
        ("dataset", "dogs", '"catvnoncat" or "drawn"'),
        ("dataset", 3, '"catvnoncat" or "drawn", not 3'),
    ],
)
def test_refused(name, text, sentence):
    with pytest.raises(ParameterError, match=sentence) as refused:
        KNOWN[name].read(text)
    assert f"chapter {CHAPTER}: {name}" in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(("name", "as_list"), [("seed", False), ("layer_dims", True)])
def test_more_digits_than_python_writes_out(name, as_list):
    value = [12288, 10**5000, 0] if as_list else 10**5000
    with pytest.raises(ParameterError, match="not a number of thousands of digits"):
        KNOWN[name].read(value)
    with pytest.raises(ParameterError, match="must be finite, not inf"):
        KNOWN["learning_rate"].read(10**5000)


def namespace(cell="", **changes):
    """What a kernel has defined when the chapter checks its parameters."""
    put = "".join(f"{name} = {value!r}\n" for name, value in changes.items())
    cells = ["", PARAMETERS, f"# Parameters\n{put}", cell]
    names = {"__name__": "__main__", "In": cells, "Out": {}, "_i": "", "open": open, "json": json}
    exec(PARAMETERS, names)
    return names | changes


def test_check_gives_normal_forms_and_puts_them_into_place(chapter):
    names = namespace(learning_rate=1, layer_dims=(12288, 1))
    checked = catnet.check_parameters(CHAPTER, names)
    assert list(checked) == list(chapter.parameters)
    assert checked["learning_rate"] == 1.0 and type(checked["learning_rate"]) is float
    assert checked["layer_dims"] == [12288, 1]
    assert checked["seed"] == 0
    assert {name: names[name] for name in checked} == checked


def test_text_is_read_as_on_the_command_line(chapter):
    given = {"layer_dims": "[12288, 5, 1]", "freeze_output_layer": "false", "beta1": "1e-4"}
    names = namespace(**given)
    catnet.check_parameters(CHAPTER, names)
    assert names["layer_dims"] == [12288, 5, 1]
    assert names["freeze_output_layer"] is False
    assert names["beta1"] == 1e-4


def test_a_missing_name_has_its_default(book):
    checked = catnet.check_parameters(CHAPTER, {"seed": 3})
    assert checked["seed"] == 3 and checked["learning_rate"] == 0.0075


def test_recorded_seed(book, seeds):
    assert catnet.check_parameters("02-gradient-descent", namespace())["seed"] == 5
    assert catnet.check_parameters("02-gradient-descent", namespace(seed=7))["seed"] == 7
    assert catnet.check_parameters(CHAPTER, namespace())["seed"] == 0


def test_a_chapter_of_two_models_takes_the_seed_of_another(chapter, seeds):
    line = "gd_seed: int = None  # in [0, 9]; None: the recorded seed of 02-gradient-descent"
    chapter = rewrite(chapter, tiny_notebook(CHAPTER, line))
    assert chapter.complete({}) == {"gd_seed": 5}
    line = "gd_seed: int = None  # in [0, 9]; None: the recorded seed of chapter-9"
    chapter = rewrite(chapter, tiny_notebook(CHAPTER, line))
    with pytest.raises(CatnetError, match="takes gd_seed from chapter-9, which is no chapter"):
        chapter.complete({})


def test_check_refuses_an_injected_name_that_is_no_parameter(book):
    sentence = "no parameter 'learning_rat'. Did you mean learning_rate"
    with pytest.raises(ParameterError, match=sentence):
        catnet.check_parameters(CHAPTER, namespace(learning_rat=0.1))


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ('print([q for q in "ab"])', {}),
        ("def helper(x):\n    y = x\n    return y", {}),
        ("x = 1\nlearning_rat = None", {"x": 1, "learning_rat": None}),
        ("%time 1", {}),
    ],
)
def test_what_a_user_does_in_other_cells_is_not_looked_at(book, cell, names):
    catnet.check_parameters(CHAPTER, namespace(cell) | names)


def test_only_the_last_injected_cell_counts():
    cells = ["", "# Parameters\na = 1\n", "# Parameters\nb: int = 2\nc = [d for d in []]"]
    assert injected(cells) == ["b", "c"]
    assert injected(["# Parameters\na = 1", "# Parameters\nb = = 2"]) == ["a"]
    assert injected(["a = 1"]) == []


def test_needs_papermill_only_when_used():
    code = "import catnet.report.parameters, sys; assert 'papermill' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"03-adam-failure": 3}', '{"03-adam-failure": {"seed": "x"}}', "[" * 99999]
)
def test_altered_searches_are_refused(book, text):
    book.searches.write_text(text, encoding="utf-8")
    with pytest.raises(CatnetError, match="seed"):
        catnet.check_parameters(CHAPTER, {})


def test_a_file_of_parameters(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(
        "learning_rate: 1e-4  # small\nseed: 010\nlayer_dims: [12288, 5, 1]\n"
        "dataset: 'drawn'\nfreeze_output_layer: yes\nbeta1: 1:30\n",
        encoding="utf-8",
    )
    assert read_parameter_file(path) == {
        "learning_rate": "1e-4",
        "seed": "010",
        "layer_dims": ["12288", "5", "1"],
        "dataset": "drawn",
        "freeze_output_layer": "yes",
        "beta1": "1:30",
    }
    path.write_text("# nothing\n", encoding="utf-8")
    assert read_parameter_file(path) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1, 2]", "must hold lines"),
        ("- 1", "must hold lines"),
        ("9" * 5000, "must hold lines"),
        ("{1: 2}: 3", "must hold lines"),
        ("a: {b: c}", "must hold lines"),
        ("a: [[1]]", "nested too deep"),
        ("[" * 50_000, "nested too deep"),
        ("a: b: c", "not YAML that can be read"),
        ("a: [1", "not YAML that can be read"),
        ("a: \x00", "not YAML that can be read"),
        ("a: 1\n---\nb: 2", "not YAML that can be read"),
        ("x: &a [*a", "an anchor or an alias"),
        ("a: &x 1\nb: *x", "an anchor or an alias"),
        ("seed: 1\nseed: 2", "'seed' twice"),
        ("a: " + "1" * 70_000, "more than 65536 bytes"),
    ],
)
def test_a_file_that_is_not_of_parameters(tmp_path, text, sentence):
    path = tmp_path / "bad.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=f"bad.yml .*{sentence}"):
        read_parameter_file(path)


@pytest.mark.parametrize("text", ["seed: !!python/object:os.system 3", "seed: !!int '3'"])
def test_tags_make_nothing(tmp_path, text):
    path = tmp_path / "tag.yml"
    path.write_text(text, encoding="utf-8")
    assert read_parameter_file(path) == {"seed": "3"}
