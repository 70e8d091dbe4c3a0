"""Who trains, beyond one machine: the workers of a Dask cluster.

A worker gets work only after it has proved that it has the same images, the same code and the same
arithmetic. The proof is run by a plugin, which the scheduler hands to every worker, those that
join later too; where it succeeds the worker gets a resource that is named after it, and all
work asks for that resource. The scheduler itself gives the work of a worker that is lost to
another, or back, if there is no other: see `_train_all`, since resources that come later wake
nothing up there. Results go to the client, which alone writes.

References
----------
M. Rocklin, "Dask: Parallel Computation with Blocked algorithms and Task Scheduling", SciPy 2015.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import sys
import time
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from ..errors import CatnetError

try:
    from distributed import Client, WorkerPlugin
    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker
except ImportError:
    raise CatnetError("--scheduler needs Dask: pip install 'catnet[dask]'") from None

from ..engine.network import Network
from ..engine.optimizers import Adam, GradientDescent
from ..engine.training import Member, fit_stack
from .crew import Crew
from .datasets import images_of

__all__ = ["cluster", "proof"]

PACKAGE = Path(__file__).resolve().parents[1]
CONNECT = 20  # seconds
ASK_EVERY = 1.0  # seconds between two questions who is there: the answer grows with the cluster


def proof(dataset):
    """Say what decides the bits of a run here.

    Parameters
    ----------
    dataset : str

    Returns
    -------
    dict of str to str
        The package's version; digests of its code, of the images, and of what a short training
        on them comes to.
    """
    images, digest = images_of(dataset)
    code, arithmetic = hashlib.sha256(), hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        code.update(name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    dims = (images.train.images[0].size, 5, 3, 1)
    for sample_space, optimizers in ((False, (Adam(), GradientDescent())), (True, ())):
        members = [Member(Network(dims, 1), o) for o in optimizers or (GradientDescent(),)]
        for one, history in zip(
            members, fit_stack(members, images.train, 5, sample_space=sample_space), strict=True
        ):
            arithmetic.update(one.network.digest().encode() + history.costs.astype("<f8").tobytes())
    return {
        "version": metadata.version("catnet"),
        "code": code.hexdigest(),
        "images": digest,
        "arithmetic": arithmetic.hexdigest(),
    }


class Gate(WorkerPlugin):
    """Lets a worker in that proves the same as the client; a plugin for workers.

    Parameters
    ----------
    dataset : str
    wanted : dict of str to str
        What the client's `proof` says.

    Attributes
    ----------
    name : str
        What the plugin, and the resource, are called.
    refusal : str or None
        Why this worker is not let in.
    """

    idempotent = True

    def __init__(self, dataset, wanted):
        self.dataset, self.wanted, self.refusal = dataset, wanted, None
        self.name = "catnet-" + hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]

    async def setup(self, worker):
        """Run the proof in a thread, so that the worker can still be spoken to."""
        try:
            found = await asyncio.to_thread(proof, self.dataset)
        except (CatnetError, OSError, metadata.PackageNotFoundError) as error:
            self.refusal = str(error)
            return
        other = [name for name, value in self.wanted.items() if found.get(name) != value]
        if other:
            self.refusal = f"other {' and '.join(other)}"
        else:
            await worker.set_resources(**{self.name: 1})


def _refusal(name, dask_worker):
    """Ask a worker, on it, why it was not let in."""
    return dask_worker.plugins[name].refusal


@contextmanager
def cluster(address, dataset):
    """Have the workers of a Dask cluster train.

    Parameters
    ----------
    address : str
        Of the scheduler: ``"tcp://10.0.0.1:8786"``.
    dataset : str

    Yields
    ------
    Crew

    Raises
    ------
    CatnetError
        If the scheduler does not answer or is lost, no worker that is there is let in, or several
        die of the same stack.
    """
    gate = Gate(dataset, proof(dataset))
    try:
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CatnetError(f"no Dask scheduler answers at {address}: {error!s:.200}") from None
    with client:
        asked, count = -math.inf, 0

        def workers():
            nonlocal asked, count
            if time.monotonic() > asked + ASK_EVERY:
                known = client.scheduler_info(n_workers=-1)["workers"].values()
                asked, count = time.monotonic(), sum(gate.name in w["resources"] for w in known)
            return count

        try:
            client.register_plugin(gate, name=gate.name)
            _tell_who_is_not_let_in(client, gate, workers())
            executor = client.get_executor(resources={gate.name: 1}, pure=False)
            try:
                yield Crew(executor.submit, workers, ahead=2)
            finally:
                executor.shutdown(wait=False)
        except KilledWorker:
            raise CatnetError(
                "several workers died of the same stack, perhaps for want of memory: what is "
                "finished is kept"
            ) from None
        except (CancelledError, CommClosedError) as error:
            raise CatnetError(
                f"the scheduler at {address} is lost ({error!s:.100}); what is finished is kept, "
                "and goes on with the next one"
            ) from None


def _tell_who_is_not_let_in(client, gate, count):
    refusals = {
        address: reason
        for address, reason in client.run(_refusal, gate.name).items()
        if reason is not None
    }
    lines = [f"{address} is not let in: {reason}" for address, reason in sorted(refusals.items())]
    if lines and not count:
        raise CatnetError("no worker proves that it gives the same bits. " + "; ".join(lines[:5]))
    for line in lines:
        print(line, file=sys.stderr)
    if not count:
        print("no worker is there yet: waiting", file=sys.stderr, flush=True)
