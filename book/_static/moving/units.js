/* Chapter 3: which units are on, update by update, at the learning rate that is chosen. */

"use strict";

(() => {
  const { begin, canvas, numbers, slider, svg } = window.movingFigures;
  const LEFT = 66; // pixels, like all below
  const RIGHT = 8;
  const BOTTOM = 34;
  const TOP = 4;
  const GAP = 5; // between layers

  function build(data) {
    const runs = data.runs.map((run) => ({ ...run, units: run.units.map((row) => row.split(" ").map(Number)) }));
    const units = data.layers.flatMap((width, layer) => Array(width).fill(layer));
    const hidden = units.filter((layer) => layer < data.layers.length - 1).length;
    let run = runs[data.start];
    let squares = [];

    const said = numbers([
      "push by one update",
      "spread before it",
      "push over spread",
      `dead after ${data.updates} updates`,
      `cost after ${data.updates - 1} updates`,
    ]);

    function colour() {
      squares.forEach((row, unit) => {
        row.forEach((square, update) => {
          const share = run.units[unit][update];
          square.setAttribute("class", share ? "moving-on" : "moving-off");
          square.setAttribute("fill-opacity", share ? (0.15 + 0.0085 * share).toFixed(2) : 1);
        });
      });
    }

    function draw(width, height) {
      const picture = svg("svg", { width, height, "aria-hidden": "true" });
      const across = (width - LEFT - RIGHT) / (data.updates + 1);
      const down = (height - TOP - BOTTOM - GAP * (data.layers.length - 1)) / units.length;
      const top = (unit) => TOP + unit * down + GAP * units[unit];
      squares = units.map((_, unit) =>
        run.units[unit].map((_, update) => {
          const place = { x: LEFT + update * across, y: top(unit), width: across - 0.7, height: Math.max(down - 0.7, 0.5) };
          const square = svg("rect", place);
          picture.append(square);
          return square;
        }),
      );
      data.names.forEach((name, layer) => {
        const first = units.indexOf(layer);
        const y = (top(first) + top(first + data.layers[layer] - 1) + down) / 2 + 4;
        picture.append(svg("text", { x: LEFT - 6, y, "text-anchor": "end" }, name));
      });
      for (let update = 0; update <= data.updates; update += 10) {
        const at = { x: LEFT + (update + 0.5) * across, y: height - BOTTOM + 14, "text-anchor": "middle" };
        picture.append(svg("text", at, update));
      }
      const below = { x: (LEFT + width - RIGHT) / 2, y: height - 4, "text-anchor": "middle" };
      picture.append(svg("text", below, "updates"));
      colour();
      return picture;
    }

    const rates = slider("learning rate", data.runs.map((one) => one.rate), data.start, (place) => {
      run = runs[place];
      const dead = run.units.filter((row, unit) => units[unit] < data.layers.length - 1 && row.at(-1) === 0).length;
      said.show([run.push, data.spread, run.ratio, `${dead} of ${hidden} units`, run.cost]);
      colour();
    });
    const place = canvas(draw);
    rates.choose();
    const key = document.createElement("p");
    key.className = "moving-key";
    key.innerHTML = '<span class="moving-off">off for every image</span> <span class="moving-on">on for some, the stronger the more</span>';
    const body = document.createElement("div");
    body.className = "moving-beside";
    body.append(place, said.element);
    return [rates.element, key, body];
  }

  begin("units", build);
})();
