"""Look for faults of accessibility on every page of a built book, with axe in a real browser.

    python tests/check_axe.py _build/html

Each page is read in both themes, on a wide screen and on a phone, with its toggles and panels
open; with --quick, wide in the light and narrow in the dark. The browser is the one that CHROMIUM
names, else the first Chromium or Chrome that is found: Playwright's own is not downloaded.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from check_html import tell
from playwright.sync_api import sync_playwright

from catnet.errors import CatnetError
from catnet.report.pages.paper import find_chromium

WIDTHS = (1280, 375)
THEMES = ("light", "dark")

# WCAG 2.2, A and AA, and what axe itself holds to be good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What a theme can change: colours.
RULES = {"light": TAGS, "dark": ["color-contrast", "link-in-text-block"]}
VIEWS = [(theme, width, RULES[theme]) for theme in THEMES for width in WIDTHS]
QUICK = [("light", 1280, TAGS), ("dark", 375, TAGS)]

OPEN = """async () => {
  for (const closed of document.querySelectorAll("details")) closed.open = true;
  const titles = document.querySelectorAll(".toggle-hidden > .admonition-title");
  for (const title of titles) title.click();
  // The words of code are most of a page: of each kind of them the first is enough.
  const kinds = new Set();
  for (const word of document.querySelectorAll("pre span[class]")) {
    if (kinds.has(word.className)) word.replaceWith(word.textContent);
    kinds.add(word.className);
  }
  // So it is with formulas in a line, and with rows of tables that only show something.
  const formulas = [...document.querySelectorAll(".katex")];
  const inLines = formulas.filter((formula) => !formula.closest(".katex-display"));
  for (const formula of inLines.slice(1)) formula.replaceWith(formula.textContent);
  for (const row of document.querySelectorAll("tbody > tr:nth-child(n + 4)")) {
    if (!row.querySelector("a, button, input, [tabindex]")) row.remove();
  }
  for (const fading of document.getAnimations()) fading.finish();
  await document.fonts.ready;
  dispatchEvent(new Event("resize"));
  for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
}"""
RUN = """async (rules) => {
  const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
  return found.violations.map((rule) => ({
    rule: rule.id, help: rule.help, places: rule.nodes.map((node) => node.target.join(" ")),
  }));
}"""


def look(page, name, rules):
    """Return the faults of the page as it is now, by some rules: one sentence each."""
    page.evaluate(OPEN)
    return [
        f"{name}: {fault['rule']}: {fault['help']} at {place}"
        for fault in page.evaluate(RUN, rules)
        for place in fault["places"][:3]
    ]


def look_at_all(paths, root, views):
    """Return the faults of these pages, which one browser opens one after the other."""
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    faults = []
    with sync_playwright() as playwright:
        # Within a container Chromium has no sandbox of its own; it opens our own files alone.
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(reduced_motion="reduce")
        page.set_default_timeout(60_000)
        for path in paths:
            where = path.relative_to(root).as_posix()
            for theme, of_theme in groupby(views, key=lambda view: view[0]):
                page.emulate_media(color_scheme=theme)
                page.goto(path.as_uri(), wait_until="load")
                page.add_script_tag(content=axe)
                for _, width, rules in of_theme:
                    page.set_viewport_size({"width": width, "height": 900})
                    faults += look(page, f"{where}, {theme}, {width} px", rules)
        browser.close()
    return faults


def check(root, workers=None, views=VIEWS):
    """Return every fault found, one sentence each, and the number of pages."""
    root = Path(root).resolve()
    paths = sorted(path for path in root.rglob("*.html") if "_static" not in path.parts)
    # The page that only leads on to another has nothing to look at.
    paths = [path for path in paths if "http-equiv" not in path.read_text(encoding="utf-8")[:300]]
    workers = workers or os.cpu_count() or 1
    shares = [share for share in (paths[i::workers] for i in range(workers)) if share]
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(lambda share: look_at_all(share, root, views), shares))
    return sorted(fault for faults in found for fault in faults), len(paths)


def main(arguments):
    """Return the exit status."""
    quick = "--quick" in arguments
    folders = [argument for argument in arguments if argument != "--quick"]
    if len(folders) != 1:
        print("usage: python tests/check_axe.py [--quick] FOLDER", file=sys.stderr)
        return 2
    try:
        found = check(folders[0], views=QUICK if quick else VIEWS)
    except CatnetError as error:
        print(error, file=sys.stderr)
        return 2
    how = "wide and light, narrow and dark" if quick else "in two themes and two widths"
    return tell(folders[0], *found, f"Looked at {{}} pages, {how}: axe finds no fault.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
