"""Parameter cells as tables; numbers and figures that say which cells they come from."""

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from catnet.report.pages.origins import called, origins
from catnet.report.parameters import declared
from catnet.report.results import MIME_TYPE

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = str(ROOT / "book" / "_ext")
DECLARED = """\
dataset: str = "drawn"  # the images: "catvnoncat" (real), "drawn" (made up) or FILE.h5 (own)
seed: int = None  # start, in [0, 2**32); None: the recorded seed of this chapter
layer_dims: list = [12, 4, 1]  # width of every layer, in [1, inf); the images' first, 1 last
learning_rate: float = 0.0075  # step size, in (0, inf)
beta1: float = 0.9  # decay rate, in [0, 1)
frozen: bool = True  # leave it, if so
"""
PARAMETERS = {
    "dataset": "drawn",
    "seed": 7,
    "layer_dims": [12, 4, 1],
    "learning_rate": 0.0075,
    "beta1": 0.9,
    "frozen": True,
}
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


@pytest.fixture
def extension(monkeypatch):
    """The extension of tables."""
    monkeypatch.syspath_prepend(EXTENSIONS)
    pytest.importorskip("sphinx")
    import parameter_table

    return parameter_table


def code(source, *outputs, tags=(), **metadata):
    cell = v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": [*tags], **metadata})
    code.count += 1
    cell.execution_count = code.count
    return cell


def glued(name, text):
    data = {"application/papermill.record/text/plain": text}
    return v4.new_output(
        "display_data",
        data=data,
        metadata={"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}},
    )


def picture():
    return v4.new_output("display_data", data={"image/png": PIXEL, "text/plain": "<Figure>"})


def results(runs):
    content = {"chapter": "03-toy", "parameters": PARAMETERS, "runs": runs}
    return v4.new_output("display_data", data={MIME_TYPE: content, "text/plain": "results"})


def chapter():
    code.count = 0
    figure = {"figure": {"caption": "A dot.", "name": "fig-dot"}, "image": {"alt": "A dot."}}
    run = {"costs": [(0.5).hex()], "train_accuracy": 1.0, "test_accuracy": 0.5, "digest": "ab" * 32}
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# A toy"),
            code(DECLARED, tags=["parameters"]),
            code("import numpy as np\n\nimages = np.arange(3)"),
            v4.new_markdown_cell(
                "The sum is {glue:text}`total:d`, twice that {glue:text}`twice:d`."
            ),
            code("total = sum(image for image in images)\nfound = {}\nfound['a'] = 1"),
            code("other = [total for total in range(3)]\nfound['b'] = 2"),
            code(
                "glue('total', total)\nhalf = total / 2\nglue('twice', 4 * half)",
                glued("total", "3"),
                glued("twice", "6"),
                tags=["remove-cell"],
            ),
            code("fig, ax = plt.subplots()\nax.plot(images)", picture(), mystnb=figure),
            code("Results()", results({"adam": run})),
        ],
        metadata={"language_info": {"name": "python", "pygments_lexer": "ipython3"}},
    )


def build(folder, **pages):
    """Build a small book, and return its pages."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    for name, page in pages.items():
        if isinstance(page, str):
            (folder / f"{name}.md").write_text(page, encoding="utf-8")
        else:
            nbformat.write(page, folder / f"{name.replace('_', '-')}.ipynb")
    (folder / "conf.py").write_text(
        "extensions = ['myst_nb', 'parameter_table', 'origins_shown']\n"
        "nb_execution_mode = 'off'\nroot_doc = 'index'\nhtml_sourcelink_suffix = ''\n"
        "html_theme = 'basic'\nsuppress_warnings = ['mystnb.unknown_mime_type', 'toc']\n"
        "myst_enable_extensions = ['colon_fence']\n",
        encoding="utf-8",
    )
    out = folder / "_build"
    with docutils_namespace():
        app = Sphinx(folder, folder, out, out / ".trees", "html", status=None, warningiserror=True)
        app.build()
    return {path.stem: path.read_text(encoding="utf-8") for path in out.glob("*.html")}, out


def listed(html):
    found = re.search(r'<script type="application/json" id="origins">(.*?)</script>', html)
    return json.loads(found[1])


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def computed(sources, quoted, key="x"):
    """Say which cell `glue` has its number from, after cells with these sources."""
    code.count = 0
    cells = [code(source) for source in sources]
    cells.append(code(quoted, glued(key, "1")))
    return origins(v4.new_notebook(cells=cells))[key].computed


def test_a_number_is_of_the_last_cell_that_assigns_what_it_quotes():
    found = computed(["total = 1", "total = 2\nprint(total)", "other = 3"], "glue('x', total + 1)")
    assert (found.index, found.number, found.words) == (1, 2, "total = 2")


@pytest.mark.parametrize(
    ("sources", "quoted", "index"),
    [
        (["a = 1", "b = 2"], "c = 2 * a\nd = c\nglue('x', d)", 0),  # by what the cell makes of it
        (["a = 1", "[a for a in b]"], "glue('x', a)", 0),  # a comprehension's own name
        (["a = 1", "def f():\n    a = 2"], "glue('x', a)", 0),  # a function's own
        (["a = 1", "fig, ax = f()"], "fig, ax = f()\nglue('x', a)", 0),
        (["v['p'] = 1", "v['q'] = 2"], "glue('x', v['p'])", 0),
        (["v['p'] = 1", "v['q'] = 2"], "glue('x', v[name])", 1),
        (["a = 1", "b = 2"], "glue('y', b)\nglue('x', a)", 0),
        (["a = 1", "b = 2"], "for k in 'xy':\n    glue(k, a)", 0),
        (["a = 1", "%matplotlib inline"], "glue('x', a)", 0),
        (["a = 1"], "glue('x', 3)", 1),  # nothing is taken from before
        (["from m import a"], "glue('x', a)", 1),
    ],
)
def test_what_counts_as_computing(sources, quoted, index):
    assert computed(sources, quoted).index == index


def test_what_a_cell_takes_from_nowhere_is_shown_itself():
    found = computed(["a = 1"], "glue('y', 4)\nglue(\n    'x',\n    published()['x'],\n)")
    assert found.words == "published()['x']"


def test_the_cell_of_parameters_computes_nothing():
    code.count = 0
    cells = [code("a: int = 1  # x, in [0, 2]", tags=["parameters"])]
    cells.append(code("glue('x', a)", glued("x", "1")))
    assert origins(v4.new_notebook(cells=cells))["x"].computed.index == 1


def test_every_number_of_this_book_has_an_origin():
    found, quoted = {}, set()
    texts = {"index.md": (ROOT / "book" / "index.md").read_text(encoding="utf-8")}
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        found[path.name] = origins(notebook)
        prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        texts[path.name] = "\n".join(prose)
    for name, text in texts.items():
        for document, key in re.findall(r"\{glue:text\}`(?:([^`:]+)::)?([^`:]+)", text):
            quoted.add((document or name, key))
    assert len(quoted) > 500
    assert not [pair for pair in quoted if pair[1] not in found[pair[0]]]
    for origin in (one for by_key in found.values() for one in by_key.values()):
        assert origin.computed.index <= origin.shown.index
        assert origin.computed.words and origin.computed.number


def test_a_chapter_goes_by_its_number():
    assert [called(n) for n in ("03-adam-failure", "appendix-speed")] == ["3", "appendix-speed"]


def test_parameters_in_words(extension):
    parameters = declared(DECLARED, "03-toy")
    assert {name: extension.described(p) for name, p in parameters.items()} == {
        "dataset": (
            "the images",
            '"catvnoncat" (real), "drawn" (made up) or FILE.h5 (own)',
        ),
        "seed": ("start", "at least 0, below 2**32; None: the recorded seed of this chapter"),
        "layer_dims": (
            "width of every layer",
            "each at least 1; the images' first, 1 last",
        ),
        "learning_rate": ("step size", "above 0"),
        "beta1": ("decay rate", "at least 0, below 1"),
        "frozen": ("leave it, if so", "true or false"),
    }


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda p: p.stem)
def test_the_command_sets_a_parameter_of_that_chapter_to_another_value(extension, path):
    notebook = nbformat.read(path, as_version=4)
    source = next(c.source for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    parameters = declared(source, path.stem)
    values = extension.recorded_parameters(notebook, parameters)
    for name, value in extension.example(parameters, values).items():
        assert value != values[name]
        assert parameters[name].read(value) == value


def test_what_cannot_be_chosen_is_not_made_up(extension):
    parameters = declared('file: str = "a.json"  # the file that was written', "9-toy")
    assert extension.example(parameters, {"file": "a.json"}) == {}
    assert extension.rerun_command("9", {}) == "catnet rerun 9"


def test_a_command_can_be_pasted(extension):
    given = {"layer_dims": [12, 1], "dataset": "my file.h5", "frozen": False}
    assert extension.rerun_command("3", given) == (
        "catnet rerun 3 -p layer_dims '[12, 1]' -p dataset 'my file.h5' -p frozen false"
    )


def test_the_pages_of_a_book(tmp_path, extension):
    index = "# Book\n\nIt is {glue:text}`03-toy.ipynb::total:d`.\n\n```{toctree}\n03-toy\n```\n"
    pages, out = build(tmp_path, index=index, **{"03_toy": chapter()})
    page = pages["03-toy"]

    table = re.search(r'<div class="parameters">.*?</table>', page, re.DOTALL)[0]
    assert "<caption>" in table and table.count('<th scope="col">') == 4
    assert table.count('<th scope="row">') == len(PARAMETERS)
    assert "seed 7 start at least 0" in words(table)  # the one that was meant by None
    assert "<pre>catnet rerun 3 -p learning_rate 0.003</pre>" in page
    assert "step size, in (0, inf)" not in words(page)

    found = listed(page)
    (total,) = found["cells"]  # once, though two numbers come from it
    assert (total["cell"], total["words"]) == (3, "total = sum(image for image in images)")
    assert total["shown"] == 5
    assert f'id="{total["href"].removeprefix("#")}"' in page
    assert re.findall(r'data-origin="0"><span class="pasted-text">(\d)<', page) == ["3", "6"]
    run = found["runs"]["03-toy"]
    assert run["command"] == "catnet rerun 3" and "seed = 7" in run["parameters"]

    assert "Where this figure comes from" in page and 'href="_data/03-toy.json"' in page
    data = json.loads((out / "_data" / "03-toy.json").read_text(encoding="utf-8"))
    assert data["runs"]["adam"]["costs"] == [0.5]

    elsewhere = listed(pages["index"])["cells"][0]
    assert elsewhere["href"] == f"03-toy.html{total['href']}"
    assert pages["index"].count('class="origins-toggle"') == 1
    assert "data-origin" not in pages["search"]


def test_the_page_of_a_rerun_has_both_values_and_its_own_command(tmp_path, extension):
    notebook = chapter()
    cell = code("# Parameters\nlearning_rate = 0.5", tags=["injected-parameters"])
    notebook.cells.insert(2, cell)
    notebook.cells[-1] = code("Results()", results({}))
    values = PARAMETERS | {"learning_rate": 0.5}
    notebook.cells[-1].outputs[0].data[MIME_TYPE]["parameters"] = values
    notebook.metadata["catnet"] = {
        "chapter": "03-toy",
        "given": {"learning_rate": 0.5},
        "parameters": values,
        "recorded": PARAMETERS,
    }
    page = build(tmp_path, index=notebook)[0]["index"]
    table = re.search(r'<div class="parameters">.*?</table>', page, re.DOTALL)[0]
    assert "name this run recorded meaning range" in words(table)
    assert "learning_rate 0.5 0.0075 step size" in words(table)
    assert "<pre>catnet rerun 3 -p learning_rate 0.5</pre>" in page
    assert "# Parameters" not in words(page)
    assert listed(page)["runs"]["index"]["command"] == "catnet rerun 3 -p learning_rate 0.5"
    assert "_data/" not in page and 'href="results.json"' in page


def test_the_studies_a_chapter_loads(extension):
    import origins_shown

    cells = [
        code("a = catnet.load_study('one')\nNAMES = ('two', 'three')"),
        code("studies = {name: load_study(name) for name in NAMES}"),
        code("[load_study(n) for n in ('four',)]\n[name for name in ('none', 'of these')]"),
    ]
    assert origins_shown.studies_of(cells) == ["one", "two", "three", "four"]
    assert sys.modules["origins_shown"].study_file("no such study") is None
