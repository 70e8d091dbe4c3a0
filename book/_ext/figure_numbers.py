"""Number figures by chapter, and leave out the numbers where there is no chapter.

Sphinx counts on over all pages without a number: the home page had Fig. 1, and the appendix began
with Fig. 2.
"""


def drop_plain_numbers(app, env):
    """Take the number from each figure whose page has none."""
    for kinds in env.toc_fignumbers.values():
        for numbers in kinds.values():
            for name in [name for name, number in numbers.items() if len(number) == 1]:
                del numbers[name]
    return []  # no other page has to be written for it


def setup(app):
    """Register with Sphinx."""
    app.connect("env-get-updated", drop_plain_numbers, priority=900)  # after Sphinx has counted
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
