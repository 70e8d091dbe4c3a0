/* Numbers that must agree to the last bit: how they are read, and where two runs first differ.

   A cost is text as Python's float.hex writes it, "0x1.62e3ecd3c9820p-1", and compared as text:
   equal text is equal bits. */

/* Return the number that such a text stands for. */
export function fromHex(text) {
  const parts = /^(-?)0x([01])\.([0-9a-f]*)p([+-]\d+)$/.exec(text);
  if (!parts) return { nan: NaN, inf: Infinity, "-inf": -Infinity }[text];
  const [, sign, whole, digits, exponent] = parts;
  // Thirteen digits and the one before them are at most 53 bits, so that each step is exact; in
  // two, since 2 ** -1074 is a number and 2 ** 1074 is not.
  const size = Number(`0x${whole}${digits || "0"}`) / 2 ** (4 * digits.length);
  return (sign ? -1 : 1) * size * 2 ** Number(exponent);
}

/* Say in what two runs first differ, or return null. `here` may be one that was stopped, or has
   fewer updates, with costs alone. */
export function firstDifference(book, here) {
  const both = Math.min(book.costs.length, here.costs.length);
  for (let update = 0; update < both; update++) {
    if (book.costs[update] !== here.costs[update]) {
      return (
        `the cost before update ${update} is ${shown(here.costs[update])} here, ` +
        `and ${shown(book.costs[update])} in the book`
      );
    }
  }
  if (!("digest" in here) || here.costs.length !== book.costs.length) return null;
  for (const [name, words] of [
    ["train_accuracy", "the accuracy on the training images"],
    ["test_accuracy", "the accuracy on the test images"],
    ["digest", "the sha256 of the trained weights"],
  ]) {
    if (book[name] !== here[name]) {
      return `${words} is ${here[name]} here, and ${book[name]} in the book`;
    }
  }
  return null;
}

function shown(text) {
  return `${fromHex(text)} (${text})`;
}
