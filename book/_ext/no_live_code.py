"""Take out the scripts of Thebe, which Jupyter Book puts on every page; no page uses it.

They name a server elsewhere, and declare it twice, which a browser reports as an error.
"""


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out every script and stylesheet of Thebe."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, []) if not _is_thebe(file)]


def _is_thebe(file):
    name = str(getattr(file, "filename", "") or "")
    body = (getattr(file, "attributes", None) or {}).get("body", "")
    return "thebe" in name.lower() or "THEBE_JS_URL" in body


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
