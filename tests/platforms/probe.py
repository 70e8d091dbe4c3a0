"""Print the digests of `catnet.digests` as JSON, and what this process computes with."""

import io
import json
import platform
import sys
from contextlib import redirect_stdout

import numpy as np

from catnet import digests


def kernel_and_threads():
    """Return the kernel that the BLAS says it uses, and its number of threads."""
    try:
        from threadpoolctl import threadpool_info

        for pool in threadpool_info():
            if pool["user_api"] == "blas":
                return pool.get("architecture", pool["internal_api"]), pool["num_threads"]
    except ImportError:
        pass
    # WebAssembly has no libraries to ask: what NumPy was built with must do
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    words = [word for word in blas.get("openblas configuration", "").split() if "=" not in word]
    return (words or [blas.get("name", "unknown")])[0], 1


output = io.StringIO()
with redirect_stdout(output):
    digests.main([*sys.argv[1:], "--json"])
kernel, threads = kernel_and_threads()
result = {
    "kernel": kernel,
    "threads": threads,
    "numpy": np.__version__,
    "python": platform.python_version(),
    "machine": platform.machine(),
    "digests": json.loads(output.getvalue()),
}
print(json.dumps(result))
