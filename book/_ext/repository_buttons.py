"""Turn the repository, Binder and Colab buttons on by one setting: `repository: url`.

Without an address the theme fails on a page with launch buttons, so this takes them away.
"""


def follow_repository_url(app, config):
    """Show every button that needs the repository, or none."""
    options = config.html_theme_options
    has_url = bool(options.get("repository_url"))
    options["use_repository_button"] = has_url
    if not has_url:
        options.pop("repository_url", None)
        options.pop("launch_buttons", None)


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", follow_repository_url, priority=1)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
