"""A page shows the cells tagged `lead` before all others, and is else as it was."""

import re

import nbformat
import pytest
from conftest import build_pages
from nbformat import v4


@pytest.mark.parametrize(
    ("tags", "order"),
    [
        ([[], [], []], "Question first second third Answer"),
        ([[], [], ["lead"]], "Question third first second Answer"),
        ([["lead"], [], ["lead"]], "Question first third second Answer"),
        ([["lead"]] * 3, "Question first second third Answer"),
    ],
)
def test_what_leads_comes_first(tmp_path, tags, order):
    words = ["first", "second", "third"]
    cells = [
        v4.new_code_cell(word, metadata={"tags": tag})
        for word, tag in zip(words, tags, strict=True)
    ]
    cells.insert(0, v4.new_markdown_cell("# A\n\nQuestion"))
    cells.insert(2, v4.new_markdown_cell("## A section"))
    cells.append(v4.new_markdown_cell("Answer"))
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "index.ipynb")
    out = build_pages(tmp_path, ["myst_nb", "lead_figure"], "text")
    text = (out / "index.txt").read_text(encoding="utf-8")
    assert " ".join(re.findall(f"Question|Answer|{'|'.join(words)}", text)) == order
