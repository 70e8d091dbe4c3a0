"""Say at the foot of every page which edition of the book it is."""

from catnet.report.pages.edition import edition


def add_to_footer(app, config):
    """Put it before what `_config.yml` has for the footer."""
    options = config.html_theme_options
    options["extra_footer"] = f"{edition(app.srcdir)} {options.get('extra_footer', '')}"


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", add_to_footer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
