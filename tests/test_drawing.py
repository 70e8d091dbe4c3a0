"""Drawings: two of each, the same every time, and letters that can be read on a phone."""

import re

import nbformat
import pytest
from conftest import build_pages
from nbformat import v4

from catnet.report.pages import figures
from catnet.report.pages.drawing import Drawing


def draw(figure, narrow):
    axes = figure.subplots(*((2, 1) if narrow else (1, 2)))
    for ax in axes:
        ax.plot([0, 1], color=figures.BLUE)
        ax.set_title("β₁ and ε")


def test_both_have_their_width_and_the_same_bytes_every_time():
    one, two = Drawing(draw, 3, 5), Drawing(draw, 3, 5)
    assert one.wide.startswith("<svg ") and 'width="518.4pt" height="216pt"' in one.wide
    assert 'width="252pt" height="360pt"' in one.narrow
    assert (one.wide, one.narrow) == (two.wide, two.narrow)


def test_nothing_of_the_day_is_in_it():
    assert "dc:date" not in Drawing(draw, 3, 5).wide


def test_jupyter_gets_the_wide_one_and_the_pages_both():
    drawing = Drawing(draw, 3, 5)
    data, metadata = drawing._repr_mimebundle_()
    assert data == {"image/svg+xml": drawing.wide}
    assert metadata == {"catnet": {"narrow": drawing.narrow}}
    assert repr(drawing) == "Drawing"


def test_letters_too_small_for_a_phone_are_refused():
    def small(figure, narrow):
        figure.text(0.5, 0.5, "tiny", fontsize=6.7 if narrow else 5)

    with pytest.raises(ValueError, match="too small to be read on a phone: 'tiny'"):
        Drawing(small, 3, 3)


def built(folder, cell):
    """Return the folder of a book of these two pages, the second with what the first has glued."""
    nbformat.write(
        v4.new_notebook(cells=[v4.new_markdown_cell("# A\n\n[](other.md)"), cell]),
        folder / "index.ipynb",
    )
    (folder / "other.md").write_text(
        "---\norphan: true\n---\n# B\n\n"
        "```{figure-from} lines\n:doc: index.ipynb\n:alt: The same lines.\n\nAgain.\n```\n",
        encoding="utf-8",
    )
    return build_pages(folder, ["myst_nb", "figure_from", "drawings"])


def files_shown(page):
    """Return name, screen and mode of every file of a drawing that a page names."""
    html = page.read_text(encoding="utf-8")
    return re.findall(r'(?:src|srcset)="_images/(\w+-(\w+)-(\w+)\.svg)"', html)


def test_a_page_gets_four_and_fetches_what_it_shows(tmp_path):
    data, metadata = Drawing(draw, 3, 5)._repr_mimebundle_()
    metadata["scrapbook"] = {"name": "lines", "mime_prefix": ""}  # as `glue` does it
    output = v4.new_output("display_data", data=data | {"text/plain": "Drawing"}, metadata=metadata)
    figure = {"mystnb": {"figure": {"caption": "Two lines.", "name": "fig-lines"}}}
    figure["mystnb"]["image"] = {"alt": "Two lines that rise."}
    out = built(
        tmp_path,
        v4.new_code_cell("drawing", outputs=[output], metadata=figure, execution_count=1),
    )
    html = (out / "index.html").read_text(encoding="utf-8")
    files = files_shown(out / "index.html")
    assert [(screen, mode) for _, screen, mode in files] == [
        (screen, mode) for mode in ("light", "dark") for screen in ("narrow", "wide")
    ]
    assert html.count('alt="Two lines that rise."') == 2
    assert 'width="691" height="288"' in html and 'width="336" height="480"' in html
    for file, screen, mode in files:
        svg = (out / "_images" / file).read_text(encoding="utf-8")
        assert (svg == data["image/svg+xml"]) == ((screen, mode) == ("wide", "light"))
        assert ("#ffffff" in svg) == (mode == "light")
    assert files_shown(out / "other.html") == files
    assert (out / "other.html").read_text(encoding="utf-8").count('alt="The same lines."') == 2
