"""A figure of the book: drawn twice, for wide screens and for narrow ones, as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.text import Text

__all__ = ["MOVING", "NARROW", "WIDE", "Drawing", "Moving"]

WIDE, NARROW = 7.2, 3.5  # inches, of 96 pixels: a page's column, and a phone's of 375 pixels
SMALLEST = 6.75  # points: nine pixels

MOVING = "application/vnd.catnet.moving+json"
"""MIME type of what a moving figure shows: an output like any other, which is compared."""

# Nothing of the day or of chance is in the file; letters are outlines, the same everywhere.
SETTINGS = {"svg.hashsalt": "catnet", "svg.fonttype": "path"}
NOTHING = {"Date": None, "Creator": None, "Format": None, "Type": None}


@dataclass(frozen=True)
class Moving:
    """What takes the place of a drawing on a page, where scripts run.

    Parameters
    ----------
    figure : str
        The name of the script that draws it, in ``_static/moving``.
    data : dict
        What that shows, for JSON; rounded to what can be seen of it.
    """

    figure: str
    data: dict


class Drawing:
    """A figure, as Jupyter shows it and as the book's pages do.

    Jupyter gets the wide one. The narrow one travels in the output's metadata, where the book's
    extension ``drawings`` finds it; that makes both again for dark pages, too.

    Parameters
    ----------
    draw : callable
        Called twice, with an empty matplotlib Figure and with whether the screen is narrow.
    height, narrow_height : float
        Of the two, in inches; they are 7.2 and 3.5 inches wide.
    moving : Moving, optional
        Shown in its place, and in its box, where it can move; the drawing says it all at rest.

    Raises
    ------
    ValueError
        If the narrow one has letters of less than nine pixels, which no phone's reader can read.
    """

    def __init__(self, draw, height, narrow_height, moving=None):
        self.moving = moving
        self.wide = _svg(_drawn(draw, (WIDE, height), narrow=False))
        figure = _drawn(draw, (NARROW, narrow_height), narrow=True)
        small = [
            text.get_text()
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip() and text.get_fontsize() < SMALLEST
        ]
        if small:
            raise ValueError(f"too small to be read on a phone: {small[0]!r}")
        self.narrow = _svg(figure)

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"image/svg+xml": self.wide}
        if self.moving is not None:
            data[MOVING] = {"figure": self.moving.figure, "data": self.moving.data}
        return data, {"catnet": {"narrow": self.narrow}}

    def __repr__(self):
        return "Drawing"  # without an address: nbval compares it


def _drawn(draw, size, *, narrow):
    figure = Figure(figsize=size)
    draw(figure, narrow)
    return figure


def _svg(figure):
    text = StringIO()
    with rc_context(SETTINGS):
        figure.savefig(text, format="svg", metadata=NOTHING)
    svg = text.getvalue()  # a page needs nothing of what stands before the drawing itself
    return "\n".join(line.rstrip() for line in svg[svg.index("<svg") :].splitlines())
