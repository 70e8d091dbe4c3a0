"""How the book draws: one look, and the few figures that several chapters share."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import PercentFormatter

from .drawing import NARROW, WIDE, Drawing

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "RED",
    "SHADES",
    "beside_recorded",
    "forest",
    "gallery",
    "heat_map",
    "learning_curves",
    "seed_search",
    "share_axis",
    "style",
]

# Okabe and Ito's palette, told apart with any kind of colour vision.
BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
RED, PURPLE, GREY = "#D55E00", "#CC79A7", "#5B6770"

SHADES = ("#2B3036", "#7D878F", "#D5EEE5", "#9CC9E8", ORANGE)
"""For parts of a whole that lie side by side: told apart in grey, too."""


def style():
    """Set the book's look for all figures of a notebook."""
    plt.rcParams.update(
        {
            "figure.figsize": (7.2, 3.9),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "white",
            "font.size": 10.5,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "axes.grid": True,
            "grid.color": "#E3E7EA",
            "grid.linewidth": 0.8,
            "axes.axisbelow": True,
            "legend.frameon": False,
            "lines.linewidth": 1.6,
        }
    )


def learning_curves(axes, runs, published=None, *, logarithmic=False):
    """Draw the cost of every iteration, and the article's printed costs as rings.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    runs : dict of str to (costs, colour)
        Costs, in nats, of every iteration; the key goes into the legend.
    published : PublishedRun, optional
    logarithmic : bool
        Scale of the cost.
    """
    for label, (costs, colour) in runs.items():
        axes.plot(np.arange(len(costs)), costs, color=colour, label=label)
    if published is not None:
        axes.plot(
            published.iterations, published.costs, "o", color=RED, markerfacecolor="white",
            markersize=5, markeredgewidth=1.4, label="published", zorder=3,
        )  # fmt: skip
    axes.set_xlabel("iteration")
    axes.set_ylabel("cost (nats)")
    if logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.legend()


def beside_recorded(figure, results, recorded, *, narrow=False):
    """Draw every run of a rerun in a panel of its own, beside the recorded run of that name.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        An empty one.
    results : Results
        At least one run.
    recorded : Results or None
        Runs that it does not have stand alone.
    narrow : bool
        Titles of two lines.
    """
    panels = figure.subplots(len(results.runs), sharex=True, squeeze=False)[:, 0]
    for axes, (name, run) in zip(panels, results.runs.items(), strict=True):
        old = recorded.runs.get(name) if recorded else None
        axes.set_title(name)
        if old is not None:
            axes.plot(old.costs, color=ORANGE, linewidth=4, alpha=0.6, label="recorded")
            if run.costs.tobytes() == old.costs.tobytes():
                gap = "\n" if narrow else " "
                axes.set_title(f"{name}:{gap}the same costs, to the last bit")
        axes.plot(run.costs, color=BLUE, label="this run")
        axes.set_yscale("log")
        axes.set_ylabel("cost (nats)")
        axes.margins(x=0.01)
    panels[0].legend()
    panels[-1].set_xlabel("iteration")


def seed_search(axes, search, published, test, *, narrow=False):
    """Draw what every seed of a recorded search came to: final cost against test accuracy.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    search : dict
        One chapter's part of ``book/record/seeds.json``.
    published : PublishedRun
        Its test accuracy, if it has one, is a line.
    test : Split
        The share of cats in it is the dashed line: what answering cat to everything scores.
    narrow : bool
        The legend is then below, else beside it.
    """
    kinds = {
        "converged": (BLUE, "o"),
        "slow": (ORANGE, "s"),
        "flat": (PURPLE, "D"),
        "no progress": (GREY, "^"),
    }
    for outcome, (colour, marker) in kinds.items():
        some = [attempt for attempt in search["tried"] if attempt["outcome"] == outcome]
        if some:
            axes.plot(
                [attempt["final_cost"] for attempt in some],
                [attempt["test_accuracy"] for attempt in some],
                marker, color=colour, markersize=6, alpha=0.7, markeredgecolor="white",
                label=f"{outcome}: {len(some)}",
            )  # fmt: skip
    chosen = search["tried"][-1]
    axes.plot(
        chosen["final_cost"], chosen["test_accuracy"], "o", markersize=13, markerfacecolor="none",
        markeredgecolor="black", label=f"chosen: seed {chosen['seed']}",
    )  # fmt: skip
    if published.test_accuracy is not None:
        axes.axhline(published.test_accuracy, color=RED, linewidth=1.2, label="published")
    axes.axhline(test.labels.mean(), color=GREY, linestyle="--", linewidth=1.2, label="always cat")
    axes.set_xscale("log")
    axes.set_xlabel("final training cost (nats)")
    axes.set_ylabel("test accuracy")
    axes.set_ylim(0.25, 0.9)
    share_axis(axes.yaxis)
    if narrow:
        axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, fontsize=8.5)
    else:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def gallery(images, captions, columns=8, narrow_columns=4, frames=None):
    """Draw images in rows, each with a short caption below.

    Parameters
    ----------
    images : sequence of ndarray of uint8, shape (height, width, 3)
    captions : sequence of str
    columns, narrow_columns : int
        On wide screens and on narrow ones.
    frames : sequence of str, optional
        A colour for each image's frame. What it means, its caption says too.

    Returns
    -------
    Drawing
    """
    lines = max((caption.count("\n") + 1 for caption in captions), default=1)

    def rows(count):
        return max(1, -(-len(images) // count))

    def height(count, width):
        return (width / count + 0.07 + 0.14 * lines) * rows(count)

    def draw(figure, narrow):
        count = narrow_columns if narrow else columns
        grid = figure.subplots(rows(count), count, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
            axes.set_anchor("S")  # so that room is kept for all of the caption
        for axes, image, caption in zip(grid.flat, images, captions, strict=False):
            axes.imshow(image, interpolation="none")  # the screen makes them larger
            axes.annotate(
                caption, (0.5, 0), (0, -4), xycoords="axes fraction", textcoords="offset points",
                ha="center", va="top", fontsize=8,
            )  # fmt: skip
        for axes, colour in zip(grid.flat, frames or (), strict=False):
            edge = plt.Rectangle(
                (0, 0), 1, 1, transform=axes.transAxes, fill=False, edgecolor=colour, linewidth=3,
                clip_on=False,
            )  # fmt: skip
            axes.add_patch(edge)

    return Drawing(draw, height(columns, WIDE), height(narrow_columns, NARROW))


def forest(axes, differences, *, scale=1.0, band=None, words=None, names=None, narrow=False):
    """Draw differences below each other: 95 % limits thin, 90 % limits thick.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    differences : sequence of Difference
        As `catnet.analysis.crossed` makes them; the first is drawn at the top.
    scale : float
        What all numbers are multiplied with: 100 for points.
    band : float, optional
        Differences within it of 0 count as none: a grey band.
    words : sequence of str, optional
        The verdict on each, or ``"above 0"`` or ``"below 0"``, written beside it in the colour that
        it is drawn in.
    names : sequence of str, optional
        What each is called, written at its left.
    narrow : bool
        Name and verdict are then written above each difference: beside it there is no room.
    """
    colours = {"supported": BLUE, "contradicted": RED, "equal": GREEN, "undecided": GREY}
    colours |= {"above 0": BLUE, "below 0": RED}
    if band is not None:
        axes.axvspan(-scale * band, scale * band, color="#EEF2F5", linewidth=0)
    if not narrow:
        axes.axvline(0, color=GREY, linewidth=1)
    beside = axes.get_yaxis_transform()
    for row, one in enumerate(differences):
        colour = BLUE if words is None else colours[words[row]]
        at, above = (row + 0.2, row - 0.22) if narrow else (row, row)
        if narrow:  # not through the names
            axes.plot([0, 0], [row - 0.02, row + 0.42], color=GREY, linewidth=1)
        axes.plot([scale * one.low, scale * one.high], [at, at], color=colour)
        axes.plot(
            [scale * one.low_90, scale * one.high_90], [at, at], color=colour, linewidth=4,
            solid_capstyle="butt",
        )  # fmt: skip
        axes.plot(
            scale * one.value, at, "o", color="white", markeredgecolor=colour,
            markeredgewidth=1.8, markersize=6.5,
        )  # fmt: skip
        if words is not None:
            axes.text(
                1.0 if narrow else 1.02, above, words[row], transform=beside, color=colour,
                fontsize=8.5, va="center", ha="right" if narrow else "left",
            )  # fmt: skip
        if names is not None and narrow:
            axes.text(0, above, names[row], transform=beside, fontsize=8.5, va="center")
    if narrow:
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    elif names is not None:
        axes.set_yticks(range(len(differences)), names, fontsize=8.5)
    axes.set_ylim(len(differences) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")


def heat_map(axes, values, texts, rows, columns, limits, marks=()):
    """Draw a table as a map of colours that are in order in grey, too, with a text in each cell.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : ndarray, shape (rows, columns)
        What the colour shows: bright where it is high.
    texts : sequence of sequence of str
    rows, columns : sequence of str
        What they are called; the first row is drawn at the bottom.
    limits : (float, float)
        Of the colours; values beyond have the colour of the limit.
    marks : iterable of (int, int, str)
        Row, column and a letter, which is set into the corner of that cell, with a frame.

    Returns
    -------
    matplotlib.image.AxesImage
    """
    image = axes.imshow(
        values, cmap="cividis", aspect="auto", origin="lower", vmin=limits[0], vmax=limits[1]
    )
    for (row, column), value in np.ndenumerate(values):
        # Not quite black and white: these stay as they are on a dark page.
        colour = "#030303" if image.norm(value) > 0.55 else "#FCFCFC"
        axes.text(
            column, row, texts[row][column], color=colour, ha="center", va="center", fontsize=8.5
        )
    for row, column, letter in marks:
        edge = plt.Rectangle(
            (column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=RED, linewidth=2.2
        )
        axes.add_patch(edge)
        axes.text(
            column - 0.4, row + 0.4, letter, color="white", fontsize=7, fontweight="bold",
            ha="left", va="top", bbox={"facecolor": RED, "edgecolor": "none", "pad": 1.2},
        )  # fmt: skip
    axes.set_xticks(range(len(columns)), columns, fontsize=8.5)
    axes.set_yticks(range(len(rows)), rows, fontsize=8.5)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    return image


def share_axis(axis, decimals=None):
    """Label an axis of shares, 0 to 1, in percent, with so many decimals or what they need."""
    axis.set_major_formatter(PercentFormatter(1.0, decimals))
