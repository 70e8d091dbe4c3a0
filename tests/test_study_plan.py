"""Plans of studies: what they say, and what is refused."""

import re

import pytest

from catnet.errors import ParameterError
from catnet.studies import plan as plans
from catnet.studies.plan import find_plan, parse_plan

EXAMPLE = re.search(r"::\n\n(.*)\n\nIt has eight arms", plans.__doc__, re.DOTALL)[1]


def test_the_example_of_the_documentation():
    plan = parse_plan("rates", EXAMPLE.replace("\n    ", "\n"))
    assert plan.question == "Does the lower rate help?" and plan.hypotheses[0].name == "H1"
    assert len(plan.arms) == 8 and len(plan.runs) == 1600
    arm = plan.arms[0]
    assert arm.name == "adam,learning_rate=0.0075,output=printed"
    assert arm.levels == {"arm": "adam", "learning_rate": "0.0075", "output": "printed"}
    assert arm.settings["frozen_layers"] == (4,) and arm.settings["iterations"] == 2000
    assert plan.arms[-1].settings["optimizer"] == "gradient descent"
    run = plan.runs[200]
    assert run.key == "rates/adam,learning_rate=0.0075,output=trained/1000"
    assert plan.find(run.key) == run and run.number == 200
    with pytest.raises(ParameterError, match="has no run 'rates/adam/1'"):
        plan.find("rates/adam/1")


def test_only():
    plan = parse_plan("rates", EXAMPLE.replace("\n    ", "\n"))
    assert len(plan.only(["learning_rate=0.0075"])) == 800
    assert len(plan.only(["learning_rate=0.0075", "arm=gd", "seed=1000", "seed=1001"])) == 4
    assert len(plan.only(["arm=gd,learning_rate=0.0075,output=trained"])) == 200
    with pytest.raises(ParameterError, match="a factor of arm, learning_rate, output, seed, not"):
        plan.only(["rate=1"])
    with pytest.raises(ParameterError, match="has no run with arm=sgd and seed=1000"):
        plan.only(["arm=sgd", "seed=1000"])


PLAIN = """
question = "What?"
dataset = "drawn"
seeds = {first = 1, count = 2}
[[hypotheses]]
name = "H1"
statement = "It is."
rule = "If it is."
"""


def test_the_least_there_can_be():
    plan = parse_plan("least", PLAIN)
    assert [run.key for run in plan.runs] == ["least/base/1", "least/base/2"]
    assert plan.snapshots == () and plan.logits == "end"
    assert parse_plan("least", PLAIN + "# and a comment").digest != plan.digest


def test_an_arm_may_have_seeds_of_its_own():
    arms = '[[arms]]\nname = "a"\n[[arms]]\nname = "b"\nseeds = {first = 7, count = 1}\nbeta1 = 0'
    plan = parse_plan("two", PLAIN + arms)
    assert [run.key for run in plan.runs] == ["two/a/1", "two/a/2", "two/b/7"]
    assert plan.arms[1].settings["beta1"] == 0.0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("question =", "is not TOML that can be read"),
        ('question = "What?"\nquestion = "Twice?"', "is not TOML that can be read"),
        (f"question = {'1' * 5000}", "is not TOML that can be read"),
        (f"question = {'[' * 9000}", "is not TOML that can be read"),
        ("question = 3", "question must be text, not 3"),
        ('question = " "', "the question is empty"),
        ('colour = "red"', "says 'colour', which is none of question, dataset"),
        ('dataset = "cifar"', 'dataset must be "catvnoncat" or .*, not \'cifar\''),
        ("costs_every = 0", r"costs_every must be a whole number in \[1, inf\), not 0"),
        ("snapshots = [3, 3]", "snapshots must go up, and end below 2000"),
        ("snapshots = [2000]", "snapshots must go up, and end below 2000"),
        ("snapshots = 3", "snapshots must be a list of whole numbers"),
        ('logits = "all"', 'logits must be "end" or "snapshots" or "test" or "none"'),
        ("seeds = 5", r"seeds must be written \{first = 1000, count = 100\}"),
        ("seeds = {first = 1}", "seeds must be written"),
        ("seeds = {first = -1, count = 2}", r"first must be a whole number in \[0, 2\*\*32\)"),
        ("seeds = {first = 1, count = 10000000}", "more than 1000000 runs"),
        ("seeds = {first = 4294967295, count = 2}", r"must end below 2\*\*32"),
        ("hypotheses = []", r"hypotheses must be tables, each under \[\[hypotheses\]\]"),
        ("base = 3", "base must be a table, not 3"),
        ("base = {alpha = 1}", "says 'alpha', which is none of train_images, "),
        ("base = {iterations = true}", "iterations must be a whole number in"),
        ("base = {iterations = 2.0}", "iterations must be a whole number in"),
        ("base = {learning_rate = 0}", r"base: learning_rate must be a number in \(0, inf\)"),
        ("base = {learning_rate = nan}", "learning_rate must be a number in"),
        ("base = {learning_rate = inf}", "learning_rate must be a number in"),
        ('base = {learning_rate = "0.1"}', "learning_rate must be a number in"),
        ("base = {layer_dims = [12288, 2]}", "the last of them 1"),
        ("base = {layer_dims = [12288, 2.0, 1]}", "layer_dims must be a list of whole numbers"),
        ("base = {frozen_layers = [5]}", r"frozen_layers says \[5\], but there are 4 layers"),
        (
            'base = {sample_space = true, optimizer = "gradient descent", shift = 1}',
            "sample_space needs the same images at every update",
        ),
        ("base = {shift = 300}", "shift must be a whole number in 0 … 255"),
        ('base = {train_images = 9, centring = "mean"}', "would be that of all images"),
        ("base = {sample_space = true}", 'for the optimizer "gradient descent" only'),
        ("base = {patience = 5}", "let held_out be above 0"),
        ("arms = [3]", r"must be tables, each under \[\[arms\]\]"),
        ("arms = [{beta1 = 0.5}]", "an arm's name must be letters"),
        ('arms = [{name = "a/b"}]', "an arm's name must be letters"),
        ('arms = [{name = "a"}, {name = "a"}]', "two arms are called 'a'"),
        ('arms = [{name = "a"}, {name = "b"}]', "the arms a and b are the same"),
        ("factors = {beta1 = [0.5, 0.5]}", "factor beta1 has a level twice"),
        ("factors = {beta = [0.5]}", "says 'beta', which is none of"),
        ("factors = {beta1 = [1.0]}", r"beta1 must be a number in \[0, 1\)"),
        ("factors = {beta1 = {low = {}}}", "must be a list of values, or have another name"),
        ("factors = {seed = {low = {}}}", "must be a list of values, or have another name"),
        ("factors = {rate = {}}", "factor rate has no levels"),
        ("factors = {rate = 3}", "must be values, or a table of levels, not 3"),
        ("factors = {rate = {low = 3}}", "rate.low must be a table, not 3"),
        ('factors = {rate = {"a b" = {}}}', "a level's name must be letters"),
        ("factors = {a = {x = {beta1 = 0.1}}, beta1 = [0.2]}", "is told its beta1 twice"),
    ],
)
def test_what_is_refused(change, sentence):
    key = change.partition(" ")[0]
    lines = [line for line in PLAIN.splitlines() if not line.startswith(f"{key} =")]
    text = "\n".join([change, *lines])
    if key == "hypotheses":
        text = text.partition("[[")[0]
    with pytest.raises(ParameterError, match=sentence):
        parse_plan("bad", text)


def test_hypotheses_are_fixed_before_it_runs():
    head, _, table = PLAIN.partition("[[hypotheses]]")
    with pytest.raises(ParameterError, match="say what is expected before it runs"):
        parse_plan("bad", head)
    with pytest.raises(ParameterError, match="each hypothesis needs its rule, in words"):
        parse_plan("bad", PLAIN.replace('rule = "If it is."', ""))
    with pytest.raises(ParameterError, match="a hypothesis says 'p', which is none of name"):
        parse_plan("bad", PLAIN + "p = 0.05")
    with pytest.raises(ParameterError, match="two hypotheses have the same name"):
        parse_plan("bad", f"{PLAIN}[[hypotheses]]{table}")


def test_factors_that_explode_are_refused_at_once():
    levels = ", ".join(f"{n / 1000}" for n in range(1, 300))
    factors = "\n".join(f"{name} = [{levels}]" for name in ("beta1", "beta2", "epsilon"))
    with pytest.raises(ParameterError, match="more than 10000 arms"):
        parse_plan("bad", f"{PLAIN}[factors]\n{factors}")


def test_the_file(tmp_path):
    path = tmp_path / "least.toml"
    path.write_bytes(PLAIN.replace("\n", "\r\n").encode())
    assert find_plan(tmp_path, "least").digest == parse_plan("least", PLAIN).digest
    for name in ("most", "../least", "least.toml"):
        with pytest.raises(ParameterError, match=r"there is no study .*: there is least"):
            find_plan(tmp_path, name)
    path.write_bytes(b"\xff")
    with pytest.raises(ParameterError, match="is not text in UTF-8"):
        find_plan(tmp_path, "least")
    path.write_bytes(b" " * (plans.MAX_BYTES + 1))
    with pytest.raises(ParameterError, match="too many for a plan"):
        find_plan(tmp_path, "least")
