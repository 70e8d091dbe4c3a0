"""What this machine computes with, and how many processes it has room for."""

from __future__ import annotations

import os
import platform
from pathlib import Path

__all__ = ["THREADS", "cores", "machine"]

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables by which a BLAS is told how many threads to use."""


def cores():
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine(threads=None):
    """Say in one line what this machine computes with: processor, BLAS, NumPy, Python.

    Parameters
    ----------
    threads : int, optional
        How many the BLAS had; by default those of this process.
    """
    import numpy as np
    from threadpoolctl import threadpool_info

    blas = []
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            count = threads or pool["num_threads"]
            blas.append(
                f"{pool['internal_api']} {pool['version']}, "
                f"kernel {pool.get('architecture', 'unknown')}, "
                f"{count} thread{'s' if count != 1 else ''}"
            )
    return (
        f"{_processor()}; {' and '.join(blas) or 'a BLAS unknown to threadpoolctl'}; "
        f"NumPy {np.__version__}; Python {platform.python_version()}"
    )


def _processor():
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()
