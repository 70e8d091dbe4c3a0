"""Leave out Font Awesome, half a megabyte for a dozen icons: `icons.css` draws them.

The theme loads its script on every page by a template, and by no setting.
"""

import re
import shutil
from pathlib import Path

SCRIPT = re.compile(r"<script[^>]*/fontawesome\.js[^>]*></script>")


def without_icon_script(head):
    """Return a page's head without the script of Font Awesome."""
    return SCRIPT.sub("", head)


def add_filter(app, pagename, templatename, context, doctree):
    """Hand the function to `templates/layout.html`."""
    context["without_icon_script"] = without_icon_script


def add_templates(app, config):
    """Add the folder with that template."""
    config.templates_path = [*config.templates_path, str(Path(__file__).parent / "templates")]


def drop_files(app, exception):
    """Remove the files that no page loads: Font Awesome's."""
    if app.builder.format != "html" or exception:
        return
    static = Path(app.outdir) / "_static"
    shutil.rmtree(static / "vendor" / "fontawesome", ignore_errors=True)
    for file in (static / "scripts").glob("fontawesome.js*"):
        file.unlink()


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", add_templates)
    app.connect("html-page-context", add_filter)
    app.connect("build-finished", drop_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
