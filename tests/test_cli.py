import errno
import os
import subprocess
import sys

import pytest

from catnet import cli
from catnet.errors import CatnetError
from catnet.report import rerun


def last_error(capsys):
    error = capsys.readouterr().err
    assert "Traceback" not in error and error.count("\n") == 1
    return error


@pytest.mark.parametrize("command", ["data", "rerun", "record", "seeds", "verify"])
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"examples:\n  catnet {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [[], ["bake"], ["rerun"], ["rerun", "3", "-p", "seed"], ["seeds", "3", "--limit", "0"]],
)
def test_wrong_arguments_give_one_sentence(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "--help` says more" in last_error(capsys)


def test_list(book, capsys):
    assert cli.main(["rerun", "3", "--list"]) == 0
    out = capsys.readouterr().out
    assert "learning_rate: float = 0.0075\n    step size, in (0, inf)\n" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["rerun", "adam-falure"], "no chapter 'adam-falure'. Did you mean 03-adam-failure?"),
        (["verify", "12"], "no chapter '12'"),
        (["rerun", "3", "-p", "beta1", "1"], "beta1 must be a number in [0, 1)"),
        (["rerun", "3", "-f", "missing.yml"], "missing.yml: No such file"),
    ],
)
def test_users_errors(book, arguments, sentence, capsys):
    assert cli.main(arguments) == 2
    error = last_error(capsys)
    assert error.startswith("catnet: ") and sentence in error


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (CatnetError("a sentence"), 2, "catnet: a sentence\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/full"), 2, "catnet: /full: No space"),
        (PermissionError(errno.EACCES, "Permission denied", "x/y"), 2, "x/y: Permission denied"),
        (KeyboardInterrupt(), 130, "catnet: stopped"),
    ],
)
def test_errors_become_sentences(book, monkeypatch, capsys, error, status, sentence):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(rerun, "rerun", fail)
    assert cli.main(["rerun", "3"]) == status
    assert sentence in last_error(capsys)


def test_broken_pipe_is_silent():
    nobody_reads, output = os.pipe()
    os.close(nobody_reads)
    command = [sys.executable, "-m", "catnet.cli", "--help"]
    environment = os.environ | {"PYTHONUNBUFFERED": ""}  # argparse passes over what it meets
    done = subprocess.run(
        command, env=environment, stdout=output, stderr=subprocess.PIPE, check=False
    )
    os.close(output)
    assert done.stderr == b"" and done.returncode == 141


def test_plain_terminal_is_no_reason_to_fail(book):
    code = (
        "import catnet.cli as cli\n"
        "cli._parser = lambda: type('P', (), {'parse_args': lambda self, argv: type('A', (), "
        "{'run': staticmethod(lambda arguments: print('\\u2014'))})})()\n"
        "cli.main([])"
    )
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "?\n", "")


def test_a_name_without_a_value_is_explained(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["rerun", "3", "-p", "learning_rate=0.1"])
    assert ended.value.code == 2
    assert "-p takes a name and a value, as in `-p learning_rate 0.003`" in last_error(capsys)


def test_module_can_be_run():
    command = [sys.executable, "-m", "catnet.cli", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("catnet ")
