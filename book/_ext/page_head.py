"""What a page says of itself to search engines and to those that it is sent to.

A description, always. An Open Graph card, the canonical address and a sitemap only where
`html: baseurl` is set in `_config.yml`: without the address they would be wrong.
"""

from html import escape
from pathlib import Path
from textwrap import shorten
from xml.sax.saxutils import escape as escape_xml

from docutils import nodes

LENGTH = 200


def description(doctree):
    """Return the beginning of a page's first paragraph, or None."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            return shorten(_words(paragraph), LENGTH, placeholder=" …")
    return None


def _words(node):
    """Return the text of a node, with formulas as they are read aloud rather than as TeX."""
    if isinstance(node, nodes.math):
        return node.astext().replace("\\", "").replace("_", "").replace("{", "").replace("}", "")
    if isinstance(node, nodes.Text):
        return node.astext()
    return "".join(_words(child) for child in node.children)


def add_description(app, pagename, templatename, context, doctree):
    """Give a page its description; the home page has the book's name once in its title."""
    text = description(doctree) if doctree is not None else None
    if text:
        tag = f'<meta name="description" content="{escape(text)}" />'
        context["metatags"] = context.get("metatags", "") + tag
    if pagename == app.config.root_doc:
        context["docstitle"] = ""


def add_card(app, config):
    """Turn on the Open Graph cards."""
    if config.html_baseurl:
        app.setup_extension("sphinxext.opengraph")
        config.ogp_site_url = config.html_baseurl
        config.ogp_enable_meta_description = False
        config.ogp_social_cards = {"enable": False}


def write_sitemap(app, exception):
    """List the pages for search engines."""
    base = app.config.html_baseurl
    if exception or not base or app.builder.format != "html":
        return
    addresses = [
        base.rstrip("/") + "/" + app.builder.get_target_uri(name)
        for name in sorted(app.env.found_docs)
    ]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
        *(f"  <url><loc>{escape_xml(address)}</loc></url>" for address in addresses),
        "</urlset>",
        "",
    ]
    Path(app.outdir, "sitemap.xml").write_text("\n".join(lines), encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", add_card)
    app.connect("html-page-context", add_description)
    app.connect("build-finished", write_sitemap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
