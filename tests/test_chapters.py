"""The chapters: how they are found, and each of them run on the embedded images."""

import h5py
import nbformat
import pytest
from conftest import tiny_notebook

from catnet import book as this_book
from catnet import cli
from catnet.book import find_book
from catnet.errors import CatnetError
from catnet.images.catvnoncat import find_images
from catnet.images.drawn import load_drawn
from catnet.report import verify
from catnet.report.running import execution

BOOK = find_book()
NUMBERED = [chapter for chapter in BOOK.chapters if chapter.name[0].isdigit()]


def name(value):
    return getattr(value, "name", None)


@pytest.mark.parametrize("called", ["3", "03", "adam-failure", "03-adam-failure"])
def test_a_chapter_is_found_by_number_slug_and_name(book, called):
    assert book.find(called) is book.chapters[1]
    assert book.chapters[1].name == "03-adam-failure"


def test_the_table_of_contents_says_what_the_book_is(book):
    for stray in ("03-adam-failure-Copy1", "3-my-own", "appendix-more"):
        nbformat.write(tiny_notebook(stray), book.root / "book" / f"{stray}.ipynb")
    names = [chapter.name for chapter in find_book().chapters]
    assert names == ["02-gradient-descent", "03-adam-failure", "appendix-more"]
    appendix = find_book().find("appendix-more")
    assert appendix.names == ("appendix-more",) and appendix.slug == "appendix-more"


def test_an_unknown_chapter_names_the_nearest(book):
    with pytest.raises(CatnetError, match=r"Did you mean 03-adam-failure\? .*02-gradient-descent"):
        book.find("adam-falure")


@pytest.mark.parametrize(
    "text", ["- {", "format: jb-book", "", "chapters: [{file: 3}]", "chapters: [{file: gone}]"]
)
def test_a_table_of_contents_without_chapters_is_a_sentence(book, text):
    (book.root / "_toc.yml").write_text(text, encoding="utf-8")
    with pytest.raises(CatnetError, match="_toc.yml (cannot be read|names no notebook)"):
        find_book().find("3")


def test_the_book_is_found_around_the_current_folder(book, monkeypatch, tmp_path):
    monkeypatch.delenv(this_book.VARIABLE)
    assert find_book().root == BOOK.root  # beside the package first
    monkeypatch.setattr(this_book, "SOURCE", tmp_path / "site-packages")
    with pytest.raises(CatnetError, match="there is no book in .*work or above it"):
        find_book()
    monkeypatch.chdir(book.root / "book" / "record")
    assert find_book().root == book.root


def test_a_wrong_folder_named_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv(this_book.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(CatnetError, match="CATNET_BOOK names '.*nowhere', where there is no _toc"):
        find_book()


def test_a_notebook_is_read_once(book, monkeypatch):
    reads = []
    read = nbformat.read
    monkeypatch.setattr(nbformat, "read", lambda *a, **o: reads.append(a) or read(*a, **o))
    assert cli.main(["record", "3", "--dataset", "drawn"]) == 0
    assert len(reads) == 1


def test_what_is_not_a_notebook_is_a_sentence(chapter):
    for text in ("<<<<<<< HEAD", "{}", '{"nbformat": "four"}', "[" * 100_000):
        chapter.path.write_text(text, encoding="utf-8")
        with pytest.raises(CatnetError, match="03-adam-failure.ipynb is not a notebook"):
            find_book().find("3").complete({})


def shortened(chapter, num_iterations):
    """Return the parameters that let every run of a chapter end after so many updates."""
    names = ("num_iterations", "gd_num_iterations", "adam_num_iterations")
    few = dict.fromkeys(names, num_iterations) | {"seeds": 2, "samples": 100, "replay_updates": 101}
    return {name: value for name, value in few.items() if name in chapter.parameters}


ON_DRAWN = {chapter: chapter.recorded(BOOK.editions["drawn"]) for chapter in NUMBERED}
TRAINED = [chapter for chapter, recorded in ON_DRAWN.items() if recorded and recorded.runs]
DEEP = [chapter for chapter in NUMBERED if "layer_dims" in chapter.parameters]
HIDDEN = [4, 3, 3, 3, 3, 3, 2, 1]  # widths of a deep network
ON_FILES = [c for c in DEEP if "dataset" in c.parameters and c.parameters["dataset"].file]


@pytest.mark.parametrize("chapter", NUMBERED, ids=name)
def test_a_chapter_with_a_choice_of_images_is_recorded_on_the_drawn_ones(chapter):
    assert (ON_DRAWN[chapter] is not None) == ("dataset" in chapter.parameters)


@pytest.mark.parametrize("chapter", TRAINED, ids=name)
def test_a_chapter_comes_out_as_recorded_on_the_drawn_images(chapter):
    """To its end where that is all there is to compare; with the real images its beginning does.

    On those, run_nbval.py trains every chapter to its end. Figures are drawn where no other test
    here draws them.
    """
    drawn = BOOK.editions["drawn"]
    if find_images() is None:
        identical, sentence = verify.verify(chapter, drawn)
        assert identical, sentence
        return
    given = drawn.parameters | shortened(chapter, 50)
    _, results = execution.execute(chapter, given, figures=chapter not in DEEP)
    recorded = chapter.recorded(drawn).runs
    assert list(results.runs) == list(recorded)
    for run, costs in ((run, results.runs[run].costs) for run in recorded):
        assert costs.tobytes() == recorded[run].costs[: len(costs)].tobytes(), run


@pytest.mark.slow
@pytest.mark.parametrize("chapter", ON_FILES, ids=name)
def test_a_chapter_runs_on_a_set_of_ones_own_with_a_deep_network(chapter, tmp_path, monkeypatch):
    own = load_drawn(40, 20).shrunk(16)
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        for part, split in (("train", own.train), ("test", own.test)):
            file[f"{part}_set_x"], file[f"{part}_set_y"] = split.images, split.labels
    monkeypatch.chdir(tmp_path)
    given = {"dataset": "mine.h5", "layer_dims": [768, *HIDDEN], "num_iterations": 3}
    _, results = execution.execute(chapter, chapter.read(given))
    assert results.parameters["dataset"] == str(tmp_path / "mine.h5")
    assert all(len(run.costs) == 3 for run in results.runs.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chapter", "num_iterations", "layer_dims"),
    [
        (chapter, num_iterations, layer_dims)
        for num_iterations, layer_dims, chapters in (
            (1, [12288, 1], [c for c in NUMBERED if (c in DEEP) == (c in TRAINED)]),
            (3, [12288, *HIDDEN], [c for c in DEEP if c not in ON_FILES]),
        )
        for chapter in chapters
    ],
    ids=name,
)
def test_a_chapter_runs_with_any_depth_and_a_short_training(chapter, num_iterations, layer_dims):
    values = {"dataset": "drawn", "layer_dims": layer_dims}
    given = {name: value for name, value in values.items() if name in chapter.parameters}
    _, results = execution.execute(chapter, given | shortened(chapter, num_iterations))
    for run in results.runs.values():
        assert len(run.costs) == num_iterations
