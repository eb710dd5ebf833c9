"""Studies on a Dask cluster: lost workers, lost drivers, wrong versions, nobody there."""

import json
import logging
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import distributed.client
import pytest
from distributed import LocalCluster

from clusters import OTHER_TORCH, Processes, choose_quickly, outcome
from ogive.errors import BadStore, BadStudy
from ogive.study import cluster
from ogive.study.engine import open_engine, workers_of
from ogive.study.store import read_study

ROOT = Path(__file__).parents[2]


def scheduler():
    """A scheduler in this process, without workers."""
    return LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=logging.CRITICAL)


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    with scheduler() as here:
        made = Processes(tmp_path_factory.mktemp("cluster"), here.scheduler_address)
        made.worker()
        made.worker()
        made.wait_for(2)
        yield made
        made.close()


@pytest.fixture(scope="module")
def undisturbed():
    return outcome("here")


def test_workers_of_another_version_are_refused_and_named(processes, monkeypatch):
    own = distributed.client.version_module.get_versions

    def other(packages=None):
        found = own(packages=packages)
        if not packages:  # Dask's own look when a client connects
            return found
        return {**found, "packages": {**found["packages"], "torch": "0.0.1"}}

    monkeypatch.setattr(distributed.client.version_module, "get_versions", other)
    refusal = r"worker tcp://\S+ was refused, since it has torch 2\S+ where the driver has 0\.0\.1;"
    with pytest.raises(BadStudy, match=refusal):
        outcome(processes.address)


@pytest.mark.slow
def test_a_driver_and_a_worker_that_are_killed_change_nothing(processes, undisturbed, tmp_path):
    store = tmp_path / "study.sqlite"
    program = f"import clusters; clusters.choose_quickly({str(store)!r}, {processes.address!r})"
    driver = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT / "tests")
    before, deadline = 0, time.monotonic() + 250
    while before < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
        with suppress(BadStore):  # it is being made
            before = len(read_study(store).seconds)
    driver.kill()
    driver.wait()
    assert before >= 2

    victim = processes.started[0]
    with closing(open_engine(processes.address)) as run:
        assert workers_of(run, 9) == 2
        disturbed = outcome(run, lambda count: victim.kill() if count == 3 else None)
        assert disturbed == undisturbed
        assert victim.wait() != 0
        resumed, whole = choose_quickly(store, run), choose_quickly(None, "here")
        assert resumed.study.runs == whole.study.runs
    with distributed.Client(processes.address, set_as_default=False) as client:
        assert outcome(client.get_executor()) == undisturbed  # it leaves the user's client open
        assert client.status == "running"


def test_a_cluster_without_workers_or_scheduler_is_said(monkeypatch):
    monkeypatch.setattr(cluster, "NO_WORKER", 0.3)
    monkeypatch.setattr(cluster, "ANSWER", 0.5)
    with scheduler() as empty:
        with pytest.raises(BadStudy, match=r"no worker for 0.3 s; start one with `dask worker"):
            outcome(empty.scheduler_address)
        run = open_engine(empty.scheduler_address)
        run._connect(1)
    with closing(run), pytest.raises(BadStudy, match=r"was lost; what was finished is stored"):
        run.workers(1)
    for nobody in ("tcp://127.0.0.1:1", "tcp://", "nonsense://x"):
        with pytest.raises(BadStudy, match=rf"no Dask scheduler answers at {nobody} \("):
            outcome(nobody)


@pytest.mark.slow
def test_a_wrong_worker_is_left_out_and_a_late_one_joins(tmp_path, undisturbed, caplog):
    processes = Processes(tmp_path)
    try:
        (tmp_path / "wrong.py").write_text(OTHER_TORCH)
        processes.worker(str(tmp_path / "wrong.py"))
        victim = processes.worker()
        processes.wait_for(2)

        def disturb(count):
            if count == 1:
                processes.worker()
            if count == 3:
                victim.kill()

        with caplog.at_level(logging.WARNING, "ogive"):
            assert outcome(processes.address, disturb) == undisturbed
        assert sum("was refused, since it has torch 0.0.1" in said for said in caplog.messages) == 1
    finally:
        processes.close()


@pytest.mark.slow
def test_a_cluster_of_our_own_ends_with_the_study(undisturbed):
    run = open_engine("local-cluster")
    with closing(run):
        assert outcome(run) == undisturbed
        workers = run._local._workers
        assert workers.poll() is None
    assert workers.poll() is not None


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_kills_change_nothing():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "disturbed.py", "--drivers", "2", "--workers", "2"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["rounds that equal it"] == found["rounds"] >= 1
    assert found["drivers killed"] == found["workers killed"] == 2
