"""A Dask cluster of real processes, to be disturbed, and a study small enough for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from ogive.study import choose as choosing
from ogive.study.choice import Choice
from ogive.study.engine import carry_out_units
from ogive.study.plan import BASELINE, Plan, Unit, candidates_from, make_plan
from ogive.study.record import Run
from ogive.study.task import Task, make_task
from ogive.study.work import Entrant, baseline, count_inputs

# A worker with this preload says that it has another torch.
OTHER_TORCH = """
from importlib import metadata
from distributed import versions
if not hasattr(metadata, "true_version"):  # Dask loads this twice
    metadata.true_version = metadata.version
metadata.version = versions.version = lambda name: (
    "0.0.1" if name == "torch" else metadata.true_version(name)
)
"""


class Processes:
    """A scheduler and workers, each a process of its own, ended together."""

    def __init__(self, folder: Path, address: str | None = None) -> None:
        """Start a scheduler, or let workers join the one at ``address``."""
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        self.address = address or self._scheduler()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{len(self.started)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
        )
        log.close()
        self.started.append(process)
        return process

    def _scheduler(self) -> str:
        place = self.folder / "scheduler.json"
        self._start(
            *("distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1"),
            *("--no-dashboard", "--scheduler-file", str(place)),
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                return str(json.loads(place.read_text())["address"])
            except (OSError, ValueError):
                time.sleep(0.05)
        raise TimeoutError("the scheduler did not start")

    def worker(self, preload: str | None = None) -> subprocess.Popen[bytes]:
        """One more worker, with one thread and without a nanny to start it again."""
        more = ("--preload", preload) if preload else ()
        return self._start(
            *("distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-nanny"),
            *("--no-dashboard", "--local-directory", str(self.folder), *more),
        )

    def wait_for(self, count: int) -> None:
        """Return once the scheduler knows ``count`` workers."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=90)

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


def study(splits: int = 6) -> tuple[Task, Plan, dict[str, Entrant]]:
    """A task, a plan of very short trainings in small units, and the entrants."""
    random = np.random.default_rng(0)
    x = random.standard_normal((60, 3))
    task = make_task((x, (x[:, 0] > 0).astype(int)))
    chosen = candidates_from("relu,tanh")
    plan = make_plan(task, chosen, count_inputs(task), width=4, rates=(0.01,), seeds=splits)
    plan = replace(plan, splits_a_unit=1, rungs=2)
    entrants = {c.label: Entrant(c, 1.0) for c in chosen} | {BASELINE: baseline()}
    return task, plan, entrants


def outcome(
    engine: Any, disturb: Callable[[int], object] = lambda count: None, splits: int = 6
) -> dict[str, list[Run]]:
    """What is stored by unit, in a study that is disturbed as results arrive."""
    task, plan, entrants = study(splits)
    kept: dict[str, list[Run]] = {}

    def keep(unit: Unit, runs: list[Run], seconds: float) -> None:
        assert unit.id not in kept
        kept[unit.id] = runs
        disturb(len(kept))

    carry_out_units(task, plan, entrants, plan.units(), engine, keep)
    return kept


def choose_quickly(store: Path | str, engine: Any, splits: int = 5) -> Choice:
    """`ogive.choose` with very short trainings in small units."""

    def short(*given: Any, **settings: Any) -> Plan:
        return replace(make_plan(*given, **settings), splits_a_unit=1, rungs=2)

    with mock.patch.object(choosing, "make_plan", short):
        return choosing.choose(
            "iris",
            candidates="relu,tanh",
            seeds=splits,
            width=4,
            rates=0.03,
            store=store,
            engine=engine,
        )
