"""The server that typesets formulas may be slow to come up, and may not come up at all."""

import importlib
import os
import sys

import pytest
from conftest import EXTENSIONS
from sphinxcontrib import katex

BINDS = "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[2])"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sockets that are files")


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Give a function that starts a program in the place of Node's and connects to it."""
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    formulas = importlib.import_module("formulas")

    def start(code):
        (tmp_path / "server.py").write_text(code, encoding="utf-8")
        monkeypatch.setattr(katex, "NODEJS_BINARY", sys.executable)
        monkeypatch.setattr(katex, "SCRIPT_PATH", str(tmp_path / "server.py"))
        return formulas.start_server(tmp_path, 30.0)

    return start


def test_it_is_waited_for_until_it_listens(start):
    process, connection = start(f"{BINDS}; time.sleep(0.5); s.listen(); s.accept()")
    with process, connection:
        assert connection.getpeername().endswith("katex.sock")


def test_one_that_ends_is_an_error(start):
    with pytest.raises(katex.KaTeXError):
        start(f"{BINDS}; sys.exit(1)")
