/* Chapter 9: every network a dot, which says its seed, what became of it, and how to train it again. */

"use strict";

(() => {
  const { begin, canvas, html, newId, svg } = window.movingFigures;
  const SIDE = 16; // pixels, like all below
  const BOTTOM = 22;
  const TOP = 16;
  const LARGEST = 7;
  const REACH = 24; // how far from a dot a pointer may be

  const HINT =
    "Point at a dot, tap it, or come by Tab and go on with the arrow keys: each is one network.";

  function build(data) {
    const arms = data.arms.map((arm) => {
      const states = arm.states.split(" ").map(Number);
      const dots = arm.right.split(" ").map((right, n) => ({ arm, seed: arm.first + n, right: Number(right), state: states[n] }));
      return { ...arm, dots };
    });
    const every = arms.flatMap((arm) => arm.dots.map((dot) => dot.right));
    const ends = [Math.min(...every) - 1, Math.max(...every) + 1];
    const percent = (right) => `${Math.round((100 * right) / data.of)} %`;

    const words = html("p");
    const command = html("code");
    const said = html("div", { class: "moving-said", role: "status" }, words, html("p", {}, command));
    words.textContent = HINT;

    let forget = () => {}; // takes the ring off the dot that is spoken of

    function say(dot) {
      words.replaceChildren(
        html("strong", {}, `seed ${dot.seed}`),
        `, ${dot.arm.name}: ${dot.right} of ${data.of} test images right (${percent(dot.right)}); ${data.states[dot.state]}`,
      );
      command.textContent = `catnet study ${dot.arm.study} --repeat ${dot.arm.key}/${dot.seed}`;
    }

    /* One arm, and the list it is chosen from. */
    function panel(label, start) {
      let arm = arms[start];
      let columns = new Map(); // of dots that are as often right: each a list, from the bottom up
      let places = new Map(); // of each dot, while it is drawn
      let tallest = 0;
      let chosen = null; // where the keyboard is
      let marked = null; // what is spoken of, if it is here
      const ring = svg("circle", { class: "moving-ring" });
      const many = html("span");
      const list = svg("svg", { role: "listbox", tabindex: 0 });

      function arrange() {
        columns = new Map();
        const inOrder = [...arm.dots].sort((a, b) => a.right - b.right || a.state - b.state || a.seed - b.seed);
        for (const dot of inOrder) {
          columns.set(dot.right, [...(columns.get(dot.right) ?? []), dot]);
        }
        chosen = inOrder[0];
        tallest = Math.max(...[...columns.values()].map((dots) => dots.length));
        place.style.flexGrow = tallest; // so that dots are about as large in both panels
        many.textContent = `${arm.dots.length} networks`;
        list.setAttribute("aria-label", `${arm.name}: ${arm.dots.length} networks by test accuracy`);
      }

      function unmark() {
        marked = null;
        ring.remove();
      }

      function putRing() {
        const place = places.get(marked);
        if (!place) return;
        for (const [name, value] of [["cx", place.x], ["cy", place.y], ["r", place.radius + 2.5]]) {
          ring.setAttribute(name, value);
        }
        list.append(ring);
      }

      function mark(dot) {
        if (forget !== unmark) forget();
        forget = unmark;
        marked = dot;
        putRing();
        say(dot);
      }

      function choose(dot) {
        places.get(chosen)?.element.setAttribute("aria-selected", "false");
        chosen = dot;
        places.get(dot).element.setAttribute("aria-selected", "true");
        list.setAttribute("aria-activedescendant", places.get(dot).element.id);
        mark(dot);
      }

      function draw(width, height) {
        list.setAttribute("width", width);
        list.setAttribute("height", height);
        list.replaceChildren();
        const step = (width - 2 * SIDE) / (ends[1] - ends[0]);
        const across = (right) => SIDE + (right - ends[0]) * step;
        const room = height - TOP - BOTTOM;
        // As many abreast as leaves the largest dots.
        const wide = (abreast) => (step * 0.9) / abreast;
        const high = (abreast) => room / Math.ceil(tallest / abreast);
        const size = (abreast) => Math.min(wide(abreast), high(abreast), LARGEST);
        let abreast = 1;
        for (let more = 2; wide(more) > 1; more += 1) if (size(more) >= size(abreast)) abreast = more;
        const [along, up] = [wide(abreast), high(abreast)].map((room) => Math.min(room, LARGEST));
        const ground = height - BOTTOM;
        const axis = svg("g", { "aria-hidden": "true" });
        axis.append(svg("line", { class: "moving-axis", x1: SIDE, x2: width - SIDE, y1: ground, y2: ground }));
        for (let right = 0; right <= data.of; right += data.of / 10) {
          if (right < ends[0] || right > ends[1]) continue;
          const text = svg("text", { x: across(right), y: ground + 15, "text-anchor": "middle" }, percent(right));
          axis.append(svg("line", { class: "moving-axis", x1: across(right), x2: across(right), y1: ground, y2: ground + 4 }), text);
        }
        if (arm.published !== null) {
          const x = across(arm.published);
          axis.append(svg("line", { class: "moving-published", x1: x, x2: x, y1: TOP, y2: ground }));
          axis.append(svg("text", { class: "moving-published", x, y: TOP - 4, "text-anchor": "middle" }, "the article"));
        }
        list.append(axis);
        places = new Map();
        for (const [right, dots] of columns) {
          dots.forEach((dot, n) => {
            const x = across(right) + ((n % abreast) - (Math.min(abreast, dots.length) - 1) / 2) * along;
            const y = ground - 1 - (Math.floor(n / abreast) + 0.5) * up;
            const radius = size(abreast) * 0.44;
            const label = `seed ${dot.seed}: ${dot.right} of ${data.of} right, ${data.states[dot.state]}`;
            const element = svg("circle", {
              id: newId(), role: "option", "aria-label": label, "aria-selected": dot === chosen,
              class: `moving-state-${dot.state}`, cx: x.toFixed(1), cy: y.toFixed(1), r: radius.toFixed(2),
            });
            places.set(dot, { element, x, y, radius });
            list.append(element);
          });
        }
        list.setAttribute("aria-activedescendant", places.get(chosen).element.id);
        putRing();
        return list;
      }

      /* The nearest dot to where a pointer is. */
      function under(event) {
        const box = list.getBoundingClientRect();
        const far = ({ x, y }) => Math.hypot(event.clientX - box.left - x, event.clientY - box.top - y);
        let nearest = null;
        for (const [dot, place] of places) {
          if (far(place) < (nearest ? far(places.get(nearest)) : REACH)) nearest = dot;
        }
        return nearest;
      }

      list.addEventListener("pointermove", (event) => {
        const dot = under(event);
        if (dot) mark(dot);
      });
      list.addEventListener("click", (event) => {
        const dot = under(event);
        if (dot) choose(dot);
      });
      list.addEventListener("focus", () => {
        if (list.matches(":focus-visible")) choose(chosen);
      });
      list.addEventListener("keydown", (event) => {
        const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
        const order = [...columns.keys()];
        let at = order.indexOf(chosen.right);
        let row = columns.get(chosen.right).indexOf(chosen);
        if (event.key in steps) {
          at += steps[event.key][0];
          row += steps[event.key][1];
          if (at < 0 || at >= order.length) return;
          // Up from the last of a column is the first of the next, so that one key reaches all.
          if (row >= columns.get(order[at]).length && event.key === "ArrowUp" && at + 1 < order.length) [at, row] = [at + 1, 0];
          if (row < 0 && at > 0) [at, row] = [at - 1, Infinity];
        } else if (event.key === "Home") {
          [at, row] = [0, 0];
        } else if (event.key === "End") {
          [at, row] = [order.length - 1, Infinity];
        } else {
          return;
        }
        event.preventDefault();
        const dots = columns.get(order[at]);
        choose(dots[Math.min(Math.max(row, 0), dots.length - 1)]);
      });

      const place = canvas(draw);
      arrange();
      const id = newId();
      const select = html("select", { id });
      arms.forEach((one, n) => select.append(html("option", { value: n }, one.name)));
      select.value = start;
      select.addEventListener("change", () => {
        arm = arms[select.value];
        unmark();
        arrange();
        draw(place.clientWidth, place.clientHeight);
      });
      return [html("div", { class: "moving-choice" }, html("label", { for: id }, label), select, many), place];
    }

    const key = html("p", { class: "moving-key" });
    data.states.forEach((state, n) => {
      const any = arms.some((arm) => arm.dots.some((dot) => dot.state === n));
      if (any) key.append(html("span", { class: `moving-state-${n}` }, state), " ");
    });
    const axis = html("p", { class: "moving-below" }, "test accuracy");
    return [key, ...panel("above", data.chosen[0]), ...panel("below", data.chosen[1]), axis, said];
  }

  begin("seeds", build);
})();
