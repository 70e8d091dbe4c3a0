"""The real images: found, fetched, checked, and everything else refused in a sentence.

The images themselves are not in the repository, so most tests stand a small made-up set in their
place; one takes the real ones where there are any.
"""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest

from catnet import apart, hdf5
from catnet.errors import DataError
from catnet.images import catvnoncat, download
from catnet.images.catvnoncat import Part, data_command, find_images, load_catvnoncat

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
        server.asked = []
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


# What is accepted


@pytest.mark.parametrize(
    "storage",
    [
        {},
        {"chunks": (2, SIDE, SIDE, 3)},
        {"compression": "gzip"},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"compression": "lzf", "shuffle": True, "maxshape": (None, SIDE, SIDE, 3)},
    ],
    ids=str,
)
def test_encoding_does_not_matter(folder, storage):
    write_both(folder, **storage)
    assert is_the_set(load_catvnoncat())


@pytest.mark.parametrize("dtype", ["<i8", ">i4", "u1"])
def test_labels_in_a_column_of_any_integer(folder, dtype):
    images, labels = arrays("train")
    write(folder / TRAIN, images, labels[:, np.newaxis].astype(dtype))
    assert is_the_set(load_catvnoncat())


def test_block_before_the_signature(folder):
    images, labels = arrays("test")
    with h5py.File(folder / TEST, "w", userblock_size=512) as file:
        file["test_set_x"], file["test_set_y"] = images, labels
    assert is_the_set(load_catvnoncat())


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


# What is refused


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (WEB_PAGE, "web page"),
        (LFS_POINTER, "Git LFS pointer"),
        (b"404: Not Found", "b'404: Not Found'"),
        (hdf5.SIGNATURE, "truncated or damaged"),
    ],
)
def test_not_an_hdf5_file(folder, content, said):
    (folder / TRAIN).write_bytes(content)
    sentence = refusal()
    assert said in sentence and str(folder / TRAIN) in sentence


def test_truncated_at_every_length(folder):
    whole = (folder / TRAIN).read_bytes()
    for length in range(1, len(whole), len(whole) // 97):
        (folder / TRAIN).write_bytes(whole[:length])
        refusal()


@pytest.mark.parametrize("storage", [{}, {"compression": "gzip", "chunks": (3, SIDE, SIDE, 3)}])
def test_damaged_anywhere(folder, storage):
    """Every byte that matters is covered; one that does not may be anything."""
    write_both(folder, **storage)
    whole = (folder / TRAIN).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        (folder / TRAIN).write_bytes(damaged)
        try:
            assert is_the_set(load_catvnoncat())
        except DataError:
            refused += 1
    assert refused > 30


def test_damaged_chunk(folder):
    write_both(folder, compression="gzip")
    with h5py.File(folder / TRAIN) as file:
        info = file["train_set_x"].id.get_chunk_info(0)
    content = bytearray((folder / TRAIN).read_bytes())
    content[info.byte_offset + info.size // 2] ^= 255
    (folder / TRAIN).write_bytes(content)
    refusal()


def test_folder_or_pipe_in_place_of_a_file(folder):
    (folder / TRAIN).unlink()
    (folder / TRAIN).mkdir()
    assert "is a folder" in refusal()
    (folder / TRAIN).rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / TRAIN)
        assert "a pipe" in refusal()


def test_file_too_large(folder):
    with (folder / TRAIN).open("ab") as file:
        file.truncate(2**40)
    assert "larger than" in refusal()


def test_file_that_cannot_be_read(folder, monkeypatch):
    def refuse(*args):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "cannot be read (Permission denied)" in refusal()


def test_missing_or_misnamed_arrays(folder):
    images, labels = arrays("train")
    with h5py.File(folder / TRAIN, "w") as file:
        file["train_set_x"], file["train_set_Y"] = images, labels
    assert "has no array train_set_y (it holds: train_set_Y, train_set_x)" in refusal()
    with h5py.File(folder / TRAIN, "w") as file:
        file["train_set_x/inside"] = images
    assert "not an array but a group" in refusal()
    with h5py.File(folder / TRAIN, "w"):
        pass
    assert "it holds: nothing" in refusal()


@pytest.mark.parametrize(
    "change",
    [
        lambda x, y: (x.astype(float), y),
        lambda x, y: (x.astype("i1"), y),
        lambda x, y: (x[1:], y),
        lambda x, y: (x.reshape(len(x), -1), y),
        lambda x, y: (x[0, 0, 0, 0], y),
        lambda x, y: (h5py.Empty("u1"), y),
        lambda x, y: (x, y.astype(float)),
        lambda x, y: (x, y.astype(bytes)),
        lambda x, y: (x, y[np.newaxis]),
        lambda x, y: (x, y[1:]),
        lambda x, y: (x, y.astype([("label", "i8")])),
    ],
)
def test_wrong_type_or_shape(folder, change):
    write(folder / TRAIN, *change(*arrays("train")))
    assert "must be" in refusal()


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


def link_external(file, other):
    file["train_set_x"] = h5py.ExternalLink(other, "train_set_x")


def link_external_beside(file, other):
    file["train_set_x"] = arrays("train")[0]
    file["deep/inside"] = h5py.ExternalLink(other, "train_set_x")


def link_soft_through_external(file, other):
    file["group"] = h5py.ExternalLink(other, "/")
    file["train_set_x"] = h5py.SoftLink("/group/train_set_x")


def store_externally(file, other):
    images, _ = arrays("train")
    raw = Path(other).with_suffix(".raw")
    raw.write_bytes(images.tobytes())
    file.create_dataset("train_set_x", images.shape, "u1", external=[(str(raw), 0, images.nbytes)])


def store_virtually(file, other):
    shape = arrays("train")[0].shape
    layout = h5py.VirtualLayout(shape, "u1")
    layout[:] = h5py.VirtualSource(other, "train_set_x", shape)
    file.create_virtual_dataset("train_set_x", layout)


def store_virtually_without_end(file, other):
    shape = arrays("train")[0].shape
    layout = h5py.VirtualLayout(shape, "u1", maxshape=(None, *shape[1:]))
    source = h5py.VirtualSource(other, "train_set_x", shape, maxshape=(None, *shape[1:]))
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    file.create_virtual_dataset("train_set_x", layout)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (link_external, "external link"),
        (link_external_beside, "external link"),
        (link_soft_through_external, "link"),
        (store_externally, "external storage"),
        (store_virtually, "virtual dataset"),
        (store_virtually_without_end, "virtual dataset"),
    ],
)
def test_links_out_are_not_followed(folder, make, said):
    """What they lead to is right, so following them would be seen as success."""
    other = write_both(folder.parent / "other", maxshape=(None, SIDE, SIDE, 3)) / TRAIN
    with h5py.File(folder / TRAIN, "w") as file:
        make(file, str(other))
        file["train_set_y"] = arrays("train")[1]
    assert said in refusal()


@pytest.mark.parametrize("storage", [{}, {"chunks": (1, 100, 100, 3), "compression": "gzip"}])
def test_claim_of_terabytes(folder, storage):
    with h5py.File(folder / TRAIN, "w") as file:
        file.create_dataset("train_set_x", (10**6, 1000, 1000, 3), "u1", **storage)
        file["train_set_y"] = arrays("train")[1]
    assert "a claim of 3,000 GB" in refusal()


def test_chunks_larger_than_the_data(folder):
    images, labels = arrays("train")
    with h5py.File(folder / TRAIN, "w") as file:
        file.create_dataset("train_set_x", images.shape, "u1", chunks=(10**6, SIDE, SIDE, 3),
                            maxshape=(None, SIDE, SIDE, 3), compression="gzip")
        file["train_set_y"] = labels
    assert "more than its data need" in refusal()


@pytest.mark.parametrize(
    ("compression", "stream"),
    [
        ("gzip", zlib.compress(bytes(10**8))),
        ("lzf", b"\0A" + b"\xe0\xff\0" * 10**6),  # one byte, then copies of it
    ],
)
def test_chunk_that_unpacks_to_more_than_it_declares(folder, compression, stream):
    images, labels = arrays("train")
    with h5py.File(folder / TRAIN, "w") as file:
        data = file.create_dataset("train_set_x", images.shape, "u1", chunks=images.shape,
                                   compression=compression, shuffle=True)
        data.id.write_direct_chunk((0, 0, 0, 0), stream)
        file["train_set_y"] = labels
    started = time.perf_counter()
    assert "unpack to more than" in refusal()
    assert time.perf_counter() - started < 5


def test_lzf_streams_that_do_compress(folder):
    """Every form of an LZF stream is measured right: long and short copies, literals."""
    rng = np.random.default_rng(1)
    plain = np.repeat(rng.integers(0, 256, 2000, dtype=np.uint8), rng.integers(1, 400, 2000))
    with h5py.File(folder / "lzf.h5", "w") as file:
        data = file.create_dataset("x", data=plain, chunks=plain.shape, compression="lzf")
        raw = data.id.read_direct_chunk((0,))[1]
    assert not hdf5._lzf_exceeds(raw, plain.size)
    assert hdf5._lzf_exceeds(raw, plain.size - 1)


def test_filters_that_are_not_read(folder):
    write_both(folder, compression="gzip", scaleoffset=8)
    assert "filters that are not read here" in refusal()


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
    while True:
        handler.wfile.write(bytes(2**20))


def silent(handler):
    time.sleep(1)


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
    ],
)
def test_bad_copies(server, cache, monkeypatch, answer, said):
    monkeypatch.setattr(catvnoncat, "TIMEOUT", (0.2, 0.2))
    server.answers = {f"/{m}/{TRAIN}": answer for m in "ab"}
    sentence = refusal()
    assert said in sentence
    assert all(f"{mirror}/{TRAIN}" in sentence for mirror in server.mirrors)
    assert not list(cache.iterdir())


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
