"""`figure-from`: show a figure that a chapter has glued, with a caption and an alternative text.

myst-nb's own `glue:figure` reads the same page only, and its `glue` leaves both texts out.
"""

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.ext.glue.utils import create_pending_glue_ref
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective


class FigureFrom(SphinxDirective):
    """`{figure-from} KEY`, with the options doc and alt; its content is the caption."""

    required_arguments = 1
    has_content = True
    option_spec = {"doc": directives.unchanged_required, "alt": directives.unchanged_required}

    def run(self):
        """Return the figure, with a reference in the place of its image."""
        source, line = self.get_source_info()
        figure = nodes.figure("", alt=self.options["alt"])
        figure += create_pending_glue_ref(
            self.state.document, source, line, self.options["doc"], self.arguments[0]
        )
        caption = nodes.caption()
        text = " ".join(self.content)
        caption += self.state.inline_text(text, self.lineno)[0]
        figure += caption
        return [figure]


class GiveAlternativeText(SphinxPostTransform):
    """Hand the figure's alternative text to its image, once myst-nb has put that there."""

    default_priority = 6  # myst-nb's has 5

    def run(self):
        """Run the transform on one page."""
        for figure in self.document.findall(nodes.figure):
            for image in figure.findall(nodes.image):
                if "alt" in figure:
                    image["alt"] = figure["alt"]


def setup(app):
    """Register with Sphinx."""
    app.add_directive("figure-from", FigureFrom)
    app.add_post_transform(GiveAlternativeText)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
