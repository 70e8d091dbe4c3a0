"""The whole book as one PDF: Sphinx's single page, put in order, printed by Chromium.

    python -m catnet.report.pages.pdf BOOK FILE.pdf VERSION

What a reader opens on the web, such as code that is folded away, is left out of print.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ...errors import CatnetError
from ..files import scratch_folder
from .page import BUILD, _config, _last_words

__all__ = ["assembled", "find_chromium", "make_pdf", "pages_of"]

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
DOCUMENT = "document-"  # how Sphinx begins the name of a page in its single page
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
LEFT_OUT = ("script", "source", ".headerlink", "details.hide", ".only-dark", ".figure-origin")
PRINTS = 300  # seconds that Chromium may take


def find_chromium():
    """Return the path of Chromium or Chrome.

    Raises
    ------
    CatnetError
        If there is none.
    """
    for name in NAMES:
        if (path := shutil.which(name)) is not None:
            return path
    raise CatnetError(
        "the PDF is printed by Chromium, and none was found on the PATH: install it (on Debian: "
        "apt install chromium), or do without the PDF, which nothing else needs"
    )


def make_pdf(root, output, version):
    """Build the book as one page and print it.

    Parameters
    ----------
    root : Path
        The book's folder.
    output : Path
        The PDF; one that is there is replaced.
    version : str
        For the title page.

    Returns
    -------
    int
        Its number of pages.

    Raises
    ------
    CatnetError
        If there is no Chromium, or the page cannot be built or printed.
    """
    chromium = find_chromium()
    config = _config(root / "_config.yml")
    facts = [str(config.get("author", "")), f"Version {version}{_commit(root)}"]
    facts.append(" ".join(str((config.get("html") or {}).get("extra_footer") or "").split()))
    with scratch_folder() as work:
        page = _single_page(root, work)
        text = page.read_text(encoding="utf-8")
        numbers = {}
        # Twice, since Chromium cannot say in a page where its anchors come to lie.
        for _ in range(2):
            html, entries = assembled(text, str(config.get("title", "")), facts, numbers)
            page.write_text(html, encoding="utf-8")
            pdf = work / "book.pdf"
            _print(chromium, page, pdf, work)
            found, count = pages_of(pdf)
            missing = [entry for entry in entries if entry not in found]
            if missing:
                raise CatnetError(f"the PDF has no place for {missing[0]}, which its contents name")
            before, numbers = numbers, found
        if any(before[entry] != numbers[entry] for entry in entries):
            raise CatnetError("the pages of the PDF moved when its contents got their numbers")
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(pdf, output)
    return count


def _commit(root):
    """The commit that the book is of, with its date; nothing outside a repository."""
    command = ["git", "-C", str(root), "log", "-1", "--format=, commit %h of %cs"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _single_page(root, work):
    options = ["--builder", "custom", "--custom-builder", "singlehtml", "--path-output", str(work)]
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(root), *options, "-q", "-q"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    found = [p for p in (work / "_build" / "singlehtml").rglob("*.html") if "article" in _read(p)]
    if done.returncode or not found:
        reason = _last_words(done.stderr) or _last_words(done.stdout) or "it does not say why"
        raise CatnetError(f"Jupyter Book could not build the single page: {reason}")
    page = max(found, key=lambda path: path.stat().st_size)
    top = work / "_build" / "singlehtml" / "whole.html"  # the styles are named from here
    return page.rename(top)


def _read(path):
    return path.read_text(encoding="utf-8")


def assembled(text, title, facts, numbers):
    """Put the single page in order for print.

    Its article alone stays, with a title page and contents before it. Names that several chapters
    use for their places are made different, and links go where they are meant.

    Parameters
    ----------
    text : str
        HTML, as Sphinx writes it.
    title : str
    facts : list of str
        Lines of the title page.
    numbers : dict of str to int
        Pages of the entries, where they are known.

    Returns
    -------
    html : str
    entries : list of str
        The places that the contents name, in their order.
    """
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(text, "html.parser")
    article = soup.find("article")
    for unwanted in article.select(", ".join(LEFT_OUT)):
        unwanted.decompose()
    for image in article.find_all("img"):
        image["src"] = re.sub(r"^(\.\./)+", "", image["src"])
        del image["loading"]
    _set_apart(article)
    entries = []
    contents = soup.new_tag("nav", attrs={"class": "contents"})
    heading = soup.new_tag("h1", attrs={"class": "contents-title"})
    heading.string = "Contents"
    contents.append(heading)
    for heading in article.find_all(["h1", "h2"]):
        place = heading.find_parent("section")["id"]
        entries.append(place)
        line = soup.new_tag("a", attrs={"href": f"#{place}", "class": f"entry {heading.name}"})
        words = soup.new_tag("span")
        words.string = heading.get_text(" ", strip=True)
        number = soup.new_tag("span")
        number.string = str(numbers.get(place, "000"))
        line.extend([words, number])
        contents.append(line)
    front = soup.new_tag("div", attrs={"class": "title-page"})
    name = soup.new_tag("p", attrs={"class": "book-title"})
    name.string = title
    front.append(name)
    for fact in filter(None, facts):
        line = soup.new_tag("p")
        line.string = fact
        front.append(line)
    styles = [str(link) for link in soup.find_all("link", rel="stylesheet")]
    formulas = [str(s) for s in soup.find_all("script") if "mathjax" in str(s).lower()]
    head = "\n".join(
        ['<meta charset="utf-8">', f"<title>{title}</title>", *styles, *formulas]
        + ['<link rel="stylesheet" href="_static/pdf.css">']
    )
    return (
        '<!DOCTYPE html>\n<html lang="en" data-theme="light" data-mode="light">\n'
        f"<head>{head}</head>\n<body>{front}{contents}"
        f'<main class="bd-content">{article}</main></body></html>\n'
    ), entries


def _set_apart(article):
    """Give every page's places names of their own, and its headings the rank they have there."""
    marks = article.find_all("span", id=re.compile(f"^{DOCUMENT}"))
    pages = {}  # name of a page -> its section
    for mark in marks:
        pages[mark["id"].removeprefix(DOCUMENT)] = mark.find_next("section")
    sections = {id(section): name for name, section in pages.items()}

    def page_of(element):
        for around in [element, *element.parents]:
            if id(around) in sections:
                return sections[id(around)]
        return ""

    places, everywhere = {}, {}
    for element in article.find_all(id=True):
        page = page_of(element)
        old = element["id"]
        element["id"] = re.sub(r"[^\w-]", "-", f"{page.rpartition('/')[2]}--{old}")
        places[page, old] = element["id"]
        everywhere.setdefault(old, element["id"])
    first = article.find("section")["id"]
    for link in article.find_all("a", href=re.compile("^#")):
        place = link["href"][1:]
        if place.startswith(DOCUMENT):
            page, _, place = place.removeprefix(DOCUMENT).partition("#")
            section = pages[page]["id"] if page in pages else first
            place = places.get((page, place), section)
        else:
            place = places.get((page_of(link), place)) or everywhere.get(place)
        if place is None:
            link.unwrap()
        else:
            link["href"] = f"#{place}"
    for link in article.find_all("a", href=re.compile(r"^(?!#|https?:|mailto:)")):
        link.unwrap()  # to a file that is not in the PDF
    for section in pages.values():
        for heading in section.find_all(HEADINGS):
            heading.name = f"h{max(int(heading.name[1]) - 1, 1)}"


def _print(chromium, page, pdf, work):
    pdf.unlink(missing_ok=True)
    alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [
        chromium,
        *("--headless", *alone, "--disable-gpu", f"--user-data-dir={work / 'profile'}"),
        *("--no-pdf-header-footer", "--generate-pdf-document-outline"),
        "--virtual-time-budget=120000",  # until every formula is set
        *(f"--print-to-pdf={pdf}", page.as_uri()),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PRINTS, check=False
        )
    except subprocess.TimeoutExpired:
        raise CatnetError(f"Chromium had not printed the book after {PRINTS} seconds") from None
    if not pdf.is_file():
        reason = _last_words(done.stderr) or "it does not say why"
        raise CatnetError(f"Chromium could not print the book: {reason}")


def pages_of(pdf):
    """Find the pages of the places that a PDF's links lead to.

    Returns
    -------
    places : dict of str to int
        Counted from 1.
    count : int
        How many pages there are.
    """
    from pypdf import PdfReader

    reader = PdfReader(pdf)
    places = {}
    for name, destination in reader.named_destinations.items():
        number = reader.get_destination_page_number(destination)
        if number is not None:
            places[name.removeprefix("/")] = number + 1
    return places, len(reader.pages)


def main(arguments):
    """Return the exit status."""
    if len(arguments) != 3:
        print("usage: python -m catnet.report.pages.pdf BOOK FILE.pdf VERSION", file=sys.stderr)
        return 2
    root, output, version = arguments
    try:
        count = make_pdf(Path(root).resolve(), Path(output), version)
    except CatnetError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{output}: {count} pages. `make book` offers it on its pages until a chapter changes.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
