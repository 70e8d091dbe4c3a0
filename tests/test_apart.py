"""Reading in a process of its own: what comes back, and what becomes of a crash or a hang."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from catnet.errors import DataError
from catnet.storage import apart
from catnet.storage.apart import read_apart

SRC = str(Path(apart.__file__).parents[1])


def numbers(content, shape=(2, 3)):
    size = np.prod(shape, dtype=int)
    return {
        "bytes": np.frombuffer(content, np.uint8),
        "many": np.arange(size, dtype=">i4").reshape(shape),
        "none": np.zeros((0, 4)),
    }


def refuse(content):
    raise DataError(f"it holds {len(content)} bytes")


def crash(content):
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(content):
    while True:
        pass


def wait(content):
    time.sleep(60)


def take_all_memory(content):
    return {"zeros": np.ones(2**40, np.uint8)}


def talk_nonsense(content):
    print("HDF5-DIAG: Error detected")
    return {}


def refusal(read, content=b"", where="a file"):
    with pytest.raises(DataError) as caught:
        read_apart(read, content, where)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("processes", [True, False])
def test_arrays_come_back_as_they_are(monkeypatch, processes):
    monkeypatch.setattr(apart, "PROCESSES", processes)
    content = bytes(range(256)) * 20_000  # more than a pipe holds
    arrays = read_apart(partial(numbers, shape=(2, 500, 3)), content, "a file")
    expected = numbers(content, (2, 500, 3))
    assert list(arrays) == list(expected)
    for name, array in arrays.items():
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name])


def test_its_sentence_comes_back():
    assert refusal(refuse, b"123") == "it holds 3 bytes"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are for POSIX")
def test_a_crash_becomes_a_sentence():
    sentence = refusal(crash)
    assert sentence == "a file is damaged, or made to do harm: reading it crashes (SIGSEGV)"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts no processor time")
@pytest.mark.parametrize("read", [hang, wait])
def test_a_hang_becomes_a_sentence(monkeypatch, read):
    monkeypatch.setattr(apart, "SECONDS", 1)
    monkeypatch.setattr(apart, "PATIENCE", 3 if read is wait else 30)
    started = time.monotonic()
    seconds = 3 if read is wait else 1
    assert f"reading it had not ended after {seconds} s" in refusal(read)
    assert time.monotonic() - started < 29


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="macOS and Windows set no bound")
def test_memory_is_bounded():
    assert "MemoryError" in refusal(take_all_memory)


def test_nonsense_becomes_a_sentence():
    assert "gives no sense" in refusal(talk_nonsense)


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"12\n",
        b'{"x": ["u1", [3]]}\nab',
        b'{"x": ["O", [3]]}\n' + bytes(24),
        b'{"x": ["u1", [1000000, 1000000, 1000000]]}\nab',
        b'{"x": "u1"}\nab',
        b"\xff\n",
    ],
)
def test_no_answer_is_trusted(output):
    with pytest.raises(DataError, match="a file .* no sense"):
        apart._unpack(output, "a file")


def test_a_process_that_does_not_start(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert "no process can be started" in refusal(refuse)


def test_a_process_that_lacks_the_package(monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not Path(p, "catnet").is_dir()])
    assert "the process that was to do it failed (ModuleNotFoundError" in refusal(refuse)


def test_a_script_needs_no_precaution(tmp_path):
    """No guard of its main part, no particular folder, no path in the environment."""
    (tmp_path / "json.py").write_text("raise SystemExit('taken for the library')")
    (tmp_path / "network.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    script = (
        f"import sys; sys.path[:] = [p for p in sys.path if p] + [{SRC!r}]\n"
        "import catnet\n"
        "try: catnet.Network.load('network.h5')\n"
        "except catnet.ParameterError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True,
                         text=True, check=True)
    assert "network.h5 is a truncated or damaged HDF5 file" in run.stdout
