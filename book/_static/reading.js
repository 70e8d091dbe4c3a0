/* Small helps for reading, none of which a page needs. */

/* What is wider than its box can be scrolled by keyboard; what is not is no tab stop. */
const BOXES =
  ".bd-article div.math, .bd-article figure, .bd-article .output, .bd-article pre, " +
  ".bd-article .pst-scrollable-table-container";

function markBoxes() {
  for (const box of document.querySelectorAll(BOXES)) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0;
    if (scrolls) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
    box.classList.toggle("scrolls", scrolls && !box.matches("pre, figure"));
  }
}

addEventListener("load", () => {
  markBoxes();
  addEventListener("resize", markBoxes);
  document.addEventListener("toggle", markBoxes, true);
  document.fonts.ready.then(markBoxes);
});

/* Search results show sentences: no code, no TeX, no menus. */
const NOT_PROSE =
  ".cell_input, .bd-header-article, #jb-print-docs-body, .bd-sidebar-secondary, annotation, " +
  ".katex-html, .prev-next-footer, .bd-footer-content";

if (typeof Search !== "undefined") {
  const { htmlToText } = Search;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll(NOT_PROSE).forEach((node) => node.remove());
    return htmlToText(page.documentElement.outerHTML, anchor).replace(/\s+/g, " ");
  };
}
