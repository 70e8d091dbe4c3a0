import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from catnet.errors import CatnetError
from catnet.report import files

posix = pytest.mark.skipif(os.name != "posix", reason="links and modes of POSIX")


def make(target, **contents):
    with files.new_folder(target) as folder:
        for name, text in contents.items():
            (folder / name.replace("_", "/")).parent.mkdir(exist_ok=True)
            files.write_text(folder / name.replace("_", "/"), text)


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))


def test_what_was_made_is_replaced(tmp_path):
    make(tmp_path / "out", page="old", static_style="old", gone="old")
    assert everything(tmp_path / "out") == ["gone", files.LIST, "page", "static", "static/style"]
    (tmp_path / "out" / "gone").unlink()
    checkpoints = tmp_path / "out" / files.CHECKPOINTS
    checkpoints.mkdir()
    shutil.copy(tmp_path / "out" / "page", checkpoints / "page-checkpoint")
    make(tmp_path / "out", page="new")
    assert everything(tmp_path) == ["out", f"out/{files.LIST}", "out/page"]
    assert (tmp_path / "out" / "page").read_text() == "new"


def somebodys(out):
    for name in (out, out / "_static"):
        name.mkdir()
    (out / "results.json").write_text("{}")
    (out / "_static" / "style.css").write_text("mine")


def forged_list(out):
    somebodys(out)
    (out / files.LIST).write_bytes(b"\xff\n0123  results.json\n")


def changed(out):
    make(out, page="old")
    (out / "page").write_text("mine")


def changed_copy(out):
    make(out, page="old")
    (out / files.CHECKPOINTS).mkdir()
    (out / files.CHECKPOINTS / "page").write_text("mine")


def added(out):
    make(out, static_style="old")
    (out / "static" / "mine").touch()


def added_folder(out):
    make(out, page="old")
    (out / "mine").mkdir()


def added_link(out):
    make(out, page="old")
    (out / "page").rename(out.parent / "elsewhere")
    (out / "page").symlink_to(out.parent / "elsewhere")


def only_folders(out):
    (out / "mine").mkdir(parents=True)


@pytest.mark.parametrize(
    "prepare",
    [
        *(somebodys, forged_list, changed, changed_copy, added, added_folder, only_folders),
        pytest.param(added_link, marks=posix),
    ],
)
def test_what_is_anybody_elses_stays(tmp_path, prepare):
    prepare(tmp_path / "out")
    before = everything(tmp_path)
    with pytest.raises(CatnetError, match="give --output a new folder"):
        make(tmp_path / "out", page="new")
    assert everything(tmp_path) == before


def test_what_is_put_there_meanwhile_stays(tmp_path):
    with pytest.raises(CatnetError, match="mine"):
        with files.new_folder(tmp_path / "out"):
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "mine").touch()
    assert everything(tmp_path) == ["out", "out/mine"]


@posix
def test_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for _ in range(2):
        make(tmp_path / "link", page="new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out" / "page").is_file()


@posix
@pytest.mark.parametrize("target", ["loop", "loop/x"])
def test_link_to_itself_is_one_sentence(tmp_path, target):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(CatnetError, match=f"{target}: .*; a link leads back to itself"):
        make(tmp_path / target)


@posix
def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path):
    make(tmp_path / ("x" * 200), **{"y" * 200: "long"})
    with pytest.raises((CatnetError, OSError)):
        make(tmp_path / ("x" * 5000))


def test_a_place_of_another_disk_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "ismount", lambda place: True)
    with pytest.raises(CatnetError, match="give --output a folder inside it"):
        make(tmp_path)


@pytest.mark.parametrize("make_folder", [lambda: make("out"), lambda: files.scratch_folder()])
def test_hardly_any_room_is_said_before_anything_runs(tmp_path, monkeypatch, make_folder):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    usage = shutil.disk_usage(tmp_path)._replace(total=10**9, free=3 * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    with pytest.raises(CatnetError, match=r"\(only 3 MB are free\): make room there"):
        with make_folder() or pytest.fail("was made"):
            pass
    assert not everything(tmp_path)


def test_no_place_for_temporary_files(monkeypatch):
    def nowhere():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in […]")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(CatnetError, match="TMPDIR"):
        with files.scratch_folder():
            pass


def test_a_failed_write_names_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")  # as write() has it: no name

    with pytest.raises(OSError) as caught:
        with files.new_folder(tmp_path / "out"), files.scratch_folder():
            full()
    assert caught.value.filename == str(tmp_path)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError) as caught:
        files.write_text(tmp_path / "file", "text")
    assert caught.value.filename == str(tmp_path / "file")
    assert not everything(tmp_path)
