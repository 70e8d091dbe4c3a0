"""A page shows the cells tagged `lead` before all others, and is else as it was."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

EXTENSIONS = Path(__file__).resolve().parents[1] / "book" / "_ext"


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
    application = pytest.importorskip("sphinx.application")
    docutils_namespace = pytest.importorskip("sphinx.util.docutils").docutils_namespace
    words = ["first", "second", "third"]
    cells = [
        v4.new_code_cell(word, metadata={"tags": tag})
        for word, tag in zip(words, tags, strict=True)
    ]
    cells.insert(0, v4.new_markdown_cell("# A\n\nQuestion"))
    cells.insert(2, v4.new_markdown_cell("## A section"))
    cells.append(v4.new_markdown_cell("Answer"))
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "index.ipynb")
    (tmp_path / "conf.py").write_text(
        f"import sys; sys.path.append({str(EXTENSIONS)!r})\n"
        "extensions = ['myst_nb', 'lead_figure']\nnb_execution_mode = 'off'\n",
        encoding="utf-8",
    )
    with docutils_namespace():
        out = tmp_path / "_build"
        app = application.Sphinx(tmp_path, tmp_path, out, out / ".trees", "text", status=None)
        app.build()
    text = (out / "index.txt").read_text(encoding="utf-8")
    assert " ".join(re.findall(f"Question|Answer|{'|'.join(words)}", text)) == order
