"""Read the pages of `_toc.yml` and no others, in a folder of whatever name.

Jupyter Book's own setting for that, `only_build_toc_files`, looks for the others with the path of
the book as a pattern: it finds none where that has brackets in it, nor in hidden folders.
"""

from glob import escape


def include_only_toc(app, config):
    """Tell Sphinx which files there are."""
    site_map = config.external_site_map
    names = [*map(escape, site_map), *site_map.globs()]
    config.include_patterns = [name + end for name in names for end in ("", *config.source_suffix)]


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", include_only_toc, priority=901)  # _toc.yml is read with 900
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
