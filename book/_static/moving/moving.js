/* What the moving figures share. Each takes the place of a drawing, in the box that has. */

"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  let count = 0;

  /* Make an element of HTML, with attributes, and with texts and elements in it. */
  function html(name, attributes = {}, ...inside) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  }

  /* Make an element of SVG. */
  function svg(name, attributes = {}, text = "") {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    return element;
  }

  /* Return a name that no other element of the page has. */
  function newId() {
    count += 1;
    return `moving-${count}`;
  }

  /* Make a slider over the places of a list, with its label and what is chosen beside it.

     `texts` says what each place is called; `chosen` is told the place. */
  function slider(label, texts, start, chosen) {
    const id = newId();
    const value = html("output", { for: id });
    const input = html("input", { id, type: "range", min: 0, max: texts.length - 1, step: 1 });
    input.value = start;
    const choose = () => {
      const place = Number(input.value);
      value.textContent = texts[place];
      input.setAttribute("aria-valuetext", texts[place]);
      chosen(place);
    };
    input.addEventListener("input", choose);
    return { element: html("div", { class: "moving-slider" }, html("label", { for: id }, label), input, value), choose };
  }

  /* Make a box in which `draw(width, height)` draws an SVG, anew whenever its size changes.

     Where it is the same element it stays where it is, or it would lose the focus. */
  function canvas(draw) {
    const element = html("div", { class: "moving-canvas" });
    new ResizeObserver(() => {
      const { clientWidth, clientHeight } = element;
      if (!clientWidth || !clientHeight) return; // folded away
      const picture = draw(clientWidth, clientHeight);
      if (picture.parentNode !== element) element.replaceChildren(picture);
    }).observe(element);
    return element;
  }

  /* Make a list of numbers with their names, which a screen reader says when they change. */
  function numbers(names) {
    const values = names.map(() => html("dd"));
    const list = html("dl");
    names.forEach((name, place) => list.append(html("div", {}, html("dt", {}, name), values[place])));
    const element = html("div", { class: "moving-numbers", role: "status", "aria-atomic": "true" }, list);
    const show = (texts) => texts.forEach((text, place) => (values[place].textContent = text));
    return { element, show };
  }

  /* Begin all figures of a name: `build(data)` returns the elements that take the drawing's place. */
  function begin(name, build) {
    for (const box of document.querySelectorAll(`.moving[data-moving="${name}"]`)) {
      const data = JSON.parse(box.querySelector("script").textContent);
      const alt = box.querySelector("img").alt;
      const stage = html("div", { class: "moving-stage", role: "group", "aria-label": alt });
      stage.append(...build(data));
      box.append(stage);
      box.classList.add("moves"); // only now: if anything is missing, the drawing stays
    }
  }

  window.movingFigures = { begin, canvas, html, newId, numbers, slider, svg };
})();
