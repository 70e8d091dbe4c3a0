"""Check every page of a built book: it loads nothing from elsewhere, no link is broken.

    python tests/check_html.py _build/html

Fails on a script, stylesheet, font, image or frame that a page would fetch from another host, on
a link to a file or an anchor that is not there, on an image without a text in its place, and on a
chapter that does not offer its notebook. Links to other sites are for readers to follow: they pass.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself: tag -> attributes. An <a href> is not among them.
LOADS = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
LOADING_RELS = {
    "apple-touch-icon", "icon", "manifest", "modulepreload", "preload", "prefetch", "preconnect",
    "dns-prefetch", "shortcut", "stylesheet",
}  # fmt: skip
CSS_LOAD = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
PICTURE_NAME = re.compile(r"\.(png|jpe?g|gif|svg|webp)$", re.IGNORECASE)


def is_external(address):
    """Whether a browser would leave the book for this address."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in {"http", "https", "ftp", "ws", "wss"}


def css_loads(text):
    """Return the addresses that a piece of CSS fetches."""
    return [a or b for a, b in CSS_LOAD.findall(COMMENT.sub("", text))]


def srcset(value):
    """Return the addresses in a srcset."""
    return [part.split()[0] for part in value.split(",") if part.strip()]


class Page(HTMLParser):
    """What one page loads, links to and names.

    Attributes
    ----------
    loads, links : list of str
    anchors : set of str
    pictures : list of (src, alt)
        `alt` is None where there is none.
    """

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.loads, self.links, self.pictures = [], [], []
        self.anchors = set()
        self._inside = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = {name: value or "" for name, value in attrs}
        for name in ("id", "name"):
            if name in attrs:
                self.anchors.add(attrs[name])
        for name in LOADS.get(tag, ()):
            if name in attrs:
                self.loads += srcset(attrs[name]) if name == "srcset" else [attrs[name]]
        if tag == "link" and "href" in attrs:
            loading = LOADING_RELS & set(attrs.get("rel", "").lower().split())
            (self.loads if loading else self.links).append(attrs["href"])
        if tag in ("a", "area") and "href" in attrs:
            self.links.append(attrs["href"])
        if tag == "meta" and attrs.get("http-equiv", "").lower() == "refresh":
            self.links += re.findall(r"url\s*=\s*['\"]?([^'\";]+)", attrs.get("content", ""), re.I)
        if tag == "img":
            self.pictures.append((attrs.get("src", ""), attrs.get("alt")))
        self.loads += css_loads(attrs.get("style", ""))
        if tag == "style":
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data):
        if self._inside:
            self.loads += css_loads(data)


def target(root, page, address):
    """Return the file that an address on a page means, and the anchor in it."""
    parts = urlsplit(address)
    path = unquote(parts.path)
    if not path:
        file = page
    elif path.startswith("/"):
        file = root / path.lstrip("/")
    else:
        file = page.parent / path
    if file.is_dir():
        file = file / "index.html"
    return file.resolve(), unquote(parts.fragment)


def check(root):
    """Return every fault found, one sentence each, and the number of pages."""
    root = Path(root).resolve()
    paths = sorted(path for path in root.rglob("*.html") if "_static" not in path.parts)
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in paths}
    faults = []
    for path, page in pages.items():
        name = path.relative_to(root).as_posix()
        for address in page.loads:
            if is_external(address):
                faults.append(f"{name}: would load {address}")
            elif not urlsplit(address).scheme and not address.startswith("#"):
                if not target(root, path, address)[0].is_file():
                    faults.append(f"{name}: loads {address}, which is not there")
        for address in page.links:
            if urlsplit(address).scheme or urlsplit(address).netloc:
                continue
            file, anchor = target(root, path, address)
            if not file.is_relative_to(root) or not file.is_file():
                faults.append(f"{name}: links to {address}, which is not there")
            elif anchor and file in pages and anchor not in pages[file].anchors:
                faults.append(f"{name}: links to {address}, which has no such anchor")
        for src, alt in page.pictures:
            if alt is None or PICTURE_NAME.search(alt):
                faults.append(f"{name}: image {src} has no text in its place (alt)")
        notebook = root / "_sources" / Path(name).with_suffix(".ipynb")
        if notebook.is_file():
            offered = {target(root, path, address)[0] for address in page.links}
            if notebook not in offered:
                faults.append(f"{name}: does not offer its notebook")

    for path in sorted(root.rglob("*.css")):
        for address in css_loads(path.read_text(encoding="utf-8")):
            if is_external(address):
                faults.append(f"{path.relative_to(root).as_posix()}: would load {address}")
    return faults, len(pages)


def main(arguments):
    """Return the exit status."""
    if len(arguments) != 1:
        print("usage: python tests/check_html.py FOLDER", file=sys.stderr)
        return 2
    done = "Checked {} pages: every link holds, nothing is loaded from elsewhere."
    return tell(arguments[0], *check(arguments[0]), done)


def tell(folder, faults, count, done):
    """Print each fault once, or that all is done; return the exit status."""
    for fault in dict.fromkeys(faults):
        print(fault, file=sys.stderr)
    if not count:
        print(f"No page found in {folder}.", file=sys.stderr)
        return 1
    if faults:
        return 1
    print(done.format(count))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
