"""Studies on a Dask cluster: a real scheduler and real workers, on the loopback interface."""

import os
import subprocess
import sys
import time

import pytest
from test_studies import TINY

from catnet.errors import CatnetError
from catnet.studies import study
from catnet.studies.plan import parse_plan

distributed = pytest.importorskip("distributed", reason="needs the extra `dask`")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
    pytest.mark.filterwarnings("default"),
]

PLAN = (
    TINY.replace("[48,", "[12288,")
    .replace("count = 3}", "count = 24}")
    .replace("iterations = 5", "iterations = 60")
)


@pytest.fixture
def start(tmp_path):
    """Start parts of a cluster, and end them with the test."""
    started = []

    def start(*arguments, code=None):
        command = [sys.executable, *(["-c", code] if code else ["-m", "dask"]), *arguments]
        log = (tmp_path / f"{len(started)}.log").open("w")
        started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path))
        log.close()
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def address(start, tmp_path):
    """Of a scheduler that has no workers yet."""
    file = tmp_path / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    start("scheduler", *options, "--scheduler-file", str(file))
    for _ in range(300):
        if file.exists():
            break
        time.sleep(0.1)
    import json

    return json.loads(file.read_text())["address"]


WORKER = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")


def test_one_is_killed_and_one_joins_late(start, address, tmp_path):
    from catnet.studies.cluster import cluster

    plan = parse_plan("tiny", PLAN)
    workers = [start("worker", address, *WORKER) for _ in range(3)]
    with distributed.Client(address) as client:
        client.wait_for_workers(3, timeout=60)
    kept = []
    add = study.Store.add

    def keep(store, part):
        kept.extend(part["number"].tolist())
        if workers:
            workers.pop().kill()
            workers.clear()
            start("worker", address, *WORKER)
        add(store, part)

    folder = tmp_path / "studies"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study.Store, "add", keep)
        patch.setattr(study, "MEMBERS", 4)
        assert study.run(folder, plan, crew=cluster(address, plan.dataset), report=lambda s: None)
    assert sorted(kept) == list(range(len(plan.runs)))  # none lost, none twice
    far = (folder / "tiny.h5").read_bytes()
    (folder / "tiny.h5").unlink()
    assert study.run(folder, plan, report=lambda line: None)
    assert (folder / "tiny.h5").read_bytes() == far


OTHER = """
import sys
from catnet.engine import optimizers
update = optimizers.Adam.update
def other(self, parameters, *arguments):
    update(self, parameters, *arguments)
    parameters[0] *= 1 + 2.0**-52
optimizers.Adam.update = other
from distributed.cli.dask_worker import main
main()
"""


def test_a_worker_with_other_arithmetic_gets_no_work(start, address, tmp_path):
    from catnet.studies.cluster import cluster

    start(address, *WORKER, code=OTHER)
    with distributed.Client(address) as client:
        client.wait_for_workers(1, timeout=60)
    with pytest.raises(CatnetError, match="is not let in: other arithmetic"):
        with cluster(address, "drawn"):
            pass


def test_where_there_is_no_scheduler(monkeypatch):
    from catnet.studies import cluster

    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    with pytest.raises(CatnetError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        with cluster.cluster("tcp://127.0.0.1:9", "drawn"):
            pass
