import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from catnet import cli
from catnet.errors import CatnetError, sentence
from catnet.report.pages import rerun


def last_error(capsys):
    error = capsys.readouterr().err
    assert "Traceback" not in error and error.count("\n") == 1
    return error


@pytest.mark.parametrize("command", ["data", "draw", "rerun", "record", "seeds", "verify"])
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"examples:\n  catnet {command}" in capsys.readouterr().out


def test_the_readme_tells_of_every_command(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    commands = re.findall(r"^    (\w+) ", capsys.readouterr().out, re.MULTILINE)
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    assert "draw" in commands
    assert [c for c in commands if not re.search(rf"\b(catnet|make) {c}\b", readme)] == []


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


@pytest.mark.parametrize("module", ["catnet", "catnet.cli"])
def test_module_can_be_run(module):
    command = [sys.executable, "-m", module, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("catnet ")


def test_help_needs_no_library():
    code = "import sys; from catnet import cli; print({'numpy', 'yaml'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "change its permissions or choose another place"),
        (errno.ELOOP, "a link leads back to itself: remove it or choose another place"),
        (errno.ENAMETOOLONG, "choose a shorter name"),
        (errno.ENOSPC, "make room there or choose another place"),
        (errno.EROFS, "choose a place where you may write"),
    ],
)
def test_each_error_of_the_system_has_its_remedy(number, words):
    reason = os.strerror(number)
    assert sentence(OSError(number, reason, "x")) == f"x: {reason}; {words}"
    assert sentence(OSError(number, reason, "from", None, "to")) == f"to: {reason}; {words}"


def test_first_error_of_a_copied_folder_is_said(tmp_path):
    def full(source, destination):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name in ("a", "b"):
        (tmp_path / "from" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "from" / name).touch()
    with pytest.raises(shutil.Error) as caught:
        shutil.copytree(tmp_path / "from", tmp_path / "to", copy_function=full)
    said = sentence(caught.value)
    assert said.startswith(str(tmp_path / "to")) and said.endswith(
        "; make room there or choose another place"
    )
    assert "[" not in said
    assert sentence(shutil.Error([("a", "b", "odd")])) == "b: odd"
    assert sentence(shutil.Error("odd")) == "odd"


needs_shell = pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")


def in_shell(redirected, *arguments):
    """Run catnet in a shell, its output redirected; return status, output and errors."""
    command = ["sh", "-c", f'exec "$0" "$@" {redirected}', sys.executable, *arguments]
    environment = os.environ | {"PYTHONUNBUFFERED": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@needs_shell
@pytest.mark.parametrize(
    ("redirected", "arguments", "status"),
    [
        ("2>&-", ["bake"], 2),
        (">&- 2>&- <&-", ["bake"], 2),
        (">&- 2>&- <&-", ["--version"], 0),
        pytest.param(
            "2>/dev/full",
            ["rerun", "99"],
            2,
            marks=pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full"),
        ),
    ],
)
def test_nobody_listens(redirected, arguments, status):
    assert in_shell(redirected, "-m", "catnet", *arguments) == (status, "", "")


@needs_shell
def test_closed_streams_are_no_place_for_files():
    code = (
        "import os, sys; from catnet import __main__, cli\n"
        "cli.main = lambda: os.write(3, b'%d' % os.open(os.devnull, os.O_RDONLY)) and 0\n"
        "sys.exit(__main__.main())"
    )
    assert in_shell("3>&1 >&- 2>&- <&-", "-c", code) == (0, "4", "")


@needs_shell
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_output_that_cannot_be_written_is_an_error():
    status, _, error = in_shell(">/dev/full", "-m", "catnet", "--help")
    assert status == 2
    assert error.startswith("catnet: standard output: ") and error.count("\n") == 1


@needs_shell
def test_current_folder_that_is_gone(book, tmp_path, monkeypatch, capsys):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert cli.main(["rerun", "3"]) == 2
    assert "catnet: the current folder: No such file" in last_error(capsys)
