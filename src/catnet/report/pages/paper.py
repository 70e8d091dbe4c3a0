"""The whole book as one PDF: its pages on one page, laid out for paper and printed by Chromium.

``python -m catnet.report.pages.paper PAGE PDF`` does it, called in the book's folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ...errors import CatnetError
from ..files import scratch_folder
from .edition import edition

__all__ = ["Imprint", "find_chromium", "for_paper", "page_numbers", "print_book"]

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOCUMENT = "document-"  # how Sphinx calls where a document begins, on the page of all
SECONDS = 300

# What is for a screen alone: buttons, signs of links, and code and tables that are folded away.
SCREEN = "button, a.headerlink, details.hide, script, style, .only-dark, .screen-only"
STYLES = "pygments", "katex"  # of the page's own, besides `print.css`


@dataclass(frozen=True)
class Imprint:
    """What the title page says.

    Parameters
    ----------
    title, subtitle : str
    lines : tuple of str
    """

    title: str
    subtitle: str
    lines: tuple[str, ...]


def for_paper(html, imprint, pages: Mapping[str, int] | None = None):
    """Lay the page that holds the whole book out for paper.

    Parameters
    ----------
    html : str
        As Sphinx's ``singlehtml`` writes it.
    imprint : Imprint
    pages : dict of str to int, optional
        On which page each heading is, by its anchor; without it the contents have no numbers.

    Returns
    -------
    str
        HTML, for the same folder.

    Raises
    ------
    CatnetError
        If it is no such page, or one of its links leads nowhere.
    """
    from bs4 import BeautifulSoup

    source = BeautifulSoup(html, "html.parser")
    article = source.select_one("article.bd-article")
    if article is None:
        raise CatnetError("this is no page of the book: it has no article")
    head = [
        str(node)
        for node in source.select("head link[rel=stylesheet]")
        if any(word in str(node) for word in STYLES)
    ]
    for node in article.select(SCREEN):
        node.decompose()
    for details in article.select("details"):
        details["open"] = ""
    for node in article.select("picture source"):  # for narrow screens
        node.decompose()
    for image in article.select("img"):
        image.attrs.pop("loading", None)
        image["src"] = str(image["src"]).removeprefix("../")  # which myst-nb takes for a glued one
    chapters = _chapters(article)
    _name_places(chapters)
    for chapter in chapters.values():
        _empty_boxes_go(chapter)
    body = "".join(
        f'<div class="print-chapter">{chapter}</div>' for chapter in map(str, chapters.values())
    )
    title = escape(imprint.title)
    lines = "".join(f"<p>{escape(line)}</p>" for line in imprint.lines)
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{title}</title>{''.join(head)}"
        f'<link rel="stylesheet" href="_static/print.css"></head><body>'
        f'<div class="print-title"><h1>{title}</h1><p>{escape(imprint.subtitle)}</p>{lines}</div>'
        f"{_contents(chapters, pages or {})}{body}</body></html>"
    )


def _chapters(article):
    """Take the documents apart, which lie in one another; their headings begin with the highest."""
    root = article.find("section")
    chapters = {"": root}
    for mark in article.select(f"span[id^={DOCUMENT}]"):
        section = mark.find_next_sibling("section")
        chapters[mark["id"]] = section
    for name, section in chapters.items():
        if name:
            section.extract()
            for level in range(2, 7):
                for heading in section.find_all(f"h{level}"):
                    heading.name = f"h{level - 1}"
    for wrapper in root.select(".toctree-wrapper"):
        wrapper.decompose()
    return chapters


def _name_places(chapters):
    """Give every place a name of its own: chapters have sections and notes of the same name."""
    places: dict[str, set[str]] = {}
    for name, section in chapters.items():
        places[name] = {node["id"] for node in [section, *section.select("[id]")] if node.get("id")}
    for name, section in chapters.items():
        for link in section.select("a[href]"):
            href = link["href"]
            if "://" in href or href.startswith("mailto:"):
                continue
            if not href.startswith("#"):  # to a file that is not in the PDF
                link.unwrap()
                continue
            document, _, place = href[1:].rpartition("#")
            if place.startswith(DOCUMENT):
                document = place if place in chapters else ""  # which is the front page
                place = chapters[document]["id"]
            elif not document:
                document = name
            elif document not in chapters:
                document = ""
            if place not in places[document]:
                raise CatnetError(f"a link of the book leads nowhere: {href}")
            link["href"] = f"#{_place(document, place)}"
        for attribute in ("aria-describedby", "aria-labelledby", "for"):
            for node in section.select(f"[{attribute}]"):
                del node[attribute]
    for name, section in chapters.items():
        for node in [section, *section.select("[id]")]:
            if node.get("id"):
                node["id"] = _place(name, node["id"])


def _place(document, place):
    return f"{document.removeprefix(DOCUMENT).replace('/', '.') or 'front'}.{place}"


def _empty_boxes_go(section):
    for cell in reversed(section.select("div.cell, div.cell_input, div.cell_output")):
        if not cell.get_text(strip=True) and cell.select_one("img, svg, table") is None:
            cell.decompose()


def _contents(chapters, pages):
    def entry(section, level):
        heading = section.find(f"h{level}", recursive=False)
        if heading is None:
            return ""
        inner = "".join(
            entry(child, level + 1) for child in section.find_all("section", recursive=False)
        )
        inner = f"<ol>{inner}</ol>" if inner and level < 2 else ""
        number = f"<span>{pages[section['id']]}</span>" if section["id"] in pages else ""
        words = "".join(map(str, heading.contents))
        return f'<li><a href="#{section["id"]}"><span>{words}</span>{number}</a>{inner}</li>'

    entries = "".join(entry(section, 1) for section in chapters.values())
    return f'<nav class="print-contents"><h1>Contents</h1><ol>{entries}</ol></nav>'


def find_chromium():
    """Return the path of Chromium: what CHROMIUM names, else the first on the PATH.

    Raises
    ------
    CatnetError
        If there is none.
    """
    if named := os.environ.get("CHROMIUM"):
        return named
    for name in CHROMIUMS:
        if (path := shutil.which(name)) is not None:
            return path
    raise CatnetError(
        "this needs Chromium, which was not found: install it (on Debian and Ubuntu: "
        "apt install chromium), so that `chromium` is on the PATH, or name it in CHROMIUM"
    )


def print_book(page, pdf, imprint):
    """Print the page that holds the whole book.

    Parameters
    ----------
    page : Path
        In the folder ``book`` of what ``singlehtml`` wrote, or beside ``_static``.
    pdf : Path
    imprint : Imprint

    Returns
    -------
    int
        Number of pages.

    Raises
    ------
    CatnetError
        If there is no Chromium, or it does not print.
    """
    chromium = find_chromium()
    html = page.read_text(encoding="utf-8")
    # Its paths are those of a page beside `_static`, wherever Sphinx has put it.
    folder = page.parent if (page.parent / "_static").is_dir() else page.parent.parent
    laid_out = folder / "paper.html"
    pages: dict[str, int] = {}
    for _ in range(2):  # the second time with the page numbers that the first one found
        laid_out.write_text(for_paper(html, imprint, pages), encoding="utf-8")
        _print(chromium, laid_out, pdf)
        before = pages
        pages, count = page_numbers(pdf)
    if pages != before:
        raise CatnetError("the pages of the PDF moved when its contents got their numbers")
    return count


def _print(chromium, page, pdf):
    pdf.parent.mkdir(parents=True, exist_ok=True)
    pdf.unlink(missing_ok=True)
    with scratch_folder() as profile:
        command = [
            chromium,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            "--generate-pdf-document-outline",
            f"--user-data-dir={profile}",
            f"--print-to-pdf={pdf.resolve()}",
            page.resolve().as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # which Chromium refuses to the superuser
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            raise CatnetError(f"Chromium did not print within {SECONDS} seconds") from None
    if done.returncode or not pdf.is_file():
        lines = done.stderr.strip().splitlines()
        raise CatnetError(f"Chromium could not print: {lines[-1] if lines else 'no word of why'}")


def page_numbers(pdf):
    """Find the pages that the anchors of a PDF are on.

    Parameters
    ----------
    pdf : Path

    Returns
    -------
    pages : dict of str to int
        Counted from 1; those that something links to.
    count : int
        Number of all pages.
    """
    from pypdf import PdfReader

    reader = PdfReader(pdf)
    pages = {
        name.removeprefix("/"): reader.get_destination_page_number(destination) + 1
        for name, destination in reader.named_destinations.items()
    }
    return pages, len(reader.pages)


def _imprint(root):
    """Say what the title page of this copy of the book does."""
    import yaml

    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    return Imprint(
        config["title"],
        "Every number computed, and the same to the last bit on any machine",
        (
            config["author"],
            edition(root),
            config["html"]["extra_footer"].strip(),
        ),
    )


def main(arguments):
    """Return the exit status; without arguments, only say whether there is a Chromium."""
    try:
        find_chromium()
        if not arguments:
            return 0
        page, pdf = map(Path, arguments)
        count = print_book(page, pdf, _imprint(Path.cwd()))
    except CatnetError as error:
        print(f"catnet: {error}", file=sys.stderr)
        return 2
    print(f"{pdf} has {count} pages.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
