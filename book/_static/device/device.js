/* The page's side of "Check on this device" and of the chapters' panels: the form, the worker that
   trains, and what is said of it. Nothing but a short list of files is fetched before the click. */

import { Curve } from "./curve.js";
import { firstDifference, fromHex } from "./numbers.js";

const RUNTIME = new URL("runtime/", import.meta.url);
const RECORDED = new URL("recorded/", import.meta.url);
const ROWS = 5; // costs in the table

// A module with one `try_table`: what Python as WebAssembly needs is as new as that.
const NEEDED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 31, 64, 0, 11, 11,
]);

class Device {
  constructor(root) {
    this.root = root;
    this.form = root.querySelector("form");
    this.start = this.form.querySelector("[type=submit]");
    this.part = (name) => root.querySelector(`[data-part=${name}]`);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run().catch((error) => this.fail(error.message));
    });
    this.form.addEventListener("input", () => this.writeCommand());
    this.part("stop").addEventListener("click", () => this.stop());
    this.part("copy")?.addEventListener("click", () => this.copy());
    const closed = root.closest("details:not([open])");
    if (closed) closed.addEventListener("toggle", () => this.prepare(), { once: true });
    else this.prepare();
  }

  /* See whether this browser and this copy of the book can do it, and say so. */
  async prepare() {
    this.writeCommand();
    try {
      this.files = await json(new URL("manifest.json", RUNTIME), "no-cache");
    } catch {
      this.files = [];
    }
    this.bytes = this.files.reduce((sum, { bytes }) => sum + bytes, 0);
    const refusal = this.refusal();
    this.start.disabled = Boolean(refusal);
    this.say(
      refusal ??
        `The first time, ${megabytes(this.bytes)} are fetched from this book's own site: Python, ` +
          "NumPy and the book's package. Your browser keeps them.",
    );
  }

  refusal() {
    if (!this.files.length) {
      return (
        "This copy of the book was built without what the button runs on. " +
        "`make device` adds that, and `python -m http.server -d _build/html` serves it."
      );
    }
    if (!("DecompressionStream" in self) || !WebAssembly.validate(NEEDED)) {
      return (
        "This browser is too old for it: it lacks a part of WebAssembly, exceptions with try_table, " +
        "that browsers have had for a year or so. An up-to-date one will do."
      );
    }
    return null;
  }

  async run() {
    this.clear();
    this.start.disabled = true;
    this.part("stop").disabled = false;
    const given = this.given();
    this.chapter = await json(new URL(`${this.name()}.json`, RECORDED));
    this.book = this.chapter.run;
    this.here = { costs: [] };
    this.began = performance.now();
    this.progress(0, this.bytes);
    this.say("Fetching Python and NumPy, or taking them from where your browser keeps them");
    const { chapter, optimizer, declared, recorded } = this.chapter;
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = (event) => this.fail(event.message || "the worker did not start");
    const request = { chapter, optimizer, declared, recorded, given };
    this.worker.postMessage({ folder: RUNTIME.href, files: this.files, request });
  }

  hear({ bytes, state, line, done, failed }) {
    if (bytes !== undefined) this.progress(bytes, this.bytes, `${megabytes(bytes)} of ${megabytes(this.bytes)}`);
    if (state) this.say(state);
    if (state) this.progress();
    if (line?.parameters) this.parameters = line.parameters;
    if (line?.images) this.beginCurve(line);
    if (line?.costs) this.addCosts(line.costs);
    if (line?.run) Object.assign(this.here, line.run);
    if (line?.diverged) this.diverged = line.diverged;
    if (line?.error) this.fail(line.error);
    if (failed) this.fail(failed);
    if (done && this.worker) this.finish();
  }

  beginCurve({ images, python, numpy }) {
    this.say(`Training on the ${images} drawn images, with Python ${python} and NumPy ${numpy}`);
    this.part("result").hidden = false;
    this.curve = new Curve(this.part("curve"), this.parameters.num_iterations, this.book.costs);
    this.curve.draw();
  }

  addCosts(costs) {
    this.here.costs.push(...costs);
    this.curve.add(costs);
    const [taken, all] = [this.here.costs.length, this.parameters.num_iterations];
    this.progress(taken, all, `${taken} of ${all} updates`);
    const difference = this.changed().length ? null : firstDifference(this.book, this.here);
    if (difference && !this.differs) {
      this.differs = difference;
      this.judge("different", `Not the same bits as in the book: ${difference}.`);
    }
  }

  finish() {
    const seconds = (performance.now() - this.began) / 1000;
    this.end(`Done, after ${seconds.toFixed(0)} seconds.`);
    this.compare();
  }

  stop() {
    const taken = this.here?.costs.length ?? 0;
    this.end(`Stopped after ${taken} updates.`);
    if (taken) this.compare();
  }

  /* Say whether what was computed here is what the book has. */
  compare() {
    this.writeTable();
    const changed = this.changed();
    if (changed.length) {
      this.judge(
        "other",
        `${this.diverged ? `${sentence(this.diverged)} ` : ""}The book has no run with this ${changed.join(", ")}, so there is nothing to compare it ` +
          "with here. The command above gives the same bits on your computer.",
      );
      return;
    }
    const difference = firstDifference(this.book, this.here);
    if (difference) {
      this.judge("different", `Not the same bits as in the book: ${difference}.`);
      return;
    }
    const count = Math.min(this.here.costs.length, this.book.costs.length);
    const whole = "digest" in this.here && this.here.costs.length === this.book.costs.length;
    this.judge(
      "same",
      whole
        ? `The same bits as in the book: all ${count} costs, both accuracies and the trained weights, whose sha256 is ${this.here.digest}.`
        : `The same bits as in the book: ${count} costs of ${count}. Of so many updates the book has no weights to compare.`,
    );
  }

  /* The parameters that are not the recorded ones. Fewer or more updates begin with the same. */
  changed() {
    const { recorded } = this.chapter;
    const other = (name) => JSON.stringify(this.parameters[name]) !== JSON.stringify(recorded[name]);
    return Object.keys(recorded).filter((name) => name !== "num_iterations" && other(name));
  }

  writeTable() {
    const row = (name, here, book) => {
      const line = document.createElement("tr");
      line.append(cell("th", name), cell("td", here), cell("td", book ?? "—"));
      line.firstChild.scope = "row";
      return line;
    };
    const { costs } = this.here;
    const places = Array.from({ length: ROWS }, (_, n) => Math.round((n * (costs.length - 1)) / (ROWS - 1)));
    const rows = [...new Set(places)].map((update) => {
      const book = update < this.book.costs.length ? fromHex(this.book.costs[update]) : null;
      return row(`cost before update ${update}`, fromHex(costs[update]), book);
    });
    if ("digest" in this.here) {
      const whole = costs.length === this.book.costs.length;
      for (const [key, name] of [
        ["train_accuracy", "accuracy, training images"],
        ["test_accuracy", "accuracy, test images"],
        ["digest", "sha256 of the weights"],
      ]) {
        rows.push(row(name, this.here[key], whole ? this.book[key] : null));
      }
    }
    this.part("numbers").replaceChildren(...rows);
    this.part("table").hidden = false;
  }

  name() {
    return this.form.elements.chapter.value;
  }

  /* What the form says of the parameters, as text. */
  given() {
    const fields = [...this.form.elements].filter((field) => field.name && field.name !== "chapter");
    return Object.fromEntries(fields.map((field) => [field.name, text(field)]));
  }

  writeCommand() {
    if (!this.part("command")) return;
    const changed = [...this.form.elements].filter((field) => "recorded" in field.dataset && text(field) !== field.dataset.recorded);
    const options = changed.map((field) => ` -p ${field.name} ${quoted(text(field))}`);
    this.part("command").textContent = `catnet rerun ${this.root.dataset.number} -p dataset drawn${options.join("")}`;
  }

  async copy() {
    await navigator.clipboard.writeText(this.part("command").textContent);
    this.say("The command is copied.");
  }

  fail(sentence) {
    this.end("");
    this.judge("refused", `It did not run: ${sentence}`);
    for (const field of this.form.elements) {
      if (field.name && sentence.includes(`: ${field.name} must`)) {
        field.setAttribute("aria-invalid", "true");
        field.focus();
      }
    }
  }

  end(sentence) {
    this.worker?.terminate();
    this.worker = null;
    this.start.disabled = false;
    this.part("stop").disabled = true;
    this.part("progress").hidden = true;
    this.part("count").textContent = "";
    this.say(sentence);
  }

  clear() {
    this.curve?.remove();
    this.curve = this.differs = this.diverged = null;
    this.part("result").hidden = this.part("table").hidden = true;
    this.judge("", "");
    for (const field of this.form.elements) field.removeAttribute("aria-invalid");
  }

  /* Show how far it is; without numbers, that it goes on. */
  progress(value, max, words = "") {
    const bar = this.part("progress");
    bar.hidden = false;
    if (max) Object.assign(bar, { max, value });
    else bar.removeAttribute("value");
    this.part("count").textContent = words;
  }

  say(sentence) {
    this.part("state").textContent = sentence;
  }

  judge(verdict, sentence) {
    this.root.dataset.verdict = verdict;
    this.part("verdict").textContent = sentence;
  }
}

async function json(address, cache = "default") {
  const answer = await fetch(address, { cache });
  if (!answer.ok) throw new Error(`${address.pathname} is not there (${answer.status})`);
  return answer.json();
}

function cell(kind, content) {
  const element = document.createElement(kind);
  element.textContent = String(content);
  return element;
}

function text(field) {
  return field.type === "checkbox" ? String(field.checked) : field.value.trim();
}

/* Quote a word for the shell, if it needs that. */
function quoted(word) {
  return /^[\w.+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function sentence(words) {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

// Whoever wants every number finds it in the browser's console: `$0.device.here.costs`.
for (const root of document.querySelectorAll(".device")) root.device = new Device(root);
