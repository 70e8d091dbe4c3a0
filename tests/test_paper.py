"""The book as one PDF: what is laid out for paper, and where its links lead."""

import re
import shutil
from pathlib import Path

import pytest

from catnet.errors import CatnetError
from catnet.report.pages import paper

ROOT = Path(__file__).resolve().parents[1]
IMPRINT = paper.Imprint("A <book>", "Of cats", ("Version 1, commit abc of 2026-01-01",))

# As Sphinx writes it, with the links of the book's extension `one_page`.
PAGE = """<html><head><link rel="stylesheet" href="_static/pygments.css">
<link rel="stylesheet" href="_static/theme.css">
<link rel="stylesheet" href="_static/katex/katex.min.css">
<script src="_static/theme.js"></script></head><body><nav>menu</nav>
<article class="bd-article"><section id="book"><h1>Book<a class="headerlink" href="#book">#</a></h1>
<p><a href="#document-one">one</a> <a href="#document-two#how">two</a>
<a href="#document-index">front</a> <a href="_sources/one.ipynb">file</a>
<a href="https://example.org/#how">elsewhere</a></p>
<div class="toctree-wrapper"><span id="document-one"></span>
<section id="first"><h2>First</h2><section id="how"><h3>How</h3>
<p><a href="#how">here</a><button>Copy</button></p>
<picture class="only-light"><source media="(max-width: 600px)" srcset="_images/n.svg">
<img alt="light" loading="lazy" src="../_images/w.svg"></picture>
<picture class="only-dark"><img alt="dark" src="_images/d.svg"></picture></section></section>
<span id="document-two"></span><section id="second"><h2>Second</h2><section id="how">
<h3>How</h3><div class="cell"><details class="hide"><pre>folded = 1</pre></details>
<div class="cell_output"></div></div><details><summary>More</summary>open</details>
<div class="cell"><div class="cell_output"><img alt="" src="_images/x.png"></div></div>
</section></section></div></section></article></body></html>"""


def anchors(html):
    return re.findall(r' id="([^"]+)"', html)


def test_no_two_places_have_one_name_and_every_link_leads_to_its_own():
    html = paper.for_paper(PAGE, IMPRINT)
    assert "file" in html and "ipynb" not in html
    ids = anchors(html)
    assert sorted(ids) == ["front.book", "one.first", "one.how", "two.how", "two.second"]
    links = dict(re.findall(r'<a href="([^"]+)">(one|two|front|here|elsewhere)</a>', html))
    assert {text: href for href, text in links.items()} == {
        "one": "#one.first",
        "two": "#two.how",
        "front": "#front.book",
        "here": "#one.how",
        "elsewhere": "https://example.org/#how",
    }


def test_what_is_for_a_screen_is_left_out_and_no_box_is_empty():
    html = paper.for_paper(PAGE, IMPRINT)
    for absent in ("menu", "Copy", "headerlink", "folded", "dark", "<source", "lazy", "theme"):
        assert absent not in html.replace('data-theme="light"', ""), absent
    assert html.count('class="cell"') == 1 and 'src="_images/x.png"' in html
    assert 'src="_images/w.svg"' in html
    assert '<details open="">' in html
    assert "pygments.css" in html and "katex.min.css" in html and "print.css" in html


def test_headings_begin_anew_and_the_contents_have_the_pages_that_are_known():
    html = paper.for_paper(PAGE, IMPRINT, {"two.how": 7})
    assert "<h1>A &lt;book&gt;</h1>" in html and "2026-01-01" in html
    assert "<h1>Second</h1>" in html and "<h2>How</h2>" in html
    assert '<a href="#two.how"><span>How</span><span>7</span></a>' in html
    assert '<a href="#one.how"><span>How</span></a>' in html


def test_a_link_that_leads_nowhere_is_a_fault():
    with pytest.raises(CatnetError, match="nowhere: #document-two#why"):
        paper.for_paper(PAGE.replace("#document-two#how", "#document-two#why"), IMPRINT)


def test_another_page_is_refused():
    with pytest.raises(CatnetError, match="no page of the book"):
        paper.for_paper("<p>Hello</p>", IMPRINT)


@pytest.mark.parametrize("arguments", [[], ["index.html", "book.pdf"]])
def test_without_chromium_it_says_what_to_install(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert paper.main(arguments) == 2
    error = capsys.readouterr().err
    assert "apt install chromium" in error and error.count("\n") == 1


@pytest.mark.slow
def test_chromium_prints_it_with_the_right_page_numbers(tmp_path):
    pypdf = pytest.importorskip("pypdf")
    if not any(map(shutil.which, paper.CHROMIUMS)):
        pytest.skip("no Chromium here")
    (tmp_path / "_static").mkdir()
    shutil.copy(ROOT / "book" / "_static" / "print.css", tmp_path / "_static")
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    pdf = tmp_path / "made" / "book.pdf"
    assert paper.print_book(tmp_path / "index.html", pdf, IMPRINT) == 5
    texts = [page.extract_text() for page in pypdf.PdfReader(pdf).pages]
    assert texts[0].endswith("2026-01-01")  # without a number
    assert re.search(r"Second\s*5", texts[1]) and re.search(r"First\s*4", texts[1])
    assert "Second" in texts[4] and texts[4].split()[0] == "5"


@pytest.mark.parametrize("made", [True, False])
def test_the_book_offers_it_where_there_is_one(tmp_path, monkeypatch, made):
    application = pytest.importorskip("sphinx.application")
    docutils_namespace = pytest.importorskip("sphinx.util.docutils").docutils_namespace
    pytest.importorskip("sphinx_book_theme")
    book = tmp_path / "book"
    (book / "in").mkdir(parents=True)
    text = "Title\n=====\n\nFirst.\n\nSection\n-------\n\nMore.\n"
    (book / "in" / "index.rst").write_text(text, encoding="utf-8")
    (book / "whole.pdf").write_bytes(b"%PDF")
    (book / "conf.py").write_text(
        f"import sys; sys.path.append({str(ROOT / 'book' / '_ext')!r})\n"
        "extensions = ['whole_pdf']\nroot_doc = 'in/index'\nhtml_theme = 'sphinx_book_theme'\n",
        encoding="utf-8",
    )
    monkeypatch.delenv("CATNET_PDF", raising=False)
    if made:
        monkeypatch.setenv("CATNET_PDF", "whole.pdf")
    out = book / "_build"
    with docutils_namespace():
        application.Sphinx(book, book, out, out / ".trees", "html", status=None).build()
    html = (out / "in" / "index.html").read_text(encoding="utf-8")
    assert html.count('href="../whole.pdf"') == (2 if made else 0)
    assert ("window.print()" in html) == (not made)
    assert (out / "whole.pdf").exists() == made
    if made:
        assert html.index("First.") < html.index("one PDF") < html.index("More.")


def test_links_of_the_one_page_say_their_document(tmp_path):
    application = pytest.importorskip("sphinx.application")
    docutils_namespace = pytest.importorskip("sphinx.util.docutils").docutils_namespace
    pages = {
        "index": "Book\n====\n\n:ref:`b-how`\n\n.. toctree::\n\n   a\n   b\n",
        "a": "A\n=\n\nHow\n---\n\nText.\n",
        "b": "B\n=\n\n.. _b-how:\n\nHow\n---\n\nText.\n",
    }
    for name, text in pages.items():
        (tmp_path / f"{name}.rst").write_text(text, encoding="utf-8")
    (tmp_path / "conf.py").write_text(
        f"import sys; sys.path.append({str(ROOT / 'book' / '_ext')!r})\n"
        "extensions = ['one_page']\n",
        encoding="utf-8",
    )
    out = tmp_path / "_build"
    with docutils_namespace():
        app = application.Sphinx(tmp_path, tmp_path, out, out / ".t", "singlehtml", status=None)
        app.build()
    html = (out / "index.html").read_text(encoding="utf-8")
    assert 'href="#document-b#b-how"' in html
