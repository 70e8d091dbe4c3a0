"""The check of the built pages finds what it is for; buttons follow the repository address."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]


def load(path):
    """Import a file that is not in a package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check = load(ROOT / "tests" / "check_html.py").check
follow_repository_url = load(ROOT / "book" / "_ext" / "repository_buttons.py").follow_repository_url


@pytest.fixture
def faults(tmp_path):
    """Return a function that checks one page with this body, beside a page and a picture."""

    def run(body):
        (tmp_path / "other.html").write_text('<h1 id="top">Other</h1>', encoding="utf-8")
        (tmp_path / "cat.png").write_bytes(b"")
        (tmp_path / "page.html").write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
        return check(tmp_path)[0]

    return run


@pytest.mark.parametrize(
    "body",
    [
        '<a href="other.html#top">on</a> <a href="https://example.org/">out</a>',
        '<img src="cat.png" alt="A cat"><img src="cat.png" alt="">',
        '<img src="data:image/png;base64,AA==" alt="A cat">',
        '<link rel="canonical" href="https://example.org/page.html">',
        "<p>Text that says url(https://example.org/x.css) loads nothing.</p>",
    ],
)
def test_a_sound_page_passes(faults, body):
    assert faults(body) == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ('<script src="https://cdn.example.org/x.js"></script>', "would load"),
        ('<link rel="stylesheet" href="//cdn.example.org/x.css">', "would load"),
        ('<link rel="preconnect" href="https://fonts.example.org">', "would load"),
        ("<style>@font-face { src: url('https://example.org/f.woff') }</style>", "would load"),
        ("<style>@import 'https://example.org/x.css';</style>", "would load"),
        ('<p style="background: url(https://example.org/x.png)">', "would load"),
        ('<img srcset="https://example.org/x.png 2x" src="cat.png" alt="A cat">', "would load"),
        ('<script src="gone.js"></script>', "not there"),
        ('<a href="gone.html">on</a>', "not there"),
        ('<a href="../outside.html">on</a>', "not there"),
        ('<a href="other.html#gone">on</a>', "no such anchor"),
        ('<a href="#gone">on</a>', "no such anchor"),
        ('<img src="cat.png">', "no text in its place"),
        ('<img src="cat.png" alt="../_images/cat.png">', "no text in its place"),
    ],
)
def test_a_fault_is_found(faults, body, word):
    (fault,) = faults(body)
    assert word in fault


def test_a_chapter_offers_its_notebook(faults, tmp_path):
    (tmp_path / "_sources").mkdir()
    (tmp_path / "_sources" / "page.ipynb").write_text("{}", encoding="utf-8")
    assert faults("") == ["page.html: does not offer its notebook"]
    assert faults('<a href="_sources/page.ipynb">.ipynb</a>') == []


def test_a_stylesheet_is_checked_too(faults, tmp_path):
    (tmp_path / "book.css").write_text("a { src: url(https://example.org/f.woff) }")
    assert faults("") == ["book.css: would load https://example.org/f.woff"]


@pytest.mark.parametrize("url", ["", "https://example.org/someone/cat-or-not"])
def test_buttons_follow_the_repository_url(url):
    options = {"repository_url": url, "launch_buttons": {"colab_url": "https://example.org"}}
    follow_repository_url(None, SimpleNamespace(html_theme_options=options))
    assert ("launch_buttons" in options) is bool(url)
    assert ("repository_url" in options) is bool(url)
    assert options["use_repository_button"] is bool(url)
