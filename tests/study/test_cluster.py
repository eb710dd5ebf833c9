"""Studies on a Dask cluster of real processes: lost workers, lost drivers, wrong versions."""

import logging
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

import ogive

from clusters import OTHER_TORCH, Processes
from ogive.errors import BadStudy
from ogive.study import cluster
from ogive.study.engine import carry_out_units, open_engine
from ogive.study.plan import BASELINE, candidates_from, make_plan
from ogive.study.store import read_study
from ogive.study.task import make_task
from ogive.study.work import Entrant, baseline, count_inputs


def study(splits=6):
    """A task, a plan of very short trainings in small units, and the entrants."""
    random = np.random.default_rng(0)
    x = random.standard_normal((60, 3))
    task = make_task((x, (x[:, 0] > 0).astype(int)))
    chosen = candidates_from("relu,tanh")
    plan = make_plan(task, chosen, count_inputs(task), width=4, rates=(0.01,), seeds=splits)
    plan = replace(plan, splits_a_unit=1, rungs=2)
    entrants = {c.label: Entrant(c, 1.0) for c in chosen} | {BASELINE: baseline()}
    return task, plan, entrants


def outcome(engine, disturb=lambda count: None, splits=6):
    """What is stored by unit, in a study that is disturbed as results arrive."""
    task, plan, entrants = study(splits)
    kept = {}

    def keep(unit, runs, seconds):
        assert unit.id not in kept
        kept[unit.id] = runs
        disturb(len(kept))

    carry_out_units(task, plan, entrants, plan.units(), engine, keep)
    return kept


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    made = Processes(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed():
    return outcome("here")


def test_a_lost_worker_and_one_of_another_version_change_nothing(processes, undisturbed, caplog):
    wrong = processes.folder / "wrong.py"
    wrong.write_text(OTHER_TORCH)
    odd = processes.worker(str(wrong))
    processes.wait_for(1)
    with pytest.raises(BadStudy, match=r"worker tcp://\S+ was refused.* has torch 0\.0\.1 where"):
        outcome(processes.address)
    victim = processes.worker()
    processes.wait_for(2)

    def disturb(count):
        if count == 1:
            processes.worker()
        if count == 3:
            victim.kill()

    with caplog.at_level(logging.WARNING, "ogive"), closing(open_engine(processes.address)) as run:
        assert run.workers(9) == 1
        assert outcome(run, disturb) == undisturbed
    assert [said for said in caplog.messages if "was refused" in said]
    assert victim.poll() is not None
    odd.kill()


DRIVER = """
import sys
import ogive

if __name__ == "__main__":
    ogive.choose(sys.argv[1], target="label", store=sys.argv[2], engine=sys.argv[3],
                 candidates="relu,tanh", seeds=5, width=4, rates=0.01)
"""


def stored(path):
    """The number of units in a store, whoever is writing it."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return db.execute("SELECT count(*) FROM units").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # it is being made


def test_a_killed_driver_leaves_a_store_that_goes_on(processes, tmp_path):
    (tmp_path / "driver.py").write_text(DRIVER)
    data = tmp_path / "data.csv"
    random = np.random.default_rng(0)
    x = random.standard_normal((60, 2))
    lines = [f"{a:.4f},{b:.4f},{'yes' if a > b else 'no'}" for a, b in x]
    data.write_text("\n".join(["a,b,label", *lines]))
    store = tmp_path / "study.sqlite"
    processes.wait_for(1)
    driver = subprocess.Popen(
        [sys.executable, tmp_path / "driver.py", data, store, processes.address]
    )
    deadline = time.monotonic() + 100
    while not stored(store) and time.monotonic() < deadline:
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = stored(store)
    assert before >= 1
    settings = {"target": "label", "candidates": "relu,tanh", "seeds": 5, "width": 4, "rates": 0.01}
    seen = []
    again = ogive.choose(
        data,
        store=store,
        engine=processes.address,
        progress=lambda done, total: seen.append(done),
        **settings,
    )
    assert seen[0] == before
    assert again.study.runs == ogive.choose(data, engine="here", **settings).study.runs


def test_a_cluster_without_workers_or_scheduler_is_said(processes, monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "NO_WORKER", 0.5)
    monkeypatch.setattr(cluster, "ANSWER", 1.0)
    empty = Processes(tmp_path)
    try:
        with pytest.raises(BadStudy, match=r"no worker for 0.5 s; start one with `dask worker"):
            outcome(empty.address)
        run = open_engine(empty.address)
        run._connect(1)
    finally:
        empty.close()
    with closing(run), pytest.raises(BadStudy, match=r"was lost; what was finished is stored"):
        run.workers(1)
    with pytest.raises(BadStudy, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 \("):
        outcome("tcp://127.0.0.1:1")
    with pytest.raises(BadStudy, match=r"no Dask scheduler answers at tcp://nonsense"):
        outcome("tcp://nonsense")
