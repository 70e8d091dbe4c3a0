"""What looks for faults of accessibility finds one, and lets a sound page pass."""

import pytest

from catnet.errors import CatnetError
from catnet.report.pages.paper import find_chromium

check_axe = pytest.importorskip("check_axe", reason="axe and Playwright are in the extra test")

PAGE = """<!doctype html><html lang="en"><head><title>Cat</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>Cat</h1>{}</main></body></html>"""


@pytest.fixture
def faults(tmp_path):
    """Return a function that looks at one page with this body."""
    try:
        find_chromium()
    except CatnetError:
        pytest.skip("no Chromium here")

    def run(body):
        (tmp_path / "page.html").write_text(PAGE.format(body), encoding="utf-8")
        found, count = check_axe.check(tmp_path, workers=1)
        assert count == 1
        return found

    return run


@pytest.mark.slow
def test_a_sound_page_passes_and_each_fault_is_named_with_its_theme_and_width(faults):
    assert faults("<p>Words.</p>") == []
    style = "<style>@media (prefers-color-scheme: dark) { p { color: #eee } }</style>"
    dark_only = style + "<p>Grey</p>"
    assert [fault.split(": ")[:2] for fault in faults(dark_only)] == [
        ["page.html, dark, 1280 px", "color-contrast"],
        ["page.html, dark, 375 px", "color-contrast"],
    ]


@pytest.mark.slow
def test_what_is_folded_away_is_looked_at_too(faults):
    found = faults('<details><summary>More</summary><img src="cat.png"></details>')
    assert len(found) == 2  # in the light; the dark changes colours alone
    assert all("image-alt" in fault for fault in found)
