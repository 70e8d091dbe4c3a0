"""What a reader's browser can compute: the page "Check on this device", and the chapters' panels.

`{check-on-this-device}` puts the form of that page; pages of chapters whose main run follows from
their parameters get a panel at their end, closed. With the pages go, from the notebooks and the
records, what a training there is told and what it is compared with. What it runs on comes later
and only where it is asked for, by `make device`; the scripts are in book/_static/device.
"""

import json
from html import escape
from pathlib import Path

from docutils import nodes
from parameter_table import described
from sphinx.util.docutils import SphinxDirective

EDITION = "drawn"  # the images that are part of the package
# What a main run follows from, besides the images: each is a field, where a chapter has it.
KNOBS = (
    *("learning_rate", "beta1", "beta2", "epsilon", "freeze_output_layer"),
    *("layer_dims", "num_iterations", "seed"),
)
FOLDER = Path("_static") / "device"
BESIDE = "book/"  # where the chapters' pages are
PAGE = f"{BESIDE}check-on-this-device"  # a rerun's page on its own is without it

CHECK = """\
<div class="device">
<form><div class="fields"><label>Which run<select name="chapter">{options}</select></label></div>
{buttons}</form>
{result}</div>
"""

PANEL = """\
<details class="device-panel" id="recompute-here">
<summary>Recompute here: train this chapter's network in your browser</summary>
<p>What is trained is the chapter's first run, on the drawn images, beside the curve that the book
has of it. Change what you like; the command below does the same on a computer.</p>
<div class="device" data-number="{number}">
<form><input type="hidden" name="chapter" value="{name}">
<div class="fields">{fields}</div>
<p><code class="command" data-part="command">catnet rerun {number} -p dataset drawn</code>
<button type="button" data-part="copy">Copy</button></p>
{buttons}</form>
{result}</div>
</details>
"""

BUTTONS = """\
<p><button type="submit" disabled>Train here</button>
<button type="button" data-part="stop" disabled>Stop</button></p>"""

RESULT = """\
<p data-part="state" role="status">This needs a browser with scripts, and the book from a web
server: a page that is opened as a file may not run it. <code>python -m http.server -d
_build/html</code> serves the book from the folder that it was built in.</p>
<progress data-part="progress" aria-label="how far it is" hidden></progress>
<p data-part="count"></p>
<p data-part="verdict" role="status"></p>
<div data-part="result" hidden>
<p class="legend"><span>here</span> <span class="in-the-book">in the book</span></p>
<div data-part="curve"></div></div>
<table class="table" data-part="table" hidden>
<thead><tr><th scope="col">number</th><th scope="col">here</th><th scope="col">in the book</th></tr>
</thead><tbody data-part="numbers"></tbody></table>
"""


def trained_chapters(book):
    """Return each chapter that the article has a run of, with that run's optimizer."""
    from catnet.article.published import published_run

    found = []
    for chapter in book.chapters:
        try:
            found.append((chapter, published_run(chapter.slug).optimizer))
        except KeyError:
            continue
    return found


class CheckOnThisDevice(SphinxDirective):
    """The form of the page "Check on this device"."""

    def run(self):
        """Return it as HTML; other formats leave it out."""
        from catnet.book import find_book

        book = find_book()
        chapters = {
            chapter: record(chapter).parameters["num_iterations"]
            for chapter, _ in trained_chapters(book)
        }
        shortest = min(chapters, key=chapters.get)
        options = ""
        for chapter, count in chapters.items():
            title = (
                f"chapter {chapter.names[-1]}, {chapter.slug.replace('-', ' ')}: {count} updates"
            )
            chosen = " selected" if chapter is shortest else ""
            options += f'<option value="{chapter.name}"{chosen}>{escape(title)}</option>'
        html = CHECK.format(options=options, buttons=BUTTONS, result=RESULT)
        return [nodes.raw("", html, format="html")]


def record(chapter):
    """Return the record of a chapter on the drawn images."""
    return chapter.recorded(chapter.book.editions[EDITION])


def panel(chapter):
    """Return the panel of a chapter as HTML."""
    recorded = record(chapter).parameters
    fields = "".join(
        field(chapter.parameters[name], recorded[name])
        for name in KNOBS
        if name in chapter.parameters
    )
    words = {"name": chapter.name, "number": chapter.names[-1]}
    return PANEL.format(fields=fields, buttons=BUTTONS, result=RESULT, **words)


def field(parameter, value):
    """Return one field of the form, with the recorded value in it."""
    meaning, reach = map(escape, described(parameter))
    words = meaning if parameter.kind == "bool" else f"{meaning} ({reach})"
    label = f"<code>{parameter.name}</code>: {words}"
    text = str(value).lower() if parameter.kind == "bool" else str(value)
    about = f'name="{parameter.name}" data-recorded="{escape(text)}"'
    if parameter.kind == "bool":
        checked = " checked" if value else ""
        return f'<label><input type="checkbox" {about}{checked}> {label}</label>'
    about += f' value="{escape(text)}" autocomplete="off" spellcheck="false"'
    return f"<label>{label}<input {about}></label>"


def add_panel(app, pagename, templatename, context, doctree):
    """Add the panel to a chapter's page, and the scripts where they are needed."""
    from catnet.book import find_book

    name = pagename.removeprefix(BESIDE)
    panels = {}
    if doctree is not None and pagename.startswith(BESIDE):
        panels = {chapter.name: chapter for chapter, _ in trained_chapters(find_book())}
    if name in panels:
        context["body"] += panel(panels[name])
    elif 'class="device"' not in context.get("body", ""):
        return
    app.add_js_file("device/device.js", type="module")
    app.add_css_file("device/device.css")


def told(chapter, optimizer):
    """Return what a training is told and compared with."""
    results = record(chapter).to_json(float.hex)
    return {
        "chapter": chapter.name,
        "optimizer": optimizer,
        "declared": [
            {"name": p.name, "kind": p.kind, "default": repr(p.default), "comment": p.comment}
            for p in chapter.parameters.values()
        ],
        "recorded": results["parameters"],
        "run": next(iter(results["runs"].values())),
    }


def write_records(app, error):
    """Write that of each chapter into a file, for the page to fetch after the click."""
    if error is not None or app.builder.format != "html" or PAGE not in app.env.found_docs:
        return
    from catnet.book import find_book

    folder = Path(app.outdir) / FOLDER
    for place in ("recorded", "runtime"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for chapter, optimizer in trained_chapters(find_book()):
        path = folder / "recorded" / f"{chapter.name}.json"
        path.write_text(json.dumps(told(chapter, optimizer)), encoding="utf-8")
    manifest = folder / "runtime" / "manifest.json"
    if not manifest.exists():  # nothing to run on, until `make device`
        manifest.write_text("[]\n", encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.add_directive("check-on-this-device", CheckOnThisDevice)
    app.connect("html-page-context", add_panel)
    app.connect("build-finished", write_records)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
