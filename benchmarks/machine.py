"""What a benchmark ran on."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version

import contender
from threadpoolctl import threadpool_info

from catnet.report.machine import machine

PEERS = ("torch", "jax", "scikit-learn")


def describe():
    """Return the machine, what else it does, the versions and the optimizers' numbers."""
    blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "system": platform.platform(terse=True),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,  # not on Windows
        "kernel": blas[0].get("architecture", "unknown") if blas else "unknown",
        "versions": {name: _version(name) for name in PEERS},
        "learning_rates": contender.LEARNING_RATES,
        "beta1": contender.BETA1,
        "beta2": contender.BETA2,
        "epsilon": contender.EPSILON,
    }


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
