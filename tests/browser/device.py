"""Training in a real browser comes to the book's bits, and one changed constant is noticed.

    make device-test

This serves the built book, with what `make device` put into it, from this machine, and uses it as a
reader does, in a headless Chromium that can reach no other host.
"""

import functools
import io
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import zipfile
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from catnet.errors import CatnetError
from catnet.report.pages.paper import find_chromium

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
RUNTIME = "/_static/device/runtime"
CHECK = "book/check-on-this-device.html"
SHORTEST = "06-early-stopping"  # its main run has the fewest updates
LEARNING = "02-gradient-descent"  # its costs go on changing
SECONDS = 1000  # of milliseconds, Playwright's unit

# A coefficient of exp, and the next float above it.
RIGHT = "_EXP_TERMS = [1 / factorial(k) for k in range(2, 15)]"
WRONG = RIGHT + "\n_EXP_TERMS[0] = float(np.nextafter(_EXP_TERMS[0], 1.0))"


class Handler(SimpleHTTPRequestHandler):
    """Serves the site, some files of it replaced."""

    def do_GET(self):
        content = self.server.replaced.get(self.path.partition("?")[0])
        if content is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        self.server.served.append(self.path.partition("?")[0])


@pytest.fixture
def site():
    """Serve the built book; `replaced` may be given other files."""
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(SITE))
    ) as server:
        server.replaced, server.served = {}, []
        server.address = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    """Start Chromium, which finds no host but this one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, site):
    """Open a window of its own; no request may have left the site in the end."""
    context = browser.new_context()
    page = context.new_page()
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert any(url.endswith(f"{RUNTIME}/python.wasm.gz") for url in asked), "the worker's are seen"
    assert [url for url in asked if not url.startswith((site.address, "data:", "blob:"))] == []


def costs(page):
    """Return what was computed on the page, to the last bit."""
    return page.evaluate("document.querySelector('.device').device.here.costs")


def settled(page):
    """Wait for a verdict, and return it with its sentence."""
    device = page.locator(".device")
    expect(device).to_have_attribute("data-verdict", re.compile("."), timeout=120 * SECONDS)
    expect(page.locator("[data-part=stop]")).to_be_disabled(timeout=120 * SECONDS)
    return device.get_attribute("data-verdict"), page.inner_text("[data-part=verdict]")


def recorded(chapter):
    """Return the record of a chapter's main run on the drawn images."""
    path = ROOT / "tests" / "record" / f"{chapter}.json"
    return next(iter(json.loads(path.read_text(encoding="utf-8"))["runs"].values()))


def test_the_button_comes_to_the_recorded_digest(page, site):
    page.goto(site.address + CHECK)
    expect(page.locator(".device [type=submit]")).to_be_enabled()
    size = sum(
        file["bytes"] for file in json.loads((SITE / RUNTIME[1:] / "manifest.json").read_bytes())
    )
    assert f"{size / 1e6:.1f} MB" in page.inner_text("[data-part=state]")
    assert not any(path.startswith(f"{RUNTIME}/python") for path in site.served)
    assert not any(path.startswith(f"{RUNTIME}/catnet") for path in site.served)

    page.select_option("[name=chapter]", SHORTEST)
    page.click(".device [type=submit]")
    verdict, sentence = settled(page)
    book = recorded(SHORTEST)
    assert (verdict, costs(page)) == ("same", book["costs"])
    assert sentence.startswith("The same bits as in the book") and book["digest"] in sentence
    assert site.served.count(f"{RUNTIME}/python.wasm.gz") == 1

    # the browser keeps what it has fetched, and a training can be stopped
    page.reload()
    page.click(".device [type=submit]")
    expect(page.locator("[data-part=result]")).to_be_visible(timeout=60 * SECONDS)
    page.click("[data-part=stop]")
    expect(page.locator("[data-part=state]")).to_contain_text("Stopped after")
    assert site.served.count(f"{RUNTIME}/python.wasm.gz") == 1


def test_a_knob_gives_what_the_command_gives(page, site, tmp_path):
    page.goto(f"{site.address}book/03-adam-failure.html")
    page.click(".device-panel summary")
    page.fill("[name=learning_rate]", "0.001")
    page.fill("[name=layer_dims]", "[12288, 4, 1]")
    page.fill("[name=num_iterations]", "45")
    page.uncheck("[name=freeze_output_layer]")
    command = page.inner_text("[data-part=command]")
    assert command.startswith("catnet rerun 3 -p dataset drawn -p ")
    catnet = [sys.executable, "-m", "catnet"]
    words = [*catnet, *shlex.split(command)[1:], "--output", str(tmp_path / "rerun")]
    rerun = subprocess.Popen(words, cwd=tmp_path, env=os.environ | {"CATNET_BOOK": str(ROOT)})
    page.click(".device [type=submit]")
    verdict, _ = settled(page)
    assert rerun.wait(timeout=120) == 0
    results = json.loads((tmp_path / "rerun" / "results.json").read_bytes())
    run = next(iter(results["runs"].values()))
    assert costs(page) == [float(cost).hex() for cost in run["costs"]]
    assert page.evaluate("document.querySelector('.device').device.here.digest") == run["digest"]
    assert verdict == "other" and len(costs(page)) == 45

    page.fill("[name=learning_rate]", "-1")
    page.click(".device [type=submit]")
    verdict, sentence = settled(page)
    assert verdict == "refused" and "learning_rate must be a number in (0, inf)" in sentence
    assert page.get_attribute("[name=learning_rate]", "aria-invalid") == "true"


def test_one_changed_constant_is_reported(page, site):
    built = SITE / RUNTIME[1:]
    with zipfile.ZipFile(built / "catnet.zip") as archive:
        modules = {name: archive.read(name) for name in archive.namelist()}
    name = "catnet/arithmetic/exact.py"
    source = modules[name].decode()
    assert source.count(RIGHT) == 1
    modules[name] = source.replace(RIGHT, WRONG).encode()
    sabotaged = io.BytesIO()
    with zipfile.ZipFile(sabotaged, "w") as archive:
        for name, content in modules.items():
            archive.writestr(name, content)
    content = sabotaged.getvalue()
    files = json.loads((built / "manifest.json").read_bytes())
    for file in files:
        if file["name"] == "catnet.zip":
            file |= {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    site.replaced = {
        f"{RUNTIME}/catnet.zip": content,
        f"{RUNTIME}/manifest.json": json.dumps(files).encode(),
    }
    page.goto(site.address + CHECK)
    page.select_option("[name=chapter]", LEARNING)
    page.click(".device [type=submit]")
    device = page.locator(".device")
    expect(device).to_have_attribute("data-verdict", "different", timeout=120 * SECONDS)
    page.click("[data-part=stop]")
    sentence = page.inner_text("[data-part=verdict]")
    here, book = costs(page), recorded(LEARNING)["costs"]
    first = next(update for update, cost in enumerate(here) if cost != book[update])
    assert sentence.startswith("Not the same bits as in the book: ")
    assert f"before update {first} is" in sentence
    assert here[first] in sentence and book[first] in sentence


def main():
    """Run these tests, or say what is missing."""
    try:
        find_chromium()
    except CatnetError as error:
        print(error, file=sys.stderr)
        return 1
    manifest = SITE / RUNTIME[1:] / "manifest.json"
    if not manifest.exists() or not json.loads(manifest.read_bytes()):
        print("The book has nothing for the browser to run: `make book device`.", file=sys.stderr)
        return 1
    return pytest.main([__file__, "-q", "-p", "no:cacheprovider", "-n", "2"])


if __name__ == "__main__":
    sys.exit(main())
