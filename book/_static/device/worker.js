/* What runs beside the page, so that the page stays alive: loads Python and has it train.

   It is sent one message, what to do, and answers with many: { bytes } while files arrive,
   { state } when something else begins, { line } for each object that the program prints, and at
   the end { done } or { failed }, a sentence. To stop it the page terminates it. */

import { load, run } from "./runtime.js";

self.onmessage = async ({ data: { folder, files, request } }) => {
  const tell = (message) => self.postMessage(message);
  try {
    const program = await (await fetch(new URL("program.py", import.meta.url))).text();
    const python = await load(folder, files, (bytes) => tell({ bytes }));
    tell({ state: "Python starts, and draws the images" });
    const args = [JSON.stringify(request)];
    const { status, errors } = await run(python, program, args, (line) => tell({ line: JSON.parse(line) }));
    tell(status === 0 ? { done: true } : { failed: errors.trim().split("\n").pop() });
  } catch (error) {
    tell({ failed: error.message });
  }
};
