"""Give references the role of list items: docutils gives them one that ARIA has withdrawn."""


def replace_role(app, pagename, templatename, context, doctree):
    """Replace it in the finished text of a page."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", replace_role)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
