// Shows where a number comes from: beside it, on hover, focus or tap. The button under the title
// makes the numbers stops of the keyboard, too, which by the hundred nobody wants.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const list = document.getElementById("origins");
  const button = document.querySelector(".origins-toggle button");
  if (!list || !button) return;
  const { runs, cells } = JSON.parse(list.textContent);
  const numbers = [...document.querySelectorAll("[data-origin]")];
  let open = null; // the number whose panel is shown
  let panel = null;
  let held = false; // by a tap or the keyboard: then a pointer that leaves does not close it
  let quiet = false; // while the focus comes back to a number whose panel was closed
  let timer = 0;

  function element(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  function line(...parts) {
    const made = element("span", "", { class: "origin-line" });
    made.append(...parts);
    return made;
  }

  // Spans alone, as it stands within a paragraph: what is in it follows the number by keyboard.
  function build(cell) {
    const run = runs[cell.run];
    const made = element("span", "", { class: "origin", role: "group" });
    made.setAttribute("aria-label", "Where this number comes from");
    const where = cell.cell === null ? "a cell" : `cell ${cell.cell}`;
    made.append(
      line(element("a", run.title, { href: run.href })),
      line("last computed in ", element("a", where, { href: cell.href }), ": "),
      line(element("code", cell.words)),
    );
    if (cell.shown !== null) made.append(line(`and handed on by cell ${cell.shown} `,
      "of ", element("a", "the notebook", { href: run.notebook })));
    if (run.parameters.length) made.append(line("Run with ", element("code", run.parameters.join(", "))));
    for (const data of run.data) made.append(line(`Data: ${data}`));
    made.append(line("Again: ", element("code", run.command)));
    return made;
  }

  function place() {
    if (!open) return;
    const edge = 8;
    const at = open.getBoundingClientRect();
    const size = panel.getBoundingClientRect();
    const left = Math.max(edge, Math.min(at.left, document.documentElement.clientWidth - size.width - edge));
    const below = at.bottom + size.height + edge < innerHeight || at.top < size.height + edge;
    panel.style.left = `${left}px`;
    panel.style.top = `${below ? at.bottom : at.top - size.height}px`;
  }

  function close() {
    clearTimeout(timer);
    if (!open) return;
    if (open.hasAttribute("tabindex")) open.setAttribute("aria-expanded", "false");
    panel.remove();
    open = panel = null;
    held = false;
  }

  function show(number, hold) {
    clearTimeout(timer);
    if (open !== number) {
      close();
      open = number;
      panel = build(cells[number.dataset.origin]);
      number.after(panel);
      if (number.hasAttribute("tabindex")) number.setAttribute("aria-expanded", "true");
      panel.addEventListener("pointerenter", () => clearTimeout(timer));
      panel.addEventListener("pointerleave", later);
      place();
    }
    held = held || hold;
  }

  function later(event) {
    if (event.pointerType !== "mouse" || held) return;
    clearTimeout(timer);
    timer = setTimeout(close, 300);
  }

  for (const number of numbers) {
    number.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "mouse" || held) return;
      clearTimeout(timer);
      timer = setTimeout(() => show(number, false), 250);
    });
    number.addEventListener("pointerleave", later);
    number.addEventListener("click", () => {
      if (open === number && held) close();
      else show(number, true);
    });
    number.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      if (open === number) close();
      else show(number, true);
    });
    number.addEventListener("focus", () => {
      if (!quiet && number.matches(":focus-visible")) show(number, true);
    });
  }

  document.addEventListener("click", (event) => {
    if (open && !open.contains(event.target) && !panel.contains(event.target)) close();
  });
  document.addEventListener("focusin", (event) => {
    if (open && held && !open.contains(event.target) && !panel.contains(event.target)) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !open) return;
    const number = open;
    const inside = panel.contains(document.activeElement);
    close();
    if (!inside) return;
    quiet = true;
    number.focus();
    quiet = false;
  });
  addEventListener("scroll", place, { passive: true, capture: true });
  addEventListener("resize", place);

  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    close();
    button.setAttribute("aria-pressed", String(on));
    document.documentElement.classList.toggle("origins-on", on);
    for (const number of numbers) {
      if (on) {
        number.setAttribute("tabindex", "0");
        number.setAttribute("role", "button");
        number.setAttribute("aria-expanded", "false");
      } else {
        for (const name of ["tabindex", "role", "aria-expanded"]) number.removeAttribute(name);
      }
    }
  });
});
