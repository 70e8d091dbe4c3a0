"""Keep the links of the book on one page unambiguous, from which its PDF is made.

Sphinx shortens a link to a place in another document to the name of the place alone. Chapters have
sections of the same name, so that it leads to the first of them.
"""

from sphinx.builders.singlehtml import SingleFileHTMLBuilder


class OnePage(SingleFileHTMLBuilder):
    """Sphinx's own, with each link as ``#document-DOCUMENT#PLACE``."""

    def fix_refuris(self, tree):
        """Leave links as they are."""


def setup(app):
    """Register with Sphinx."""
    app.add_builder(OnePage, override=True)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
