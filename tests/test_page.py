import importlib.util
import io
import subprocess
from pathlib import Path

import nbformat
import pytest

from catnet import cli
from catnet.errors import CatnetError
from catnet.report.pages import page, rerun

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["b[copy]", "a*b?", "[!x]y"])
def test_a_book_builds_in_a_folder_of_any_name(tmp_path, name):
    application = pytest.importorskip("sphinx.application")
    docutils_namespace = pytest.importorskip("sphinx.util.docutils").docutils_namespace
    pytest.importorskip("sphinx_external_toc")
    book = tmp_path / name
    try:
        book.mkdir()
    except OSError:
        pytest.skip("no such name on this system")
    for file in ("index.rst", "01-data.rst", "01-data-Copy1.rst", ".hidden.rst"):
        (book / file).write_text("Title\n=====\n", encoding="utf-8")
    toc = "format: jb-book\nroot: index\nchapters:\n- file: 01-data\n"
    (book / "_toc.yml").write_text(toc, encoding="utf-8")
    (book / "conf.py").write_text(
        f"import sys; sys.path.append({str(ROOT / 'book' / '_ext')!r})\n"
        "extensions = ['sphinx_external_toc', 'only_toc']\n",
        encoding="utf-8",
    )
    warnings = io.StringIO()
    places = [book, book, book / "_build", book / "_build" / "doctrees"]
    with docutils_namespace():
        app = application.Sphinx(*places, "dummy", status=None, warning=warnings)
        app.build()
    assert app.env.found_docs == {"index", "01-data"}
    assert not warnings.getvalue()


def test_the_books_extension_is_the_one_tested():
    assert "only_toc: book/_ext" in (ROOT / "_config.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("extensions", "sentence"),
    [
        ("extra_extensions: [no_such_extension]", "no no_such_extension here"),
        ("extra_extensions: [no_such.extension]", "no no_such.extension here"),
        ("local_extensions: {only_toc: book/_ext}", "only_toc.py is missing"),
        ("extra_extensions: [", "_config.yml is not YAML"),
    ],
)
def test_what_the_page_lacks(tmp_path, extensions, sentence):
    pytest.importorskip("jupyter_book")
    (tmp_path / "_config.yml").write_text(f"sphinx:\n  {extensions}\n", encoding="utf-8")
    with pytest.raises(CatnetError, match=sentence):
        page.require_jupyter_book(tmp_path)


def test_what_the_page_lacks_is_said_before_anything_runs(book, monkeypatch, capsys):
    def execute(*arguments, **options):
        raise AssertionError("nothing must run")

    monkeypatch.setattr(rerun, "execute", execute)
    monkeypatch.setattr(page, "find_spec", lambda name: None)
    assert cli.main(["rerun", "3"]) == 2
    error = capsys.readouterr().err
    assert "the page of a rerun needs Jupyter Book 1" in error and error.count("\n") == 1


def test_another_jupyter_book_is_not_enough(tmp_path, monkeypatch):
    find_spec = importlib.util.find_spec  # Jupyter Book 2 has the module, not this part of it
    monkeypatch.setattr(
        page, "find_spec", lambda name: None if name.endswith(".main") else find_spec(name)
    )
    with pytest.raises(CatnetError, match="Jupyter Book 1"):
        page.require_jupyter_book(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("first\n\x1b[91mthe reason\x1b[0m\n\n\x1b[91m=====\x1b[0m\n", "the reason"),
        ("\x1b[1;31m====\n----\x1b[0m\n", ""),
        ("", ""),
    ],
)
def test_last_words_of_another_program(text, words):
    assert page._last_words(text) == words


@pytest.mark.slow
def test_jupyter_books_reason_is_said(tmp_path):
    pytest.importorskip("jupyter_book")
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "_config.yml").write_text(
        "sphinx:\n  extra_extensions: [no_such_extension]\n", encoding="utf-8"
    )
    work = tmp_path / "temporary"
    work.mkdir()
    notebook = nbformat.v4.new_notebook()
    with pytest.raises(CatnetError) as caught:
        page.build_page(notebook, "A note.", tmp_path / "book", tmp_path, work)
    said = str(caught.value)
    assert "could not build the page: Could not import extension no_such_extension" in said
    assert "\n" not in said and "\x1b" not in said and "==" not in said


def test_a_program_that_says_nothing(tmp_path, monkeypatch):
    silent = subprocess.CompletedProcess([], -11, stdout="", stderr="")
    monkeypatch.setattr(page.subprocess, "run", lambda *arguments, **options: silent)
    work = tmp_path / "temporary"
    work.mkdir()
    with pytest.raises(CatnetError, match="build the page: it does not say why"):
        page.build_page(nbformat.v4.new_notebook(), "A note.", tmp_path / "book", tmp_path, work)


def test_numbers_of_other_chapters_are_written_into_a_page_on_its_own(tmp_path):
    v4 = nbformat.v4
    glued = [
        v4.new_output(
            "display_data",
            data={page.GLUED: text},
            metadata={"scrapbook": {"name": name, "mime_prefix": ""}},
        )
        for name, text in (("seeds", "1500"), ("by-10", "'+3.2 points (−4.1 to +11.0)'"))
    ]
    other = v4.new_notebook(cells=[v4.new_code_cell("glue()", outputs=glued)])
    (tmp_path / "book").mkdir()
    nbformat.write(other, tmp_path / "book" / "09-luck.ipynb")
    text = (
        "# A\n\n{glue:text}`09-luck.ipynb::seeds:,d` seeds, {glue:text}`09-luck.ipynb::by-10:s`, "
        "{glue:text}`09-luck.ipynb::none:s`, {glue:text}`own:.2f`"
    )
    alone = page._alone(v4.new_notebook(cells=[v4.new_markdown_cell(text)]), "Note", tmp_path)
    assert alone.cells[0].source.endswith(
        "1,500 seeds, +3.2 points (−4.1 to +11.0), {glue:text}`09-luck.ipynb::none:s`, "
        "{glue:text}`own:.2f`"
    )
