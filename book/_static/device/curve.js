/* Draws a cost curve that grows, beside the one in the book, as inline SVG.

   It is drawn anew for the width it has, so that its letters keep one size on a phone. */

import { fromHex } from "./numbers.js";

const HEIGHT = 280; // pixels, like all below
const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 44;
const CEILING = 1; // nats: where a picture of costs ends, unless most are above it

export class Curve {
  /* `place` is the element it is drawn in, `length` how many updates there will be, `book` the
     costs in the book. */
  constructor(place, length, book) {
    this.place = place;
    this.length = length;
    this.book = book.slice(0, length).map(fromHex);
    this.here = [];
    this.watching = new ResizeObserver(() => this.draw());
    this.watching.observe(place);
  }

  add(costs) {
    this.here.push(...costs.map(fromHex));
    this.draw();
  }

  remove() {
    this.watching.disconnect();
    this.place.replaceChildren();
  }

  draw() {
    const width = this.place.clientWidth;
    if (!width) return; // closed
    const ceiling = this.ceiling();
    const across = (update) => LEFT + (update / Math.max(this.length - 1, 1)) * (width - LEFT - RIGHT);
    const up = (cost) => HEIGHT - BOTTOM - (cost / ceiling) * (HEIGHT - TOP - BOTTOM);
    const path = (costs) => {
      const points = costs.map((cost, update) => [across(update), up(Math.min(cost, 2 * ceiling))]);
      const sound = points.filter(([, y]) => Number.isFinite(y));
      return sound.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
    };
    const svg = make("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img" });
    svg.setAttribute("aria-label", this.inWords());
    const inside = make("svg", {
      x: LEFT,
      y: TOP,
      width: width - LEFT - RIGHT,
      height: HEIGHT - TOP - BOTTOM,
      viewBox: `${LEFT} ${TOP} ${width - LEFT - RIGHT} ${HEIGHT - TOP - BOTTOM}`,
    });
    inside.append(make("path", { class: "in-the-book", d: path(this.book) }));
    inside.append(make("path", { class: "here", d: path(this.here) }));
    for (const cost of steps(ceiling, 4)) {
      svg.append(make("line", { x1: LEFT, x2: width - RIGHT, y1: up(cost), y2: up(cost) }));
      svg.append(make("text", { x: LEFT - 6, y: up(cost) + 4, "text-anchor": "end" }, cost));
    }
    for (const update of steps(this.length, width < 500 ? 4 : 5).filter(Number.isInteger)) {
      const anchor = update ? "middle" : "start";
      if (update < this.length) {
        svg.append(make("text", { x: across(update), y: HEIGHT - BOTTOM + 18, "text-anchor": anchor }, update));
      }
    }
    const middle = (TOP + HEIGHT - BOTTOM) / 2;
    const turned = { x: -middle, y: 14, transform: "rotate(-90)", "text-anchor": "middle" };
    svg.append(make("text", turned, "cost (nats)"));
    const below = { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" };
    svg.append(make("text", below, "update"), inside);
    this.place.replaceChildren(svg);
  }

  ceiling() {
    const known = [...this.book, ...this.here].filter(Number.isFinite).sort((a, b) => a - b);
    const median = known[known.length >> 1] ?? 0;
    return median <= CEILING ? CEILING : known[known.length - 1];
  }

  inWords() {
    const last = this.here.at(-1);
    const so = last === undefined ? "no cost yet" : `${this.here.length} costs so far, the last ${last}`;
    return `The training cost before each of ${this.length} updates: ${so}.`;
  }
}

/* Return round numbers from 0 to `end`, about `count` of them. */
function steps(end, count) {
  const rough = end / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, n) => Number((n * step).toPrecision(3)));
}

function make(name, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}
