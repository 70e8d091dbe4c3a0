"""Figures that move: what the page is given, and what a reader can do with them."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from conftest import build_pages
from nbformat import v4

from catnet.errors import CatnetError
from catnet.report.pages.drawing import MOVING, Drawing, Moving
from catnet.report.pages.paper import find_chromium

STATIC = Path(__file__).resolve().parents[1] / "book" / "_static" / "moving"

UNITS = {
    "layers": [2, 1],
    "names": ["hidden 1", "says cat"],
    "updates": 2,
    "spread": "0.50",
    "start": 1,
    "runs": [
        {"rate": rate, "push": push, "ratio": ratio, "cost": cost, "units": units}
        for rate, push, ratio, cost, units in (
            ("0.001", "1.25", "2.5", "0.6931", ["40 9 0", "50 60 70", "0 100 100"]),
            ("0.01", "12.50", "25.0", "0.7000", ["40 0 0", "50 0 0", "0 0 0"]),
        )
    ],
}
SEEDS = {
    "of": 50,
    "states": ["constant", "learns"],
    "chosen": [0, 1],
    "arms": [
        {"name": "first", "study": "a", "key": "a/x", "first": 7, "right": "36 35 36 34",
         "states": "1 1 0 0", "published": 36},
        {"name": "second", "study": "b", "key": "b/y,z=1", "first": 2000, "right": "20 21",
         "states": "1 1", "published": None},
        {"name": "third", "study": "b", "key": "b/y,z=2", "first": 3000, "right": "20 20 20",
         "states": "0 0 1", "published": None},
    ],
}  # fmt: skip
IMAGES = {
    "images": [50, 500, 5000],
    "texts": ["50", "500", "5,000"],
    "ticks": [50, 5000],
    "start": 0,
    "always": 0.66,
    "p": [1.0, 0.2, 1e-5],
    "written": ["1", "0.2", "1e-5"],
    "only": ["3 and 2", "30 and 20", "300 and 200"],
    "models": [
        {"name": name, "value": value, "share": f"{100 * value:.0f} %",
         "low": [value - 0.15, value - 0.04, value - 0.01],
         "high": [value + 0.12, value + 0.04, value + 0.01]}
        for name, value in (("descent", 0.74), ("Adam", 0.72))
    ],
}  # fmt: skip
FIGURES = {"units": UNITS, "seeds": SEEDS, "images": IMAGES}


def draw(figure, narrow):
    figure.subplots().plot([0, 1])


def cell(name, moving):
    """Return the cell of a figure, with its output; each drawing is another."""

    def drawn(figure, narrow):
        draw(figure, narrow)
        figure.suptitle(name)

    data, metadata = Drawing(drawn, 5, 6.2, moving)._repr_mimebundle_()
    output = v4.new_output("display_data", data=data, metadata=metadata)
    figure = {"mystnb": {"image": {"alt": "Two ends of a line."}}}
    figure["mystnb"]["figure"] = {"caption": "A line.", "name": f"fig-{name}"}
    return v4.new_code_cell("drawing", outputs=[output], metadata=figure, execution_count=1)


def build(folder, builder="html"):
    """Build a page with each figure, one with a drawing that stays, and return where they are."""
    for name, moving in {**{n: Moving(n, d) for n, d in FIGURES.items()}, "index": None}.items():
        text = "# A\n\n```{toctree}\nunits\nseeds\nimages\n```" if name == "index" else "# B"
        cells = [v4.new_markdown_cell(text), cell(name, moving)]
        nbformat.write(v4.new_notebook(cells=cells), folder / f"{name}.ipynb")
    shutil.copytree(STATIC, folder / "static" / "moving")
    return build_pages(
        folder,
        ["myst_nb", "drawings", "moving", "one_page"],
        builder,
        "html_static_path = ['static']\nsuppress_warnings = ['mystnb.unknown_mime_type']\n",
    )


def test_what_moves_is_an_output_that_is_compared():
    data, metadata = Drawing(draw, 3, 3, Moving("units", UNITS))._repr_mimebundle_()
    assert set(data) == {"image/svg+xml", MOVING} and set(metadata["catnet"]) == {"narrow"}
    assert json.loads(json.dumps(data[MOVING])) == {"figure": "units", "data": UNITS}


def test_a_page_gets_the_data_and_the_scripts_of_its_own_figures_alone(tmp_path):
    out = build(tmp_path)
    for name, data in FIGURES.items():
        html = (out / f"{name}.html").read_text(encoding="utf-8")
        box = re.search(
            rf'<div class="moving" data-moving="{name}">\s*<span class="drawing">.*?</span>\s*'
            r'<script type="application/json">(.*?)</script></div>',
            html,
            re.DOTALL,
        )
        assert json.loads(box[1]) == data
        scripts = re.findall(r'<script defer="defer" src="_static/moving/(\w+)\.js', html)
        assert scripts == ["moving", name]
        assert html.index("</script></div>") < html.index("<figcaption>")
        assert html.count("<figcaption>") == 1
    assert "moving" not in (out / "index.html").read_text(encoding="utf-8")


def test_nothing_moves_on_paper(tmp_path):
    html = (build(tmp_path, "singlehtml") / "index.html").read_text(encoding="utf-8")
    assert html.count('<span class="drawing">') == 4
    assert 'class="moving"' not in html and "_static/moving" not in html


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the pages once."""
    try:
        find_chromium()
    except CatnetError:
        pytest.skip("no Chromium here")
    return build(tmp_path_factory.mktemp("moving"))


@pytest.fixture(scope="module")
def browser(site):
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is in the extra test")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(site, browser):
    """Return a function that opens one page; nothing may fail on it, nor leave it."""
    faults, asked = [], []

    def open_page(name, **settings):
        page = browser.new_context(**settings).new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / f"{name}.html").as_uri())
        return page

    yield open_page
    assert faults == [] and all(url.startswith("file:") for url in asked)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def said(page):
    """Return what a screen reader says of it now."""
    return " ".join(page.locator(".moving-stage [role=status]").inner_text().split())


@pytest.mark.slow
def test_the_rate_is_chosen_by_keyboard_and_its_numbers_are_said(opened):
    page = opened("units")
    assert said(page).endswith(
        "push over spread 25.0 dead after 2 updates 2 of 2 units cost after 1 updates 0.7000"
    )
    assert page.locator("rect").count() == 9 and page.locator("rect.moving-off").count() == 7
    page.get_by_label("learning rate").focus()
    press(page, "ArrowLeft")
    assert page.get_by_label("learning rate").get_attribute("aria-valuetext") == "0.001"
    assert "push by one update 1.25 spread before it 0.50 push over spread 2.5" in said(page)
    assert "1 of 2 units" in said(page)
    assert page.locator("rect.moving-off").count() == 2


@pytest.mark.slow
def test_every_seed_is_reached_by_keyboard_and_by_pointer(opened):
    page = opened("seeds")
    assert page.locator("svg circle[role=option]").count() == 6
    assert page.locator("[tabindex='0']").count() == 2
    page.get_by_label("above").focus()
    press(page, "Tab")
    seen = [said(page)]
    for _ in range(3):
        press(page, "ArrowUp")
        seen.append(said(page))
    assert seen == [
        f"seed {seed}, first: {right} of 50 test images right ({2 * right} %); {state} "
        f"catnet study a --repeat a/x/{seed}"
        for seed, right, state in (
            (10, 34, "constant"), (8, 35, "learns"), (9, 36, "constant"), (7, 36, "learns"),
        )
    ]  # fmt: skip
    active = page.locator(":focus").get_attribute("aria-activedescendant")
    assert page.locator(f"[id='{active}']").get_attribute("aria-label") == (
        "seed 7: 36 of 50 right, learns"
    )
    press(page, "Home")
    assert said(page) == seen[0]
    page.get_by_role("option", name="seed 2001").hover()
    assert said(page).endswith("catnet study b --repeat b/y,z=1/2001")
    page.get_by_label("below").select_option("third")
    page.get_by_role("option", name="seed 3002").click()
    assert said(page).endswith("learns catnet study b --repeat b/y,z=2/3002")
    assert page.locator("[aria-selected=true]").count() == 2  # one in each list
    assert page.locator(".moving-ring").count() == 1


@pytest.mark.slow
def test_more_images_narrow_the_intervals(opened):
    page = opened("images")
    assert said(page).startswith("descent: 74 % 59.0 to 86.0 % Adam: 72 % 57.0 to 84.0 %")
    page.get_by_label("test images").focus()
    press(page, "End")
    assert said(page) == (
        "descent: 74 % 73.0 to 75.0 % Adam: 72 % 71.0 to 73.0 % p of the exact test 1e-5 "
        "only one has it right 300 and 200"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("width", [1280, 375])
def test_it_keeps_to_the_box_of_its_drawing(opened, name, width):
    page = opened(name, viewport={"width": width, "height": 900})
    box = page.locator(".moving").bounding_box()
    drawing = page.locator(".moving > .drawing").bounding_box()
    stage = page.locator(".moving-stage").bounding_box()
    assert box == drawing and stage["height"] == box["height"]
    letters = page.eval_on_selector_all(
        ".moving-stage *", "all => all.map((one) => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(letters) >= 9
    sizes = [c.bounding_box() for c in page.locator(".moving-stage :is(input, select)").all()]
    assert min(size["height"] for size in sizes) >= 24


@pytest.mark.slow
def test_without_scripts_and_in_print_there_is_the_drawing(opened):
    assert opened("units", java_script_enabled=False).locator(".drawing img").first.is_visible()
    page = opened("units")
    assert not page.locator(".drawing img").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator(".drawing img").first.is_visible()
    assert not page.locator(".moving-stage").is_visible()
