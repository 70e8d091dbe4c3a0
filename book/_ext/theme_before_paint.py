"""Set the theme before the first paint, also on a first visit.

The theme's own line leaves `data-theme=""` there until its script arrives, and no rule matches
that: for a moment a page has two logos and no colours, and everything moves when they come.
"""

SCRIPT = """\
(() => {
  const root = document.documentElement.dataset;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.mode ||= "auto";
  root.theme = root.mode === "auto" ? (dark ? "dark" : "light") : root.mode;
})();"""


def setup(app):
    """Register with Sphinx."""
    app.add_js_file(None, body=SCRIPT, priority=0)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
