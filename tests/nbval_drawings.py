"""A plugin for nbval: drawings are not compared, as PNGs are not; their numbers are in the text."""

from nbval.plugin import IPyNbFile


def pytest_collectstart(collector):
    """Leave SVG out of what is compared in a notebook."""
    if isinstance(collector, IPyNbFile):
        collector.skip_compare += ("image/svg+xml",)
