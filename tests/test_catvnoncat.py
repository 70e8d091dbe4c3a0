"""The real images: found, fetched, checked, and everything else refused in a sentence.

The images themselves are not in the repository, so most tests stand a small made-up set in their
place; one takes the real ones where there are any.
"""

import errno
import gzip
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest

from catnet.errors import DataError
from catnet.images import catvnoncat, download
from catnet.images.catvnoncat import Part, data_command, find_images, load_catvnoncat
from catnet.storage import apart, hdf5

TRAIN, TEST = "train_catvnoncat.h5", "test_catvnoncat.h5"
COUNTS = {"train": 6, "test": 4}
SIDE = 8
LFS_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242\nsize 2572022\n"
)
WEB_PAGE = b"\n\n<!DOCTYPE html>\n<html><body>Page not found</body></html>\n"


def sha256(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


def arrays(name):
    rng = np.random.default_rng(COUNTS[name])
    images = rng.integers(0, 256, (COUNTS[name], SIDE, SIDE, 3), dtype=np.uint8)
    return images, np.arange(COUNTS[name]) % 2


def write(path, images, labels, **storage):
    name = path.name.partition("_")[0]
    with h5py.File(path, "w") as file:
        file.create_dataset(f"{name}_set_x", data=images, **storage)
        file.create_dataset(f"{name}_set_y", data=labels)
        file.create_dataset("list_classes", data=np.array([b"non-cat", b"cat"]))


def write_both(folder, **storage):
    folder.mkdir(exist_ok=True, parents=True)
    for name in COUNTS:
        write(folder / f"{name}_catvnoncat.h5", *arrays(name), **storage)
    return folder


@pytest.fixture(autouse=True)
def made_up(monkeypatch, tmp_path):
    """The digests of a made-up set in place of the real ones, no cache, no network."""
    parts = []
    for name, count in COUNTS.items():
        images, labels = arrays(name)
        parts.append(Part(name, count, "", sha256(images), sha256(labels.astype("<i8"))))
    monkeypatch.setattr(catvnoncat, "PARTS", tuple(parts))
    monkeypatch.setattr(apart, "PROCESSES", False)  # faster
    monkeypatch.setattr(catvnoncat, "SIDE", SIDE)
    monkeypatch.setattr(catvnoncat, "MIRRORS", ())
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("CATNET_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "catnet"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with both files, that CATNET_DATA names."""
    path = write_both(tmp_path / "images")
    monkeypatch.setenv("CATNET_DATA", str(path))
    return path


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Copies on 127.0.0.1: `server.answers[path]` is the content, a status, or a function."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            answer = self.server.answers.get(self.path, 404)
            if callable(answer):
                answer(self)
            elif isinstance(answer, int):
                self.send_error(answer)
            else:
                self.start(len(answer))
                self.wfile.write(answer)

        def start(self, length):
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request, address):  # a client that hangs up is part of the test
            pass

    origin = write_both(tmp_path / "origin")
    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.asked, server.flooded = [], 0
        server.copies = {f: (origin / f).read_bytes() for f in (TRAIN, TEST)}
        server.answers = {f"/b/{f}": content for f, content in server.copies.items()}
        server.mirrors = [f"http://127.0.0.1:{server.server_port}/{m}" for m in "ab"]
        monkeypatch.setattr(catvnoncat, "MIRRORS", server.mirrors)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def is_the_set(dataset):
    for name, split in (("train", dataset.train), ("test", dataset.test)):
        images, labels = arrays(name)
        np.testing.assert_array_equal(split.images, images)
        np.testing.assert_array_equal(split.labels, labels)
        assert split.labels.dtype == np.int64
    return dataset.name == "catvnoncat" and dataset.classes == ("non-cat", "cat")


def refusal(do=load_catvnoncat, *args):
    with pytest.raises(DataError) as caught:
        do(*args)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


# Where they are


def test_folder_that_the_variable_names(folder):
    assert find_images() == catvnoncat.Location(folder, "CATNET_DATA")
    assert is_the_set(load_catvnoncat())
    assert str(folder / TRAIN) in data_command()[0]


def test_cache_is_used_without_asking_anyone(cache, server):
    assert find_images() is None
    write_both(cache)
    assert find_images() == catvnoncat.Location(cache, "cache")
    assert is_the_set(load_catvnoncat())
    assert not server.asked


def test_one_file_in_the_cache_is_not_enough(cache):
    write_both(cache)
    (cache / TEST).unlink()
    assert find_images() is None


@pytest.mark.parametrize("value", ["", "  "])
def test_empty_variable(value, cache, monkeypatch):
    write_both(cache)
    monkeypatch.setenv("CATNET_DATA", value)
    assert "CATNET_DATA is set but empty" in refusal()


@pytest.mark.parametrize("do", [find_images, load_catvnoncat, data_command])
def test_variable_is_never_passed_over(do, cache, folder, monkeypatch, server):
    write_both(cache)
    (folder / TEST).unlink()
    assert f"lacks {TEST}" in refusal(do)
    monkeypatch.setenv("CATNET_DATA", str(folder / TRAIN))
    assert "not a folder" in refusal(do)
    monkeypatch.setenv("CATNET_DATA", str(folder / "nowhere"))
    assert "not there" in refusal(do)
    assert not server.asked


def test_wrong_file_in_the_folder_is_not_mended(folder, server):
    (folder / TRAIN).write_bytes(WEB_PAGE)
    for do in (load_catvnoncat, data_command):
        assert "Put the right file there" in refusal(do)
    assert (folder / TRAIN).read_bytes() == WEB_PAGE
    assert not server.asked


# What is in them


@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (1, -1)])
@pytest.mark.parametrize("dtype", ["<i8", ">i4", "u1"])
def test_labels_of_any_integer_in_a_row_or_a_column(folder, dtype, shape):
    images, labels = arrays("train")
    write(folder / TRAIN, images, labels.reshape(shape).astype(dtype), compression="gzip")
    assert is_the_set(load_catvnoncat())


def test_only_a_known_file_is_read_in_this_process(folder, monkeypatch):
    def refuse(*args):
        raise DataError("no process here")

    monkeypatch.setattr(hdf5, "read_apart", refuse)
    assert "no process here" in refusal()
    known = [
        replace(part, file_sha256=hashlib.sha256((folder / part.file).read_bytes()).hexdigest())
        for part in catvnoncat.PARTS
    ]
    monkeypatch.setattr(catvnoncat, "PARTS", known)
    assert is_the_set(load_catvnoncat())


def test_other_files_are_read_in_a_process_of_their_own(folder, monkeypatch):
    monkeypatch.setattr(apart, "PROCESSES", True)
    assert is_the_set(load_catvnoncat())
    (folder / TEST).write_bytes(hdf5.SIGNATURE)
    sentence = refusal()
    assert f"{folder / TEST} is a truncated or damaged HDF5 file" in sentence
    assert "Put the right file there" in sentence


@pytest.mark.skipif("CATNET_DATA" not in os.environ, reason="CATNET_DATA names no real images")
def test_the_real_images():
    script = (
        "from catnet.images.catvnoncat import load_catvnoncat; d = load_catvnoncat();"
        "print(*d.train.images.shape, d.train.labels.sum(), len(d.test), d.test.labels.sum())"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True,
                         env=os.environ | REAL)
    assert run.stdout.split() == "209 64 64 3 72 50 33".split()


SRC = str(Path(catvnoncat.__file__).parents[2])
REAL = {key: os.environ[key] for key in ("CATNET_DATA",) if key in os.environ}
REAL["PYTHONPATH"] = SRC


@pytest.mark.parametrize("content", [b"", WEB_PAGE, LFS_POINTER, b"404: Not Found"])
def test_not_an_hdf5_file(folder, content):
    (folder / TRAIN).write_bytes(content)
    assert str(folder / TRAIN) in refusal()


@pytest.mark.parametrize("label", [2, -1, 2**40])
def test_labels_other_than_0_and_1(folder, label):
    images, labels = arrays("train")
    labels[3] = label
    write(folder / TRAIN, images, labels)
    assert f"label 3 in train_set_y of {folder / TRAIN} is {label}" in refusal()


def test_other_images_or_labels(folder):
    images, labels = arrays("train")
    write(folder / TRAIN, images ^ 1, labels)
    assert "train_set_x" in refusal() and "altered" in refusal()
    write(folder / TRAIN, images, 1 - labels)
    assert "train_set_y" in refusal() and "altered" in refusal()


# The cache and the copies


def test_copies_are_tried_one_after_the_other(server, cache):
    server.answers[f"/a/{TEST}"] = WEB_PAGE
    assert is_the_set(load_catvnoncat())
    assert server.asked == [f"/{m}/{f}" for f in (TRAIN, TEST) for m in "ab"]
    assert sorted(p.name for p in cache.iterdir()) == [TEST, TRAIN]
    assert find_images().folder == cache
    assert is_the_set(load_catvnoncat())
    assert len(server.asked) == 4


def test_only_what_is_missing_is_fetched(server, cache):
    write_both(cache)
    (cache / TEST).unlink()
    assert is_the_set(load_catvnoncat())
    assert server.asked == [f"/a/{TEST}", f"/b/{TEST}"]


def broken_off(handler):
    handler.start(10**6)
    handler.wfile.write(hdf5.SIGNATURE + bytes(1000))


def without_end(handler):
    handler.send_response(200)
    handler.end_headers()
    flood(handler, bytes(2**20))


def silent(handler):
    time.sleep(1)


def flood(handler, piece):
    while True:
        handler.wfile.write(piece)
        handler.server.flooded += len(piece)


def redirect_without_end(handler):
    handler.send_response(302)
    handler.send_header("Location", "/elsewhere")
    handler.end_headers()
    flood(handler, bytes(2**20))


def redirect_in_a_circle(handler):
    handler.send_response(301)
    handler.send_header("Location", handler.path)
    handler.end_headers()


def redirect_to_a_file(handler):
    handler.send_response(302)
    handler.send_header("Location", "file:///etc/hostname")
    handler.end_headers()


def headers_without_end(handler):
    handler.send_response(200)
    handler.flush_headers()
    flood(handler, b"X-Header: " + b"x" * 60_000 + b"\r\n")


def promises_without_end(handler):
    flood(handler, b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 60_000 + b"\r\n\r\n")


def trailers_without_end(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"0\r\n")
    flood(handler, b"X-Trailer: x\r\n" * 2**16)


def trickle(handler):
    handler.send_response(200)
    handler.flush_headers()
    for _ in range(40):
        handler.wfile.write(b"X")
        time.sleep(0.05)


def packed(handler):
    content = gzip.compress(bytes(10**6))
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (404, "404"),
        (WEB_PAGE, "web page"),
        (LFS_POINTER, "LFS pointer"),
        (b"", "is empty"),
        (broken_off, "broke"),
        (without_end, "more than"),
        (silent, "in time"),
        (redirect_without_end, "404"),
        (redirect_in_a_circle, "more than 5 times"),
        (redirect_to_a_file, "cannot be read"),
        (headers_without_end, "broke"),
        (promises_without_end, "more than"),
        (trailers_without_end, "more than"),
        (packed, "packed"),
    ],
)
def test_bad_copies(server, cache, monkeypatch, answer, said):
    monkeypatch.setattr(download, "TIMEOUT", (0.2, 0.2))
    server.answers = {f"/{m}/{TRAIN}": answer for m in "ab"}
    sentence = refusal()
    assert said in sentence
    assert all(f"{mirror}/{TRAIN}" in sentence for mirror in server.mirrors)
    assert not list(cache.iterdir())
    assert server.flooded < 6 * hdf5.MAX_BYTES  # two copies, and what was under way


def test_copy_that_takes_for_ever(server, monkeypatch):
    monkeypatch.setattr(download, "DEADLINE", 0.5)
    server.answers = {f"/{m}/{TRAIN}": trickle for m in "ab"}
    assert "not through after 0.5 s" in refusal()


def test_copy_at_another_address(server, cache):
    def lead_on(handler):
        handler.send_response(302)
        handler.send_header("Location", f"/b/{TRAIN}")
        handler.end_headers()
        handler.wfile.write(b"It is over there.")

    server.answers[f"/a/{TRAIN}"] = lead_on
    assert is_the_set(load_catvnoncat())
    assert server.asked[:2] == [f"/a/{TRAIN}", f"/b/{TRAIN}"]


def test_bounds_hold_for_a_proxy_too(server, cache, monkeypatch):
    monkeypatch.setattr(catvnoncat, "MIRRORS", ["http://no.such.invalid/a"])
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
    server.answers = {f"http://no.such.invalid/a/{TRAIN}": promises_without_end}
    assert "sends more than" in refusal()


def test_no_network(server, cache, monkeypatch):
    monkeypatch.setattr(catvnoncat, "MIRRORS", ["http://127.0.0.1:9", "http://no.such.invalid"])
    for do in (load_catvnoncat, data_command):
        sentence = refusal(do)
        for what in ("127.0.0.1:9", "no.such.invalid", "CATNET_DATA", "--from DIR", '"drawn"'):
            assert what in sentence


def test_command_fetches_then_reports(server, cache):
    lines = data_command()
    assert lines[0] == f"Downloaded {TRAIN} and {TEST}."
    assert lines[1] == f"{cache / TRAIN}: right (6 images, 3 of them cats)"
    assert data_command() == lines[1:]


def test_command_replaces_a_wrong_file_in_the_cache(server, cache):
    write_both(cache)
    (cache / TEST).write_bytes(LFS_POINTER)
    assert "Run `catnet data`" in refusal()
    assert data_command()[0] == f"Downloaded {TEST}."
    assert is_the_set(load_catvnoncat())


def test_wrong_file_in_the_cache_stays_if_no_copy_is_had(cache):
    write_both(cache)
    (cache / TEST).write_bytes(LFS_POINTER)
    sentence = refusal(data_command)
    assert "LFS pointer" in sentence and "could not be downloaded" in sentence


def test_progress_bar_only_if_wanted(server, cache, capfd):
    data_command()
    assert capfd.readouterr() == ("", "")
    for file in cache.iterdir():
        file.unlink()
    data_command(progress=True)
    out, err = capfd.readouterr()
    assert not out and "100%" in err


def test_taken_from_a_folder(cache, tmp_path, server):
    source = write_both(tmp_path / "source", compression="gzip")
    lines = data_command(source)
    assert str(source) in lines[0] and str(cache / TRAIN) in lines[1]
    assert is_the_set(load_catvnoncat())
    assert data_command(cache)[1:] == lines[1:]
    assert not server.asked


def test_nothing_is_taken_from_a_folder_with_a_wrong_file(cache, tmp_path):
    source = write_both(tmp_path / "source")
    (source / TEST).write_bytes(WEB_PAGE)
    assert "web page" in refusal(data_command, source)
    (source / TEST).unlink()
    assert f"--from names {source}, which lacks {TEST}" in refusal(data_command, source)
    assert "not there" in refusal(data_command, tmp_path / "nowhere")
    assert not cache.exists()


def test_taken_although_the_variable_is_set(cache, folder, tmp_path):
    lines = data_command(write_both(tmp_path / "source"))
    assert "CATNET_DATA is set" in lines[-1]
    assert (cache / TRAIN).exists()


def test_cache_that_cannot_be_made(cache, tmp_path, server):
    cache.parent.write_bytes(b"a file")
    assert "cannot be written" in refusal()
    assert "cannot be written" in refusal(data_command, tmp_path / "origin")
    assert not server.asked


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_full_disk(cache, server, monkeypatch, step):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    sentence = refusal()
    assert str(cache / TRAIN) in sentence and "No space left on device" in sentence
    assert not list(cache.iterdir())


def test_folder_under_the_name_of_the_file(cache, server):
    write_both(cache)
    (cache / TEST).unlink()
    (cache / TEST).mkdir()
    assert "is a folder" in refusal()
    assert "cannot be written" in refusal(data_command)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are for POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_stopped_in_the_middle_of_a_download(server, cache, name):
    number = getattr(signal, name)
    half_way, go_on = threading.Event(), threading.Event()

    def half(handler):
        content = server.copies[TRAIN]
        handler.start(len(content))
        handler.wfile.write(content[: len(content) // 2])
        half_way.set()
        go_on.wait(30)

    server.answers[f"/a/{TRAIN}"] = half
    script = (
        "import pathlib, pooch, signal; from catnet.images import catvnoncat as c;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # a shell may ignore it
        f"pooch.os_cache = lambda name: pathlib.Path({str(cache)!r});"
        f"c.MIRRORS = {server.mirrors}; c.load_catvnoncat()"
    )
    environment = {k: v for k, v in os.environ.items() if k != "CATNET_DATA"}
    run = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE,
                           env=environment | {"PYTHONPATH": SRC})
    try:
        assert half_way.wait(30)
        run.send_signal(number)
        run.communicate(timeout=30)
    finally:
        run.kill()
        go_on.set()
    assert run.returncode == -number
    assert not list(cache.iterdir())
    server.answers.pop(f"/a/{TRAIN}")
    assert is_the_set(load_catvnoncat())


def test_leftovers_are_never_taken_and_old_ones_go(cache, server):
    cache.mkdir(parents=True)
    old, new = (cache / f"{TRAIN}.{which}.part" for which in ("old", "new"))
    for leftover in (old, new):
        leftover.write_bytes(server.copies[TRAIN][:500])
    os.utime(old, (0, 0))
    assert find_images() is None
    assert is_the_set(load_catvnoncat())
    assert new.exists() and not old.exists()


def test_many_at_once(cache, server):
    failures = []

    def fetch_and_read():
        try:
            for part in catvnoncat.PARTS:
                catvnoncat._fetch(part, cache, False)
                is_the_set(load_catvnoncat())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=fetch_and_read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sorted(p.name for p in cache.iterdir()) == [TEST, TRAIN]


def test_import_needs_numpy_alone():
    script = (
        "import sys; sys.modules |= dict.fromkeys(['h5py', 'pooch', 'requests', 'tqdm']);"
        "import catnet.images.catvnoncat as c\n"
        "try: c.load_catvnoncat()\n"
        "except c.DataError as error: print(error)"
    )
    for extra, said in (({"CATNET_DATA": ""}, "is set but empty"), ({}, "pip install pooch")):
        environment = {k: v for k, v in os.environ.items() if k != "CATNET_DATA"}
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                             env=environment | {"PYTHONPATH": SRC} | extra, check=True)
        assert said in run.stdout
