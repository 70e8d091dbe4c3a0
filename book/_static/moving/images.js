/* Chapter 7: what the intervals and p would be with more test images, if the accuracies held. */

"use strict";

(() => {
  const { begin, canvas, html, numbers, slider, svg } = window.movingFigures;
  const LEFT = 44; // pixels, like all below
  const RIGHT = 20;
  const TOP = 24;
  const BOTTOM = 40;
  const BETWEEN = 8;
  const NARROW = 520;

  function build(data) {
    const counts = data.images;
    let place = data.start;
    let mark = () => {};
    const said = numbers([...data.models.map((model) => `${model.name}: ${model.share}`), "p of the exact test", "only one has it right"]);

    const logOf = (value, [low, high]) => Math.log(value / low) / Math.log(high / low);
    const ends = [counts[0], counts.at(-1)];

    /* A power of ten as it is written. */
    function power(p) {
      const exponent = Math.round(-Math.log10(p));
      return exponent < 3 ? String(Number(p.toPrecision(1))) : `10⁻${String(exponent).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])}`;
    }

    function axes(picture, box, title, ticks, up, write) {
      picture.append(svg("text", { class: "moving-title", x: box.left, y: box.top - 9 }, title));
      for (const value of ticks) {
        picture.append(svg("line", { class: "moving-axis", x1: box.left, x2: box.right, y1: up(value), y2: up(value) }));
        picture.append(svg("text", { x: box.left - 6, y: up(value) + 4, "text-anchor": "end" }, write(value)));
      }
      for (const count of data.ticks) {
        picture.append(svg("text", { x: box.across(count), y: box.bottom + 16, "text-anchor": "middle" }, count.toLocaleString("en")));
      }
      const below = { x: (box.left + box.right) / 2, y: box.bottom + 33, "text-anchor": "middle" };
      picture.append(svg("text", below, "test images, if the accuracies held"));
    }

    function draw(width, height) {
      const picture = svg("svg", { width, height, "aria-hidden": "true" });
      const stacked = width < NARROW;
      const boxes = [0, 1].map((n) => {
        const [w, h] = stacked ? [width, height / 2] : [(width - BETWEEN) / 2, height];
        const left = (stacked ? 0 : n * (w + BETWEEN)) + LEFT;
        const top = (stacked ? n * h : 0) + TOP;
        const right = left + w - LEFT - RIGHT;
        const across = (count) => left + logOf(count, ends) * (right - left);
        return { left, right, top, bottom: top + h - TOP - BOTTOM, across };
      });

      const [shares, chances] = boxes;
      const lowest = Math.floor(10 * Math.min(...data.models.flatMap((model) => model.low))) / 10;
      const highest = Math.ceil(10 * Math.max(...data.models.flatMap((model) => model.high))) / 10;
      const up = (share) => shares.bottom - ((share - lowest) / (highest - lowest)) * (shares.bottom - shares.top);
      const tenths = [];
      for (let tenth = Math.round(10 * lowest); tenth <= Math.round(10 * highest); tenth += 1) tenths.push(tenth / 10);
      axes(picture, shares, "95 % intervals of the accuracies", tenths, up, (share) => `${Math.round(100 * share)} %`);
      data.models.forEach((model, n) => {
        const ahead = counts.map((count, at) => `${shares.across(count)},${up(model.high[at])}`);
        const back = counts.map((count, at) => `${shares.across(count)},${up(model.low[at])}`).reverse();
        picture.append(svg("polygon", { class: `moving-model-${n} moving-band`, points: [...ahead, ...back].join(" ") }));
      });
      const always = { x1: shares.left, x2: shares.right, y1: up(data.always), y2: up(data.always) };
      picture.append(svg("line", { class: "moving-always", ...always }));

      const smallest = 10 ** Math.floor(Math.log10(Math.min(0.01, ...data.p)));
      const fall = (p) => chances.bottom - logOf(p, [smallest, 1]) * (chances.bottom - chances.top);
      const powers = [];
      const every = Math.ceil(-Math.log10(smallest) / 6);
      for (let exponent = 0; 10 ** exponent > smallest / 2; exponent -= every) powers.push(10 ** exponent);
      axes(picture, chances, "p of the exact test", powers, fall, power);
      const limit = { x1: chances.left, x2: chances.right, y1: fall(0.05), y2: fall(0.05) };
      picture.append(svg("line", { class: "moving-always", ...limit }));
      picture.append(svg("text", { class: "moving-note", x: chances.left + 4, y: fall(0.05) + 15 }, "0.05"));
      const points = counts.map((count, at) => `${chances.across(count)},${fall(data.p[at])}`);
      picture.append(svg("polyline", { class: "moving-curve", points: points.join(" ") }));

      const lines = boxes.map((box) => svg("line", { class: "moving-here", y1: box.top, y2: box.bottom }));
      const bars = data.models.map((_, n) => svg("line", { class: `moving-model-${n} moving-bar` }));
      const middles = data.models.map((_, n) => svg("circle", { class: `moving-model-${n} moving-dot`, r: 4.5 }));
      const dot = svg("circle", { class: "moving-point", r: 5 });
      picture.append(...lines, ...bars, ...middles, dot);
      mark = () => {
        boxes.forEach((box, n) => {
          for (const end of ["x1", "x2"]) lines[n].setAttribute(end, box.across(counts[place]));
        });
        data.models.forEach((model, n) => {
          const x = shares.across(counts[place]) + 7 * (n - 0.5);
          const ends = { x1: x, x2: x, y1: up(model.low[place]), y2: up(model.high[place]) };
          for (const [name, value] of Object.entries(ends)) bars[n].setAttribute(name, value);
          middles[n].setAttribute("cx", x);
          middles[n].setAttribute("cy", up(model.value));
        });
        dot.setAttribute("cx", chances.across(counts[place]));
        dot.setAttribute("cy", fall(data.p[place]));
      };
      mark();
      return picture;
    }

    const images = slider("What if: test images", data.texts, data.start, (chosen) => {
      place = chosen;
      const between = (model) => `${(100 * model.low[place]).toFixed(1)} to ${(100 * model.high[place]).toFixed(1)} %`;
      said.show([...data.models.map(between), data.written[place], data.only[place]]);
      mark();
    });
    images.choose();
    const key = html("p", { class: "moving-key" });
    data.models.forEach((model, n) => key.append(html("span", { class: `moving-model-${n}` }, model.name), " "));
    key.append(html("span", { class: "moving-dashed" }, "always cat; p = 0.05"));
    said.element.classList.add("moving-row");
    return [images.element, key, canvas(draw), said.element];
  }

  begin("images", build);
})();
