"""Name each toggle after what it opens: myst-nb calls all of them "Toggle hidden content".

Without that label, a toggle is named by the words on it, which myst-nb keeps for open and closed.
"""

import re

from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput, visit_HideCellInput

# What myst-nb calls the parts of a cell, and what a reader does.
WORD = {"source": "code", "content": "code and what it prints", "outputs": "output"}
WORDS = re.compile("|".join(WORD))
LABEL = re.compile(r'<summary aria-label="[^"]*">')


def visit(self, node):
    """Open the toggle as myst-nb does, but for the label."""
    for prompt in ("prompt_show", "prompt_hide"):
        node[prompt] = WORDS.sub(lambda found: WORD[found[0]], node[prompt])
    start = len(self.body)
    visit_HideCellInput(self, node)
    self.body[start:] = [LABEL.sub("<summary>", piece) for piece in self.body[start:]]


def setup(app):
    """Register with Sphinx."""
    app.setup_extension("myst_nb")
    app.add_node(HideCodeCellNode, override=True, html=(visit, depart_HideCellInput))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
