import os
import signal
import subprocess
import sys
import threading

import pytest

from catnet import cli
from catnet.report.running import stop
from catnet.report.running.apart import apart

SENTENCE = "catnet: stopped; nothing was left half-written\n"
NUMBERS = [getattr(signal, name) for name in stop.SIGNALS if hasattr(signal, name)]

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def run(program, number):
    code = f"import os, signal, sys\nNUMBER = {int(number)}\n{program}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


FIRST_MOMENT = """
class Finder:
    def find_spec(self, name, *rest):
        if name == "catnet.cli":
            assert "numpy" not in sys.modules
            os.kill(os.getpid(), NUMBER)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Finder())
from catnet.__main__ import main
sys.exit(main())
"""

WHILE_CLEANING = """
from catnet import cli

def work(arguments):
    try:
        os.kill(os.getpid(), NUMBER)
    finally:
        os.kill(os.getpid(), NUMBER)
        print("cleaned up")

class Parser:
    def parse_args(self, argv):
        return type("Arguments", (), {"run": staticmethod(work)})

cli._parser = Parser
signal.signal(signal.SIGINT, signal.default_int_handler)
from catnet.__main__ import main
status = main()
os.kill(os.getpid(), NUMBER)
sys.exit(status)
"""

SWALLOWED = """
from catnet import cli
from catnet.report.running.apart import apart

def work(arguments):
    try:
        os.kill(os.getpid(), NUMBER)
    except BaseException:
        pass  # as some libraries do while they are imported
    apart(lambda: print("ran"), lambda: None)

class Parser:
    def parse_args(self, argv):
        return type("Arguments", (), {"run": staticmethod(work)})

cli._parser = Parser
from catnet.__main__ import main
sys.exit(main())
"""


@posix
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    ("program", "printed"), [(FIRST_MOMENT, ""), (WHILE_CLEANING, "cleaned up\n")]
)
def test_stop_is_one_sentence(program, printed, number):
    done = run(program, number)
    assert (done.returncode, done.stdout, done.stderr) == (130, printed, SENTENCE)


@posix
def test_a_stop_that_a_library_loses_is_not_lost():
    done = run(SWALLOWED, signal.SIGTERM)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", SENTENCE)


@posix
def test_what_is_ignored_stays_ignored():
    ignored = "signal.signal(NUMBER, signal.SIG_IGN)\n"
    done = run(ignored + WHILE_CLEANING, signal.SIGHUP)
    assert (done.returncode, done.stdout, done.stderr) == (0, "cleaned up\n", "")


def test_handlers_are_put_back(capsys):
    before = [signal.getsignal(number) for number in NUMBERS]
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_work_apart_is_ended_by_a_stop(monkeypatch):
    ended = threading.Event()
    join = threading.Thread.join

    def stopped(thread, timeout=None):
        monkeypatch.setattr(threading.Thread, "join", join)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", stopped)
    with pytest.raises(KeyboardInterrupt):
        apart(ended.wait, ended.set)
    assert ended.is_set()


def test_work_apart_that_has_not_begun_never_does(monkeypatch):
    def stopped(thread):
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", stopped)
    with pytest.raises(KeyboardInterrupt):
        apart(lambda: None, lambda: None)


def test_work_apart_returns_and_fails_as_it_would_here():
    assert apart(lambda: 3, lambda: None) == 3
    with pytest.raises(ZeroDivisionError):
        apart(lambda: 1 / 0, lambda: None)
